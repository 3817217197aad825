"""One association, from its connection to its end: the state machine of PS3.8 9.2 between a user and a stream.

The user of this class moves bytes: what comes goes into `receive`, what `send`, `take_outgoing` and `frames` return
goes out, in this order, `must_close` says when to close. Time enters by `tick`. An association is used once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from fileroom.adapters.dicom._shared.contexts import AgreedContext
from fileroom.adapters.dicom._shared.framing import Buffer, frame
from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import (
    AbortReason,
    AbortSource,
    LocalError,
    ProtocolError,
)
from fileroom.adapters.dicom.native.core.negotiation import agreed, refusal, sendable_length
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ControlPdu,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.stream import DATA_LIMIT, PduReader
from fileroom.adapters.dicom.native.core.transitions import (
    AA_1,
    AA_7,
    AA_8,
    AE_8,
    AR_8,
    TRANSITIONS,
    Action,
    Artim,
    Event,
    Send,
    State,
)


class Role(Enum):
    """Who asked for the association."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"


@dataclass(frozen=True, slots=True)
class PeerFailed:
    """The peer broke the protocol; it was told by an A-ABORT, and the association is over."""

    error: ProtocolError


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that the service provider itself had to refuse; the answer is on its way."""

    request: AssociateRequest
    reject: AssociateReject


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection ended, and the association with it."""

    in_the_middle: bool
    """Whether a PDU had begun to come."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The ARTIM timer expired: the peer sent no request, or did not close in time (PS3.8 9.1.5)."""


Incoming = ControlPdu | DataSlice | PeerFailed | Refused | ConnectionLost | TimedOut
"""What an association tells its user: the peer's PDUs, data as slices, and how it ended."""

_EVENT_OF_INCOMING: Final[dict[type, Event]] = {
    AssociateRequest: Event.REQUEST_CAME,
    AssociateAccept: Event.ACCEPT_CAME,
    AssociateReject: Event.REJECT_CAME,
    DataSlice: Event.DATA_CAME,
    ReleaseRequest: Event.RELEASE_REQUEST_CAME,
    ReleaseResponse: Event.RELEASE_RESPONSE_CAME,
    Abort: Event.ABORT_CAME,
}
_EVENT_OF_OUTGOING: Final[dict[type, Event]] = {
    AssociateRequest: Event.ASSOCIATE_REQUESTED,
    AssociateAccept: Event.ACCEPTED,
    AssociateReject: Event.REJECTED,
    ReleaseRequest: Event.RELEASE_REQUESTED,
    ReleaseResponse: Event.RELEASE_ANSWERED,
    Abort: Event.ABORT_REQUESTED,
}


class Association:
    """One association, as its requestor or its acceptor.

    A requestor sends an `AssociateRequest`, then says `connected`; an acceptor says `connected` and receives one.
    """

    def __init__(self, role: Role, *, artim_seconds: float = 30.0, data_limit: int = DATA_LIMIT) -> None:
        self.role = role
        self.state = State.STA1
        self.request: AssociateRequest | None = None
        """What was asked for, by us or by the peer."""
        self.accept: AssociateAccept | None = None
        """What was answered to it, by the peer or by us."""
        self.contexts: Mapping[int, AgreedContext] = {}
        """What was agreed; nothing before the association stands."""
        self._reader = PduReader(data_limit=data_limit)
        self._outgoing: list[Buffer] = []
        self._artim_seconds = artim_seconds
        self._artim_runs = False
        self._deadline: float | None = None
        self._was_used = self._is_deaf = False

    @property
    def is_established(self) -> bool:
        """Whether both sides may send data."""
        return self.state is State.STA6

    @property
    def is_over(self) -> bool:
        """Whether there is no association any more, though the connection may still have to end."""
        return self._was_used and self.state in {State.STA1, State.STA13}

    @property
    def must_close(self) -> bool:
        """Whether to close the connection once everything is sent; nothing that comes matters any more."""
        return self._was_used and self.state is State.STA1

    @property
    def sendable_length(self) -> int:
        """The longest P-DATA-TF that the peer takes, 0 for any."""
        peers = self.accept if self.role is Role.REQUESTOR else self.request
        if peers is None:
            raise LocalError("nothing is negotiated yet")
        return sendable_length(peers.user_information)

    def connected(self) -> list[Buffer]:
        """Note that the connection stands; return what is to be sent.

        Raises:
            LocalError: none was expected.
        """
        if self._was_used and self.role is Role.ACCEPTOR:
            raise LocalError("an association is used once")
        event = Event.CONNECTED if self.role is Role.REQUESTOR else Event.CONNECTION_CAME
        self._perform(self._local(event), self.request)
        return self.take_outgoing()

    def send(self, pdu: ControlPdu) -> list[Buffer]:
        """Return what is to be sent for a request or an answer of our user.

        Raises:
            LocalError: it cannot be sent now, or a value in it does not fit.
        """
        if isinstance(pdu, AssociateRequest) and (self._was_used or self.role is Role.ACCEPTOR):
            raise LocalError("an association is requested once, and by its requestor")
        action = self._local(_EVENT_OF_OUTGOING[type(pdu)])
        pdu.encode()  # what does not fit is told before anything has changed
        if isinstance(pdu, AssociateRequest):
            self.request = pdu
        elif isinstance(pdu, AssociateAccept):
            self._agree(pdu)
        self._perform(action, pdu)
        return self.take_outgoing()

    def frames(self, context_id: int, parts: Iterable[Buffer], *, is_command: bool) -> Iterator[list[Buffer]]:
        """Return gather lists of P-DATA-TF with a command set or a data set (see `framing.frame`).

        Raises:
            LocalError: data cannot be sent now (or, on the way, not any more), or there is no such context.
        """
        self._local(Event.DATA_SENT)
        if context_id not in self.contexts:
            raise LocalError(f"presentation context {context_id} was not agreed")
        return self._checked(frame(context_id, parts, self.sendable_length, is_command=is_command))

    def fail(self, error: ProtocolError) -> list[Buffer]:
        """Return what is to be sent when our user finds a mistake of the peer's, such as a `MessageError`."""
        list(self._failed(error, Event.ABORT_REQUESTED))
        return self.take_outgoing()

    def receive(self, data: bytes | bytearray | memoryview) -> Iterator[Incoming]:
        """Yield what bytes of the peer mean; consume it all before more is received, and then `take_outgoing`.

        After the end of the association, bytes mean nothing.

        Raises:
            LocalError: there is no connection yet, or the last bytes were not consumed.
        """
        if not self._was_used or self.state is State.STA4:
            raise LocalError("there is no connection yet")
        if self._is_deaf or self.must_close:
            return
        try:
            for one in self._reader.feed(data):
                if self.state is _STA6 and type(one) is DataSlice and one.context_id in self.contexts:
                    yield one  # DT-2, which changes nothing: all that is done for almost all that comes
                else:
                    yield from self._take(one)
        except ProtocolError as error:
            self._is_deaf = True
            yield from self._failed(error, Event.INVALID_PDU_CAME)

    def take_outgoing(self) -> list[Buffer]:
        """Return what is to be sent in answer to what came, once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def connection_lost(self) -> list[Incoming]:
        """Note that the connection has ended, from either side; return what that means to our user."""
        action = TRANSITIONS.get((Event.CONNECTION_LOST, self.state))
        if action is None:
            return []
        lost = ConnectionLost(in_the_middle=self._reader.in_the_middle)
        self._perform(action)
        return [lost] if action.indicate else []

    def tick(self, now: float) -> list[Incoming]:
        """Note the time, in seconds of any clock that never goes back; the ARTIM timer starts with the next tick."""
        if not self._artim_runs:
            return []
        if self._deadline is None:
            self._deadline = now + self._artim_seconds
        if now < self._deadline:
            return []
        self._perform(TRANSITIONS[Event.ARTIM_EXPIRED, self.state])
        return [TimedOut()]

    @property
    def deadline(self) -> float | None:
        """When the ARTIM timer expires, in the time of `tick`; None where it does not run or has not ticked."""
        return self._deadline if self._artim_runs else None

    def _take(self, one: ControlPdu | DataSlice) -> Iterator[Incoming]:
        event = _EVENT_OF_INCOMING[type(one)]
        action = TRANSITIONS.get((event, self.state))
        if action is None:  # the association ended between two PDUs
            return
        if action in _UNEXPECTED:
            # Once there is no association, what is still on its way is none of our business (AA-6).
            error = ProtocolError(f"{_name(one)} where none is due", AbortReason.UNEXPECTED_PDU)
            yield from self._failed(error, event)
            return
        match one:
            case DataSlice():
                if action.indicate and one.context_id not in self.contexts:
                    raise ProtocolError(
                        f"data on presentation context {one.context_id}, which was not agreed"
                    )
            case AssociateRequest():
                self.request = one
                reject = refusal(one)
                if reject is not None:
                    self._perform(AE_8, reject)
                    yield Refused(one, reject)
                    return
            case AssociateAccept():
                self._agree(one)
        self._perform(action)
        if action.indicate:
            yield one

    def _failed(self, error: ProtocolError, event: Event) -> Iterator[Incoming]:
        action = TRANSITIONS.get((event, self.state))
        if action is None:
            return
        self._perform(action, error=error)
        if self.state is State.STA13 and action is not AA_7:
            yield PeerFailed(error)

    def _perform(
        self, action: Action, pdu: ControlPdu | None = None, error: ProtocolError | None = None
    ) -> None:
        self._was_used = True
        self.state = State.STA10 if action is AR_8 and self.role is Role.ACCEPTOR else action.next
        match action.send:
            case Send.GIVEN if pdu is not None:
                self._outgoing.append(pdu.encode())
            case Send.ABORT_AS_USER:
                self._outgoing.append(Abort().encode())
            case Send.ABORT_AS_PROVIDER:
                reason = error.reason if error else AbortReason.NOT_SPECIFIED
                self._outgoing.append(Abort(source=AbortSource.SERVICE_PROVIDER, reason=reason).encode())
        if action.artim is not Artim.LEAVE:
            self._artim_runs, self._deadline = action.artim is Artim.START, None

    def _local(self, event: Event) -> Action:
        action = TRANSITIONS.get((event, self.state))
        if action is None:
            raise LocalError(f"{event.name} is not possible in Sta{self.state}")
        return action

    def _agree(self, accept: AssociateAccept) -> None:
        self.accept = accept
        if self.request is not None:
            self.contexts = agreed(self.request, accept)

    def _checked(self, batches: Iterator[list[Buffer]]) -> Iterator[list[Buffer]]:
        for batch in batches:
            self._local(Event.DATA_SENT)
            yield batch


_STA6: Final = State.STA6
_UNEXPECTED: Final = frozenset({AA_1, AA_7, AA_8})


def _name(one: ControlPdu | DataSlice) -> str:
    return "data" if isinstance(one, DataSlice) else f"a PDU {type(one).__name__}"
