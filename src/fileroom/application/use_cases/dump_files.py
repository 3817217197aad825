"""Show files element by element."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fileroom.application.file_work import FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.object_dumper import ObjectDumper
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.dump import DumpDocument, DumpHeading, DumpLine, DumpOptions

Show = Callable[[Path, Iterator[DumpHeading | DumpLine]], None]
"""Takes the lines of one file, as they come; nothing is read before the first is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DumpFilesRequest:
    """Which files to show, and how much of them."""

    selection: FileSelection
    options: DumpOptions


class DumpFiles:
    """Shows files one after the other: as lines, or as documents."""

    def __init__(self, *, files: FileWork, dumper: ObjectDumper) -> None:
        """Use these."""
        self._files = files
        self._dumper = dumper

    def execute(
        self, request: DumpFilesRequest, *, show: Show, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[None]:
        """Hand the lines of every file to `show`; what cannot be read is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
        """

        def task(job: FileJob) -> None:
            show(job.source, self._dumper.lines(job.source, request.options))

        return self._files.run(
            replace(request.selection, jobs=1),  # lines come in the order of the files, and do not travel
            task,
            title="reading",
            progress=progress,
            cancel=cancel,
            is_quick=True,
        )

    def documents(
        self, request: DumpFilesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[DumpDocument]:
        """Return every file in the DICOM JSON Model; what cannot be read is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Document(self._dumper, request.options),
            title="reading",
            progress=progress,
            cancel=cancel,
            is_quick=True,
        )


@dataclass(frozen=True, slots=True)
class _Document:
    dumper: ObjectDumper
    options: DumpOptions

    def __call__(self, job: FileJob) -> DumpDocument:
        return self.dumper.document(job.source, self.options)
