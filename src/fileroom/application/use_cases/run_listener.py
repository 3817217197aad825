"""Listens for peers: storage, and query and retrieve over what is here."""

import logging
import threading
from collections import Counter
from dataclasses import dataclass

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_server import (
    AssociationObserver,
    Caller,
    DicomServer,
    ListenerOptions,
    Listening,
    QueryHandler,
    RejectReason,
    RetrieveHandler,
    Services,
    StoreRequest,
)
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.use_cases.receive_instance import (
    SUCCESS,
    Received,
    ReceiveInstance,
    ReceptionObserver,
)
from fileroom.application.use_cases.recover_store import RecoverStore
from fileroom.domain.access import AccessPolicy
from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.domain.filing import FilingOutcome

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
"""How long objects in flight may take to finish when the listener is told to stop."""
TICK_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerCounts:
    """What happened at a listener since its start."""

    associations_accepted: int = 0
    associations_refused: int = 0
    objects_stored: int = 0
    """Filed anew; replaced ones included."""
    duplicates: int = 0
    """Answered with success, here already (or kept by policy)."""
    objects_refused: int = 0
    """Answered with a failure."""
    objects_abandoned: int = 0
    """Did not arrive whole."""
    bytes: int = 0
    """Bytes of the data sets that were answered with success."""


_AFTER_ADMISSION = frozenset({RejectReason.LOCAL_LIMIT_EXCEEDED, RejectReason.TEMPORARY_CONGESTION})


class ListenerActivity(AssociationObserver, ReceptionObserver):
    """Lets in who is allowed, and counts; safe to use from many threads."""

    def __init__(self, access: AccessPolicy) -> None:
        """Let in whom `access` allows."""
        self._access = access
        self._guard = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._filed: Counter[Caller] = Counter()
        """Objects that were answered with success, by association."""

    def admits_address(self, address: str) -> bool:
        """Decide by the allowlist of addresses."""
        return self._access.allows_address(address)

    def requested(self, caller: Caller) -> RejectReason | None:
        """Decide by the allowlists."""
        if not self._access.allows_calling(caller.calling_ae_title):
            return RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
        if not self._access.allows_called(caller.called_ae_title):
            return RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED
        log.info("association from %s", caller)
        self._count(associations_accepted=1)
        return None

    def ended(self, caller: Caller, why: str) -> None:
        """Note the end of an association."""
        with self._guard:
            filed = self._filed.pop(caller, 0)
        log.info("association from %s ended: %s, %d objects filed", caller, why, filed)

    def refused(self, caller: Caller, reason: RejectReason) -> None:
        """Note that somebody was refused."""
        log.warning("association from %s refused: %s", caller, self._why_refused(caller, reason))
        if reason in _AFTER_ADMISSION:
            self._count(associations_accepted=-1)  # let in by `requested`, and turned away after that
        self._count(associations_refused=1)

    def _why_refused(self, caller: Caller, reason: RejectReason) -> str:
        """Say which list it was: the standard has one reason for both."""
        if reason is RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED:
            if not self._access.allows_address(caller.address):
                return "its address is not in allowed_peers"
            if not self._access.allows_calling(caller.calling_ae_title):
                return "its AE title is not in allowed_calling_ae_titles"
        return reason.name.lower().replace("_", " ")

    def received(self, received: Received) -> None:
        """Count an object."""
        if received.reply.status != SUCCESS:
            self._count(objects_refused=1)
            return
        is_new = received.outcome in (FilingOutcome.STORED, FilingOutcome.REPLACED)
        request, counts = received.request, self._counts
        if is_new:
            # Not at INFO: a line for each object costs as much as the object.
            log.debug("stored instance %s from %s", request.sop_instance_uid, request.caller)
        with self._guard:
            counts["objects_stored" if is_new else "duplicates"] += 1
            counts["bytes"] += received.size
            self._filed[request.caller] += 1

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """Count an object that did not arrive whole."""
        self._count(objects_abandoned=1)

    def _count(self, **more: int) -> None:
        with self._guard:
            self._counts.update(more)

    def counts(self) -> ListenerCounts:
        """Return the counts as they are now."""
        with self._guard:
            return ListenerCounts(**self._counts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerResult:
    """What happened at the listener, from start to stop."""

    ae_title: str
    bind: str
    port: int
    counts: ListenerCounts
    recovered: int
    """Objects that a process which died had left out of the catalog."""
    uptime_seconds: float


class ListenerStarted:
    """Hears that the listener accepts connections. Does nothing by itself."""

    def started(self, info: ListenerInfo, listening: Listening, activity: ListenerActivity) -> None:
        """The listener is bound and accepts."""


class RunListener:
    """Runs a listener until it is cancelled."""

    def __init__(
        self,
        *,
        server: DicomServer,
        presence: ListenerPresence,
        receive: ReceiveInstance,
        recover: RecoverStore,
        query: QueryHandler | None,
        retrieve: RetrieveHandler | None,
        access: AccessPolicy,
        options: ListenerOptions,
        clock: Clock,
        process: int,
        files_into: str,
    ) -> None:
        """Use these; without `query` and `retrieve` it only stores. `files_into` names the catalog and the store."""
        self._server = server
        self._presence = presence
        self._receive = receive
        self._recover = recover
        self._query = query
        self._retrieve = retrieve
        self._access = access
        self._options = options
        self._clock = clock
        self._process = process
        self._files_into = files_into

    def execute(
        self, *, progress: ProgressSink, cancel: CancelToken, started: ListenerStarted | None = None
    ) -> ListenerResult:
        """Listen; `cancel` ends it in good order: objects in flight are finished, then the counts are returned.

        Raises:
            Conflict: the address is in use, or another listener runs for this data directory.
            ConfigurationError: the address cannot be bound.
            StorageError: what a dead process left could not be put right.
            FileroomError: it stopped accepting by itself.
        """
        begun = self._clock.monotonic()
        activity = ListenerActivity(self._access)
        services = Services(
            observer=activity,
            store=self._receive.observed_by(activity),
            query=self._query,
            retrieve=self._retrieve,
        )
        with self._server.listen(self._options, services) as listening:
            bind, port = listening.address
            info = ListenerInfo(
                ae_title=self._options.ae_title,
                bind=bind,
                port=port,
                process=self._process,
                files_into=self._files_into,
            )
            with self._presence.announce(info):
                recovered = self._put_right(progress, cancel)
                log.info("%s listens at %s port %d", info.ae_title, bind, port)
                if started is not None:
                    started.started(info, listening, activity)
                while not cancel.wait(TICK_SECONDS):
                    if not listening.is_accepting():
                        raise FileroomError(
                            "the listener accepts no connections any more",
                            hint="see the log, and start it again",
                        )
                    progress.report(_progress(activity.counts()))
                listening.stop(GRACE_SECONDS)
                self._receive.settle()
        counts = activity.counts()
        log.info("%s stopped listening: %s", info.ae_title, counts)
        return ListenerResult(
            ae_title=info.ae_title,
            bind=bind,
            port=port,
            counts=counts,
            recovered=recovered,
            uptime_seconds=self._clock.monotonic() - begun,
        )

    def _put_right(self, progress: ProgressSink, cancel: CancelToken) -> int:
        try:
            return self._recover.execute(progress=progress, cancel=cancel).catalogued
        except Cancelled:  # the listener ends in good order, and the next start tries again
            return 0


def _progress(counts: ListenerCounts) -> Progress:
    return Progress(
        task="listening",
        done=counts.objects_stored + counts.duplicates,
        failed=counts.objects_refused + counts.objects_abandoned,
        bytes_done=counts.bytes,
    )
