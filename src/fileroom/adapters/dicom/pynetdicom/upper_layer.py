"""pynetdicom's association, driven by the thread that uses it.

pynetdicom gives each association two threads that poll every millisecond, and unbounded queues between them. Here
its association control (ACSE), its state machine (PS3.8 9.2) and its PDUs are kept, but the thread that waits for
something also reads the socket and moves the machine (`pump`): no polling, no queues that grow, no races. P-DATA-TF
of an association that stands is not decoded by pynetdicom, which copies each byte several times, but handed to
`Messages` as views; the machine would stay in Sta6 anyway (DT-1, DT-2).

This module is the one place that uses what pynetdicom does not document; the dependency is bounded for its sake.
"""

import logging
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Any, Final

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR, MODE_REQUESTOR
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import A_RELEASE
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import T_CONNECT, AddressInformation, AssociationSocket

from fileroom.adapters.dicom.pynetdicom.commands import Command
from fileroom.adapters.dicom.pynetdicom.connection import (
    LARGEST_PDU,
    SLICE_SECONDS,
    Connection,
    ConnectionLost,
    ConnectionStalled,
    NoPdu,
)
from fileroom.adapters.dicom.pynetdicom.messages import BadMessage, Message, Messages, Sink
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_log = logging.getLogger(__name__)

_P_DATA: Final = 0x04
_A_ABORT: Final = 0x07
_A_ASSOCIATE_RJ: Final = 0x03
_ESTABLISHED: Final = "Sta6"
_RELEASE_ASKED: Final = "Sta8"
_CLOSING: Final = "Sta13"
_CAN_ABORT: Final = frozenset({"Sta3", "Sta5", "Sta6", "Sta7", "Sta8", "Sta9", "Sta10", "Sta11", "Sta12"})
_PDV_HEADER = struct.Struct(">IBB")
_P_DATA_HEADER = struct.Struct(">BxIIBB")
_BLOCK_BYTES: Final = 1 << 18
_DEFAULT_PDU: Final = 16384
_SMALLEST_PDU: Final = 16
_DATA, _COMMAND, _LAST = 0, 1, 2
_RELEASE_SECONDS: Final = 5.0


class Fate(Enum):
    """How an association, or the attempt at one, ended."""

    RELEASED = "released"
    ABORTED = "aborted by peer"
    CLOSED = "closed by peer"
    PROTOCOL = "protocol error"
    SILENT = "silent"
    STALLED = "stalled"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """Why an association ended, and what is known of it."""

    fate: Fate
    detail: str = ""
    source: int = 0
    """Of an A-ABORT."""
    reason: int = 0
    """Of an A-ABORT."""


class LinkEnded(Exception):
    """The association is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.fate.value)
        self.ending = ending


class Link(Association):
    """One association, as requestor or acceptor, over a socket that is connected."""

    dul: "_Provider"
    dimse: Messages

    def __init__(self, ae: ApplicationEntity, mode: str, connection: Connection, store: Sink | None) -> None:
        super().__init__(ae, mode)
        self.connection = connection
        self.ending: Ending | None = None
        self.rejection: tuple[int, int, int] | None = None
        """Result, source and reason of an A-ASSOCIATE-RJ that came."""
        self.stop_requested = threading.Event()
        """Set from outside: abort at the next slice."""
        self.dul = _Provider(self)
        self.dimse = Messages(self, store)
        # The timers belong to the provider that has just been replaced.
        self.acse_timeout = ae.acse_timeout
        self.network_timeout = ae.network_timeout
        self.set_socket(_Transport(self))
        self._next_message_id = 0

    @classmethod
    def to(
        cls,
        connection: Connection,
        *,
        calling_ae_title: str,
        called_ae_title: str,
        max_pdu_length: int,
        timeout: float,
        store: Sink | None,
    ) -> "Link":
        """Return the requestor's end, to be completed with contexts and started by `request`."""
        ae = _application_entity(calling_ae_title, timeout)
        link = cls(ae, MODE_REQUESTOR, connection, store)
        link.acceptor.ae_title = called_ae_title
        link.acceptor.address_info = _address(connection.socket.getpeername())
        link.requestor.address_info = _address(connection.socket.getsockname())
        link.requestor.ae_title = calling_ae_title
        link.requestor.maximum_length = max_pdu_length
        link.requestor.implementation_class_uid = ae.implementation_class_uid
        link.requestor.implementation_version_name = ae.implementation_version_name
        return link

    @classmethod
    def accepted(
        cls,
        connection: Connection,
        *,
        ae_title: str,
        max_pdu_length: int,
        timeout: float,
        store: Sink | None,
    ) -> "Link":
        """Return the acceptor's end of a connection that came in; the ARTIM timer runs from here (PS3.8 9.1.5)."""
        ae = _application_entity(ae_title, timeout)
        link = cls(ae, MODE_ACCEPTOR, connection, store)
        link.acceptor.maximum_length = max_pdu_length
        link.acceptor.ae_title = ae_title
        link.acceptor.address_info = _address(connection.socket.getsockname())
        link.acceptor.implementation_class_uid = ae.implementation_class_uid
        link.acceptor.implementation_version_name = ae.implementation_version_name
        link.requestor.address_info = _address(connection.socket.getpeername())
        link.dul.event_queue.put("Evt5")
        link.dul.settle()
        return link

    @property
    def was_accepted(self) -> bool:
        """Whether an A-ASSOCIATE-AC came, be it with no usable context."""
        answer = self.acceptor.primitive
        return answer is not None and answer.result == 0

    def context(self, context_id: int) -> tuple[str, str] | None:
        """Return abstract and transfer syntax of an accepted context."""
        context = self._accepted_cx.get(context_id)
        return None if context is None else (str(context.abstract_syntax), str(context.transfer_syntax[0]))

    def context_as_scu(self, sop_class_uid: str, transfer_syntax_uid: str) -> int | None:
        """Return the context on which we may send objects of a class in a syntax."""
        for context_id, context in self._accepted_cx.items():
            if (
                context.as_scu
                and context.abstract_syntax == sop_class_uid
                and context.transfer_syntax[0] == transfer_syntax_uid
            ):
                return context_id
        return None

    def accept_context(self, context: PresentationContext) -> None:
        """Note what is answered to a proposed context."""
        if context.result == 0:
            self._accepted_cx[int(context.context_id or 0)] = context
        else:
            self._rejected_cx.append(context)

    def next_message_id(self) -> int:
        """Return a message ID that is not in use (PS3.7 9.1)."""
        self._next_message_id = self._next_message_id % 0xFFFF + 1
        return self._next_message_id

    def poll(self) -> None:
        """Work off what has come, without waiting.

        Raises:
            LinkEnded: the association is over.
        """
        while self.dul.pump(0.0):
            self._check()
        self._check()

    def receive(self, seconds: float, every_slice: Callable[[], None] | None = None) -> Message:
        """Wait for a message; `seconds` of silence end the association, each byte that comes restarts them.

        Raises:
            LinkEnded: the association is over, by now.
        """
        deadline = monotonic() + seconds
        while True:
            message = self.dimse.next()
            if message is not None:
                return message
            self._check()
            if self.dul.pump(deadline - monotonic()):
                deadline = monotonic() + seconds
            elif monotonic() >= deadline:
                self.give_up(Fate.SILENT, f"nothing came for {seconds:g} s")
            if every_slice is not None:
                every_slice()

    def send(self, context_id: int, command: Command, blocks: Iterable[bytes | memoryview] = ()) -> None:
        """Send a message: the command set, and what follows as its data set.

        `blocks` are framed as they are; an exception of theirs leaves the message unfinished, so that the
        association can only be aborted.

        Raises:
            LinkEnded: the association is over, by now.
        """
        self._check()
        if self.dul.state_machine.current_state not in {_ESTABLISHED, _RELEASE_ASKED}:
            self.give_up(Fate.PROTOCOL, "nothing can be sent in this state")
        try:
            for parts in _framed(context_id, command, blocks, self.dimse.maximum_pdu_size):
                self.connection.send(parts)
        except ConnectionLost as error:
            self._last_words(str(error))
        except ConnectionStalled as error:
            self.give_up(Fate.STALLED, str(error))

    def release(self) -> None:
        """End in good order; what goes wrong on the way does not matter any more."""
        if self.ending is None and self.is_established:
            self.acse_timeout = min(self.acse_timeout or 0.0, _RELEASE_SECONDS)
            self.acse.negotiate_release()
            if self.ending is None:
                self.ending = Ending(fate=Fate.RELEASED)
        self.close()

    def abort_now(self) -> None:
        """Send A-ABORT where that is possible, and close."""
        self._abort_blocking()
        self.close()

    def close(self) -> None:
        """Close the connection and give up what was on its way in."""
        self.ending = self.ending or Ending(fate=Fate.CLOSED)
        self.dimse.abandon(_told(self.ending))
        self.connection.close()

    def give_up(self, fate: Fate, detail: str) -> None:
        """Abort for a reason.

        Raises:
            LinkEnded: always.
        """
        self.ending = self.ending or Ending(fate=fate, detail=detail)
        self.abort_now()
        raise LinkEnded(self.ending)

    def answer_release(self) -> None:
        """Answer an A-RELEASE-RQ that came (PS3.8 7.2)."""
        self.acse.send_release(is_response=True)
        self.is_released, self.is_established = True, False
        self.ending = self.ending or Ending(fate=Fate.RELEASED)

    def _abort_blocking(self, block: bool = True) -> None:  # noqa: FBT001, FBT002 - pynetdicom's signature
        if not self._sent_abort and self.dul.state_machine.current_state in _CAN_ABORT:
            self._sent_abort = True
            self.acse.send_abort(0x00)
        self.is_aborted, self.is_established = True, False
        self.kill()

    def _bind_defaults(self) -> None:
        # Without the handlers for logging: they put whole data sets into the log.
        for event in evt._INTERVENTION_EVENTS:  # noqa: SLF001 - see the head of the module
            self.bind(event, evt.get_default_handler(event))

    def _check(self) -> None:
        if self.ending is None and self.stop_requested.is_set():
            self.give_up(Fate.STOPPED, "")
        if self.ending is None and not self.dul.to_user_queue.empty() and self.is_established:
            if isinstance(self.dul.to_user_queue.get(block=False), A_RELEASE):
                self.answer_release()
            else:
                self.ending = Ending(fate=Fate.CLOSED)
        if self.ending is not None:
            self.is_established = False
            raise LinkEnded(self.ending)

    def _last_words(self, why: str) -> None:
        """Sending failed: there may be an A-ABORT to read that says why."""
        try:
            while self.ending is None and self.dul.pump(0.0):
                pass
        except LinkEnded:
            pass
        self.ending = self.ending or Ending(fate=Fate.CLOSED, detail=why)
        self.is_established = False
        raise LinkEnded(self.ending)


class _Provider(DULServiceProvider):
    """The upper layer service without a thread of its own."""

    assoc: Link

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
        if kind == _P_DATA and self.state_machine.current_state == _ESTABLISHED:
            self._take_values(body)
            return
        if kind == _A_ABORT and len(body) >= 4:
            assoc.ending = assoc.ending or Ending(fate=Fate.ABORTED, source=body[2], reason=body[3])
        if kind == _A_ASSOCIATE_RJ and len(body) >= 4:
            assoc.rejection = (body[1], body[2], body[3])
        whole = bytearray(struct.pack(">BxI", kind, len(body)))
        whole += body
        before = self.state_machine.current_state
        try:
            pdu, event = self._decode_pdu(whole)
        except Exception as error:
            raise BadMessage("a PDU that cannot be decoded") from error
        self._recv_pdu.put(pdu)
        self.event_queue.put(event)
        self.settle()
        if self.state_machine.current_state == _ESTABLISHED:
            assoc.connection.limit = LARGEST_PDU
        elif self.state_machine.current_state == _CLOSING and before != _CLOSING:
            assoc.ending = assoc.ending or Ending(
                fate=Fate.PROTOCOL, detail=f"it sent a PDU of type {kind:02X}H where none may come"
            )

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


class _Transport(AssociationSocket):
    """What the state machine knows of the socket, which is connected before it hears of it."""

    def __init__(self, link: Link) -> None:
        self._assoc = link
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
            link = self._connection_owner()
            link.ending = link.ending or Ending(fate=Fate.CLOSED, detail=str(error))
            self.event_queue.put("Evt17")

    def close(self) -> None:
        """Leave closing to the link, which does it in all cases."""

    def _shutdown_socket(self) -> None:
        """Leave closing to the link."""

    def _connection_owner(self) -> Link:
        link = self._assoc
        assert isinstance(link, Link)  # noqa: S101 - made by one
        return link


def _framed(
    context_id: int, command: Command, blocks: Iterable[bytes | memoryview], max_pdu: int
) -> Iterable[list[bytes | memoryview]]:
    """Frame a message into gather lists of P-DATA-TF PDUs, the command set with the first block."""
    # Fragments are of even length (PS3.8 E.2), whatever the peer's maximum is.
    size = (max_pdu or _BLOCK_BYTES) - 6 & ~1
    parts: list[bytes | memoryview] = []
    encoded = memoryview(command.encode())
    for start in range(0, len(encoded), size):
        piece = encoded[start : start + size]
        last = _LAST if start + size >= len(encoded) else 0
        parts += (_p_data(context_id, _COMMAND | last, len(piece)), piece)
    if not command.has_data_set:
        yield parts
        return
    waiting: memoryview | None = None
    for block in blocks:
        if waiting is not None:
            yield _fragments(parts, context_id, waiting, size, final=False)
            parts = []
        waiting = memoryview(block)
    yield _fragments(parts, context_id, waiting or memoryview(b""), size, final=True)


def _fragments(
    parts: list[bytes | memoryview], context_id: int, block: memoryview, size: int, *, final: bool
) -> list[bytes | memoryview]:
    for start in range(0, max(len(block), 1), size):
        piece = block[start : start + size]
        last = _LAST if final and start + size >= len(block) else 0
        parts += (_p_data(context_id, _DATA | last, len(piece)), piece)
    return parts


def _p_data(context_id: int, control: int, length: int) -> bytes:
    return _P_DATA_HEADER.pack(_P_DATA, length + 6, length + 2, context_id, control)


def _told(ending: Ending) -> str:
    return ending.fate.value + (f": {ending.detail}" if ending.detail else "")


def _application_entity(ae_title: str, timeout: float) -> ApplicationEntity:
    ae = ApplicationEntity(ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.acse_timeout = timeout
    ae.network_timeout = timeout
    return ae


def _address(name: tuple[str, int] | tuple[str, int, int, int]) -> AddressInformation:
    # A link-local IPv6 address carries its scope in the name, which the library would look up.
    return AddressInformation(name[0].partition("%")[0], name[1])
