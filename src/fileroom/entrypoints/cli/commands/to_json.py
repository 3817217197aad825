"""`fileroom to-json`: DICOM files as JSON documents."""

from pathlib import Path
from typing import Annotated

import typer

from fileroom.application.ports.json_converter import BULK_THRESHOLD
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
        "to-json",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Write DICOM files as JSON documents in the DICOM JSON Model (PS3.18 annex F).",
            "fileroom to-json slice.dcm --output slice.json --pretty",
            "fileroom to-json --recursive /data/2026 --output-dir /data/json --bulk-dir /data/json/bulk",
        ),
    )(to_json)


def to_json(
    context: typer.Context,
    files: Files,
    output: OutputFile = None,
    output_dir: OutputDir = None,
    bulk_dir: Annotated[
        Path | None,
        typer.Option(
            "--bulk-dir",
            metavar="DIR",
            help="Folder for pixels and large values, which documents then refer to. Default: base64 in the document.",
        ),
    ] = None,
    bulk_threshold: Annotated[
        int,
        typer.Option(
            "--bulk-threshold",
            min=1,
            metavar="BYTES",
            help="Size from which on a value goes to --bulk-dir; pixels always do.",
        ),
    ] = BULK_THRESHOLD,
    pretty: Annotated[bool, typer.Option("--pretty", help="Give every attribute a line of its own.")] = False,
    recursive: Recursive = False,
    jobs: Jobs = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write DICOM files as JSON documents."""
    from fileroom.entrypoints.operations import json_writing
    from fileroom.entrypoints.operations.files import destination

    def work(operation: Operation) -> Report:
        return json_writing.to_json(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            destination(operation.container, output, output_dir, force=force),
            bulk_dir=bulk_dir,
            bulk_threshold=bulk_threshold,
            pretty=pretty,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "to_json", work, json=json)
