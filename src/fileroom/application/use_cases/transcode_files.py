"""Writes files in another transfer syntax."""

from dataclasses import dataclass

from fileroom.application.file_work import Destination, FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.file_transcoder import FileTranscoder, TranscodedFile
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.pixel_target import PixelTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscodeFilesRequest:
    """Which files, to what, and where the outputs go."""

    selection: FileSelection
    destination: Destination
    target: PixelTarget


class TranscodeFiles:
    """Transcodes files one by one."""

    def __init__(self, *, files: FileWork, transcoder: FileTranscoder) -> None:
        """Use these."""
        self._files = files
        self._transcoder = transcoder

    def execute(
        self, request: TranscodeFilesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[TranscodedFile]:
        """Transcode every file; what cannot be is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
            InvalidInput: the destination does not fit the files; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Transcode(self._transcoder, request.target),
            title="transcoding",
            progress=progress,
            cancel=cancel,
            destination=request.destination,
        )


@dataclass(frozen=True, slots=True)
class _Transcode:
    transcoder: FileTranscoder
    target: PixelTarget

    def __call__(self, job: FileJob) -> TranscodedFile:
        if job.output is None:
            raise AssertionError("a destination was given, so every job has an output")
        return self.transcoder.transcode(job.source, job.output, self.target)
