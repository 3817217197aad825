"""pynetdicom's upper layer service (DUL) and its transport, without threads of their own.

Together with `upper_layer` this is the one place that uses what pynetdicom does not document; the dependency is
bounded for its sake.
"""

import logging
import struct
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import T_CONNECT, AssociationSocket

from fileroom.adapters.dicom.pynetdicom.association_request import (
    A_ASSOCIATE_RQ,
    odd_titles,
    refusal_of,
    rejection,
)
from fileroom.adapters.dicom.pynetdicom.connection import (
    SLICE_SECONDS,
    ConnectionLost,
    ConnectionStalled,
    NoPdu,
)
from fileroom.adapters.dicom.pynetdicom.endings import Ending, Fate
from fileroom.adapters.dicom.pynetdicom.framing import P_DATA_TF
from fileroom.adapters.dicom.pynetdicom.messages import BadMessage
from fileroom.application.ports.dicom_server import RejectReason

if TYPE_CHECKING:
    from fileroom.adapters.dicom.pynetdicom.upper_layer import Link

_log = logging.getLogger(__name__)

ESTABLISHED: Final = "Sta6"
_AWAITING_REQUEST: Final = "Sta2"
_CLOSING: Final = "Sta13"
_A_ASSOCIATE_RJ: Final = 0x03
_A_ABORT: Final = 0x07
_PDV_HEADER = struct.Struct(">IBB")


class Provider(DULServiceProvider):
    """The upper layer service without a thread of its own."""

    assoc: "Link"

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
        while wait and self.to_user_queue.empty() and self.assoc.ending is None:
            if monotonic() >= deadline or self.assoc.stop_requested.is_set():
                break
            self.pump(deadline - monotonic())
        return super().receive_pdu(wait=False)

    def settle(self) -> None:
        """Run the state machine until it has nothing to do."""
        try:
            while not self._kill_thread and (not self.event_queue.empty() or self._process_recv_primitive()):
                self.state_machine.do_action(self.event_queue.get(block=False))
            if self.state_machine.current_state == ESTABLISHED:
                self.assoc.connection.take_large_pdus()
        except Exception as error:  # noqa: BLE001 - its actions raise whatever odd parameters make them raise
            _log.debug("the state machine failed: %s", type(error).__name__)
            self.assoc.ending = self.assoc.ending or Ending(
                fate=Fate.PROTOCOL,
                detail="it sent something that the state of the association does not allow",
            )
            self.kill_dul()

    def pump(self, seconds: float) -> bool:
        """Work off a PDU that is there, or wait for bytes up to `seconds` or a slice; tell whether any came."""
        if self._kill_thread:
            return False
        if self.artim_timer.expired:
            self._end("Evt18", Ending(fate=Fate.SILENT, detail="the time for association control is over"))
            return True
        connection = self.assoc.connection
        try:
            pdu = connection.next_pdu()
            if pdu is None:
                if not connection.fill(seconds):
                    return False
                pdu = connection.next_pdu()
            if pdu is not None:
                self._take(*pdu)
        except ConnectionLost as error:
            self._end("Evt17", Ending(fate=Fate.CLOSED, detail=str(error)))
        except (NoPdu, BadMessage) as error:
            self._end("Evt19", Ending(fate=Fate.PROTOCOL, detail=f"it sent {error}"))
        return True

    def _end(self, event: str, ending: Ending) -> None:
        self.assoc.ending = self.assoc.ending or ending
        self.event_queue.put(event)
        self.settle()

    def _take(self, kind: int, body: memoryview) -> None:
        assoc = self.assoc
        if kind == P_DATA_TF and self.state_machine.current_state == ESTABLISHED:
            self._take_values(body)
            return
        if kind == _A_ABORT and len(body) >= 4:
            assoc.ending = assoc.ending or Ending(fate=Fate.ABORTED, source=body[2], reason=body[3])
        if kind == _A_ASSOCIATE_RJ and len(body) >= 4:
            assoc.rejection = (body[1], body[2], body[3])
        before = self.state_machine.current_state
        is_request = kind == A_ASSOCIATE_RQ and before == _AWAITING_REQUEST
        if is_request and (refusal := odd_titles(body)) is not None:
            assoc.refusal = refusal
            assoc.ending = Ending(fate=Fate.PROTOCOL, detail="it sent an AE title that is none")
            self._reject(refusal.reason)
            return
        whole = bytearray(struct.pack(">BxI", kind, len(body)))
        whole += body
        try:
            pdu, event = self._decode_pdu(whole)
        except Exception as error:
            if is_request:
                assoc.refusal = refusal_of(body, RejectReason.NO_REASON)
            raise BadMessage("a PDU that cannot be decoded") from error
        self._recv_pdu.put(pdu)
        self.event_queue.put(event)
        self.settle()
        after = self.state_machine.current_state
        if is_request and after in {_AWAITING_REQUEST, _CLOSING}:
            assoc.refusal = refusal_of(body, RejectReason.NO_REASON)
            if after == _AWAITING_REQUEST:  # the machine failed at it, without an answer
                self._reject(RejectReason.NO_REASON)
        if after == _CLOSING and before != _CLOSING:
            assoc.ending = assoc.ending or Ending(
                fate=Fate.PROTOCOL, detail=f"it sent a PDU of type {kind:02X}H where none may come"
            )

    def _reject(self, reason: RejectReason) -> None:
        with suppress(ConnectionLost, ConnectionStalled):
            self.assoc.connection.send([rejection(reason)])

    def _take_values(self, body: memoryview) -> None:
        """Hand the presentation data values of a P-DATA-TF on (PS3.8 9.3.5, annex E)."""
        offset, end = 0, len(body)
        while offset < end:
            if end - offset < _PDV_HEADER.size:
                raise BadMessage("a presentation data value that is cut off")
            length, context_id, control = _PDV_HEADER.unpack_from(body, offset)
            first, last = offset + _PDV_HEADER.size, offset + 4 + length
            if length < 2 or last > end:
                raise BadMessage("a presentation data value of an impossible length")
            self.assoc.dimse.take(context_id, control, body[first:last])
            offset = last


class Transport(AssociationSocket):
    """What the state machine knows of the socket, which is connected before it hears of it."""

    def __init__(self, link: "Link") -> None:
        self._assoc = self._link = link
        self._connection = link.connection
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
            self._connection.send([bytestream])
        except (ConnectionLost, ConnectionStalled) as error:
            self._link.ending = self._link.ending or Ending(fate=Fate.CLOSED, detail=str(error))
            self.event_queue.put("Evt17")

    def close(self) -> None:
        """Leave closing to the link, which does it in all cases."""

    def _shutdown_socket(self) -> None:
        """Leave closing to the link."""
