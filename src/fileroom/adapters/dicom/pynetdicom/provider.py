"""pynetdicom's upper layer service (DUL), its association and its transport, without threads of their own.

pynetdicom gives each association two threads that poll every millisecond, and unbounded queues between them. Here
its association control (ACSE), its state machine (PS3.8 9.2) and its PDUs are kept, but the thread that waits for
something also reads the socket and moves the machine: no polling, no queues that grow, no races.

Together with `link` this is the one place that uses what pynetdicom does not document; the dependency is bounded for
its sake.
"""

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import T_CONNECT, AddressInformation, AssociationSocket

from fileroom.adapters.dicom._services.connection import SLICE_SECONDS, ConnectionLost, ConnectionStalled
from fileroom.adapters.dicom._services.endings import Ending, Fate
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from fileroom.adapters.dicom.pynetdicom.link import PynetdicomLink

_log = logging.getLogger(__name__)

ESTABLISHED: Final = "Sta6"
CAN_ABORT: Final = frozenset({"Sta3", "Sta5", "Sta6", "Sta7", "Sta8", "Sta9", "Sta10", "Sta11", "Sta12"})


class PumpedAssociation(Association):
    """pynetdicom's association, moved by a link."""

    dul: "Provider"

    def __init__(self, link: "PynetdicomLink", mode: str, *, ae_title: str) -> None:
        ae = ApplicationEntity(ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        super().__init__(ae, mode)
        self.dul = Provider(self, link)
        self.set_socket(Transport(self, link))

    def describe_ends(self, ours: Any, theirs: Any) -> None:  # noqa: ANN401 - two service users of pynetdicom
        """Tell the library both ends of the connection, which it wants for its own records."""
        sock = self.dul.link.connection.socket
        ours.address_info, theirs.address_info = _address(sock.getsockname()), _address(sock.getpeername())
        ours.implementation_class_uid = self.ae.implementation_class_uid
        ours.implementation_version_name = self.ae.implementation_version_name

    def _abort_blocking(self, block: bool = True) -> None:  # noqa: FBT001, FBT002 - pynetdicom's signature
        if not self._sent_abort and self.dul.state_machine.current_state in CAN_ABORT:
            self._sent_abort = True
            self.acse.send_abort(0x00)
        self.is_aborted, self.is_established = True, False
        self.kill()

    def _bind_defaults(self) -> None:
        # Without the handlers for logging: they put whole data sets into the log.
        for event in evt._INTERVENTION_EVENTS:  # noqa: SLF001 - see the head of the module
            self.bind(event, evt.get_default_handler(event))


class Provider(DULServiceProvider):
    """The upper layer service without a thread of its own."""

    def __init__(self, assoc: Association, link: "PynetdicomLink") -> None:
        super().__init__(assoc)
        self.link = link

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do."""
        return self._kill_thread

    def start(self) -> None:
        """Let the association believe that the thread runs."""
        self.assoc._dul_ready.set()  # noqa: SLF001 - see the head of the module

    def is_alive(self) -> bool:
        """There is nothing to wait for."""
        return False

    def send_pdu(self, primitive: Any) -> None:  # noqa: ANN401 - pynetdicom's signature
        """Send at once."""
        self.to_provider_queue.put(primitive)
        self.settle()

    def receive_pdu(
        self,
        wait: bool = False,  # noqa: FBT001, FBT002 - pynetdicom's signature
        timeout: float | None = None,
    ) -> Any:  # noqa: ANN401 - pynetdicom's signature
        """Pump until a primitive has come for the user, or the time is over."""
        deadline = monotonic() + (timeout or 0.0)
        while wait and self.to_user_queue.empty() and self.link.ending is None:
            if monotonic() >= deadline or self.link.is_to_stop:
                break
            self.link.pump(deadline - monotonic())
        return super().receive_pdu(wait=False)

    def take(self, pdu: bytes) -> None:
        """Have the library decode a PDU, and move its machine.

        Raises:
            Exception: whatever it raises at bytes that are none.
        """
        decoded, event = self._decode_pdu(bytearray(pdu))
        self._recv_pdu.put(decoded)
        self.happened(event)

    def happened(self, event: str) -> None:
        """Move the machine by an event."""
        self.event_queue.put(event)
        self.settle()

    def settle(self) -> None:
        """Run the state machine until it has nothing to do."""
        try:
            while not self._kill_thread and (not self.event_queue.empty() or self._process_recv_primitive()):
                self.state_machine.do_action(self.event_queue.get(block=False))
        except Exception as error:  # noqa: BLE001 - its actions raise whatever odd parameters make them raise
            _log.debug("the state machine failed: %s", type(error).__name__)
            why = "it sent something that the state of the association does not allow"
            self.link.end(Ending(fate=Fate.PROTOCOL, detail=why))
            self.kill_dul()


class Transport(AssociationSocket):
    """What the state machine knows of the socket, which is connected before it hears of it."""

    def __init__(self, assoc: Association, link: "PynetdicomLink") -> None:
        self._assoc = assoc
        self._link = link
        self._ready = threading.Event()
        self._ready.set()
        self._is_connected = True
        self.socket = link.connection.socket
        self._tls_args = None
        self.select_timeout = SLICE_SECONDS

    def connect(self, primitive: T_CONNECT) -> None:
        """Confirm the transport connection."""
        primitive.result = "Evt2"
        self.provider_queue.put(primitive)

    def send(self, bytestream: bytes) -> None:
        """Send one PDU; a failure is an event for the state machine."""
        try:
            self._link.connection.send([bytestream])
        except (ConnectionLost, ConnectionStalled) as error:
            self._link.end(Ending(fate=Fate.CLOSED, detail=str(error)))
            self.event_queue.put("Evt17")

    def close(self) -> None:
        """Leave closing to the link, which does it in all cases."""

    def _shutdown_socket(self) -> None:
        """Leave closing to the link."""


def _address(name: tuple[str, int] | tuple[str, int, int, int]) -> AddressInformation:
    # A link-local IPv6 address carries its scope in the name, which the library would look up.
    return AddressInformation(name[0].partition("%")[0], name[1])
