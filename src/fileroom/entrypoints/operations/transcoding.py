"""Writes files in another transfer syntax, and tells what became of their pixels."""

from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.file_transcoder import TranscodedFile
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.entrypoints.container import Container


def transcode(
    container: "Container",
    selection: "FileSelection",
    destination: "Destination",
    *,
    transfer_syntax: str,
    ratio: float | None = None,
    quality: float | None = None,
    near: int | None = None,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Transcode files; the target is named by keyword, name or UID.

    Raises:
        NotFound: a path does not exist; nothing was done.
        InvalidInput: the target is none, or the destination does not fit the files; nothing was done.
    """
    from fileroom.application.use_cases.transcode_files import TranscodeFilesRequest
    from fileroom.domain.pixel_target import pixel_target

    request = TranscodeFilesRequest(
        selection=selection,
        destination=destination,
        target=pixel_target(transfer_syntax, ratio=ratio, quality=quality, near=near),
    )
    result = container.transcode_files().execute(request, progress=progress, cancel=cancel)
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
