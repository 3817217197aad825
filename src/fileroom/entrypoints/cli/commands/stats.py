"""`fileroom stats`: how the values of images are distributed."""

import typer

from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json

_DIGITS = 6


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "stats",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Tell least, greatest and mean value, standard deviation and percentiles of images, in each frame and in "
            "all of them. Values are those after the modality LUT; pixel padding is left out.",
            "fileroom stats slice.dcm",
            "fileroom stats --recursive /data/2026 --json",
        ),
    )(stats)


def stats(
    context: typer.Context,
    files: Files,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Tell how the values of images are distributed."""
    from fileroom.entrypoints.operations import measuring

    def work(operation: Operation) -> Report:
        return measuring.measure(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "stats", work, json=json)
