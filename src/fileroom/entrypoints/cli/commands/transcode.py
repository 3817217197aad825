"""`fileroom transcode`: files in another transfer syntax."""

from typing import Annotated

import typer

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
from fileroom.entrypoints.cli.operation import Operation, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Report


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "transcode",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Write DICOM files in another transfer syntax: packed, unpacked or packed otherwise.",
            "fileroom transcode ct.dcm --output small.dcm --transfer-syntax jpeg2000-lossless",
            "fileroom transcode /data/2026 --recursive --output-dir out --transfer-syntax explicit-vr-little-endian",
            "fileroom transcode ct.dcm --output lossy.dcm --transfer-syntax jpeg2000 --ratio 10",
        ),
    )(transcode)


def transcode(
    context: typer.Context,
    files: Files,
    transfer_syntax: Annotated[
        str,
        typer.Option(
            "--transfer-syntax",
            "-t",
            metavar="NAME|UID",
            help="What to write: implicit-vr-little-endian, explicit-vr-little-endian, explicit-vr-big-endian, "
            "deflated-explicit-vr-little-endian, rle-lossless, jpeg-ls-lossless, jpeg-ls-near-lossless, "
            "jpeg2000-lossless or jpeg2000.",
        ),
    ],
    output: OutputFile = None,
    output_dir: OutputDir = None,
    ratio: Annotated[
        float | None,
        typer.Option("--ratio", metavar="R", help="For jpeg2000: pack to 1/R of the pixels' bytes."),
    ] = None,
    quality: Annotated[
        float | None,
        typer.Option("--quality", metavar="DB", help="For jpeg2000: peak signal-to-noise ratio in dB."),
    ] = None,
    near: Annotated[
        int | None,
        typer.Option(
            "--near", metavar="N", help="For jpeg-ls-near-lossless: by how much a pixel value may differ."
        ),
    ] = None,
    recursive: Recursive = False,
    jobs: Jobs = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write DICOM files in another transfer syntax."""
    from fileroom.entrypoints.operations import transcoding
    from fileroom.entrypoints.operations.files import destination

    def work(operation: Operation) -> Report:
        return transcoding.transcode(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            destination(operation.container, output, output_dir, force=force),
            transfer_syntax=transfer_syntax,
            ratio=ratio,
            quality=quality,
            near=near,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "transcode", work, json=json)
