"""Makes images for people of the pixels in files."""

from dataclasses import dataclass

from fileroom.application.file_work import Destination, FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.image_renderer import ImageRenderer
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.errors import InvalidInput
from fileroom.domain.rendering import RenderedFile, RenderingOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderImagesRequest:
    """Which files, how, and where the images go."""

    selection: FileSelection
    options: RenderingOptions
    destination: Destination


class RenderImages:
    """Renders files one by one."""

    def __init__(self, *, files: FileWork, renderer: ImageRenderer) -> None:
        """Use these."""
        self._files = files
        self._renderer = renderer

    def execute(
        self, request: RenderImagesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[RenderedFile]:
        """Render every file; what cannot be shown is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
            InvalidInput: the destination does not fit the files; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Render(self._renderer, request.options),
            title="rendering",
            progress=progress,
            cancel=cancel,
            destination=request.destination,
            suffix=request.options.image_format.suffix,
        )


@dataclass(frozen=True, slots=True)
class _Render:
    renderer: ImageRenderer
    options: RenderingOptions

    def __call__(self, job: FileJob) -> RenderedFile:
        if job.output is None:
            raise InvalidInput("where the image goes is not said")
        return self.renderer.render(job.source, job.output, self.options)
