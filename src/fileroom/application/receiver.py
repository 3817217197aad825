"""Makes sure that a listener of ours takes what a C-MOVE sends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.dicom_server import DicomServer, ListenerOptions, Services
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.use_cases.receive_instance import ReceiveInstance, ReceptionObserver
from fileroom.application.use_cases.run_listener import ListenerActivity
from fileroom.domain.access import AccessPolicy
from fileroom.domain.ae_title import AeTitle

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Who takes what comes."""

    ae_title: str
    port: int


class OpenReceiver:
    """Uses the listener of this data directory where one runs, and starts one for the occasion where none does."""

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

    @contextmanager
    def open(self, peer: Peer, ae_title: AeTitle, observer: ReceptionObserver) -> Iterator[Receiver]:
        """Have a listener for as long as the context lasts; `observer` hears of objects only where it is a new one.

        Raises:
            Conflict: another program has the port.
            ConfigurationError: the address cannot be bound.
        """
        running = self._presence.current()
        if running is not None:
            log.info("objects for %s go to the listener that runs at port %d", ae_title, running.port)
            yield Receiver(ae_title=running.ae_title, port=running.port)
            return
        bind = self._options.bind
        if self._bind_towards_peer:
            bind = self._client.local_address(peer) or bind
        options = replace(self._options, ae_title=ae_title, bind=bind)
        services = Services(
            observer=ListenerActivity(self._access), store=self._receive.observed_by(observer)
        )
        with self._server.listen(options, services) as listening:
            address, port = listening.address
            info = ListenerInfo(ae_title=ae_title, bind=address, port=port, process=self._process)
            with self._presence.announce(info):
                yield Receiver(ae_title=ae_title, port=port)
