"""`fileroom import`: file what is in files, folders and archives."""

from pathlib import Path
from typing import Annotated

import typer

from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "import",
        cls=Command,
        rich_help_panel="This file room",
        help=with_examples(
            "File DICOM objects from files, folders and ZIP archives, and catalogue them.",
            "fileroom import /media/cdrom study.zip",
            "fileroom import --in-place /archive/2026 --json",
        ),
    )(import_files)


def import_files(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders and ZIP archives.")],
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Index files where they are instead of copying them.")
    ] = False,
    json: Json = False,
) -> None:
    """File what is in files, folders and archives."""

    def work(operation: Operation) -> Report:
        from fileroom.entrypoints.operations import importing

        return importing.import_files(
            operation.container,
            paths,
            in_place=in_place,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "import", work, json=json, show_log=True)
