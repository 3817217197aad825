"""Writes DICOM files as documents in the DICOM JSON Model."""

from dataclasses import dataclass, field

from fileroom.application.file_work import Destination, FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.json_converter import JsonConverter, ToJsonOptions, WrittenJson
from fileroom.application.ports.progress import ProgressSink


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertToJsonRequest:
    """Which files, and where their documents go."""

    selection: FileSelection
    destination: Destination
    options: ToJsonOptions = field(default_factory=ToJsonOptions)


class ConvertToJson:
    """Converts files one by one."""

    def __init__(self, *, files: FileWork, converter: JsonConverter) -> None:
        """Use these."""
        self._files = files
        self._converter = converter

    def execute(
        self, request: ConvertToJsonRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[WrittenJson]:
        """Convert every file; what cannot be converted is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
            InvalidInput: the destination does not fit the files; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Convert(self._converter, request.options),
            title="converting",
            progress=progress,
            cancel=cancel,
            destination=request.destination,
            suffix=".json",
        )


@dataclass(frozen=True, slots=True)
class _Convert:
    converter: JsonConverter
    options: ToJsonOptions

    def __call__(self, job: FileJob) -> WrittenJson:
        assert job.output is not None  # noqa: S101 - the destination names one for every file
        return self.converter.to_json(job.source, job.output, self.options)
