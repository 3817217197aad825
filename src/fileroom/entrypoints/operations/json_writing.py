"""Writes files as JSON documents in the DICOM JSON Model."""

from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.application.ports.json_converter import BULK_THRESHOLD
from fileroom.entrypoints.operations.files import check_place, report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.json_converter import WrittenJson
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
        InvalidInput: the destination does not fit the files, or bulk data may not go there; nothing was done.
    """
    from fileroom.application.ports.json_converter import ToJsonOptions
    from fileroom.application.use_cases.convert_to_json import ConvertToJsonRequest

    check_place(container, bulk_dir)
    request = ConvertToJsonRequest(
        selection=selection,
        destination=destination,
        options=ToJsonOptions(bulk_dir=bulk_dir, bulk_threshold=bulk_threshold, pretty=pretty),
    )
    result = container.convert_to_json().execute(request, progress=progress, cancel=cancel)
    return report(
        result,
        _fields,
        show=lambda output, outcome: _show(output, outcome, many=not result.is_single),
        summary="converted",
    )


def _fields(written: "WrittenJson") -> dict[str, object]:
    told: dict[str, object] = {"elements": written.elements, "size_bytes": written.size}
    if written.bulk_files:
        told |= {"bulk_files": written.bulk_files, "bulk_bytes": written.bulk_bytes}
    return told | ({"notes": list(written.notes)} if written.notes else {})


def _show(output: Printer, outcome: "FileOutcome[WrittenJson]", *, many: bool) -> None:
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
