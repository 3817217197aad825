"""What remote nodes ask of us (the SCP role of PS3.4), and what answers them.

A server adapter knows the wire; the handlers that it drives know what to do. All handlers are called from the
threads of the associations, many at once.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer import SubOperations


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is at the other end of an association."""

    calling_ae_title: str
    called_ae_title: str
    address: str
    """IP address."""
    port: int

    def __str__(self) -> str:
        """Write it for people and logs."""
        return f"{self.calling_ae_title} at {self.address}" if self.calling_ae_title else self.address


class RejectReason(Enum):
    """Why an association is refused: result, source and reason of A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    CALLING_AE_TITLE_NOT_RECOGNIZED = (1, 1, 3)
    CALLED_AE_TITLE_NOT_RECOGNIZED = (1, 1, 7)
    NO_REASON = (1, 1, 1)
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = (1, 1, 2)
    LOCAL_LIMIT_EXCEEDED = (2, 3, 2)
    TEMPORARY_CONGESTION = (2, 3, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreRequest:
    """A C-STORE request, before its data set (PS3.7 9.1.1)."""

    caller: Caller
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    """Of the presentation context."""
    move_originator_ae_title: str = ""
    """Whose C-MOVE this is a sub-operation of, '' where it is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreReply:
    """What to answer to a C-STORE."""

    status: int
    error_comment: str = ""
    """(0000,0902), at most 64 characters are sent."""


class Reception(Protocol):
    """One incoming object; used by one thread, ended by exactly one of `finish` and `abandon`."""

    @abstractmethod
    def feed(self, parts: Sequence[memoryview]) -> None:
        """Take bytes of the data set; the views are valid during the call only.

        Never raises: trouble is kept until `finish` tells it.
        """

    @abstractmethod
    def adopt(self, path: Path, data_offset: int) -> None:
        """Take a whole object from a temporary file instead of `feed`; the file belongs to the reception."""

    @abstractmethod
    def finish(self) -> StoreReply:
        """File the object and return what to answer; only now may success be answered. Never raises."""

    @abstractmethod
    def abandon(self, why: str) -> None:
        """Leave nothing behind: the association was aborted, went silent, or broke the protocol. Never raises."""


class StoreHandler(Protocol):
    """Takes objects."""

    @abstractmethod
    def begin(self, request: StoreRequest) -> Reception:
        """Start to take an object. Never raises."""

    def settle(self) -> None:
        """Have readers of the catalog find all that was answered with success; called before a release is answered.

        Never raises.
        """
        return  # nothing was put off


class QueryHandler(Protocol):
    """Answers queries."""

    @abstractmethod
    def find(self, caller: Caller, query: Query) -> Iterator[Attributes]:
        """Yield the matches; closed early when the peer cancels.

        Raises:
            InvalidInput: the identifier does not fit the SOP class (answered A900H).
            FileroomError: it could not be answered (answered C000H).
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedStep:
    """How far a C-MOVE or C-GET is that we serve."""

    status: int
    """FF00H while it goes on; the last step has the final status."""
    counters: SubOperations
    failed_sop_instance_uids: tuple[str, ...] = ()
    error_comment: str = ""


class SubOperationSender(Protocol):
    """Sends objects back over the association of a C-GET."""

    @abstractmethod
    def send(self, source: OutgoingObject) -> StoreReply:
        """Send one object as a C-STORE sub-operation and return the answer's status.

        Raises:
            NoAcceptedContext: the requestor proposed no fitting context with the SCP role for itself.
            NotFound: the object is gone.
            Unreadable: the object could not be read.
            PeerError: the association is lost.
        """


class RetrieveHandler(Protocol):
    """Serves C-MOVE and C-GET; closing the iterator (C-CANCEL, or the association's end) stops it."""

    @abstractmethod
    def move(
        self, caller: Caller, selection: Selection, destination: AeTitle, message_id: int
    ) -> Iterator[ServedStep]:
        """Send what is selected to a registered node; the final step has A801H where it is unknown."""

    @abstractmethod
    def get(self, caller: Caller, selection: Selection, sender: SubOperationSender) -> Iterator[ServedStep]:
        """Send what is selected through `sender`."""


class AssociationObserver(Protocol):
    """Decides on and hears of associations."""

    def admits_address(self, address: str) -> bool:
        """Tell whether an IP address may call at all; asked as soon as a connection comes, must be quick.

        Where it may not, `refused` is called at once, with a caller of no titles, and `requested` never.
        """
        return True

    @abstractmethod
    def requested(self, caller: Caller) -> RejectReason | None:
        """Return None to accept. Called before anything else is done for the association; must be quick."""

    @abstractmethod
    def ended(self, caller: Caller, why: str) -> None:
        """Hear that an accepted association is over, and why: `released`, `aborted by peer`, `silent` and the like."""

    @abstractmethod
    def refused(self, caller: Caller, reason: RejectReason) -> None:
        """Hear that an association was refused.

        By its address, by `requested`, because the limit is reached, because an AE title is none, or with NO_REASON
        because the request cannot be read. The titles are for people then, and may be empty.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What a listener offers; a service without a handler is not negotiated (C-ECHO always is)."""

    observer: AssociationObserver
    store: StoreHandler | None = None
    query: QueryHandler | None = None
    retrieve: RetrieveHandler | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerOptions:
    """How to listen."""

    ae_title: AeTitle
    """Ours; whether others may be called decides the observer."""
    bind: str = "127.0.0.1"
    """Address to bind to."""
    port: int = 0
    """0 asks the system for a free one."""
    max_associations: int = 32
    """Associations at once; one more is refused with LOCAL_LIMIT_EXCEEDED."""
    idle_timeout: float = 60.0
    """Seconds of silence after which an association is aborted; before it stands, 10 at most (ARTIM)."""
    max_pdu_length: int = 262144
    """What we announce; 0 is unlimited."""
    sop_class_uids: tuple[str, ...] = ()
    """Storage SOP classes to accept."""


class Listening(Protocol):
    """A listener that runs."""

    @property
    @abstractmethod
    def address(self) -> tuple[str, int]:
        """Address and port that it is bound to."""

    @abstractmethod
    def active(self) -> int:
        """Return how many associations there are now."""

    @abstractmethod
    def is_accepting(self) -> bool:
        """Whether new connections are accepted: from the start until `stop`, unless something broke."""

    @abstractmethod
    def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, let the objects in flight finish for at most that long, then abort what is left.

        Returns when every thread of the listener has ended. Does nothing the second time.
        """


class DicomServer(Protocol):
    """Listens for peers."""

    @abstractmethod
    def listen(self, options: ListenerOptions, services: Services) -> AbstractContextManager[Listening]:
        """Start to listen; returns when connections are accepted. Leaving the context stops with a short grace.

        Raises:
            Conflict: the address is in use.
            ConfigurationError: it cannot be bound (no such address, no permission).
        """
