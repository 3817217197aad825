"""Sends to a node, and reports what became of each object."""

import json as json_text
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.report import Failure, Printer, Report, Status
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.send_objects import SendRequest, SendResult
    from fileroom.domain.transfer import Transcoding, TransferLine
    from fileroom.entrypoints.container import Container

log = logging.getLogger(__name__)


def send(
    container: "Container",
    request: "SendRequest",
    *,
    progress: "ProgressSink",
    cancel: "CancelToken",
    session_folder: Path,
    jobs: int | None = None,
    preferred_transfer_syntax: str | None = None,
    transcoding: "Transcoding | None" = None,
) -> Report:
    """Send, as the settings say in all that is left open here, and leave a line for each object in `session_folder`.

    `jobs` are associations in parallel; a transfer syntax is named by keyword, name or UID.

    Raises:
        InvalidInput: there is no such transfer syntax.
        NotFound: there is no such node, or nothing here by these UIDs, or a path does not exist.
        PeerError: no association could be had.
    """
    from fileroom.domain.transfer_syntaxes import parse_transfer_syntax

    settings = container.settings().send
    preferred = preferred_transfer_syntax or settings.preferred_transfer_syntax
    request = replace(
        request,
        jobs=jobs or settings.jobs,
        retries=settings.retries,
        preferred_transfer_syntax=parse_transfer_syntax(preferred).uid if preferred else "",
        transcoding=transcoding or settings.transcode,
    )
    begun = datetime.now(UTC)
    result = container.send_objects().execute(request, progress=progress, cancel=cancel)
    session = _write_session(session_folder, begun, result)
    return _report(result, session)


def _counters(result: "SendResult") -> dict[str, object]:
    from fileroom.domain.transfer import TransferOutcome

    report = result.report
    sent_lines = [
        line for line in report.lines if line.outcome in (TransferOutcome.SENT, TransferOutcome.WARNED)
    ]
    seconds = max(report.seconds, 1e-9)
    return {
        "destination": result.name,
        "ae_title": str(result.peer.ae_title),
        "objects": len(report.lines),
        "sent": report.sent,
        "warnings": report.count(TransferOutcome.WARNED),
        "failed": report.count(TransferOutcome.FAILED),
        "not_attempted": report.count(TransferOutcome.NOT_ATTEMPTED),
        "transcoded": sum(report.transcoded.values()),
        "passed_over": len(result.passed_over),
        "associations": report.associations,
        "bytes": report.bytes_sent,
        "seconds": round(report.seconds, 6),
        "objects_per_second": round(report.sent / seconds, 3),
        "bytes_per_second": round(report.bytes_sent / seconds),
        "average_bytes": round(report.bytes_sent / len(sent_lines)) if sent_lines else None,
        "average_seconds": round(sum(line.seconds for line in sent_lines) / len(sent_lines), 6)
        if sent_lines
        else None,
    }


def _report(result: "SendResult", session: Path | None) -> Report:
    from fileroom.domain.transfer import TransferOutcome
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    report = result.report
    failed = [
        Failure(
            what=line.sop_instance_uid,
            why=line.why,
            hint=line.hint,
            kind=line.error_kind or line.outcome.value,
        )
        for line in report.failures
    ]
    failed += [
        Failure(what=each.name, why=each.why, kind="passed_over") for each in result.passed_over if each.named
    ]
    warnings = [line for line in report.lines if line.outcome is TransferOutcome.WARNED]
    status = Status.SUCCESS if not failed else Status.PARTIAL
    failed_as = ""
    if report.cancelled:
        status = Status.CANCELLED
    elif report.lines and not report.sent:
        status, failed_as = Status.FAILED, _kind_of(report.failures)
    return Report(
        status=status,
        failed_as=failed_as,
        failures=failed,
        fields=_counters(result)
        | {
            "transcoded_to": {
                transfer_syntax(uid).short_name: count for uid, count in report.transcoded.items()
            }
            or None,
            "warned": [{"what": line.sop_instance_uid, "why": line.why} for line in warnings] or None,
            "session_log": str(session) if session else None,
            "session_summary": str(session.with_suffix(".json")) if session else None,
        },
        show=lambda output: _show(output, result, warnings, session),
    )


def _kind_of(lines: "tuple[TransferLine, ...]") -> str:
    """Nothing was sent at all: the first object tells why."""
    from fileroom.domain.errors import PeerFailed
    from fileroom.domain.transfer import TransferOutcome

    first = next((line for line in lines if line.outcome is TransferOutcome.FAILED), lines[0])
    return PeerFailed.kind if first.status is not None else first.error_kind


def _show(
    output: Printer, result: "SendResult", warnings: "list[TransferLine]", session: Path | None
) -> None:
    from fileroom.domain.transfer import TransferOutcome
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    report = result.report
    seconds = max(report.seconds, 1e-9)
    output.note(
        f"sent {report.sent} of {counted(len(report.lines), 'object')} to {result.name}: "
        f"{human_bytes(report.bytes_sent)} in {report.seconds:.1f} s "
        f"({report.sent / seconds:.0f}/s, {human_bytes(report.bytes_sent / seconds)}/s, "
        f"{counted(report.associations, 'association')})"
    )
    left = report.count(TransferOutcome.NOT_ATTEMPTED)
    if left:
        output.note(f"{report.count(TransferOutcome.FAILED)} failed, {left} not attempted")
    for uid, count in report.transcoded.items():
        output.note(f"{count} of them transcoded to {transfer_syntax(uid).name}")
    for line in warnings[:5]:
        output.warning(f"{line.sop_instance_uid}: {line.why}", line.hint)
    if result.passed_over:
        output.note(f"{counted(len(result.passed_over), 'file')} passed over")
    if session is not None:
        output.note(f"session: {session}")


def _write_session(folder: Path, begun: datetime, result: "SendResult") -> Path | None:
    """Write a line for each object, and the summary beside it; what was sent is no less sent where that fails."""
    file = folder / f"send-{begun:%Y%m%dT%H%M%S%fZ}.log"
    lines = [
        "\t".join(
            (
                line.outcome.value,
                "" if line.status is None else f"{line.status:04X}",
                str(line.bytes),
                f"{line.seconds:.6f}",
                str(line.attempts),
                line.sop_instance_uid,
                json_text.dumps(line.name, ensure_ascii=False),
                for_terminal(line.why),
                line.transcoded_to,
            )
        )
        for line in result.report.lines
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "\n".join(
                [
                    "outcome\tstatus\tbytes\tseconds\tattempts\tsop_instance_uid\tname\twhy\ttranscoded_to",
                    *lines,
                ]
            )
            + "\n",
            encoding="utf-8",
            errors="backslashreplace",  # names of files may be in no encoding at all
        )
        file.with_suffix(".json").write_text(
            json_text.dumps({"started_at": begun.isoformat(), **_counters(result)}, indent=2) + "\n",
            encoding="utf-8",
        )
    except OSError as error:
        log.warning("no session log: %s", error.strerror)
        return None
    return file
