"""`fileroom histogram`: how often which values occur in images."""

import shutil
from typing import Annotated

import typer

from fileroom.domain.pixel_values import DEFAULT_BINS, MAX_BINS
from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PIPE_WIDTH = 80
_LEAST_BAR = 10


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "histogram",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Count the values of images, in all frames together, in bins of the same width. Values are those after "
            "the modality LUT; pixel padding is left out.",
            "fileroom histogram slice.dcm",
            "fileroom histogram --bins 256 --json slice.dcm",
        ),
    )(histogram)


def histogram(
    context: typer.Context,
    files: Files,
    bins: Annotated[
        int,
        typer.Option("--bins", min=1, max=MAX_BINS, metavar="N", help=f"How many. Default: {DEFAULT_BINS}."),
    ] = DEFAULT_BINS,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Count the values of images."""
    from fileroom.entrypoints.operations import measuring

    def work(operation: Operation) -> Report:
        width, bar = _PIPE_WIDTH, measuring.ascii_bar
        if operation.output.is_terminal:
            width, bar = shutil.get_terminal_size().columns, measuring.block_bar
        return measuring.count(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            bins=bins,
            width=width,
            bar=bar,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "histogram", work, json=json)
