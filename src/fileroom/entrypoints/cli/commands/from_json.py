"""`fileroom from-json`: JSON documents as DICOM files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    destination,
    report,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.application.ports.json_converter import WrittenDicom


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
    from fileroom.application.ports.json_converter import FromJsonOptions
    from fileroom.application.use_cases.convert_from_json import ConvertFromJsonRequest

    def work(operation: Operation) -> Report:
        result = operation.container.convert_from_json().execute(
            ConvertFromJsonRequest(
                selection=selection(files, recursive=recursive, jobs=jobs),
                destination=destination(output, output_dir, force=force),
                options=FromJsonOptions(bulk_dir=bulk_dir),
            ),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        return report(
            result,
            _fields,
            show=lambda out, outcome: _show(out, outcome, many=not result.is_single),
            summary="converted",
        )

    run(context, "from_json", work, json=json)


def _fields(written: "WrittenDicom") -> dict[str, object]:
    told: dict[str, object] = {
        "sop_class_uid": written.sop_class_uid,
        "sop_instance_uid": written.sop_instance_uid,
        "transfer_syntax_uid": written.transfer_syntax_uid,
        "elements": written.elements,
        "bulk_values": written.bulk_values,
        "size_bytes": written.size,
        "notes": list(written.notes),
    }
    return {key: value for key, value in told.items() if value not in ("", [])}


def _show(output: Printer, outcome: "FileOutcome[WrittenDicom]", *, many: bool) -> None:
    written = outcome.result
    if written is None:
        return
    for note in written.notes:
        output.warning(f"{outcome.name}: {note}")
    if not many:
        output.note(f"{outcome.output}: {counted(written.elements, 'element')}, {human_bytes(written.size)}")
