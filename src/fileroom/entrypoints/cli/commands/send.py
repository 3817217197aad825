"""`fileroom send`: give studies, series or files to a node."""

import json as json_text
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from fileroom.domain.errors import InvalidInput
from fileroom.domain.transfer import Transcoding
from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Failure, Operation, Report, Status, run
from fileroom.entrypoints.cli.options import CalledAeTitle, Json, complete_node
from fileroom.entrypoints.cli.output import Output, counted, human_bytes
from fileroom.entrypoints.cli.state import State

if TYPE_CHECKING:
    from fileroom.application.use_cases.send_objects import SendRequest, SendResult
    from fileroom.domain.query import Selection
    from fileroom.domain.transfer import TransferLine

Destination = Annotated[
    str, typer.Option("--destination-node", help="A registered node.", autocompletion=complete_node)
]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=64, help="Associations in parallel.")]
Preferred = Annotated[
    str | None,
    typer.Option(
        "--preferred-transfer-syntax",
        metavar="NAME|UID",
        help="Convert to it, without loss, where the node takes it.",
    ),
]

Transcode = Annotated[
    Transcoding | None,
    typer.Option(
        "--transcode",
        help="What becomes of an object that the node does not take as it is: fallback converts it, without loss; "
        "never sends objects as they are or not at all.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(
        cls=Group, no_args_is_help=True, help="Send studies, series, instances or files to a node (C-STORE)."
    )
    app.add_typer(group, name="send", rich_help_panel="Nodes")
    group.command(
        "study",
        cls=Command,
        help=with_examples(
            "Send a study that is here.",
            "fileroom send study --study-instance-uid 1.2.3 --destination-node pacs",
        ),
    )(send_study)
    group.command(
        "series",
        cls=Command,
        help=with_examples(
            "Send a series that is here.",
            "fileroom send series --series-instance-uid 1.2.3.4 --destination-node pacs",
        ),
    )(send_series)
    group.command(
        "instance",
        cls=Command,
        help=with_examples(
            "Send one instance that is here.",
            "fileroom send instance --sop-instance-uid 1.2.3.4.5 --destination-node pacs",
        ),
    )(send_instance)
    group.command(
        "files",
        cls=Command,
        help=with_examples(
            "Send DICOM files as they are, without filing them here.",
            "fileroom send files scan.dcm --to 192.0.2.7:104 --called-ae-title STORE",
            "fileroom send files /data/2026 --recursive --jobs 4 --destination-node pacs --json",
        ),
    )(send_files)


def send_study(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Option("--study-instance-uid", help="The study.")],
    destination_node: Destination,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send a study that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_study",
        Selection(level=QueryLevel.STUDY, study_instance_uids=_uid(context, study_instance_uid)),
        destination_node,
        jobs=jobs,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def send_series(
    context: typer.Context,
    series_instance_uid: Annotated[str, typer.Option("--series-instance-uid", help="The series.")],
    destination_node: Destination,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send a series that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_series",
        Selection(level=QueryLevel.SERIES, series_instance_uids=_uid(context, series_instance_uid)),
        destination_node,
        jobs=jobs,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def send_instance(
    context: typer.Context,
    sop_instance_uid: Annotated[str, typer.Option("--sop-instance-uid", help="The instance.")],
    destination_node: Destination,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send one instance that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_instance",
        Selection(level=QueryLevel.IMAGE, sop_instance_uids=_uid(context, sop_instance_uid)),
        destination_node,
        jobs=None,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def _uid(context: typer.Context, text: str) -> tuple[str, ...]:
    from fileroom.domain.uid import parse_uid

    del context
    try:
        return (parse_uid(text),)
    except InvalidInput as error:
        raise typer.BadParameter(f"{error.message}: {error.hint}") from None


def _send_selection(
    context: typer.Context,
    name: str,
    selection: "Selection",
    destination: str,
    *,
    jobs: int | None,
    preferred: str | None,
    transcode: Transcoding | None,
    json: bool,
) -> None:
    from fileroom.application.use_cases.send_objects import SendRequest

    def work(operation: Operation) -> Report:
        result = _send(operation, SendRequest(target=destination, selection=selection, **_options(operation)))
        return _report(result)

    run(context, name, work, json=json, overrides=_overrides(jobs, preferred, transcode), show_log=True)


def send_files(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders with --recursive.")
    ],
    destination_node: Annotated[
        str | None,
        typer.Option("--destination-node", help="A registered node.", autocompletion=complete_node),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="HOST:PORT", help="An address instead of a node.")
    ] = None,
    called_ae_title: CalledAeTitle = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders.")] = False,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send DICOM files as they are."""
    from fileroom.application.use_cases.send_objects import SendRequest
    from fileroom.domain.ae_title import AeTitle

    def work(operation: Operation) -> Report:
        if (destination_node is None) == (to is None):
            raise InvalidInput("name exactly one receiver", hint="--destination-node NODE, or --to HOST:PORT")
        request = SendRequest(
            target=destination_node or to or "",
            called_ae_title=AeTitle(called_ae_title) if called_ae_title else None,
            paths=tuple(paths),
            recursive=recursive,
            **_options(operation),
        )
        begun = datetime.now(UTC)
        result = _send(operation, request)
        return _report(result, session=_write_session(context.obj, begun, result))

    run(
        context,
        "send_files",
        work,
        json=json,
        overrides=_overrides(jobs, preferred_transfer_syntax, transcode),
        show_log=True,
    )


class _Options(TypedDict):
    jobs: int
    retries: int
    preferred_transfer_syntax: str
    transcoding: Transcoding


def _overrides(jobs: int | None, preferred: str | None, transcode: Transcoding | None) -> dict[str, object]:
    return {
        "send.jobs": jobs,
        "send.preferred_transfer_syntax": preferred,
        "send.transcode": None if transcode is None else transcode.value,
    }


def _options(operation: Operation) -> _Options:
    from fileroom.domain.transfer_syntaxes import parse_transfer_syntax

    settings = operation.container.settings().send
    preferred = settings.preferred_transfer_syntax
    return {
        "jobs": settings.jobs,
        "retries": settings.retries,
        "preferred_transfer_syntax": parse_transfer_syntax(preferred).uid if preferred else "",
        "transcoding": settings.transcode,
    }


def _send(operation: Operation, request: "SendRequest") -> "SendResult":
    return operation.container.send_objects().execute(
        request, progress=operation.progress, cancel=operation.cancel
    )


# Reports -----------------------------------------------------------------------------------------------------------


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


def _report(result: "SendResult", session: Path | None = None) -> Report:
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
    code = None
    if report.cancelled:
        status = Status.CANCELLED
    elif report.lines and not report.sent:
        status, code = Status.FAILED, _code_of(report.failures)
    return Report(
        status=status,
        code=code,
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


def _code_of(lines: "tuple[TransferLine, ...]") -> int:
    """Nothing was sent at all: the first object tells why."""
    from fileroom.domain.transfer import TransferOutcome

    first = next((line for line in lines if line.outcome is TransferOutcome.FAILED), lines[0])
    if first.status is not None:
        return failures.REFUSED
    return failures.exit_code_of_kind(first.error_kind, failures.PARTIAL)


def _show(output: Output, result: "SendResult", warnings: "list[TransferLine]", session: Path | None) -> None:
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    report = result.report
    seconds = max(report.seconds, 1e-9)
    output.note(
        f"sent {report.sent} of {counted(len(report.lines), 'object')} to {result.name}: "
        f"{human_bytes(report.bytes_sent)} in {report.seconds:.1f} s "
        f"({report.sent / seconds:.0f}/s, {human_bytes(report.bytes_sent / seconds)}/s, "
        f"{counted(report.associations, 'association')})"
    )
    for uid, count in report.transcoded.items():
        output.note(f"{count} of them transcoded to {transfer_syntax(uid).name}")
    for line in warnings[:5]:
        output.warning(f"{line.sop_instance_uid}: {line.why}", line.hint)
    if result.passed_over:
        output.note(f"{counted(len(result.passed_over), 'file')} passed over")
    if session is not None:
        output.note(f"session: {session}")


def _write_session(state: State, begun: datetime, result: "SendResult") -> Path | None:
    """Write a line for each object, and the summary beside it; what was sent is no less sent where that fails."""
    folder = state.log_file.parent
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
                line.why,
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
        )
        file.with_suffix(".json").write_text(
            json_text.dumps({"started_at": begun.isoformat(), **_counters(result)}, indent=2) + "\n",
            encoding="utf-8",
        )
    except OSError as error:
        state.output.warning(f"no session log: {error.strerror}")
        return None
    return file
