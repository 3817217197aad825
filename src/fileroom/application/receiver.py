"""Makes sure that a listener of ours takes what a C-MOVE sends."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.dicom_server import DicomServer, ListenerOptions, Services, StoreRequest
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.use_cases.receive_instance import Received, ReceiveInstance, ReceptionObserver
from fileroom.application.use_cases.run_listener import ListenerActivity
from fileroom.domain.access import AccessPolicy
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Who takes what comes."""

    ae_title: str
    port: int
    is_ours: bool
    """A listener of this process, started for the occasion, whose objects the observer hears of."""


class _Observers(ReceptionObserver):
    """Tells everybody who shares a listener."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._observers: list[ReceptionObserver] = []

    def add(self, observer: ReceptionObserver) -> None:
        with self._guard:
            self._observers.append(observer)

    def discard(self, observer: ReceptionObserver) -> bool:
        """Leave one out; returns whether anybody is left."""
        with self._guard:
            self._observers.remove(observer)
            return bool(self._observers)

    def received(self, received: Received) -> None:
        for observer in self._now():
            observer.received(received)

    def abandoned(self, request: StoreRequest, why: str) -> None:
        for observer in self._now():
            observer.abandoned(request, why)

    def _now(self) -> tuple[ReceptionObserver, ...]:
        with self._guard:
            return tuple(self._observers)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """A listener of ours that runs, and what ends it."""

    receiver: Receiver
    observers: _Observers
    ends: ExitStack


class OpenReceiver:
    """Uses the listener of this data directory where one runs, and starts one for the occasion where none does.

    Retrieves that run at the same time share it: the last one stops it.
    """

    def __init__(
        self,
        *,
        server: DicomServer,
        presence: ListenerPresence,
        client: DicomClient,
        receive: ReceiveInstance,
        access: AccessPolicy,
        options: ListenerOptions,
        bind_towards_peer: bool,
        process: int,
    ) -> None:
        """Use these.

        `bind_towards_peer`: listen at the address that leads to the peer (the loopback address for a peer on this
        machine) instead of the one in `options`.
        """
        self._server = server
        self._presence = presence
        self._client = client
        self._receive = receive
        self._access = access
        self._options = options
        self._bind_towards_peer = bind_towards_peer
        self._process = process
        self._guard = threading.Lock()
        self._shared: _Shared | None = None

    @contextmanager
    def open(self, peer: Peer, ae_title: AeTitle, observer: ReceptionObserver) -> Iterator[Receiver]:
        """Have a listener for as long as the context lasts; `observer` hears of objects only where it is a new one.

        Raises:
            Conflict: another program has the port.
            ConfigurationError: the address cannot be bound.
        """
        with self._guard:
            if self._shared is None:
                self._shared = self._start(peer, ae_title)
            shared = self._shared
            if shared is not None:
                shared.observers.add(observer)
        if shared is None:
            yield self._elsewhere()
            return
        try:
            yield shared.receiver
        finally:
            with self._guard:
                if not shared.observers.discard(observer):
                    self._shared = None
                    shared.ends.close()

    def _elsewhere(self) -> Receiver:
        running = self._presence.current()
        if running is None:
            raise Conflict("the listener that ran for this data directory has just ended", hint="try again")
        log.info("objects go to the listener that runs at port %d", running.port)
        return Receiver(ae_title=running.ae_title, port=running.port, is_ours=False)

    def _start(self, peer: Peer, ae_title: AeTitle) -> _Shared | None:
        """Start a listener; None where one runs already."""
        if self._presence.current() is not None:
            return None
        bind = self._options.bind
        if self._bind_towards_peer:
            bind = self._client.local_address(peer) or bind
        options = replace(self._options, ae_title=ae_title, bind=bind)
        observers = _Observers()
        services = Services(
            observer=ListenerActivity(self._access), store=self._receive.observed_by(observers)
        )
        with ExitStack() as ends:
            try:
                listening = ends.enter_context(self._server.listen(options, services))
                address, port = listening.address
                info = ListenerInfo(ae_title=ae_title, bind=address, port=port, process=self._process)
                ends.enter_context(self._presence.announce(info))
            except Conflict:
                if self._presence.current() is None:
                    raise
                return None  # another process was quicker
            receiver = Receiver(ae_title=ae_title, port=port, is_ours=True)
            return _Shared(receiver=receiver, observers=observers, ends=ends.pop_all())
