"""One association as the services see it: messages in, messages out, and one ending.

Each network backend makes its own kind of link; how bytes become messages is its matter. What belongs here is what
is the same for all: waiting with time-outs for silence, winding down, who hears of what.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, NoReturn, Protocol

from fileroom.adapters.dicom._services.connection import Connection, ConnectionLost, ConnectionStalled
from fileroom.adapters.dicom._services.endings import Ending, Fate, LinkEnded, told
from fileroom.adapters.dicom._services.messages import Inbox, Message, Sink
from fileroom.adapters.dicom._shared.contexts import AgreedContext, Policy
from fileroom.adapters.dicom._shared.dimse import CommandSet, plain_response, response_to
from fileroom.adapters.dicom._shared.framing import Buffer
from fileroom.application.ports.dicom_client import ProposedContext
from fileroom.application.ports.dicom_server import RejectReason

RELEASE_SECONDS: Final = 5.0
"""How long the answer to a release is waited for."""
_POLLED_AT_ONCE: Final = 16
_DRIP_BYTES: Final = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class AssociationWish:
    """What we ask for as requestor."""

    calling_ae_title: str
    called_ae_title: str
    contexts: Sequence[ProposedContext]
    scp_roles: Sequence[str]
    """SOP classes of which we want to be provider (PS3.7 D.3.3.4)."""
    max_pdu_length: int
    """What we take; 0 is unlimited."""
    timeout: float
    """Seconds to wait for the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who asks for an association. The titles are as the peer wrote them, what cannot be shown escaped."""

    calling_ae_title: str
    called_ae_title: str
    knows_application: bool = True
    """Whether the application context is DICOM's, or was left out (PS3.7 A.2.1)."""
    refusal: RejectReason | None = None
    """Why it was refused before anybody could decide about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation:
    """What the peer says of itself."""

    class_uid: str
    version: str
    max_pdu_length: int


class Link(ABC):
    """One association, as requestor or acceptor, over a connected socket; used by one thread.

    `interrupt`, and setting the two events, are for others.
    """

    def __init__(self, connection: Connection, *, is_requestor: bool, store: Sink | None) -> None:
        self.connection = connection
        self.inbox = Inbox(store)
        self.contexts: Mapping[int, AgreedContext] = {}
        """What was agreed; nothing before the association stands."""
        self.ending: Ending | None = None
        self.rejection: tuple[int, int, int] | None = None
        """Result, source and reason of an A-ASSOCIATE-RJ that came."""
        self.was_accepted = False
        """Whether the peer accepted the association, be it with no usable context."""
        self.before_release: Callable[[], None] = _nothing
        """Called before the release that the peer asked for is answered."""
        self.wind_down = threading.Event()
        """Set from outside: abort as soon as nothing is in flight, which only this association's thread can tell."""
        self.stop_requested = threading.Event()
        """Set from outside: abort at the next slice."""
        self._is_requestor = is_requestor
        self._release_asked = False
        self._closed = False
        self._message_id = 0
        self._marked_at = monotonic()
        self._since_mark = 0

    # -- what a backend does ------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def is_established(self) -> bool:
        """Whether messages may be sent."""

    @property
    @abstractmethod
    def implementation(self) -> Implementation:
        """What the peer said of itself in the negotiation."""

    @abstractmethod
    def request(self, wish: AssociationWish) -> None:
        """Ask for the association and wait for the answer; `is_established`, `rejection` and `ending` tell it.

        Raises:
            InvalidInput: something in it cannot be proposed.
        """

    @abstractmethod
    def await_request(self, seconds: float) -> Asked | None:
        """Wait for the request of a peer; None where none came, and the connection is over."""

    @abstractmethod
    def reject(self, reason: RejectReason) -> None:
        """Refuse the request."""

    @abstractmethod
    def accept(self, policy: Policy) -> None:
        """Accept the request, with the contexts that the policy allows."""

    @abstractmethod
    def _pump(self, seconds: float) -> int:
        """Take what has come, or wait for it up to `seconds` or a slice; return how many bytes came.

        Goes no further than one whole message. Sets `ending` where the association is over, and `_release_asked`.
        """

    @abstractmethod
    def _frames(
        self, context_id: int, command: bytes, blocks: Iterable[Buffer] | None
    ) -> Iterable[Sequence[Buffer]]:
        """Return a message as gather lists; `blocks` are its data set, None where the command announces none."""

    @abstractmethod
    def _answer_release(self) -> None:
        """Send A-RELEASE-RP."""

    @abstractmethod
    def _ask_for_release(self, seconds: float) -> None:
        """Send A-RELEASE-RQ and wait for the answer; what goes wrong does not matter any more."""

    @abstractmethod
    def _abort(self) -> None:
        """Send A-ABORT where that is possible. Never raises."""

    # -- what the services use ----------------------------------------------------------------------------------

    def context_for_sending(self, sop_class_uid: str, transfer_syntax_uid: str) -> int | None:
        """Return the context on which we may send objects of a class in a syntax."""
        for context in self.contexts.values():
            if (
                (context.requestor_is_scu if self._is_requestor else context.requestor_is_scp)
                and context.abstract_syntax == sop_class_uid
                and context.transfer_syntax == transfer_syntax_uid
            ):
                return context.context_id
        return None

    def next_message_id(self) -> int:
        """Return a message ID that is not in use (PS3.7 9.1)."""
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def poll(self) -> None:
        """Look whether a C-CANCEL or an end has come while a request is served, without waiting.

        Nothing else is expected then, and no more is read than that takes: the rest waits in the network.

        Raises:
            LinkEnded: the association is over.
        """
        for _ in range(_POLLED_AT_ONCE):
            came = self._pump(0.0)
            self._check()
            if self.inbox.has_next:
                self.give_up(Fate.PROTOCOL, "it sent an answer to nothing")
            if not came:
                break

    def receive(self, seconds: float, every_slice: Callable[[], None] | None = None) -> Message:
        """Wait for a message; `seconds` of silence end the association, each byte that comes restarts them.

        A message may take `seconds` for each 64 KiB of it, however its bytes drip.

        Raises:
            LinkEnded: the association is over, by now.
        """
        inbox = self.inbox
        now = monotonic()
        self.connection.moved_at = now
        deadline = now + seconds
        self._since_mark = 0
        while True:
            if inbox.has_next:
                return inbox.next()
            self._check()
            if count := self._pump(deadline - now):
                now = self.connection.moved_at = monotonic()
                deadline = now + seconds
                if self._drips(count, now, seconds):
                    self.give_up(Fate.SILENT, f"less than 64 KiB came in {seconds:g} s")
            else:
                now = monotonic()
                if now >= deadline and self.ending is None:
                    self.give_up(Fate.SILENT, f"nothing came for {seconds:g} s")
            if every_slice is not None:
                every_slice()

    def _drips(self, count: int, now: float, seconds: float) -> bool:
        """Tell whether what has begun to come takes longer than it may."""
        if not self._since_mark or self._since_mark >= _DRIP_BYTES:
            self._marked_at, self._since_mark = now, 0
        self._since_mark += count
        return now - self._marked_at > seconds

    def send(self, context_id: int, command: CommandSet, blocks: Iterable[Buffer] = ()) -> None:
        """Send a message: the command set, and what follows as its data set.

        `blocks` are framed as they are; an exception of theirs leaves the message unfinished, so that the
        association can only be aborted.

        Raises:
            LinkEnded: the association is over, by now.
        """
        self._send(context_id, command.encode(), blocks if command.has_data_set else None)

    def answer(self, context_id: int, request: CommandSet, status: int, comment: str = "") -> None:
        """Answer a request with a status, and an error comment where there is one.

        Raises:
            LinkEnded: the association is over, by now.
        """
        if comment:
            comment = comment.encode("ascii", "replace").decode()
            self._send(context_id, response_to(request, status, error_comment=comment).encode(), None)
        else:
            self._send(context_id, plain_response(request, status), None)

    def _send(self, context_id: int, command: bytes, blocks: Iterable[Buffer] | None) -> None:
        self._check()
        if not self.is_established:
            self.give_up(Fate.PROTOCOL, "nothing can be sent in this state")
        try:
            for parts in self._frames(context_id, command, blocks):
                self.connection.send(parts)
        except ConnectionLost as error:
            self._last_words(str(error))
        except ConnectionStalled as error:
            self.give_up(Fate.STALLED, str(error))

    def release(self) -> None:
        """End in good order; what goes wrong on the way does not matter any more."""
        if self.ending is None and self.is_established:
            self._ask_for_release(RELEASE_SECONDS)
            self.end(Ending(fate=Fate.RELEASED))
        self.abort_now()

    def abort_now(self) -> None:
        """Send A-ABORT where that is possible, and close."""
        if not self._closed:
            self._abort()
        self.close()

    def close(self) -> None:
        """Close the connection and give up what was on its way in."""
        self._closed = True
        self.inbox.abandon(told(self.end(Ending(fate=Fate.CLOSED))))
        self.connection.close()

    def give_up(self, fate: Fate, detail: str) -> NoReturn:
        """Abort for a reason.

        Raises:
            LinkEnded: always.
        """
        ending = self.end(Ending(fate=fate, detail=detail))
        self.abort_now()
        raise LinkEnded(ending)

    def end(self, ending: Ending) -> Ending:
        """Note how the association ended, unless that is known already; return how it did."""
        self.ending = self.ending or ending
        return self.ending

    def interrupt(self) -> None:
        """Make the association's thread see the end of the connection; may be called from another thread."""
        self.connection.interrupt()

    @property
    def is_to_stop(self) -> bool:
        """Whether somebody wants the association to be over, whatever is under way."""
        return self.stop_requested.is_set() or self.connection.is_given_up()

    def _is_busy(self) -> bool:
        """Tell whether something would be lost by an abort."""
        return self.inbox.is_serving or self.inbox.in_the_middle or self.inbox.has_next

    def _check(self) -> None:
        if self.ending is not None:
            raise LinkEnded(self.ending)
        if self.is_to_stop or (self.wind_down.is_set() and not self._is_busy()):
            self.give_up(Fate.STOPPED, "")
        if self._release_asked:
            self.before_release()
            self._answer_release()
            raise LinkEnded(self.end(Ending(fate=Fate.RELEASED)))

    def _last_words(self, why: str) -> NoReturn:
        """Sending failed: there may be an A-ABORT to read that says why."""
        while self.ending is None and self._pump(0.0):
            pass
        raise LinkEnded(self.end(Ending(fate=Fate.CLOSED, detail=why)))


class UpperLayer(Protocol):
    """Makes links over sockets that are connected: the one thing in which network backends differ."""

    @abstractmethod
    def requestor(self, connection: Connection, *, store: Sink | None) -> Link:
        """Return our end of a connection that we made."""

    @abstractmethod
    def acceptor(
        self, connection: Connection, *, ae_title: str, max_pdu_length: int, store: Sink | None
    ) -> Link:
        """Return our end of a connection that came in."""


def _nothing() -> None:
    """Do nothing."""
