"""DIMSE messages out of presentation data values (PS3.7 6.3, PS3.8 annex E).

The data set of a C-STORE is not collected but flows into a reception as it comes; other data sets are identifiers,
which are small and limited.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from fileroom.adapters.dicom.pynetdicom.commands import C_CANCEL_RQ, C_STORE_RQ, BadCommand, Command, decode
from fileroom.application.ports.dicom_server import Reception

if TYPE_CHECKING:
    from pynetdicom.association import Association

_USUAL_PDU: Final = 16384
_SMALLEST_PDU: Final = 16
_LARGEST_COMMAND: Final = 1 << 20
_LARGEST_IDENTIFIER: Final = 16 << 20


class BadMessage(Exception):
    """What came is no DIMSE message; the text completes "it sent …"."""


@dataclass(kw_only=True, slots=True)
class Message:
    """One message, come whole."""

    context_id: int
    command: Command
    data: bytes = b""
    """The data set, unless it went to a reception."""
    reception: Reception | None = None
    """What took the data set of a C-STORE; to be finished."""


Sink = Callable[[int, Command], Reception | None]
"""Called with the context and the command of a C-STORE request before its data set; None discards that."""


class Messages(DIMSEServiceProvider):
    """Assembles what comes; replaces pynetdicom's provider of the same service."""

    def __init__(self, assoc: "Association", store: Sink | None) -> None:
        super().__init__(assoc)
        self._store = store
        self._ready: deque[Message] = deque()
        self.serving = False
        """Whether a request of the peer's is being served."""
        self._cancelled: set[int] = set()
        self._current: Message | None = None
        self._context_id = 0
        self._collected = bytearray()

    def next(self) -> Message | None:
        """Take the oldest message that has come whole."""
        return self._ready.popleft() if self._ready else None

    @property
    def has_next(self) -> bool:
        """Whether a message has come whole and was not taken."""
        return bool(self._ready)

    @property
    def in_the_middle(self) -> bool:
        """Whether a message has begun to come, or waits."""
        return bool(self._current or self._collected or self._ready)

    def is_cancelled(self, message_id: int | None) -> bool:
        """Tell whether a C-CANCEL came for a request (PS3.7 9.3.2.3)."""
        return message_id in self._cancelled

    def forget_cancels(self) -> None:
        """Begin an operation: earlier C-CANCELs were for others."""
        self._cancelled.clear()

    def abandon(self, why: str) -> None:
        """Give up receptions that nobody will finish."""
        waiting = [*self._ready] + ([self._current] if self._current else [])
        self._ready.clear()
        self._current = None
        for message in waiting:
            if message.reception is not None:
                message.reception.abandon(why)

    @property
    def maximum_pdu_size(self) -> int:
        """The peer's longest P-DATA-TF; none, or nonsense (1 to 15 bytes), counts as the usual 16 KiB."""
        # None where the peer did not say, although it has to.
        size: int | None = super().maximum_pdu_size
        return _USUAL_PDU if size is None or 0 < size < _SMALLEST_PDU else size

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what the state machine hands over outside of the fast way (AR-6)."""
        for context_id, value in primitive.presentation_data_value_list:
            self.take(context_id, value[0], memoryview(value)[1:])

    def take(self, context_id: int, control: int, value: memoryview) -> None:
        """Take one presentation data value; the view is valid during the call only.

        Raises:
            BadMessage: it does not fit what came before.
        """
        if context_id not in self.assoc._accepted_cx:  # noqa: SLF001 - the public list is sorted anew each time
            raise BadMessage(f"data on presentation context {context_id}, which was not accepted")
        if (self._current or self._collected) and context_id != self._context_id:
            raise BadMessage("a message on two presentation contexts")
        self._context_id = context_id
        if control & 1:
            self._take_command(context_id, value, last=bool(control & 2))
        else:
            self._take_data(value, last=bool(control & 2))

    def _take_command(self, context_id: int, value: memoryview, *, last: bool) -> None:
        if self._current is not None:
            raise BadMessage("a command set in the middle of a data set")
        if len(self._collected) + len(value) > _LARGEST_COMMAND:
            raise BadMessage("a command set without end")
        self._collected += value
        if not last:
            return
        try:
            command = decode(self._collected)
        except BadCommand as error:
            raise BadMessage(str(error)) from error
        finally:
            self._collected = bytearray()
        if command.field == C_CANCEL_RQ:
            if command.responding_to is not None:
                self._cancelled.add(command.responding_to)
            return
        if not command.is_response and (self.serving or self._awaits_service()):
            # Asynchronous operations are not negotiated, so there is one at a time (PS3.7 D.3.3.3.1).
            raise BadMessage("a request before the last one was answered")
        message = Message(context_id=context_id, command=command)
        if command.has_data_set:
            if command.field == C_STORE_RQ and self._store is not None:
                message.reception = self._store(context_id, command)
            self._current = message
        else:
            self._ready.append(message)

    def _awaits_service(self) -> bool:
        return any(not message.command.is_response for message in self._ready)

    def _take_data(self, value: memoryview, *, last: bool) -> None:
        message = self._current
        if message is None:
            raise BadMessage("a data set without a command set")
        if message.reception is not None:
            message.reception.feed([value])
        elif message.command.field != C_STORE_RQ:
            if len(self._collected) + len(value) > _LARGEST_IDENTIFIER:
                raise BadMessage("an identifier without end")
            self._collected += value
        if last:
            message.data = bytes(self._collected)
            self._collected = bytearray()
            self._current = None
            self._ready.append(message)
