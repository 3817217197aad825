"""Makes images of frames, and tells how they were made."""

from typing import TYPE_CHECKING

from fileroom.domain.rendering import Contrast, ImageFormat, RenderingOptions, Window, image_format_of
from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.rendering import RenderedFile, RenderedImage
    from fileroom.entrypoints.container import Container

_WORDS = {
    Contrast.WINDOW: "window {window} of the file",
    Contrast.GIVEN_WINDOW: "window {window}",
    Contrast.VOI_LUT: "VOI LUT of the file",
    Contrast.MIN_MAX: "from the least to the greatest value{ends}",
    Contrast.FULL_RANGE: "all values that the bits can hold{ends}",
    Contrast.NONE: "colours as they are",
}


def render(
    container: "Container",
    selection: "FileSelection",
    destination: "Destination",
    *,
    image_format: ImageFormat | None = None,
    frame: int | None = None,
    all_frames: bool = False,
    window_center: float | None = None,
    window_width: float | None = None,
    normalize: bool = False,
    disable_modality_lut: bool = False,
    disable_voi_lut: bool = False,
    force_8bit: bool = False,
    force_16bit: bool = False,
    quality: int | None = None,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Render files; what each option means is in `RenderingOptions`.

    Raises:
        NotFound: a path does not exist; nothing was done.
        InvalidInput: options contradict each other, or the destination does not fit the files; nothing was done.
    """
    from fileroom.application.use_cases.render_images import RenderImagesRequest
    from fileroom.domain.errors import InvalidInput

    if force_8bit and force_16bit:
        raise InvalidInput("--force-8bit and --force-16bit contradict each other")
    if (window_center is None) != (window_width is None):
        raise InvalidInput("a window has both: --window-center and --window-width")
    window = None
    if window_center is not None and window_width is not None:
        window = Window(center=window_center, width=window_width)
    options = RenderingOptions(
        image_format=image_format_of(image_format, destination.output),
        frame=frame,
        all_frames=all_frames,
        window=window,
        normalize=normalize,
        modality_lut=not disable_modality_lut,
        voi_lut=not disable_voi_lut,
        bits=16 if force_16bit else 8 if force_8bit else None,
        quality=quality,
    )
    result = container.render_images().execute(
        RenderImagesRequest(selection=selection, options=options, destination=destination),
        progress=progress,
        cancel=cancel,
    )
    return report(result, _fields, show=_show, summary="rendered")


def _fields(result: "RenderedFile") -> dict[str, object]:
    return {
        "output": str(result.images[0].path),
        "format": result.image_format.value,
        "photometric_interpretation": result.photometric_interpretation,
        "frames": result.frames,
        "images": [_image(image) for image in result.images],
    }


def _image(image: "RenderedImage") -> dict[str, object]:
    told: dict[str, object] = {
        "output": str(image.path),
        "frame": image.frame,
        "width": image.width,
        "height": image.height,
        "bits": image.bits,
        "contrast": image.contrast.value,
    }
    if image.window is not None:
        told |= {"window_center": image.window.center, "window_width": image.window.width}
    if image.explanation:
        told["explanation"] = image.explanation
    return told


def _show(output: Printer, outcome: "FileOutcome[RenderedFile]") -> None:
    if outcome.result is None:
        return
    first, *others = outcome.result.images
    place = f"{first.path} to {others[-1].path.name}" if others else str(first.path)
    of = (
        f", frame {first.frame} of {outcome.result.frames}"
        if not others and outcome.result.frames > 1
        else ""
    )
    output.line(
        f"{outcome.name} -> {place}: {first.width}x{first.height}, {first.bits} bit{of}, {_contrast(first)}"
    )


def _contrast(image: "RenderedImage") -> str:
    window = ends = ""
    if image.window is not None:
        center, half = image.window.center, image.window.width / 2
        window, ends = f"{center:g}/{image.window.width:g}", f" ({center - half:g} to {center + half:g})"
    words = _WORDS[image.contrast].format(window=window, ends=ends)
    return f"{words} ({image.explanation})" if image.explanation else words
