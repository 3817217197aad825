"""Fetches from a node, and reports what came and what is missing."""

from typing import TYPE_CHECKING

from fileroom.entrypoints.report import Failure, Printer, Report, Status
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.retrieve_objects import RetrieveRequest, RetrieveResult
    from fileroom.entrypoints.container import Container


def retrieve(
    container: "Container", request: "RetrieveRequest", *, progress: "ProgressSink", cancel: "CancelToken"
) -> Report:
    """Retrieve what is asked for.

    Raises:
        NotFound: there is no such node, or it has no such object.
        PeerError: the node could not be asked, or refused.
    """
    # What a retrieve or an import that was killed has left would stay until the next listener otherwise.
    container.recover_store().execute(progress=progress, cancel=cancel)
    result = container.retrieve_objects().execute(request, progress=progress, cancel=cancel)
    return _report(result)


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


def _show(output: Printer, result: "RetrieveResult") -> None:
    of = f" of {result.expected}" if result.expected is not None else ""
    rate = (
        f", {human_bytes(result.bytes)} in {result.seconds:.1f} s"
        if result.bytes
        else f" in {result.seconds:.1f} s"
    )
    before = f", {result.already_here} of them before" if result.already_here else ""
    if result.already_here and result.already_here == result.arrived:
        before = ", all before" if result.arrived > 1 else ", as before"
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
