"""Writes rows to a file, and reports it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.export import ExportFormat, Row, whole_file, write_rows
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink

_TOLD_EVERY = 256


def export_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    noun: tuple[str, str],
    export: ExportFormat,
    path: Path,
    *,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Write rows to a file that appears whole or not at all; what was there by that name is replaced.

    Raises:
        StorageError: it cannot be written.
        Cancelled: `cancel` was raised; nothing was written.
    """
    with whole_file(path) as write:
        count = write_rows(export, columns, _watched(rows, progress, cancel), write)
    return Report(
        fields={"exported": count, "format": export.value, "out": str(path)},
        show=lambda output: output.note(f"wrote {counted(count, *noun)} to {path}"),
    )


def _watched(rows: Iterable[Row], progress: "ProgressSink", cancel: "CancelToken") -> Iterator[Row]:
    from fileroom.application.ports.progress import Progress

    for done, row in enumerate(rows, 1):
        if done % _TOLD_EVERY == 0:
            cancel.raise_if_cancelled()
            progress.report(Progress(task="exporting", done=done))
        yield row
