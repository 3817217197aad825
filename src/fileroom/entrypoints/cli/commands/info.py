"""`fileroom info`: what files are, in short."""

from typing import Annotated

import typer

from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "info",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Tell what DICOM files are: patient, study, series, image and encoding.",
            "fileroom info slice.dcm",
            "fileroom info --recursive /data/2026 --json",
        ),
    )(info)


def info(
    context: typer.Context,
    files: Files,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more.")] = False,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Tell what DICOM files are."""
    from fileroom.entrypoints.operations import describing

    def work(operation: Operation) -> Report:
        return describing.describe(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            verbose=verbose,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "info", work, json=json)
