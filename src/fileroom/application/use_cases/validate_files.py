"""Hold files against the standard."""

from dataclasses import dataclass

from fileroom.application.file_work import FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.object_validator import ObjectValidator
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.validation import Validation


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidateFilesRequest:
    """Which files to validate."""

    selection: FileSelection


class ValidateFiles:
    """Validates files one by one."""

    def __init__(self, *, files: FileWork, validator: ObjectValidator) -> None:
        """Use these."""
        self._files = files
        self._validator = validator

    def execute(
        self, request: ValidateFilesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[Validation]:
        """Validate every file; what cannot be read is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Validate(self._validator),
            title="validating",
            progress=progress,
            cancel=cancel,
            is_quick=True,
        )


@dataclass(frozen=True, slots=True)
class _Validate:
    validator: ObjectValidator

    def __call__(self, job: FileJob) -> Validation:
        return self.validator.validate(job.source)
