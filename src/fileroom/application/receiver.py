"""Makes sure that a listener of ours takes what a C-MOVE sends."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from fileroom.application.listener_activity import ListenerActivity
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.dicom_server import (
    Caller,
    DicomServer,
    ListenerOptions,
    RejectReason,
    Services,
    StoreRequest,
)
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.use_cases.receive_instance import Received, ReceiveInstance, ReceptionObserver
from fileroom.domain.access import AccessPolicy, parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.2
_THIS_MACHINE: Final = (parse_network("127.0.0.0/8"), parse_network("::1"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Who takes what comes."""

    ae_title: str
    port: int
    is_ours: bool
    """A listener of this process, started for the occasion, whose objects the observer hears of."""


class ReceiverObserver(ReceptionObserver):
    """Hears of every object that comes, and of who was not let in. Does nothing by itself."""

    def caller_refused(self, address: str) -> None:
        """Somebody called from an address that is not on the list."""


class _Observers(ReceiverObserver):
    """Tells everybody who shares a listener."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._observers: list[ReceiverObserver] = []

    def add(self, observer: ReceiverObserver) -> None:
        with self._guard:
            self._observers.append(observer)

    def discard(self, observer: ReceiverObserver) -> bool:
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

    def caller_refused(self, address: str) -> None:
        for observer in self._now():
            observer.caller_refused(address)

    def _now(self) -> tuple[ReceiverObserver, ...]:
        with self._guard:
            return tuple(self._observers)


class _Door(ListenerActivity):
    """Lets in who is on the allowlists; where there are none, this machine and the peers that we retrieve from.

    Counts what they bring, and tells the observers.
    """

    def __init__(self, access: AccessPolicy, observers: _Observers) -> None:
        super().__init__(access if access.restricts_callers else replace(access, peers=_THIS_MACHINE))
        self._by_list = access.restricts_callers
        self._observers = observers

    def admit(self, addresses: Iterable[str]) -> None:
        """Let in a peer, too."""
        if not self._by_list:
            peers = (*self._access.peers, *map(parse_network, addresses))
            self._access = replace(self._access, peers=tuple(dict.fromkeys(peers)))

    def refused(self, caller: Caller, reason: RejectReason) -> None:
        """Note that somebody was refused, and tell where the address was the reason."""
        super().refused(caller, reason)
        if not self._access.allows_address(caller.address):
            self._observers.caller_refused(caller.address)

    def received(self, received: Received) -> None:
        """Count an object, and tell of it."""
        super().received(received)
        self._observers.received(received)

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """Count an object that did not arrive whole, and tell of it."""
        super().abandoned(request, why)
        self._observers.abandoned(request, why)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """A listener of ours that runs, and what ends it."""

    receiver: Receiver
    observers: _Observers
    door: _Door
    ends: ExitStack


class OpenReceiver:
    """Uses the listener of this data directory where one runs, and starts one for the occasion where none does.

    Retrieves of this process that run at the same time share it: the last one stops it. One that another process
    started for a retrieve of its own is not used, since it may end before our last object: its end is waited for. One
    that files into another catalog or store is of no use at all.
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
        addresses_of: Callable[[str], Iterable[str]],
        files_into: str,
        wait_seconds: float,
        process: int,
    ) -> None:
        """Use these.

        `bind_towards_peer`: listen at the address that leads to the peer (the loopback address for a peer on this
        machine) instead of the one in `options`.
        `addresses_of`: all IP addresses of a host.
        `files_into`: names the catalog and the store of `receive`.
        `wait_seconds`: how long to wait for a retrieve of another process to end.
        """
        self._server = server
        self._presence = presence
        self._client = client
        self._receive = receive
        self._access = access
        self._options = options
        self._bind_towards_peer = bind_towards_peer
        self._addresses_of = addresses_of
        self._files_into = files_into
        self._wait_seconds = wait_seconds
        self._process = process
        self._guard = threading.Lock()
        self._shared: _Shared | None = None

    @contextmanager
    def open(
        self,
        peer: Peer,
        ae_title: AeTitle,
        observer: ReceiverObserver,
        *,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> Iterator[Receiver]:
        """Have a listener for as long as the context lasts; `observer` hears of objects only where it is a new one.

        Raises:
            Conflict: another program has the port, or a listener that files into another catalog or store.
            ConfigurationError: the address cannot be bound.
            Cancelled: `cancel` was raised while a retrieve of another process was waited for.
        """
        shared = self._join(peer, ae_title, observer)
        waited = 0.0
        while isinstance(shared, ListenerInfo) and shared.temporary:
            if waited >= self._wait_seconds:
                raise Conflict(
                    f"another retrieve (process {shared.process}) listens at port {shared.port}",
                    hint="try again when it has ended, use --via=get, or have `fileroom storage-scp` run for both",
                )
            progress.report(Progress(task="waiting for another retrieve", done=0))
            cancel.wait(_POLL_SECONDS)
            cancel.raise_if_cancelled()
            waited += _POLL_SECONDS
            shared = self._join(peer, ae_title, observer)
        if isinstance(shared, ListenerInfo):
            log.info("objects go to the listener that runs at port %d", shared.port)
            yield Receiver(ae_title=shared.ae_title, port=shared.port, is_ours=False)
            return
        try:
            yield shared.receiver
        finally:
            with self._guard:
                if not shared.observers.discard(observer):
                    self._shared = None
                    shared.ends.close()
            self._receive.settle()  # who asked for the objects looks for them now

    def _join(self, peer: Peer, ae_title: AeTitle, observer: ReceiverObserver) -> _Shared | ListenerInfo:
        """Share the listener of this process, or start it; the one of another process where that is to be used."""
        addresses = tuple(self._addresses_of(peer.host))
        with self._guard:
            shared = self._shared or self._start(peer, ae_title)
            if isinstance(shared, ListenerInfo):
                return shared
            shared.door.admit(addresses)
            shared.observers.add(observer)
            self._shared = shared
            return shared

    def _files_where_we_do(self, running: ListenerInfo) -> bool:
        return running.files_into in {"", self._files_into}

    def _start(self, peer: Peer, ae_title: AeTitle) -> _Shared | ListenerInfo:
        """Start a listener; the one that runs already, where that is to be used or waited for."""
        running = self._presence.current()
        if running is not None and self._files_where_we_do(running):
            return running
        bind = self._options.bind
        if self._bind_towards_peer:
            bind = self._client.local_address(peer) or bind
        options = replace(self._options, ae_title=ae_title, bind=bind)
        observers = _Observers()
        door = _Door(self._access, observers)
        services = Services(observer=door, store=self._receive.observed_by(door))
        with ExitStack() as ends:
            try:
                listening = ends.enter_context(self._server.listen(options, services))
                address, port = listening.address
                info = ListenerInfo(
                    ae_title=ae_title,
                    bind=address,
                    port=port,
                    process=self._process,
                    files_into=self._files_into,
                    temporary=True,
                )
                if running is None:  # else the place is taken, by one that is of no use to us
                    ends.enter_context(self._presence.announce(info))
            except Conflict as error:
                other = self._presence.current()
                if other is None:
                    raise
                if other.temporary or self._files_where_we_do(other):
                    return other  # another process was quicker, or has the port for a while
                raise _in_the_way(other, error) from error
            receiver = Receiver(ae_title=ae_title, port=port, is_ours=True)
            return _Shared(receiver=receiver, observers=observers, door=door, ends=ends.pop_all())


def _in_the_way(other: ListenerInfo, error: Conflict) -> Conflict:
    return Conflict(
        f"{error.message}; the listener of process {other.process} at port {other.port} cannot take the objects, "
        f"since it files into {other.files_into}",
        hint="stop it, start it without --storage-dir and --index-db, set another [storage_scp] port here, or use "
        "--via=get",
    )
