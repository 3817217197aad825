"""`fileroom to-image`: frames as PNG or JPEG."""

from typing import Annotated

import typer

from fileroom.domain.rendering import ImageFormat
from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


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
    from fileroom.entrypoints.operations import rendering
    from fileroom.entrypoints.operations.files import destination

    def work(operation: Operation) -> Report:
        return rendering.render(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            destination(operation.container, output, output_dir, force=force),
            image_format=image_format,
            frame=frame,
            all_frames=all_frames,
            window_center=window_center,
            window_width=window_width,
            normalize=normalize,
            disable_modality_lut=disable_modality_lut,
            disable_voi_lut=disable_voi_lut,
            force_8bit=force_8bit,
            force_16bit=force_16bit,
            quality=quality,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "to_image", work, json=json)
