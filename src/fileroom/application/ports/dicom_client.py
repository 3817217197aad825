"""What we ask of remote nodes (the SCU role of PS3.4)."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from fileroom.application.ports.cancellation import NEVER, CancelToken
from fileroom.application.ports.dicom_server import StoreHandler
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer import SubOperations


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A remote node as the wire needs it."""

    ae_title: AeTitle
    """Called AE title."""
    host: str
    port: int
    character_set: str = ""
    """Specific Character Set to assume where the peer names none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoAnswer:
    """What a C-ECHO told."""

    status: int
    """DIMSE status."""
    associate_seconds: float
    """From connecting to the association's acceptance."""
    echo_seconds: float
    """From the request to its answer."""
    implementation_class_uid: str
    """(0002,0012) of the peer, '' where it gave none."""
    implementation_version: str
    """The peer's implementation version name, '' where it gave none."""
    max_pdu_length: int
    """Maximum length of a P-DATA-TF PDU that the peer accepts; 0 is unlimited."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveStep:
    """One C-MOVE or C-GET response."""

    status: int
    """DIMSE status; the last step has the final one."""
    counters: SubOperations
    """Sub-operation counters, as far as the peer gives them."""
    failed_sop_instance_uids: tuple[str, ...] = ()
    """(0008,0058) of the final response."""
    error_comment: str = ""
    """(0000,0902)"""

    @property
    def is_final(self) -> bool:
        """Whether the operation is over (PS3.7 9.1.4: anything but Pending)."""
        return self.status not in (0xFF00, 0xFF01)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposedContext:
    """A presentation context to propose: one abstract syntax and the transfer syntaxes for it, best first."""

    sop_class_uid: str
    transfer_syntax_uids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveOriginator:
    """Who asked for the C-STORE that is a sub-operation of a C-MOVE (PS3.7 9.1.1.1.6)."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreAnswer:
    """The answer to one C-STORE."""

    status: int
    """DIMSE status."""
    seconds: float
    """From the first byte of the request to the answer."""
    error_comment: str = ""
    """(0000,0902)"""


class StoreSession(AbstractContextManager["StoreSession"], Protocol):
    """One association for many objects; used by one thread; leaving the context releases it."""

    @abstractmethod
    def accepted_syntaxes(self, sop_class_uid: str) -> frozenset[str]:
        """Return the transfer syntaxes in which the peer takes objects of a class on this association."""

    @abstractmethod
    def send(
        self,
        source: OutgoingObject,
        originator: MoveOriginator | None = None,
        *,
        following: OutgoingObject | None = None,
    ) -> StoreAnswer:
        """Send one object as it is, byte for byte, and wait for the answer, whatever its status.

        `following` is likely to be sent next: it may be opened and read ahead while the peer thinks. What is wrong
        with it is told when its turn comes.

        After PeerSilent, PeerDropped or PeerBrokeProtocol the session is dead.

        Raises:
            NoAcceptedContext: the peer did not accept the object's class in its transfer syntax.
            NotFound: the object is gone.
            Unreadable: the object could not be read; where that happened in the middle, the session is dead.
            PeerSilent: no answer within the time-out for silence.
            PeerDropped: the association ended.
            PeerBrokeProtocol: what came was no answer to this.
        """


class DicomClient(Protocol):
    """Talks to peers as a service class user. Safe to use from several threads.

    A `cancel` ends the wait for a connection, and for the association, at once; an operation that is under way ends as
    its method says, and a peer that stays silent after it is given up within seconds.

    Every method that opens an association raises:
        PeerUnreachable: no connection could be made.
        AssociationRejected: the peer said no; result, source and reason are told.
        NoAcceptedContext: the peer accepts none of the presentation contexts that are needed.
        PeerSilent: nothing came within the time-out for silence; each response restarts it.
        PeerDropped: the peer closed or aborted the association.
        PeerBrokeProtocol: the peer sent what PS3.7 or PS3.8 does not allow.
        Cancelled: `cancel` was raised before the association stood.
    """

    @abstractmethod
    def echo(self, peer: Peer, cancel: CancelToken = NEVER) -> EchoAnswer:
        """Verify communication (C-ECHO, PS3.4 A); `cancel` aborts it."""

    @abstractmethod
    def find(self, peer: Peer, query: Query, cancel: CancelToken) -> Iterator[Attributes]:
        """Query (C-FIND, PS3.4 C.4.1); yields each match as it comes, values decoded by its Specific Character Set.

        A match names each requested key as it was asked for, by keyword or by number. Keys with characters beyond
        ASCII are sent with a Specific Character Set that holds them. Closing the
        iterator early, or `cancel`, sends C-CANCEL, waits for the end in good order, and releases the association.

        Raises:
            InvalidInput: a keyword is unknown (the nearest ones are named) or a value does not fit its VR.
            PeerFailed: the final status is a failure.
            QueryCutShort: the final status is a warning; what was yielded before is good, but not all.
            Cancelled: `cancel` was raised.
        """

    @abstractmethod
    def move(
        self, peer: Peer, selection: Selection, destination: AeTitle, cancel: CancelToken
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects to `destination` (C-MOVE, PS3.4 C.4.2); yields each response, the final one last.

        A failure status is yielded, not raised: the caller knows what arrived. `cancel` sends C-CANCEL once and goes
        on yielding until the final response; closing the iterator early sends it too and waits for the end.
        """

    @abstractmethod
    def get(
        self,
        peer: Peer,
        selection: Selection,
        sop_class_uids: Sequence[str],
        handler: StoreHandler,
        cancel: CancelToken,
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects over this association (C-GET, PS3.4 C.4.3); like `move` otherwise.

        `sop_class_uids` are the storage classes to propose, most wanted first; those beyond what one association holds
        (128 contexts) are left out. Each object that comes goes to `handler`.
        """

    @abstractmethod
    def open_store(
        self, peer: Peer, contexts: Sequence[ProposedContext], cancel: CancelToken = NEVER
    ) -> StoreSession:
        """Open an association for sending. After `cancel` an object that is under way is still sent and answered.

        Raises:
            InvalidInput: more than 128 contexts, or none.
        """

    @abstractmethod
    def local_address(self, peer: Peer) -> str:
        """Return the address of this machine on the way to the peer, '' where it cannot be told; sends nothing."""
