"""Listens for peers: storage, and query and retrieve over what is here."""

import logging
from dataclasses import dataclass

from fileroom.application.listener_activity import ListenerCounts, WatchedListener
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_server import (
    DicomServer,
    ListenerOptions,
    Listening,
    QueryHandler,
    RetrieveHandler,
    Services,
)
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.use_cases.receive_instance import ReceiveInstance
from fileroom.application.use_cases.recover_store import RecoverStore
from fileroom.domain.access import AccessPolicy
from fileroom.domain.errors import Cancelled, FileroomError

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
"""How long objects in flight may take to finish when the listener is told to stop."""
TICK_SECONDS = 0.25


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

    def started(self, info: ListenerInfo, listening: Listening, activity: WatchedListener) -> None:
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
        activity = WatchedListener(self._access, self._clock)
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
        log.info(
            "%s stopped listening: %d associations, %d objects stored, %d refused",
            info.ae_title,
            counts.associations_accepted,
            counts.objects_stored,
            counts.objects_refused,
        )
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
