"""`fileroom to-image`: frames as PNG or JPEG."""

from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.rendering import Contrast, ImageFormat, RenderingOptions, Window, image_format_of
from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    destination,
    report,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.domain.rendering import RenderedFile, RenderedImage

_WORDS = {
    Contrast.WINDOW: "window {window} of the file",
    Contrast.GIVEN_WINDOW: "window {window}",
    Contrast.VOI_LUT: "VOI LUT of the file",
    Contrast.MIN_MAX: "from the least to the greatest value{ends}",
    Contrast.FULL_RANGE: "all values that the bits can hold{ends}",
    Contrast.NONE: "colours as they are",
}


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "to-image",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Make PNG or JPEG images of frames: modality LUT, VOI LUT or window, colours. Nothing of the patient is "
            "written into them beyond what is in the pixels.",
            "fileroom to-image slice.dcm --output slice.png",
            "fileroom to-image slice.dcm --output slice.png --window-center 40 --window-width 400",
            "fileroom to-image --recursive /data/2026 --output-dir pictures --format jpeg --all-frames",
        ),
    )(to_image)


def to_image(
    context: typer.Context,
    files: Files,
    output: OutputFile = None,
    output_dir: OutputDir = None,
    image_format: Annotated[
        ImageFormat | None,
        typer.Option(
            "--format", help="What the image is written as. Default: what --output ends in; PNG otherwise."
        ),
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option("--frame", metavar="N", help="The frame, counted from 1. Default: the first."),
    ] = None,
    all_frames: Annotated[
        bool,
        typer.Option(
            "--all-frames", help="All frames, each in an image of its own: NAME-0001.png and so on."
        ),
    ] = False,
    window_center: Annotated[
        float | None,
        typer.Option(
            "--window-center",
            metavar="C",
            help="Window in the place of the file's, in values after the modality LUT.",
        ),
    ] = None,
    window_width: Annotated[
        float | None, typer.Option("--window-width", metavar="W", help="Goes with --window-center.")
    ] = None,
    normalize: Annotated[
        bool,
        typer.Option("--normalize", help="Stretch each frame from its least to its greatest value."),
    ] = False,
    disable_modality_lut: Annotated[
        bool, typer.Option("--disable-modality-lut", help="Take stored values as they are.")
    ] = False,
    disable_voi_lut: Annotated[
        bool,
        typer.Option(
            "--disable-voi-lut",
            help="Pass over windows and VOI LUTs of the file: show all values that the bits can hold.",
        ),
    ] = False,
    force_8bit: Annotated[bool, typer.Option("--force-8bit", help="8 bits a sample, as without it.")] = False,
    force_16bit: Annotated[bool, typer.Option("--force-16bit", help="16 bits, for gray PNG.")] = False,
    quality: Annotated[
        int | None, typer.Option("--quality", metavar="Q", help="Of JPEG, from 1 to 100. Default: 90.")
    ] = None,
    force: Force = False,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Make PNG or JPEG images of frames."""
    from fileroom.application.use_cases.render_images import RenderImagesRequest
    from fileroom.domain.errors import InvalidInput

    def work(operation: Operation) -> Report:
        if force_8bit and force_16bit:
            raise InvalidInput("--force-8bit and --force-16bit contradict each other")
        if (window_center is None) != (window_width is None):
            raise InvalidInput("a window has both: --window-center and --window-width")
        window = None
        if window_center is not None and window_width is not None:
            window = Window(center=window_center, width=window_width)
        options = RenderingOptions(
            image_format=image_format_of(image_format, output),
            frame=frame,
            all_frames=all_frames,
            window=window,
            normalize=normalize,
            modality_lut=not disable_modality_lut,
            voi_lut=not disable_voi_lut,
            bits=16 if force_16bit else 8 if force_8bit else None,
            quality=quality,
        )
        result = operation.container.render_images().execute(
            RenderImagesRequest(
                selection=selection(files, recursive=recursive, jobs=jobs),
                options=options,
                destination=destination(output, output_dir, force=force),
            ),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        return report(result, _fields, show=_show, summary="rendered")

    run(context, "to_image", work, json=json)


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
