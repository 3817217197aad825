"""`fileroom validate`: files against the standard."""

import typer

from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "validate",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Hold DICOM files against the standard, and tell what is not as it should be.",
            "fileroom validate slice.dcm",
            "fileroom validate --recursive /data/2026 --json",
        ),
    )(validate)


def validate(
    context: typer.Context,
    files: Files,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Hold DICOM files against the standard."""
    from fileroom.entrypoints.operations import validating

    def work(operation: Operation) -> Report:
        return validating.validate(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "validate", work, json=json)
