"""Tells what files are."""

from dataclasses import dataclass

from fileroom.application.file_work import FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.file_describer import FileDescriber
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.file_facts import FileDescription


@dataclass(frozen=True, kw_only=True, slots=True)
class DescribeFilesRequest:
    """Which files to describe."""

    selection: FileSelection


class DescribeFiles:
    """Describes files one by one."""

    def __init__(self, *, files: FileWork, describer: FileDescriber) -> None:
        """Use these."""
        self._files = files
        self._describer = describer

    def execute(
        self, request: DescribeFilesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[FileDescription]:
        """Describe every file; what cannot be read is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Describe(self._describer),
            title="reading",
            progress=progress,
            cancel=cancel,
            is_quick=True,
        )


@dataclass(frozen=True, slots=True)
class _Describe:
    describer: FileDescriber

    def __call__(self, job: FileJob) -> FileDescription:
        return self.describer.describe(job.source)
