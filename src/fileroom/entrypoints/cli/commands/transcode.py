"""`fileroom transcode`: files in another transfer syntax."""

from typing import TYPE_CHECKING, Annotated

import typer

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
from fileroom.entrypoints.cli.operation import Operation, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.application.ports.file_transcoder import TranscodedFile


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
    from fileroom.application.use_cases.transcode_files import TranscodeFilesRequest
    from fileroom.domain.pixel_target import pixel_target

    def work(operation: Operation) -> Report:
        result = operation.container.transcode_files().execute(
            TranscodeFilesRequest(
                selection=selection(files, recursive=recursive, jobs=jobs),
                destination=destination(output, output_dir, force=force),
                target=pixel_target(transfer_syntax, ratio=ratio, quality=quality, near=near),
            ),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        done = [outcome.result for outcome in result.outcomes if outcome.result is not None]
        return report(
            result,
            _fields,
            show=_show,
            summary="transcoded",
            totals=None
            if result.is_single
            else {
                "source_bytes": sum(each.source_bytes for each in done),
                "output_bytes": sum(each.output_bytes for each in done),
            },
        )

    run(context, "transcode", work, json=json)


def _fields(made: "TranscodedFile") -> dict[str, object]:
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    told = {
        "source_transfer_syntax": transfer_syntax(made.source_transfer_syntax_uid).name,
        "source_transfer_syntax_uid": made.source_transfer_syntax_uid,
        "transfer_syntax": transfer_syntax(made.transfer_syntax_uid).name,
        "transfer_syntax_uid": made.transfer_syntax_uid,
        "source_sop_instance_uid": made.source_sop_instance_uid or None,
        "sop_instance_uid": made.sop_instance_uid or None,
        "frames": made.frames,
        "lossless": made.lossless,
        "pixels_identical": made.pixels_identical,
        "max_difference": made.max_difference,
        "compression_ratio": made.compression_ratio,
        "source_bytes": made.source_bytes,
        "output_bytes": made.output_bytes,
    }
    return {key: value for key, value in told.items() if value is not None}


def _show(output: Printer, outcome: "FileOutcome[TranscodedFile]") -> None:
    made = outcome.result
    if made is None:
        return
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    output.line(
        f"{outcome.output}: {transfer_syntax(made.source_transfer_syntax_uid).short_name} to "
        f"{transfer_syntax(made.transfer_syntax_uid).short_name}, {human_bytes(made.source_bytes)} to "
        f"{human_bytes(made.output_bytes)}, {_pixels(made)}"
    )


def _pixels(made: "TranscodedFile") -> str:
    if made.pixels_identical is None:
        return "no pixels"
    if made.frames is None:
        return "pixels copied"
    frames = counted(made.frames, "frame")
    if made.lossless:
        return f"{frames} compared: identical"
    return f"{frames} with loss, values differ by up to {made.max_difference or 0}"
