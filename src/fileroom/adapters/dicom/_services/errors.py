"""What the network does, told as the domain's errors."""

import socket
from collections.abc import Iterable

from fileroom.adapters.dicom._services.endings import Ending, Fate
from fileroom.adapters.dicom._services.link import Link
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.domain.dimse_status import describe_abort, describe_rejection
from fileroom.domain.errors import (
    AssociationRejected,
    NoAcceptedContext,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerSilent,
    PeerUnreachable,
)
from fileroom.domain.node import format_address
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer_syntaxes import transfer_syntax

_NAMED = 5
_CHECK_ADDRESS = "check host and port, and whether the peer is running and a firewall lets us through"
_CHECK_LOG = "the peer's own log says why; it may not know our AE title or address"


def unreachable(peer: Peer, error: OSError, seconds: float) -> PeerUnreachable:
    """Return the error for a connection that could not be made."""
    where = format_address(peer.host, peer.port)
    match error:
        case socket.gaierror():
            return PeerUnreachable(f"{peer.host} is not a known host", hint="check the host name")
        case TimeoutError():
            return PeerUnreachable(
                f"{where} does not answer (no connection within {seconds:g} s)", hint=_CHECK_ADDRESS
            )
        case ConnectionRefusedError():
            return PeerUnreachable(
                f"{where} refused the connection",
                hint="nothing listens there: check host and port, and whether the peer is running",
            )
        case _:
            return PeerUnreachable(
                f"{where} cannot be reached: {error.strerror or error}", hint=_CHECK_ADDRESS
            )


def no_tls(peer: Peer, error: OSError | ValueError) -> PeerUnreachable:
    """Return the error for a connection on which TLS could not be negotiated."""
    why = str(error) or type(error).__name__
    return PeerUnreachable(
        f"TLS could not be negotiated with {format_address(peer.host, peer.port)}: {why}",
        hint="check that this port of the peer expects TLS, and the certificates of both sides",
    )


def rejected(peer: Peer, result: int, source: int, reason: int) -> AssociationRejected:
    """Return the error for an A-ASSOCIATE-RJ."""
    words = describe_rejection(result, source, reason)
    return AssociationRejected(
        f"{told(peer)} rejected the association: {words}",
        result=result,
        source=source,
        reason=reason,
        hint=words.hint,
    )


def ended(peer: Peer, ending: Ending, doing: str) -> PeerError:
    """Return the error for an association that ended while `doing` something."""
    who = told(peer)
    match ending.fate:
        case Fate.SILENT:
            return PeerSilent(
                f"{who} did not answer {doing}: {ending.detail}", hint="try again, or wait longer"
            )
        case Fate.STALLED:
            return PeerSilent(f"{who} stopped reading {doing}", hint="try again, or wait longer")
        case Fate.STOPPED:
            return PeerSilent(f"{who} did not answer {doing} after a cancel", hint=_CHECK_LOG)
        case Fate.PROTOCOL:
            hint = (
                "is this the DICOM port of the peer?"
                if "HTTP" in ending.detail or "noise" in ending.detail
                else ""
            )
            return PeerBrokeProtocol(f"{who} broke the protocol {doing}: {ending.detail}", hint=hint)
        case Fate.ABORTED:
            words = describe_abort(ending.source, ending.reason)
            return PeerDropped(f"{who} ended the association {doing}: {words}", hint=words.hint)
        case Fate.RELEASED:
            return PeerDropped(f"{who} released the association {doing}", hint=_CHECK_LOG)
        case _:
            why = f" ({ending.detail})" if ending.detail else ""
            return PeerDropped(f"{who} closed the connection {doing}{why}", hint=_CHECK_LOG)


def no_context(peer: Peer, what: str, offered: Iterable[str]) -> NoAcceptedContext:
    """Return the error for a presentation context that the peer did not accept."""
    names = list(dict.fromkeys(transfer_syntax(uid).name for uid in offered))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return NoAcceptedContext(
        f"{told(peer)} does not accept {what} (offered: {', '.join(names[:_NAMED])}{more})",
        hint="the peer does not support this, or is configured not to",
    )


def nothing_accepted(peer: Peer, contexts: Iterable[ProposedContext]) -> NoAcceptedContext:
    """Return the error for an association without any context."""
    contexts = list(contexts)
    names = list(dict.fromkeys(sop_class_name(context.sop_class_uid) for context in contexts))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    offered = [uid for context in contexts for uid in context.transfer_syntax_uids]
    return no_context(peer, ", ".join(names[:_NAMED]) + more, offered)


def told(peer: Peer) -> str:
    """Name a peer for people."""
    return f"{peer.ae_title} at {format_address(peer.host, peer.port)}"


def negotiation_failed(peer: Peer, link: Link, contexts: Iterable[ProposedContext]) -> PeerError:
    """Return the error for an association that was requested and does not stand."""
    if link.rejection is not None:
        return rejected(peer, *link.rejection)
    if link.ending is not None:
        return ended(peer, link.ending, "while the association was negotiated")
    if link.was_accepted:
        return nothing_accepted(peer, contexts)
    silent = Ending(fate=Fate.SILENT, detail="nothing came within the time-out")
    return ended(peer, silent, "the association request")
