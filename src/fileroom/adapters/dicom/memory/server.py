"""The server port in memory: a listener that drives the real handlers without a wire."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from fileroom.adapters.dicom.memory.network import (
    AcceptorEnd,
    Endpoint,
    MemoryNetwork,
    Proposal,
    rejection,
)
from fileroom.adapters.dicom.memory.served_association import ServedAssociation
from fileroom.application.ports.dicom_server import (
    Caller,
    DicomServer,
    ListenerOptions,
    Listening,
    RejectReason,
    Services,
)
from fileroom.domain.errors import (
    PeerDropped,
    PeerUnreachable,
)
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from fileroom.domain.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES

_EXIT_GRACE_SECONDS = 1.0

_QUERY_CLASSES = frozenset({PATIENT_ROOT_FIND, STUDY_ROOT_FIND})
_RETRIEVE_CLASSES = frozenset({PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, PATIENT_ROOT_GET, STUDY_ROOT_GET})


class MemoryDicomServer(DicomServer):
    """Listens on a network in memory."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    def listen(self, options: ListenerOptions, services: Services) -> AbstractContextManager[Listening]:
        """Start to listen."""
        listener = MemoryListener(self._network, options, services)
        listener.start()
        return _until_left(listener)


@contextmanager
def _until_left(listener: "MemoryListener") -> Iterator[Listening]:
    try:
        yield listener
    finally:
        listener.stop(_EXIT_GRACE_SECONDS)


class MemoryListener(Listening, Endpoint):
    """One address that answers."""

    def __init__(self, network: MemoryNetwork, options: ListenerOptions, services: Services) -> None:
        self.options = options
        self.services = services
        self._network = network
        self._address = (options.bind, options.port)
        self._open: set[ServedAssociation] = set()
        self._changed = threading.Condition()
        self._stopped = False

    def start(self) -> None:
        """Take the address.

        Raises:
            Conflict: it is in use.
            ConfigurationError: it cannot be bound.
        """
        self._address = self._network.bind(self.options.bind, self.options.port, self)

    @property
    def address(self) -> tuple[str, int]:
        """Address and port."""
        return self._address

    def active(self) -> int:
        """Return how many associations there are now."""
        with self._changed:
            return len(self._open)

    def is_accepting(self) -> bool:
        """Whether new associations are accepted."""
        with self._changed:
            return not self._stopped

    def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, wait for the objects in flight, abort what is left."""
        with self._changed:
            if self._stopped:
                return
            self._stopped = True
            self._network.detach(self._address)
        deadline = time.monotonic() + grace_seconds
        while left := self._left(deadline):
            for association in left:
                association.end("stopped")

    def _left(self, deadline: float) -> list[ServedAssociation]:
        """Return the associations to end now: those that do nothing, and all when the time is over."""
        with self._changed:
            while self._open:
                idle = [association for association in self._open if not association.busy]
                if idle:
                    return idle
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return list(self._open)
            return []

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Accept or refuse an association, as a listener on the wire does."""
        caller = Caller(
            calling_ae_title=proposal.calling_ae_title,
            called_ae_title=proposal.called_ae_title,
            address=proposal.address,
            port=proposal.port,
        )
        observer = self.services.observer
        if not observer.admits_address(caller.address):
            unknown = replace(caller, calling_ae_title="", called_ae_title="")
            observer.refused(unknown, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
            raise rejection(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        reason = observer.requested(caller)
        association = ServedAssociation(self, caller, proposal)
        with self._changed:
            if self._stopped:
                raise PeerUnreachable("the listener has stopped")
            if reason is None and len(self._open) >= self.options.max_associations:
                reason = RejectReason.LOCAL_LIMIT_EXCEEDED
            if reason is None:
                self._open.add(association)
        if reason is not None:
            observer.refused(caller, reason)
            raise rejection(reason)
        return association

    def left(self, association: ServedAssociation) -> bool:
        """Take an association off the list; False where it was off already."""
        with self._changed:
            known = association in self._open
            self._open.discard(association)
            self._changed.notify_all()
        return known

    @contextmanager
    def working(self, association: ServedAssociation) -> Iterator[None]:
        """Mark an association as one that `stop` waits for.

        Raises:
            PeerDropped: the listener stops, so that nothing more begins.
        """
        with self._changed:
            if self._stopped:
                raise PeerDropped("the listener has stopped")
            association.busy = True
        try:
            yield
        finally:
            with self._changed:
                association.busy = False
                self._changed.notify_all()

    def supported(self, sop_class_uid: str, requestor_is_scp: bool) -> Sequence[str] | None:  # noqa: FBT001
        """Return the transfer syntaxes for a class in a role, None where it is not offered."""
        services = self.services
        if sop_class_uid == VERIFICATION:
            return STORAGE_TRANSFER_SYNTAXES
        if sop_class_uid in _QUERY_CLASSES:
            return STORAGE_TRANSFER_SYNTAXES if services.query else None
        if sop_class_uid in _RETRIEVE_CLASSES:
            return STORAGE_TRANSFER_SYNTAXES if services.retrieve else None
        handler = services.retrieve if requestor_is_scp else services.store
        return STORAGE_TRANSFER_SYNTAXES if handler and sop_class_uid in self.options.sop_class_uids else None
