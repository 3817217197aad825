"""The server port over links: one thread that accepts, and one for each connection."""

import errno
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from fileroom.adapters.dicom._services import acceptor
from fileroom.adapters.dicom._services.acceptor import Acceptor
from fileroom.adapters.dicom._services.connection import Connection, shut_down
from fileroom.adapters.dicom._services.front_door import Address, FrontDoor
from fileroom.adapters.dicom._services.link import Link, UpperLayer
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.application.ports.dicom_server import (
    Caller,
    DicomServer,
    ListenerOptions,
    Listening,
    RejectReason,
    Services,
)
from fileroom.domain.errors import ConfigurationError, Conflict
from fileroom.domain.node import format_address

if TYPE_CHECKING:
    import ssl

_log = logging.getLogger(__name__)

_BACKLOG: Final = 128
_EXIT_GRACE_SECONDS: Final = 1.0
_ABORT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
_SPARE_CONNECTIONS: Final = 64
"""Connections beyond the associations: those that have said nothing yet, or are about to be refused."""


class AssociationServer(DicomServer):
    """Listens for peers."""

    def __init__(self, upper_layer: UpperLayer, *, tls: "ssl.SSLContext | None" = None) -> None:
        """Make associations with this; `tls` has each connection begin with a handshake."""
        self._upper_layer = upper_layer
        self._tls = tls

    def listen(self, options: ListenerOptions, services: Services) -> AbstractContextManager[Listening]:
        """Start to listen; returns when connections are accepted."""
        return _until_left(_Listener(self._upper_layer, self._tls, options, services, _bound(options)))


@contextmanager
def _until_left(listener: "_Listener") -> Iterator[Listening]:
    try:
        yield listener
    finally:
        listener.stop(_EXIT_GRACE_SECONDS)


def _bound(options: ListenerOptions) -> socket.socket:
    """Return a listening socket.

    Raises:
        Conflict: the address is in use.
        ConfigurationError: it cannot be bound.
    """
    where = format_address(options.bind or "*", options.port)
    sock: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.bind or None, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.bind == "::":
            # Every address: IPv4 callers come mapped into IPv6.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        if sock is not None:
            sock.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"{where} is in use", hint="choose another port, or stop what listens there"
            ) from error
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise ConfigurationError(
            f"cannot listen on {where}: {why}",
            hint="ports below 1024 need privileges; the address must be ours",
        ) from error
    return sock


class _Visitor:
    """A connection, from its coming to its end; `acceptor` is None as long as TLS is negotiated."""

    def __init__(self, sock: socket.socket, address: Address) -> None:
        self.socket = sock
        self.address = address
        self.acceptor: Acceptor | None = None
        self.is_admitted = False
        """Whether it counts as an association."""
        self.is_dismissed = False
        """Whether it was closed to make room."""

    def interrupt(self) -> None:
        """Have its thread see the end of the connection; may be called from another thread."""
        if self.acceptor is not None:
            self.acceptor.link.interrupt()
        else:
            shut_down(self.socket)

    def wind_down(self, seconds_left: float) -> None:
        """Have it end, the harder the less time is left; may be called from another thread."""
        if self.acceptor is None or seconds_left <= -_ABORT_SECONDS:
            self.interrupt()
        else:
            self.acceptor.link.wind_down.set()
            if seconds_left <= 0:
                self.acceptor.link.stop_requested.set()


class _Listener(Listening):
    """A listening socket and its associations."""

    def __init__(
        self,
        upper_layer: UpperLayer,
        tls: "ssl.SSLContext | None",
        options: ListenerOptions,
        services: Services,
        sock: socket.socket,
    ) -> None:
        self._upper_layer = upper_layer
        self._tls = tls
        self._options = options
        self._services = services
        host, port = sock.getsockname()[:2]
        self._address = (str(host), int(port))
        self._lock = threading.Lock()
        self._visitors: dict[threading.Thread, _Visitor] = {}
        self._winding_down = False
        self._stopped = threading.Event()
        self._door = FrontDoor(
            sock,
            take=self._start,
            turn_away=self._turn_away,
            tells_why=tls is None,
            name=f"dicom-listener-{port}",
        )

    @property
    def address(self) -> tuple[str, int]:
        """Address and port."""
        return self._address

    def active(self) -> int:
        """Return how many associations there are now."""
        with self._lock:
            return self._admitted()

    def is_accepting(self) -> bool:
        """Whether new connections are accepted."""
        return self._door.is_open

    def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, let the objects in flight finish, abort what is left, and wait for the threads."""
        with self._lock:
            first = not self._winding_down
            self._winding_down = True
        if not first:
            self._stopped.wait()
            return
        try:
            self._wind_down(grace_seconds)
        except BaseException:  # a second Ctrl-C: the next call, on the way out, goes on
            self._winding_down = False
            raise
        self._stopped.set()

    def _wind_down(self, grace_seconds: float) -> None:
        self._door.close()
        deadline = monotonic() + grace_seconds
        while threads := self._threads():
            left = deadline - monotonic()
            with self._lock:
                visitors = list(self._visitors.values())
            for visitor in visitors:
                visitor.wind_down(left)
            threads[0].join(_POLL_SECONDS)

    def _threads(self) -> list[threading.Thread]:
        with self._lock:
            return [thread for thread in self._visitors if thread.is_alive()]

    def _turn_away(self, address: Address) -> RejectReason | None:
        observer = self._services.observer
        if observer.admits_address(address[0]):
            return None
        caller = Caller(calling_ae_title="", called_ae_title="", address=address[0], port=address[1])
        reason = RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
        observer.refused(caller, reason)
        return reason

    def _start(self, connection: socket.socket, address: Address) -> None:
        if not self._make_room():
            _log.warning("too many connections: that of %s is closed", address[0])
            connection.close()
            return
        visitor = _Visitor(connection, address)
        thread = threading.Thread(
            target=self._serve, args=(visitor,), name=f"dicom-association-{address[1]}", daemon=True
        )
        with self._lock:
            self._visitors[thread] = visitor
        try:
            thread.start()
        except BaseException:
            with self._lock:
                del self._visitors[thread]
            raise

    def _make_room(self) -> bool:
        """Where there are too many connections, close the one that has waited longest without an association.

        Whoever means to associate does so at once, so that silent callers cannot keep others out.
        """
        room = self._options.max_associations + _SPARE_CONNECTIONS
        with self._lock:
            if len(self._visitors) < room:
                return True
            waiting = [one for one in self._visitors.values() if not one.is_admitted and not one.is_dismissed]
            if not waiting or len(self._visitors) >= room + _SPARE_CONNECTIONS:
                return False
            waiting[0].is_dismissed = True
        waiting[0].interrupt()
        return True

    def _serve(self, visitor: _Visitor) -> None:
        """Serve a connection until it is over; the body of its thread."""
        try:
            self._shake_hands(visitor)
            visitor.acceptor = self._acceptor(visitor)
            if not visitor.is_dismissed:
                visitor.acceptor.run()
        except OSError as error:  # gone before it began
            _log.info("connection from %s ended before it began: %s", visitor.address[0], error)
        finally:
            visitor.socket.close()
            with self._lock:
                self._visitors.pop(threading.current_thread(), None)

    def _shake_hands(self, visitor: _Visitor) -> None:
        """Negotiate TLS, here and not where connections are accepted: a caller that stalls keeps nobody waiting.

        Raises:
            OSError: that failed, or took longer than an association request may.
        """
        if self._tls is None:
            return
        visitor.socket.settimeout(min(self._options.idle_timeout, acceptor.ASSOCIATION_SECONDS))
        wrapped = self._tls.wrap_socket(visitor.socket, server_side=True, do_handshake_on_connect=False)
        visitor.socket = wrapped  # where others find it to end it
        wrapped.do_handshake()

    def _acceptor(self, visitor: _Visitor) -> Acceptor:
        options = self._options
        connection = Connection(visitor.socket, stall_seconds=options.idle_timeout)

        def link(store: Sink) -> Link:
            return self._upper_layer.acceptor(
                connection, ae_title=options.ae_title, max_pdu_length=options.max_pdu_length, store=store
            )

        def admit(caller: Caller) -> RejectReason | None:
            return self._admit(visitor, caller)

        def leave() -> None:
            visitor.is_admitted = False

        return Acceptor(options, self._services, link=link, admit=admit, leave=leave, address=visitor.address)

    def _admitted(self) -> int:
        """Count the associations, under the lock."""
        return sum(one.is_admitted for one in self._visitors.values())

    def _admit(self, visitor: _Visitor, caller: Caller) -> RejectReason | None:
        """Ask the observer, then the limit."""
        reason = self._services.observer.requested(caller)
        if reason is not None:
            return reason
        with self._lock:
            if self._admitted() >= self._options.max_associations:
                return RejectReason.LOCAL_LIMIT_EXCEEDED
            visitor.is_admitted = True
        return None
