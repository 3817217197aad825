"""The requestor's side of an association, from connecting to its release."""

import errno
import os
import selectors
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from fileroom.adapters.dicom._services import errors
from fileroom.adapters.dicom._services.connection import SLICE_SECONDS, Connection
from fileroom.adapters.dicom._services.endings import Fate, LinkEnded
from fileroom.adapters.dicom._services.link import AssociationWish, Link, UpperLayer
from fileroom.adapters.dicom._services.messages import Message, Sink
from fileroom.adapters.dicom._shared.dimse import RESPONSE, CommandSet, c_cancel_rq
from fileroom.adapters.dicom._shared.framing import Buffer
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.errors import FileroomError, PeerError
from fileroom.domain.sop_classes import sop_class_name

if TYPE_CHECKING:
    import ssl

DRAIN_SECONDS: Final = 10.0
"""How long the end of a cancelled operation is waited for."""
_UNDER_WAY: Final = frozenset(
    getattr(errno, name, errno.EINPROGRESS) for name in ("EINPROGRESS", "EWOULDBLOCK", "WSAEWOULDBLOCK")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How we call: how long to wait, how much to take at once, and whether with TLS."""

    connect_seconds: float
    idle_seconds: float
    max_pdu_length: int
    tls: "ssl.SSLContext | None" = None
    """Has each connection begin with a handshake."""


class Patience:
    """Ends the waits of a connection after a cancel: at once, or where nothing has moved for so many seconds since."""

    def __init__(self, cancel: CancelToken, connection: Connection) -> None:
        self.seconds = 0.0
        self._cancel = cancel
        self._connection = connection
        self._cancelled_at: float | None = None
        connection.is_given_up = self.is_over

    def is_over(self) -> bool:
        """Tell whether there is no point in waiting any longer."""
        if not self._cancel.is_cancelled():
            return False
        now = monotonic()
        if self._cancelled_at is None:
            self._cancelled_at = now
        return now - max(self._cancelled_at, self._connection.moved_at) >= self.seconds


class Requestor:
    """An association that we asked for; what goes wrong is raised as the domain's errors."""

    def __init__(self, link: Link, peer: Peer, terms: Terms, patience: Patience) -> None:
        self.link = link
        self.peer = peer
        self.patience = patience
        """With the end of what is under way after a cancel."""
        self._terms = terms

    def context_for(
        self, sop_class_uid: str, transfer_syntax_uid: str | None = None
    ) -> tuple[int, str] | None:
        """Return identifier and transfer syntax of an accepted context, None where there is none."""
        for context in self.link.contexts.values():
            syntax = context.transfer_syntax
            if context.abstract_syntax == sop_class_uid and transfer_syntax_uid in {None, syntax}:
                return context.context_id, syntax
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
        self, context_id: int, command: CommandSet, blocks: Iterable[Buffer] = (), *, doing: str
    ) -> None:
        """Send a message.

        Raises:
            PeerError: the association is over.
        """
        try:
            self.link.send(context_id, command, blocks)
        except LinkEnded as end:
            raise errors.ended(self.peer, end.ending, doing) from end

    def answer(self, context_id: int, request: CommandSet, reply: StoreReply, *, doing: str) -> None:
        """Answer a C-STORE that came.

        Raises:
            PeerError: the association is over.
        """
        try:
            self.link.answer(context_id, request, reply.status, reply.error_comment)
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
            return self.link.receive(seconds or self._terms.idle_seconds, every_slice)
        except LinkEnded as end:
            raise errors.ended(self.peer, end.ending, doing) from end

    def answer_to(
        self,
        request: CommandSet,
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

    def check_answer(self, message: Message, request: CommandSet, *, doing: str) -> None:
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

    def cancel(self, context_id: int, request: CommandSet, *, doing: str) -> None:
        """Send C-CANCEL for a request (PS3.7 9.3.2.3)."""
        self.send(context_id, c_cancel_rq(request.message_id or 0), doing=doing)


def connect(peer: Peer, terms: Terms, cancel: CancelToken) -> Connection:
    """Open a TCP connection.

    Raises:
        PeerUnreachable: that could not be done.
        Cancelled: `cancel` was raised meanwhile.
    """
    try:
        sock = _connected(peer, terms.connect_seconds, cancel)
    except (OSError, UnicodeError) as error:
        cause = error if isinstance(error, OSError) else socket.gaierror(str(error))
        raise errors.unreachable(peer, cause, terms.connect_seconds) from error
    try:
        if terms.tls is not None:
            sock = _with_tls(sock, peer, terms.tls)
        return Connection(sock, stall_seconds=terms.idle_seconds)
    except OSError as error:
        sock.close()
        raise errors.unreachable(peer, error, terms.connect_seconds) from error


def _connected(peer: Peer, seconds: float, cancel: CancelToken) -> socket.socket:
    """Try the addresses of a host one after the other, each for so long; the socket keeps that time-out."""
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        peer.host, peer.port, type=socket.SOCK_STREAM
    ):
        cancel.raise_if_cancelled()
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            _reach(sock, address, seconds, cancel)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.settimeout(seconds)
            return sock
    raise failure


def _reach(sock: socket.socket, address: Any, seconds: float, cancel: CancelToken) -> None:  # noqa: ANN401 - by family
    """Connect; looked at in slices, since a system waits for minutes where nobody answers."""
    deadline = monotonic() + seconds
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in _UNDER_WAY:
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(min(SLICE_SECONDS, max(deadline - monotonic(), 0.0))):
                cancel.raise_if_cancelled()
                if monotonic() >= deadline:
                    raise TimeoutError
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _with_tls(sock: socket.socket, peer: Peer, tls: "ssl.SSLContext") -> "ssl.SSLSocket":
    """Negotiate TLS, under the time-out that the socket has.

    Raises:
        PeerUnreachable: that failed.
    """
    try:
        return tls.wrap_socket(sock, server_hostname=peer.host)
    except (OSError, ValueError) as error:
        sock.close()
        raise errors.no_tls(peer, error) from error


def associate(
    upper_layer: UpperLayer,
    peer: Peer,
    contexts: Sequence[ProposedContext],
    *,
    calling_ae_title: str,
    terms: Terms,
    cancel: CancelToken,
    scp_roles: Sequence[str] = (),
    store: Sink | None = None,
) -> Requestor:
    """Open an association; `scp_roles` are the classes that we want to be SCP of.

    Raises:
        InvalidInput: a UID is none that can be proposed.
        PeerError: it could not be opened, or nothing was accepted.
        Cancelled: `cancel` was raised meanwhile.
    """
    wish = AssociationWish(
        calling_ae_title=calling_ae_title,
        called_ae_title=peer.ae_title,
        contexts=contexts,
        scp_roles=scp_roles,
        max_pdu_length=terms.max_pdu_length,
        timeout=terms.idle_seconds,
    )
    connection = connect(peer, terms, cancel)
    patience = Patience(cancel, connection)
    try:
        link = upper_layer.requestor(connection, store=store)
        link.request(wish)
    except OSError as error:
        connection.close()
        raise errors.unreachable(peer, error, terms.connect_seconds) from error
    except BaseException:
        connection.close()
        raise
    if not link.is_established and patience.is_over():
        link.abort_now()
        cancel.raise_if_cancelled()
    if not link.is_established or not link.contexts:
        failure = errors.negotiation_failed(peer, link, contexts)
        link.release()
        raise failure
    patience.seconds = DRAIN_SECONDS
    return Requestor(link, peer, terms, patience)


@contextmanager
def association(
    upper_layer: UpperLayer,
    peer: Peer,
    contexts: Sequence[ProposedContext],
    *,
    calling_ae_title: str,
    terms: Terms,
    cancel: CancelToken,
    scp_roles: Sequence[str] = (),
    store: Sink | None = None,
) -> Iterator[Requestor]:
    """Open an association for a block; it is released at the end, and aborted where the peer failed."""
    requestor = associate(
        upper_layer,
        peer,
        contexts,
        calling_ae_title=calling_ae_title,
        terms=terms,
        cancel=cancel,
        scp_roles=scp_roles,
        store=store,
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
