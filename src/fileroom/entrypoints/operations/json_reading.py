"""Writes JSON documents in the DICOM JSON Model as files."""

from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.json_converter import WrittenDicom
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.entrypoints.container import Container


def from_json(
    container: "Container",
    selection: "FileSelection",
    destination: "Destination",
    *,
    bulk_dir: Path | None = None,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Write documents as files; bulk data that they refer to is in `bulk_dir`, else beside the document.

    Raises:
        NotFound: a path does not exist; nothing was done.
        InvalidInput: the destination does not fit the files; nothing was done.
    """
    from fileroom.application.ports.json_converter import FromJsonOptions
    from fileroom.application.use_cases.convert_from_json import ConvertFromJsonRequest

    request = ConvertFromJsonRequest(
        selection=selection, destination=destination, options=FromJsonOptions(bulk_dir=bulk_dir)
    )
    result = container.convert_from_json().execute(request, progress=progress, cancel=cancel)
    return report(
        result,
        _fields,
        show=lambda output, outcome: _show(output, outcome, many=not result.is_single),
        summary="converted",
    )


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
