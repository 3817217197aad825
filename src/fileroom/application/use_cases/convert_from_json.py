"""Writes documents in the DICOM JSON Model as DICOM files."""

from dataclasses import dataclass, field

from fileroom.application.file_work import Destination, FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.json_converter import FromJsonOptions, JsonConverter, WrittenDicom
from fileroom.application.ports.progress import ProgressSink


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertFromJsonRequest:
    """Which documents, and where their files go."""

    selection: FileSelection
    destination: Destination
    options: FromJsonOptions = field(default_factory=FromJsonOptions)


class ConvertFromJson:
    """Converts files one by one."""

    def __init__(self, *, files: FileWork, converter: JsonConverter) -> None:
        """Use these."""
        self._files = files
        self._converter = converter

    def execute(
        self, request: ConvertFromJsonRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[WrittenDicom]:
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
            suffix=".dcm",
        )


@dataclass(frozen=True, slots=True)
class _Convert:
    converter: JsonConverter
    options: FromJsonOptions

    def __call__(self, job: FileJob) -> WrittenDicom:
        assert job.output is not None  # noqa: S101 - the destination names one for every file
        return self.converter.from_json(job.source, job.output, self.options)
