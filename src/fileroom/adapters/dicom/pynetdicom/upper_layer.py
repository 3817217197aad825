"""pynetdicom's association, driven by the thread that uses it.

pynetdicom gives each association two threads that poll every millisecond, and unbounded queues between them. Here
its association control (ACSE), its state machine (PS3.8 9.2) and its PDUs are kept, but the thread that waits for
something also reads the socket and moves the machine (`pump`): no polling, no queues that grow, no races. P-DATA-TF
of an association that stands is not decoded by pynetdicom, which copies each byte several times, but handed to
`Messages` as views; the machine would stay in Sta6 anyway (DT-1, DT-2).

Together with `provider` this is the one place that uses what pynetdicom does not document; the dependency is bounded
for its sake.
"""

import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR, MODE_REQUESTOR
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_RELEASE
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from fileroom.adapters.dicom.pynetdicom.association_request import Refusal
from fileroom.adapters.dicom.pynetdicom.commands import Command
from fileroom.adapters.dicom.pynetdicom.connection import Connection, ConnectionLost, ConnectionStalled
from fileroom.adapters.dicom.pynetdicom.endings import Ending, Fate, LinkEnded, told
from fileroom.adapters.dicom.pynetdicom.framing import framed
from fileroom.adapters.dicom.pynetdicom.messages import Message, Messages, Sink
from fileroom.adapters.dicom.pynetdicom.provider import ESTABLISHED, Provider, Transport
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_RELEASE_ASKED: Final = "Sta8"
_CAN_ABORT: Final = frozenset({"Sta3", "Sta5", "Sta6", "Sta7", "Sta8", "Sta9", "Sta10", "Sta11", "Sta12"})
_RELEASE_SECONDS: Final = 5.0
_PDUS_AT_ONCE: Final = 16


class Link(Association):
    """One association, as requestor or acceptor, over a socket that is connected."""

    dul: Provider
    dimse: Messages

    def __init__(self, ae: ApplicationEntity, mode: str, connection: Connection, store: Sink | None) -> None:
        super().__init__(ae, mode)
        self.connection = connection
        self.ending: Ending | None = None
        self.rejection: tuple[int, int, int] | None = None
        """Result, source and reason of an A-ASSOCIATE-RJ that came."""
        self.refusal: Refusal | None = None
        """Why a request that came was refused before it was understood."""
        self.wind_down = threading.Event()
        """Set from outside: abort as soon as nothing is in flight, which only this association's thread can tell."""
        self.stop_requested = threading.Event()
        """Set from outside: abort at the next slice."""
        self.dul = Provider(self)
        self.dimse = Messages(self, store)
        # The timers belong to the provider that has just been replaced.
        self.acse_timeout = ae.acse_timeout
        self.network_timeout = ae.network_timeout
        self.set_socket(Transport(self))
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
        """Look whether a C-CANCEL or an end has come while a request is served, without waiting.

        Nothing else is expected then, and no more is read than that takes: the rest waits in the network.

        Raises:
            LinkEnded: the association is over.
        """
        for _ in range(_PDUS_AT_ONCE):
            came = self.dul.pump(0.0)
            self._check()
            if self.dimse.has_next:
                self.give_up(Fate.PROTOCOL, "it sent an answer to nothing")
            if not came:
                break

    def receive(self, seconds: float, every_slice: Callable[[], None] | None = None) -> Message:
        """Wait for a message; `seconds` of silence end the association, each byte that comes restarts them.

        A PDU may take `seconds` for each 64 KiB of it, however its bytes drip.

        Raises:
            LinkEnded: the association is over, by now.
        """
        deadline = monotonic() + seconds
        self.connection.resume()
        while True:
            message = self.dimse.next()
            if message is not None:
                return message
            self._check()
            if self.dul.pump(deadline - monotonic()):
                deadline = monotonic() + seconds
                if self.connection.is_dripping(seconds):
                    self.give_up(Fate.SILENT, f"one PDU took longer than {seconds:g} s for 64 KiB")
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
        if self.dul.state_machine.current_state not in {ESTABLISHED, _RELEASE_ASKED}:
            self.give_up(Fate.PROTOCOL, "nothing can be sent in this state")
        try:
            for parts in framed(context_id, command, blocks, self.dimse.maximum_pdu_size):
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
        self.dimse.abandon(told(self.ending))
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

    @property
    def is_busy(self) -> bool:
        """Whether something would be lost by an abort."""
        return self.dimse.serving or self.dimse.in_the_middle

    def _check(self) -> None:
        if self.ending is None and (
            self.stop_requested.is_set() or (self.wind_down.is_set() and not self.is_busy)
        ):
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
