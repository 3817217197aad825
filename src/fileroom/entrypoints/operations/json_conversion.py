"""Writes files as JSON documents in the DICOM JSON Model, and such documents as files."""

from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.application.ports.json_converter import BULK_THRESHOLD
from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.json_converter import WrittenDicom, WrittenJson
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.entrypoints.container import Container


def to_json(
    container: "Container",
    selection: "FileSelection",
    destination: "Destination",
    *,
    bulk_dir: Path | None = None,
    bulk_threshold: int = BULK_THRESHOLD,
    pretty: bool = False,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Write files as documents; values of `bulk_threshold` bytes or more go to `bulk_dir` where there is one.

    Raises:
        NotFound: a path does not exist; nothing was done.
        InvalidInput: the destination does not fit the files; nothing was done.
    """
    from fileroom.application.ports.json_converter import ToJsonOptions
    from fileroom.application.use_cases.convert_to_json import ConvertToJsonRequest

    request = ConvertToJsonRequest(
        selection=selection,
        destination=destination,
        options=ToJsonOptions(bulk_dir=bulk_dir, bulk_threshold=bulk_threshold, pretty=pretty),
    )
    result = container.convert_to_json().execute(request, progress=progress, cancel=cancel)
    return report(
        result,
        _json_fields,
        show=lambda output, outcome: _show_json(output, outcome, many=not result.is_single),
        summary="converted",
    )


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
        _dicom_fields,
        show=lambda output, outcome: _show_dicom(output, outcome, many=not result.is_single),
        summary="converted",
    )


def _json_fields(written: "WrittenJson") -> dict[str, object]:
    told: dict[str, object] = {"elements": written.elements, "size_bytes": written.size}
    if written.bulk_files:
        told |= {"bulk_files": written.bulk_files, "bulk_bytes": written.bulk_bytes}
    return told | ({"notes": list(written.notes)} if written.notes else {})


def _show_json(output: Printer, outcome: "FileOutcome[WrittenJson]", *, many: bool) -> None:
    written = outcome.result
    if written is None:
        return
    for note in written.notes:
        output.warning(f"{outcome.name}: {note}")
    if many:
        return
    beside = f", {counted(written.bulk_files, 'bulk file')} of {human_bytes(written.bulk_bytes)}"
    output.note(
        f"{outcome.output}: {counted(written.elements, 'element')}, {human_bytes(written.size)}"
        f"{beside if written.bulk_files else ''}"
    )


def _dicom_fields(written: "WrittenDicom") -> dict[str, object]:
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


def _show_dicom(output: Printer, outcome: "FileOutcome[WrittenDicom]", *, many: bool) -> None:
    written = outcome.result
    if written is None:
        return
    for note in written.notes:
        output.warning(f"{outcome.name}: {note}")
    if not many:
        output.note(f"{outcome.output}: {counted(written.elements, 'element')}, {human_bytes(written.size)}")
