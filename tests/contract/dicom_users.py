"""Service class users that server adapters are tested with: in memory, and a plain pynetdicom requestor."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fileroom.adapters.dicom.memory.network import AcceptorEnd, Arrival, MemoryNetwork, Proposal
from fileroom.application.ports.dicom_client import MoveOriginator, ProposedContext, RetrieveStep
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import FileroomError, PeerDropped
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.dicom_handlers import WAIT_SECONDS

T = TypeVar("T")
Contexts = Sequence[tuple[str, Sequence[str]]]

BOTH = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
ALL: Contexts = (
    (VERIFICATION, BOTH),
    (CT_IMAGE_STORAGE, (EXPLICIT_VR_LITTLE_ENDIAN,)),
    (STUDY_ROOT_FIND, BOTH),
    (STUDY_ROOT_MOVE, BOTH),
    (STUDY_ROOT_GET, BOTH),
    (PATIENT_ROOT_FIND, BOTH),
    (PATIENT_ROOT_MOVE, BOTH),
    (PATIENT_ROOT_GET, BOTH),
)


@dataclass
class Got:
    """What a C-GET brought."""

    steps: list[RetrieveStep] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    status: int = 0
    """To answer to every object."""


class PendingStore(ABC):
    """An object of which the first half was sent."""

    @abstractmethod
    def finish(self) -> StoreReply:
        """Send the rest and wait for the answer."""


class UserAssociation(ABC):
    """An association that a user opened."""

    @property
    @abstractmethod
    def accepted(self) -> dict[tuple[str, str], bool]:
        """Accepted abstract and transfer syntaxes, and whether the roles are turned round."""

    @abstractmethod
    def echo(self) -> int: ...

    @abstractmethod
    def store(
        self,
        data: bytes,
        *,
        uid: str = a_uid(1, 1, 1),
        sop_class_uid: str = CT_IMAGE_STORAGE,
        transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
        originator: MoveOriginator | None = None,
    ) -> StoreReply: ...

    @abstractmethod
    def begin_store(self, data: bytes) -> PendingStore:
        """Send all but the last bytes of an object."""

    @abstractmethod
    def find(self, query: Query, *, cancel_after: int = -1) -> list[tuple[int, Attributes | None]]: ...

    @abstractmethod
    def move(
        self, selection: Selection, destination: str, *, message_id: int = 1, cancel_after: int = -1
    ) -> list[RetrieveStep]: ...

    @abstractmethod
    def get(self, selection: Selection, *, status: int = 0, cancel_after: int = -1) -> Got: ...

    @abstractmethod
    def release(self) -> None: ...

    @abstractmethod
    def abort(self) -> None: ...

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether the other side has ended it."""


class User(ABC):
    """Opens associations."""

    @abstractmethod
    def associate(
        self,
        address: tuple[str, int],
        contexts: Contexts = ALL,
        *,
        calling: str = "USER",
        called: str = "FILEROOM",
        scp_roles: Iterable[str] = (),
    ) -> UserAssociation:
        """Open one.

        Raises:
            AssociationRejected: it was rejected.
            PeerUnreachable: nobody listens.
        """

    @abstractmethod
    def stop(self) -> None:
        """End what is left."""


class MemoryUser(User):
    """A user on a network in memory."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    def associate(
        self,
        address: tuple[str, int],
        contexts: Contexts = ALL,
        *,
        calling: str = "USER",
        called: str = "FILEROOM",
        scp_roles: Iterable[str] = (),
    ) -> UserAssociation:
        proposal = Proposal(
            calling_ae_title=calling,
            called_ae_title=called,
            contexts=tuple(
                ProposedContext(sop_class_uid=uid, transfer_syntax_uids=tuple(syntaxes))
                for uid, syntaxes in contexts
            ),
            scp_roles=frozenset(scp_roles),
        )
        return MemoryAssociation(self._network.connect(*address).associate(proposal))

    def stop(self) -> None:
        """There is nothing to end."""


class MemoryAssociation(UserAssociation):
    def __init__(self, end: AcceptorEnd) -> None:
        self._end = end
        self._pending: MemoryPendingStore | None = None

    @property
    def accepted(self) -> dict[tuple[str, str], bool]:
        return {
            (context.sop_class_uid, context.transfer_syntax_uid): context.requestor_is_scp
            for context in self._end.contexts
        }

    def echo(self) -> int:
        return self._end.echo()

    def store(
        self,
        data: bytes,
        *,
        uid: str = a_uid(1, 1, 1),
        sop_class_uid: str = CT_IMAGE_STORAGE,
        transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
        originator: MoveOriginator | None = None,
    ) -> StoreReply:
        assert (sop_class_uid, transfer_syntax_uid) in self.accepted
        return self._end.store(
            Arrival(
                sop_class_uid=sop_class_uid,
                sop_instance_uid=uid,
                transfer_syntax_uid=transfer_syntax_uid,
                slices=(data[start : start + 65536] for start in range(0, len(data), 65536)),
                originator=originator,
            )
        )

    def begin_store(self, data: bytes) -> PendingStore:
        self._pending = MemoryPendingStore(self._end, data)
        return self._pending

    def find(self, query: Query, *, cancel_after: int = -1) -> list[tuple[int, Attributes | None]]:
        return list(self._told(self._end.find(query), cancel_after))

    def move(
        self, selection: Selection, destination: str, *, message_id: int = 1, cancel_after: int = -1
    ) -> list[RetrieveStep]:
        return list(self._told(self._end.move(selection, AeTitle(destination), message_id), cancel_after))

    def get(self, selection: Selection, *, status: int = 0, cancel_after: int = -1) -> Got:
        got = Got(status=status)

        def take(arrival: Arrival) -> StoreReply:
            got.objects[arrival.sop_instance_uid] = b"".join(arrival.slices)
            return StoreReply(status=status)

        got.steps += self._told(self._end.get(selection, take), cancel_after)
        return got

    def _told(self, answers: Iterator[T], cancel_after: int) -> Iterator[T]:
        for number, answer in enumerate(answers, start=1):
            yield answer
            if number == cancel_after:
                self._end.cancel()

    def release(self) -> None:
        self._end.release()

    def abort(self) -> None:
        if self._pending is not None:
            self._pending.abort()
        self._end.abort()

    @property
    def is_over(self) -> bool:
        try:
            self._end.echo()
        except FileroomError:
            return True
        return False


class MemoryPendingStore(PendingStore):
    def __init__(self, end: AcceptorEnd, data: bytes) -> None:
        self._go_on = threading.Event()
        self._half_sent = threading.Event()
        self._aborted = False
        self._outcome: StoreReply | FileroomError | None = None
        middle = len(data) // 2

        def slices() -> Iterator[bytes]:
            yield data[:middle]
            self._half_sent.set()
            assert self._go_on.wait(WAIT_SECONDS)
            if self._aborted:
                raise PeerDropped("the user aborted")
            yield data[middle:]

        def work() -> None:
            try:
                self._outcome = end.store(
                    Arrival(
                        sop_class_uid=CT_IMAGE_STORAGE,
                        sop_instance_uid=a_uid(1, 1, 1),
                        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
                        slices=slices(),
                    )
                )
            except FileroomError as error:
                self._outcome = error

        self._thread = threading.Thread(target=work)
        self._thread.start()
        assert self._half_sent.wait(WAIT_SECONDS)

    def finish(self) -> StoreReply:
        self._go_on.set()
        self._thread.join(WAIT_SECONDS)
        if isinstance(self._outcome, StoreReply):
            return self._outcome
        raise PeerDropped(str(self._outcome))

    def abort(self) -> None:
        self._aborted = True
        self._go_on.set()
        self._thread.join(WAIT_SECONDS)
