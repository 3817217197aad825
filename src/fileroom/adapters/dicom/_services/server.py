"""The server port over links: one thread that accepts, and one for each connection."""

import errno
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Final

from fileroom.adapters.dicom._services.acceptor import Acceptor
from fileroom.adapters.dicom._services.connection import Connection
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

_log = logging.getLogger(__name__)

_BACKLOG: Final = 128
_EXIT_GRACE_SECONDS: Final = 1.0
_ABORT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
_SPARE_CONNECTIONS: Final = 64
"""Connections beyond the associations: those that have said nothing yet, or are about to be refused."""


class AssociationServer(DicomServer):
    """Listens for peers."""

    def __init__(self, upper_layer: UpperLayer) -> None:
        self._upper_layer = upper_layer

    def listen(self, options: ListenerOptions, services: Services) -> AbstractContextManager[Listening]:
        """Start to listen; returns when connections are accepted."""
        return _until_left(_Listener(self._upper_layer, options, services, _bound(options)))


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


class _Listener(Listening):
    """A listening socket and its associations."""

    def __init__(
        self, upper_layer: UpperLayer, options: ListenerOptions, services: Services, sock: socket.socket
    ) -> None:
        self._upper_layer = upper_layer
        self._options = options
        self._services = services
        host, port = sock.getsockname()[:2]
        self._address = (str(host), int(port))
        self._lock = threading.Lock()
        self._running: dict[threading.Thread, Acceptor | None] = {}
        self._admitted: set[Acceptor] = set()
        self._winding_down = False
        self._stopped = threading.Event()
        self._door = FrontDoor(
            sock, take=self._start, turn_away=self._turn_away, name=f"dicom-listener-{port}"
        )

    @property
    def address(self) -> tuple[str, int]:
        """Address and port."""
        return self._address

    def active(self) -> int:
        """Return how many associations there are now."""
        with self._lock:
            return len(self._admitted)

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
                acceptors = [acceptor for acceptor in self._running.values() if acceptor is not None]
            for acceptor in acceptors:
                acceptor.link.wind_down.set()
                if left <= 0:
                    acceptor.link.stop_requested.set()
                if left <= -_ABORT_SECONDS:
                    acceptor.link.interrupt()
            threads[0].join(_POLL_SECONDS)

    def _threads(self) -> list[threading.Thread]:
        with self._lock:
            return [thread for thread in self._running if thread.is_alive()]

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
        thread = threading.Thread(
            target=self._serve,
            args=(connection, address),
            name=f"dicom-association-{address[1]}",
            daemon=True,
        )
        with self._lock:
            self._running[thread] = None
        try:
            thread.start()
        except BaseException:
            with self._lock:
                del self._running[thread]
            raise

    def _make_room(self) -> bool:
        """Where there are too many connections, close the one that has waited longest without an association.

        Whoever means to associate does so at once, so that silent callers cannot keep others out.
        """
        room = self._options.max_associations + _SPARE_CONNECTIONS
        with self._lock:
            if len(self._running) < room:
                return True
            waiting = [
                acceptor
                for acceptor in self._running.values()
                if acceptor is not None and acceptor not in self._admitted and not acceptor.is_dismissed
            ]
            if not waiting or len(self._running) >= room + _SPARE_CONNECTIONS:
                return False
            waiting[0].dismiss()
        return True

    def _serve(self, sock: socket.socket, address: Address) -> None:
        acceptor: Acceptor | None = None
        try:
            acceptor = self._acceptor(sock, address)
            with self._lock:
                self._running[threading.current_thread()] = acceptor
            acceptor.run()
        except OSError:
            sock.close()  # gone before it began
        finally:
            with self._lock:
                self._running.pop(threading.current_thread(), None)
                if acceptor is not None:
                    self._admitted.discard(acceptor)

    def _acceptor(self, sock: socket.socket, address: Address) -> Acceptor:
        options = self._options
        connection = Connection(sock, stall_seconds=options.idle_timeout)

        def link(store: Sink) -> Link:
            return self._upper_layer.acceptor(
                connection, ae_title=options.ae_title, max_pdu_length=options.max_pdu_length, store=store
            )

        def admit(caller: Caller) -> RejectReason | None:
            return self._admit(acceptor, caller)

        def leave() -> None:
            with self._lock:
                self._admitted.discard(acceptor)

        acceptor = Acceptor(options, self._services, link=link, admit=admit, leave=leave, address=address)
        return acceptor

    def _admit(self, acceptor: Acceptor, caller: Caller) -> RejectReason | None:
        """Ask the observer, then the limit."""
        reason = self._services.observer.requested(caller)
        if reason is not None:
            return reason
        with self._lock:
            if len(self._admitted) >= self._options.max_associations:
                return RejectReason.LOCAL_LIMIT_EXCEEDED
            self._admitted.add(acceptor)
        return None
