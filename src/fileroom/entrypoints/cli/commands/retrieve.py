"""`fileroom retrieve`: fetch from a node."""

from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.retrieve import Via
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Failure, Operation, Report, Status, run
from fileroom.entrypoints.cli.options import Json, NodeOption
from fileroom.entrypoints.cli.output import Output, counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.use_cases.retrieve_objects import RetrieveResult


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "retrieve",
        cls=Command,
        rich_help_panel="Nodes",
        help=with_examples(
            "Fetch a study, a series or an instance from a node (C-MOVE to our own listener, or C-GET), and compare "
            "what came with what the node said it has.",
            "fileroom retrieve --node pacs --study-instance-uid 1.2.3",
            "fileroom retrieve --node pacs --study-instance-uid 1.2.3 --via get --json",
        ),
    )(retrieve)


def retrieve(
    context: typer.Context,
    node: NodeOption,
    study_instance_uid: Annotated[str, typer.Option("--study-instance-uid", help="The study.")],
    series_instance_uid: Annotated[
        str | None, typer.Option("--series-instance-uid", help="Only this series of it.")
    ] = None,
    sop_instance_uid: Annotated[
        str | None, typer.Option("--sop-instance-uid", help="Only this instance of it.")
    ] = None,
    via: Annotated[
        Via, typer.Option("--via", help="auto takes what worked with this node before, and tries the other.")
    ] = Via.AUTO,
    move_destination: Annotated[
        str | None,
        typer.Option(
            "--move-destination", metavar="AE", help="AE title that C-MOVE sends to. Default: our own."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch from a node."""
    from fileroom.application.use_cases.retrieve_objects import RetrieveRequest
    from fileroom.domain.ae_title import AeTitle
    from fileroom.domain.uid import parse_uid

    def work(operation: Operation) -> Report:
        request = RetrieveRequest(
            node=node,
            study_instance_uid=parse_uid(study_instance_uid),
            series_instance_uid=parse_uid(series_instance_uid) if series_instance_uid else "",
            sop_instance_uid=parse_uid(sop_instance_uid) if sop_instance_uid else "",
            via=via,
            move_destination=AeTitle(move_destination) if move_destination else None,
        )
        # What a retrieve or an import that was killed has left would stay until the next listener otherwise.
        operation.container.recover_store().execute(progress=operation.progress, cancel=operation.cancel)
        result = operation.container.retrieve_objects().execute(
            request, progress=operation.progress, cancel=operation.cancel
        )
        return _report(result)

    run(context, "retrieve", work, json=json, show_log=True)


def _report(result: "RetrieveResult") -> Report:
    status = Status.SUCCESS if result.is_complete else Status.PARTIAL
    if result.cancelled:
        status = Status.CANCELLED
    failures = _failures(result)
    if not result.is_complete and not failures and result.why:
        failures.append(Failure(what=result.node, why=result.why, hint=result.hint, kind="peer_failed"))
    counters = result.counters
    return Report(
        status=status,
        failures=failures,
        fields={
            "node": result.node,
            "via": result.via.value,
            "expected": result.expected,
            "arrived": result.arrived,
            "already_here": result.already_here,
            "missing": len(result.missing),
            "received": result.received,
            "refused": len(result.refusals),
            "bytes": result.bytes,
            "sub_operations": {
                key: value
                for key, value in (
                    ("completed", counters.completed),
                    ("failed", counters.failed),
                    ("warning", counters.warning),
                )
                if value is not None
            },
            "dimse_status": f"{result.status:04X}",
            "failed_by_peer": list(result.failed_by_peer) or None,
        },
        show=lambda output: _show(output, result),
    )


def _failures(result: "RetrieveResult") -> list[Failure]:
    """Name what could not be filed here, and what did not come at all."""
    from fileroom.application.retrieval import NODE_LOG_HINT

    refused = {one.sop_instance_uid for one in result.refusals}
    return [
        Failure(
            what=one.sop_instance_uid,
            why="it is here with other content"
            if one.is_conflict
            else f"it came and was refused here: {one.why}",
            hint=one.hint,
            kind="conflict" if one.is_conflict else "refused",
        )
        for one in result.refusals
    ] + [
        Failure(
            what=uid,
            why="the node failed to send it"
            if uid in result.failed_by_peer
            else "expected, but it did not come",
            hint=NODE_LOG_HINT if refused else result.hint,
            kind="missing",
        )
        for uid in result.missing
        if uid not in refused
    ]


def _show(output: Output, result: "RetrieveResult") -> None:
    of = f" of {result.expected}" if result.expected is not None else ""
    rate = (
        f", {human_bytes(result.bytes)} in {result.seconds:.1f} s"
        if result.bytes
        else f" in {result.seconds:.1f} s"
    )
    before = f", {result.already_here} of them before" if result.already_here else ""
    verb = "is" if result.arrived == 1 else "are"
    output.note(
        f"{result.arrived}{of} {counted(result.expected or result.arrived, 'instance').partition(' ')[2]} "
        f"from {result.node} by C-{result.via.value.upper()} {verb} here{before}{rate}"
    )
    if result.missing:
        output.note(f"{counted(len(result.missing), 'instance')} missing")
    if result.refusals:
        output.note(f"{counted(len(result.refusals), 'instance')} refused here")
    if not result.is_complete and result.untold:
        output.note(
            f"{result.node} names {(result.expected or 0) - result.untold} of {result.expected} instances"
        )
    if result.why and result.is_complete:
        output.warning(f"{result.node} says: {result.why}")
