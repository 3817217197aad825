"""Files what is in files, folders and archives, and reports it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.report import Failure, Printer, Report, Status
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.import_files import ImportResult
    from fileroom.entrypoints.container import Container


def import_files(
    container: "Container",
    paths: Sequence[Path],
    *,
    in_place: bool = False,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Import paths.

    Raises:
        NotFound: a path does not exist; nothing was imported.
    """
    from fileroom.application.use_cases.import_files import ImportRequest

    # What an import that was killed has left comes first: it would be met as duplicates otherwise, or never.
    recovered = container.recover_store().execute(progress=progress, cancel=cancel)
    result = container.import_files().execute(
        ImportRequest(paths=tuple(paths), in_place=in_place), progress=progress, cancel=cancel
    )
    return _report(result, recovered.catalogued)


def _report(result: "ImportResult", recovered: int) -> Report:
    duplicates = result.duplicates
    if result.cancelled:
        status = Status.CANCELLED
    elif result.is_complete:
        status = Status.SUCCESS
    else:
        status = Status.PARTIAL if result.accepted or duplicates.total else Status.FAILED
    return Report(
        status=status,
        failures=[
            Failure(what=each.name, why=each.why, hint=each.hint, kind=each.kind.value)
            for each in result.failures
        ],
        fields={
            "scanned_files": result.scanned_files,
            "accepted": result.accepted,
            "duplicates": duplicates.total,
            "duplicates_by_cause": {
                "identical": duplicates.identical,
                "conflict_rejected": duplicates.conflict_rejected,
                "conflict_replaced": duplicates.conflict_replaced,
                "conflict_ignored": duplicates.conflict_ignored,
            },
            "invalid_dicom": result.invalid_dicom,
            "not_dicom": result.not_dicom,
            "unreadable": result.unreadable,
            "skipped": result.skipped,
            "failed": result.failed,
            "failed_cleanup": result.failed_cleanup,
            "recovered": recovered,
            "bytes": result.bytes,
            "stopped_by": result.stopped_by or None,
        },
        show=lambda output: _show(output, result, recovered),
    )


def _show(output: Printer, result: "ImportResult", recovered: int) -> None:
    if recovered:
        output.note(f"{counted(recovered, 'instance')} recovered from an earlier crash")
    rate = f"{human_bytes(result.bytes)} in {result.seconds:.1f} s"
    output.note(
        f"{counted(result.accepted, 'instance')} of {counted(result.scanned_files, 'file')} accepted, {rate}"
    )
    duplicates = result.duplicates
    if duplicates.total:
        causes = (
            (duplicates.identical, "identical"),
            (duplicates.conflict_rejected, "in conflict and rejected"),
            (duplicates.conflict_replaced, "replaced"),
            (duplicates.conflict_ignored, "ignored"),
        )
        told = ", ".join(f"{number} {what}" for number, what in causes if number)
        output.note(f"{counted(duplicates.total, 'duplicate')}: {told}")
    damaged = result.invalid_dicom - result.not_dicom
    for number, what in (
        (result.not_dicom, "not DICOM, passed over"),
        (damaged, "invalid DICOM"),
        (result.unreadable, "unreadable"),
        (result.skipped, "skipped"),
        (result.failed, "could not be written"),
        (result.failed_cleanup, "temporary files could not be removed"),
    ):
        if number:
            output.note(f"{number} {what}")
    if result.stopped_by:
        output.warning(f"the import stopped early: {result.stopped_by}")
    if result.cancelled:
        output.note("cancelled: what was accepted until then stays")
