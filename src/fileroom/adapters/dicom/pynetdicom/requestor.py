"""The requestor's side of an association, from connecting to its release."""

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pynetdicom import build_role
from pynetdicom.presentation import PresentationContext

from fileroom.adapters.dicom.pynetdicom import errors
from fileroom.adapters.dicom.pynetdicom.commands import C_CANCEL_RQ, RESPONSE, Command
from fileroom.adapters.dicom.pynetdicom.connection import Connection
from fileroom.adapters.dicom.pynetdicom.endings import Fate, LinkEnded
from fileroom.adapters.dicom.pynetdicom.messages import Message, Sink
from fileroom.adapters.dicom.pynetdicom.upper_layer import Link
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.domain.errors import FileroomError, InvalidInput, PeerError
from fileroom.domain.sop_classes import sop_class_name

MAX_CONTEXTS: Final = 128
"""Presentation context identifiers are odd numbers from 1 to 255 (PS3.8 9.3.2.2)."""
DRAIN_SECONDS: Final = 10.0
"""How long the end of a cancelled operation is waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long to wait, and how much to take at once."""

    connect_seconds: float
    idle_seconds: float
    max_pdu_length: int


class Requestor:
    """An association that we asked for; what goes wrong is raised as the domain's errors."""

    def __init__(self, link: Link, peer: Peer, timing: Timing) -> None:
        self.link = link
        self.peer = peer
        self._timing = timing

    def context_for(
        self, sop_class_uid: str, transfer_syntax_uid: str | None = None
    ) -> tuple[int, str] | None:
        """Return identifier and transfer syntax of an accepted context, None where there is none."""
        for context in self.link.accepted_contexts:
            syntax = str(context.transfer_syntax[0])
            if context.abstract_syntax == sop_class_uid and transfer_syntax_uid in {None, syntax}:
                return int(context.context_id or 0), syntax
        return None

    def required(self, sop_class_uid: str, offered: Iterable[str]) -> tuple[int, str]:
        """Return identifier and transfer syntax of the context for a class.

        Raises:
            NoAcceptedContext: the peer did not accept it.
        """
        found = self.context_for(sop_class_uid)
        if found is None:
            raise errors.no_context(self.peer, sop_class_name(sop_class_uid), offered)
        return found

    def send(
        self, context_id: int, command: Command, blocks: Iterable[bytes | memoryview] = (), *, doing: str
    ) -> None:
        """Send a message.

        Raises:
            PeerError: the association is over.
        """
        try:
            self.link.send(context_id, command, blocks)
        except LinkEnded as end:
            raise errors.ended(self.peer, end.ending, doing) from end

    def receive(
        self, *, doing: str, every_slice: Callable[[], None] | None = None, seconds: float | None = None
    ) -> Message:
        """Wait for a message.

        Raises:
            PeerError: the association is over.
        """
        try:
            return self.link.receive(seconds or self._timing.idle_seconds, every_slice)
        except LinkEnded as end:
            raise errors.ended(self.peer, end.ending, doing) from end

    def answer_to(
        self,
        request: Command,
        *,
        doing: str,
        every_slice: Callable[[], None] | None = None,
        seconds: float | None = None,
    ) -> Message:
        """Wait for a response to a request.

        Raises:
            PeerError: the association is over, or what came is no answer to this.
        """
        message = self.receive(doing=doing, every_slice=every_slice, seconds=seconds)
        self.check_answer(message, request, doing=doing)
        return message

    def check_answer(self, message: Message, request: Command, *, doing: str) -> None:
        """Check that a message answers a request.

        Raises:
            PeerBrokeProtocol: it does not; the association is aborted.
        """
        command = message.command
        if (
            command.field != request.field | RESPONSE
            or command.responding_to != request.message_id
            or command.status is None
        ):
            try:
                self.link.give_up(Fate.PROTOCOL, "what came is no answer to the request")
            except LinkEnded as end:
                raise errors.ended(self.peer, end.ending, doing) from end

    def cancel(self, context_id: int, request: Command, *, doing: str) -> None:
        """Send C-CANCEL for a request (PS3.7 9.3.2.3)."""
        self.send(context_id, Command(field=C_CANCEL_RQ, responding_to=request.message_id), doing=doing)


def connect(peer: Peer, timing: Timing) -> Connection:
    """Open a TCP connection.

    Raises:
        PeerUnreachable: that could not be done.
    """
    try:
        sock = socket.create_connection((peer.host, peer.port), timeout=timing.connect_seconds)
    except (OSError, UnicodeError) as error:
        cause = error if isinstance(error, OSError) else socket.gaierror(str(error))
        raise errors.unreachable(peer, cause, timing.connect_seconds) from error
    return Connection(sock, max_pdu_length=timing.max_pdu_length, stall_seconds=timing.idle_seconds)


def associate(
    peer: Peer,
    contexts: Sequence[ProposedContext],
    *,
    calling_ae_title: str,
    timing: Timing,
    scp_roles: Iterable[str] = (),
    store: Sink | None = None,
) -> Requestor:
    """Open an association; `scp_roles` are the classes that we want to be SCP of.

    Raises:
        InvalidInput: a UID is none that can be proposed.
        PeerError: it could not be opened, or nothing was accepted.
    """
    try:
        requested = [_context(2 * n + 1, context) for n, context in enumerate(contexts)]
        roles = [build_role(uid, scp_role=True) for uid in scp_roles]
    except ValueError as error:
        raise InvalidInput(f"a presentation context cannot be proposed: {error}") from error
    connection = connect(peer, timing)
    try:
        link = Link.to(
            connection,
            calling_ae_title=calling_ae_title,
            called_ae_title=peer.ae_title,
            max_pdu_length=timing.max_pdu_length,
            timeout=timing.idle_seconds,
            store=store,
        )
    except OSError as error:
        connection.close()
        raise errors.unreachable(peer, error, timing.connect_seconds) from error
    link.requestor.requested_contexts = requested
    for role in roles:
        link.requestor.add_negotiation_item(role)
    link.request()
    if not link.is_established:
        failure = errors.negotiation_failed(peer, link, contexts)
        link.abort_now()
        raise failure
    return Requestor(link, peer, timing)


@contextmanager
def association(
    peer: Peer,
    contexts: Sequence[ProposedContext],
    *,
    calling_ae_title: str,
    timing: Timing,
    scp_roles: Iterable[str] = (),
    store: Sink | None = None,
) -> Iterator[Requestor]:
    """Open an association for a block; it is released at the end, and aborted where the peer failed."""
    requestor = associate(
        peer, contexts, calling_ae_title=calling_ae_title, timing=timing, scp_roles=scp_roles, store=store
    )
    try:
        yield requestor
    except (FileroomError, GeneratorExit) as error:
        if isinstance(error, PeerError) and requestor.link.ending is not None:
            requestor.link.abort_now()
        else:
            requestor.link.release()
        raise
    except BaseException:
        requestor.link.abort_now()
        raise
    requestor.link.release()


def _context(identifier: int, proposed: ProposedContext) -> PresentationContext:
    context = PresentationContext()
    context.context_id = identifier
    context.abstract_syntax = proposed.sop_class_uid
    context.transfer_syntax = list(proposed.transfer_syntax_uids)
    return context
