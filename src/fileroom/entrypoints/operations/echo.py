"""Verifies that a node answers, and reports how it did."""

from typing import TYPE_CHECKING

from fileroom.domain.node import format_address
from fileroom.entrypoints.report import Report

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.echo_node import EchoRequest
    from fileroom.entrypoints.container import Container


def echo(
    container: "Container", request: "EchoRequest", *, progress: "ProgressSink", cancel: "CancelToken"
) -> Report:
    """Echo a node or an address.

    Raises:
        NotFound: it is neither.
        PeerError: it does not answer, or refuses.
    """
    result = container.echo_node().execute(request, progress=progress, cancel=cancel)
    answer, peer = result.answer, result.peer
    milliseconds = answer.echo_seconds * 1000
    software = answer.implementation_version or answer.implementation_class_uid or "unknown software"
    return Report(
        fields={
            "target": request.target,
            "ae_title": str(peer.ae_title),
            "host": peer.host,
            "port": peer.port,
            "dimse_status": f"{answer.status:04X}",
            "associate_seconds": round(answer.associate_seconds, 6),
            "echo_seconds": round(answer.echo_seconds, 6),
            "implementation_class_uid": answer.implementation_class_uid or None,
            "implementation_version": answer.implementation_version or None,
            "max_pdu_length": answer.max_pdu_length,
        },
        show=lambda output: output.line(
            f"{result.name}: {peer.ae_title} at {format_address(peer.host, peer.port)} answers "
            f"in {milliseconds:.1f} ms ({software})"
        ),
    )
