"""One end of a conversation in memory: an association, the messages that came, and a script for its user."""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from fileroom.adapters.dicom._shared.contexts import Support
from fileroom.adapters.dicom._shared.dimse import CommandSet
from fileroom.adapters.dicom._shared.messages import CommandReceived, DataSlice, MessageReader
from fileroom.adapters.dicom._shared.mistakes import LocalError, MessageError
from fileroom.adapters.dicom.native.core.association import (
    Association,
    ConnectionLost,
    Incoming,
    PeerFailed,
    Refused,
    Role,
    TimedOut,
)
from fileroom.adapters.dicom.native.core.negotiation import answer
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    PresentationDataValue,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.transitions import State
from fileroom.adapters.dicom.native.core.user_information import UserInformation

IMPLICIT = "1.2.840.10008.1.2"
VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
ARTIM_SECONDS = 10.0
PATIENCE_SECONDS = 20.0
"""How long a user hears nothing before it aborts."""

Script = Iterator[None]


class Outcome(Enum):
    """How a conversation ended, as one end sees it."""

    RELEASED = "released"
    ABORTED = "aborted"
    REJECTED = "rejected"
    FAILED = "the peer broke the protocol"
    LOST = "lost"
    TIMED_OUT = "timed out"


_OUTCOMES: dict[type, Outcome] = {
    Abort: Outcome.ABORTED,
    AssociateReject: Outcome.REJECTED,
    Refused: Outcome.REJECTED,
    PeerFailed: Outcome.FAILED,
    ConnectionLost: Outcome.LOST,
    TimedOut: Outcome.TIMED_OUT,
}


class Message(NamedTuple):
    """A message that came, whole."""

    context_id: int
    command: CommandSet
    data: bytes


class End:
    """One end: an association, the messages that came, and a script that says what its user does."""

    def __init__(self, role: Role, max_pdu_length: int) -> None:
        self.association = Association(role, artim_seconds=ARTIM_SECONDS)
        self.information = UserInformation(max_pdu_length=max_pdu_length, implementation_class_uid="1.2.3")
        self.script: Script = iter(())
        self.reader = MessageReader()
        self.out = bytearray()
        self.mail: deque[Message] = deque()
        self.taken: list[Message] = []
        """All messages that came whole."""
        self.statuses: list[int] = []
        """Of the responses that came."""
        self.outcome: Outcome | None = None
        self.asked_release = False
        self.is_packing = False
        """Whether several values go into one PDU."""
        self.heard_at = 0.0
        self._command: tuple[int, CommandSet] | None = None
        self._data = bytearray()

    def step(self) -> None:
        """Let the script go on."""
        try:
            next(self.script, None)
        except LocalError:
            # Only what the end of an association, or of a release, made impossible may fail.
            if self.association.is_established:
                raise
            self.script = iter(())

    def send(
        self, pdu: AssociateRequest | AssociateAccept | ReleaseRequest | ReleaseResponse | Abort
    ) -> None:
        """Send a PDU that is no data."""
        self._put(self.association.send(pdu))
        if isinstance(pdu, Abort):
            self.ended(Outcome.ABORTED)

    def message(self, context_id: int, command: CommandSet, data: bytes = b"") -> None:
        """Send a message."""
        if self.is_packing:
            self.out += packed(context_id, command, data).encode()
            return
        for batch in self.association.frames(context_id, [command.encode()], is_command=True):
            self._put(batch)
        if command.has_data_set:
            parts = [data[:3], data[3:]]
            for batch in self.association.frames(context_id, parts, is_command=False):
                self._put(batch)

    def release(self) -> None:
        """Ask for the release, unless the other side has."""
        if self.association.is_established:
            self.asked_release = True
            self.send(ReleaseRequest())

    def receive(self, piece: bytes, now: float) -> None:
        """Take bytes, in a buffer that is overwritten afterwards."""
        self.heard_at = now
        buffer = bytearray(piece)
        for event in self.association.receive(memoryview(buffer)):
            if isinstance(event, DataSlice):
                self._slice(event)
            else:
                self.hear(event)
        if self.association.must_close:
            self.ended(Outcome.ABORTED)  # also before any request, where the user hears nothing (AA-2)
        self._put(self.association.take_outgoing())
        buffer[:] = b"\xaa" * len(buffer)

    def hear(self, event: Incoming) -> None:
        """React to what is no data."""
        match event:
            case AssociateRequest():
                contexts, roles = answer(
                    event, lambda _: Support(transfer_syntaxes={IMPLICIT}, as_scp=True, as_scu=True)
                )
                accept = AssociateAccept(
                    called_ae_title=event.called_ae_title,
                    calling_ae_title=event.calling_ae_title,
                    contexts=contexts,
                    user_information=UserInformation(
                        max_pdu_length=self.information.max_pdu_length, roles=roles
                    ),
                )
                self.send(accept)
            case ReleaseRequest() if self.association.state in {State.STA8, State.STA9}:
                is_collision = self.association.state is State.STA9
                self.send(ReleaseResponse())
                if not is_collision:
                    self.ended(Outcome.RELEASED)
            case ReleaseResponse():
                if self.association.state is State.STA12:
                    self.send(ReleaseResponse())
                self.ended(Outcome.RELEASED)
            case _ if type(event) in _OUTCOMES:
                self.ended(_OUTCOMES[type(event)])

    def fail(self, words: str) -> None:
        """Abort because of a message that makes no sense."""
        self._put(self.association.fail(MessageError(words)))
        self.ended(Outcome.FAILED)

    def tick(self, now: float) -> None:
        """Note the time: the timer of the upper layer, and the user's own patience."""
        for event in self.association.tick(now):
            self.hear(event)
        waits = self.association.state not in {State.STA1, State.STA2, State.STA4, State.STA13}
        if waits and now - self.heard_at >= PATIENCE_SECONDS:
            self._put(self.association.send(Abort()))
            self.ended(Outcome.TIMED_OUT)

    def lose(self) -> None:
        """Note the end of the connection."""
        for event in self.association.connection_lost():
            self.hear(event)
        self.ended(
            Outcome.LOST
        )  # also where nobody had asked for anything yet, of which the user is not told

    def ended(self, outcome: Outcome) -> None:
        """Note how it ended; what comes first counts."""
        self.outcome = self.outcome or outcome
        self.script = iter(())

    def next_message(self) -> Iterator[None]:
        """Wait until a message is there."""
        while not self.mail:
            yield

    def _put(self, buffers: Sequence[bytes | bytearray | memoryview]) -> None:
        for buffer in buffers:
            self.out += buffer

    def _slice(self, one: DataSlice) -> None:
        if self.association.is_over:
            return
        try:
            event = self.reader.take(one)
        except MessageError as error:
            self.fail(str(error))
            return
        if isinstance(event, CommandReceived):
            self._command = event
            self._data.clear()
            if not event.command.has_data_set:
                self._whole()
        elif event is not None:
            self._data += event.data
            if event.is_last:
                self._whole()

    def _whole(self) -> None:
        assert self._command is not None
        message = Message(*self._command, bytes(self._data))
        self.taken.append(message)
        self.mail.append(message)
        if message.command.is_response and message.command.status is not None:
            self.statuses.append(message.command.status)


def packed(context_id: int, command: CommandSet, data: bytes) -> PData:
    """A message as few send it: its command in two values, its data in two, and all of them in one PDU."""
    encoded = command.encode()
    fragments = [(encoded[:7], True, False), (encoded[7:], True, True)]
    if command.has_data_set:
        fragments += [(data[:2], False, False), (data[2:], False, True)]
    return PData(
        values=tuple(
            PresentationDataValue(context_id=context_id, is_command=is_command, is_last=is_last, data=piece)
            for piece, is_command, is_last in fragments
        )
    )
