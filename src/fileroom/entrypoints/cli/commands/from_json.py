"""`fileroom from-json`: JSON documents as DICOM files."""

from pathlib import Path
from typing import Annotated

import typer

from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "from-json",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Write JSON documents in the DICOM JSON Model as DICOM files.",
            "fileroom from-json slice.json --output slice.dcm",
            "fileroom from-json --recursive /data/json --output-dir /data/2026 --bulk-dir /data/bulk",
        ),
    )(from_json)


def from_json(
    context: typer.Context,
    files: Files,
    output: OutputFile = None,
    output_dir: OutputDir = None,
    bulk_dir: Annotated[
        Path | None,
        typer.Option(
            "--bulk-dir",
            metavar="DIR",
            help="Folder with the bulk data that documents refer to. Default: the folder of the document.",
        ),
    ] = None,
    recursive: Recursive = False,
    jobs: Jobs = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write JSON documents as DICOM files."""
    from fileroom.entrypoints.operations import json_reading
    from fileroom.entrypoints.operations.files import destination

    def work(operation: Operation) -> Report:
        return json_reading.from_json(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            destination(operation.container, output, output_dir, force=force),
            bulk_dir=bulk_dir,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "from_json", work, json=json)
