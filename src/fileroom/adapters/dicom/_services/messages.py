"""Messages as they come in: the data set of a C-STORE flows into a reception, identifiers are collected."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.dicom._shared.dimse import CommandField, CommandSet
from fileroom.adapters.dicom._shared.messages import CommandReceived, DataSlice, MessageReader
from fileroom.adapters.dicom._shared.mistakes import MessageError
from fileroom.application.ports.dicom_server import Reception

_LARGEST_IDENTIFIER: Final = 16 << 20


@dataclass(kw_only=True, slots=True)
class Message:
    """One message, come whole."""

    context_id: int
    command: CommandSet
    data: bytes = b""
    """The data set, unless it went to a reception."""
    reception: Reception | None = None
    """What took the data set of a C-STORE; to be finished."""


Sink = Callable[[int, CommandSet], Reception | None]
"""Called with the context and the command of a C-STORE request before its data set; None discards that."""


class Inbox:
    """Takes slices of messages; `is_serving` is set by whoever serves a request."""

    def __init__(self, store: Sink | None) -> None:
        self.is_serving = False
        """Whether a request of the peer's is being served."""
        self.has_next = False
        """Whether a message has come whole and was not taken."""
        self._store = store
        self._reader = MessageReader()
        self._ready: deque[Message] = deque()
        self._cancelled: set[int] = set()
        self._current: Message | None = None
        self._collected = bytearray()
        self._parts: list[memoryview] = []

    def next(self) -> Message:
        """Take the oldest message that has come whole."""
        message = self._ready.popleft()
        self.has_next = bool(self._ready)
        return message

    @property
    def in_the_middle(self) -> bool:
        """Whether a message has begun to come."""
        return self._reader.in_the_middle

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
        self.has_next, self._current = False, None
        self._parts.clear()
        for message in waiting:
            if message.reception is not None:
                message.reception.abandon(why)

    def take(self, one: DataSlice) -> None:
        """Take a slice; its view must stay valid until `hand_over`.

        Raises:
            MessageError: it does not fit what came before.
        """
        received = self._reader.take(one)
        if received is None:
            return
        if isinstance(received, CommandReceived):
            self._begin(received)
            return
        message = self._current
        assert message is not None  # noqa: S101 - a data set follows its command set
        if message.reception is not None:
            if received.data:
                self._parts.append(received.data)
        elif message.command.field != CommandField.C_STORE:
            if len(self._collected) + len(received.data) > _LARGEST_IDENTIFIER:
                raise MessageError(f"an identifier of more than {_LARGEST_IDENTIFIER} bytes")
            self._collected += received.data
        if received.is_last:
            self.hand_over()
            if self._collected:
                message.data, self._collected = bytes(self._collected), bytearray()
            self._current = None
            self._put(message)

    def hand_over(self) -> None:
        """Give the reception what was taken for it, before the bytes change."""
        if self._parts:
            if self._current is not None and self._current.reception is not None:
                self._current.reception.feed(self._parts)
            self._parts = []

    def _begin(self, received: CommandReceived) -> None:
        command = received.command
        if command.field == CommandField.C_CANCEL:
            if command.responding_to is not None:
                self._cancelled.add(command.responding_to)
            if command.has_data_set:
                raise MessageError("a C-CANCEL with a data set")
            return
        if not command.is_response and self.is_serving:
            # Asynchronous operations are not negotiated, so there is one at a time (PS3.7 D.3.3.3.1).
            raise MessageError("a request before the last one was answered")
        message = Message(context_id=received.context_id, command=command)
        if not command.has_data_set:
            self._put(message)
            return
        if command.field == CommandField.C_STORE and self._store is not None:
            message.reception = self._store(received.context_id, command)
        self._current = message

    def _put(self, message: Message) -> None:
        self._ready.append(message)
        self.has_next = True
