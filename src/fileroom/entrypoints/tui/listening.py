"""The listener of this program: started and stopped in a thread of its own, and looked at now and then."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.domain.errors import FileroomError

if TYPE_CHECKING:
    from fileroom.application.listener_activity import (
        ListenerCounts,
        ListenerEvent,
        OpenAssociation,
        WatchedListener,
    )
    from fileroom.application.ports.cancellation import CancelSource
    from fileroom.application.ports.dicom_server import Listening
    from fileroom.application.ports.listener_presence import ListenerInfo
    from fileroom.entrypoints.container import Container

SECONDS: Final = 60
"""Of the past that rates are kept for."""


class ListenerState(StrEnum):
    """Where the listener stands."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    STOPPING = "stopping"


class Rates:
    """Objects and bytes of each second of the last minute."""

    def __init__(self) -> None:
        self.objects: deque[float] = deque([0.0] * SECONDS, SECONDS)
        self.bytes: deque[float] = deque([0.0] * SECONDS, SECONDS)
        self._at: float | None = None
        self._before = (0, 0)

    def note(self, at: float, objects: int, received: int) -> bool:
        """Take the totals of a moment (seconds); tells whether another second is over."""
        if self._at is None:
            self._at = at  # what came before anybody looked counts for the first second
            return False
        spent = at - self._at
        if spent < 1.0:
            return False
        for _ in range(min(int(spent), SECONDS)):
            self.objects.append((objects - self._before[0]) / spent)
            self.bytes.append((received - self._before[1]) / spent)
        self._at, self._before = at, (objects, received)
        return True


class _Unheard(ProgressSink):
    """The screen looks at the counts itself."""

    def report(self, progress: Progress) -> None:
        """Drop it."""


class ListenerRun:
    """One listener at a time; every method may be called from any thread."""

    def __init__(self, container: "Container") -> None:
        """Nothing is opened before it is started."""
        self._container = container
        self._guard = threading.Lock()
        """Of `state`, which goes on from what it is."""
        self._thread: threading.Thread | None = None
        self._cancel: CancelSource | None = None
        self._activity: WatchedListener | None = None
        self.state = ListenerState.OFF
        self.info: ListenerInfo | None = None
        """Who listens where; None while nobody does."""
        self.started_at = 0.0
        """On the monotonic clock."""
        self.error: FileroomError | None = None
        """Why the latest start failed, or why it ended by itself."""
        self.rates = Rates()

    @property
    def is_on(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state is not ListenerState.OFF

    @property
    def associations(self) -> "Sequence[OpenAssociation]":
        """Who is connected now."""
        return self._activity.associations() if self._activity is not None and self.is_on else ()

    @property
    def events(self) -> "Sequence[ListenerEvent]":
        """What went wrong last, also after the listener was stopped."""
        return self._activity.events() if self._activity is not None else ()

    @property
    def counts(self) -> "ListenerCounts | None":
        """What has happened since the latest start."""
        return self._activity.counts() if self._activity is not None else None

    def start(self) -> None:
        """Start in a thread; what becomes of it is seen in `state` and `error`."""
        with self._guard:
            if self.is_on:
                return
            self.state, self.error = ListenerState.STARTING, None
            self._cancel = self._container.cancel_token()
            self._thread = threading.Thread(
                target=self._run, args=(self._cancel,), name="listener", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Ask it to end: objects in flight are finished first."""
        with self._guard:
            if self._cancel is None or not self.is_on:
                return
            self.state = ListenerState.STOPPING
            self._cancel.cancel()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, and tell whether it has in time."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def look(self) -> None:
        """Note how much has come; called several times a second."""
        counts = self.counts
        if counts is not None and self.is_on:
            self.rates.note(time.monotonic(), counts.objects_stored + counts.duplicates, counts.bytes)

    def _run(self, cancel: "CancelSource") -> None:
        from fileroom.application.use_cases.run_listener import ListenerStarted

        run = self

        class Started(ListenerStarted):
            def started(
                self, info: "ListenerInfo", listening: "Listening", activity: "WatchedListener"
            ) -> None:
                run._begin(info, activity)

        try:
            listener = self._container.run_listener()
            listener.execute(progress=_Unheard(), cancel=cancel, started=Started())
        except FileroomError as error:
            self.error = error
        except Exception as error:
            import logging

            logging.getLogger(__name__).exception("the listener failed")
            self.error = FileroomError(
                f"this is a bug in fileroom ({type(error).__name__})", hint="the traceback is in the log"
            )
        finally:
            with self._guard:
                self.info, self.state = None, ListenerState.OFF

    def _begin(self, info: "ListenerInfo", activity: "WatchedListener") -> None:
        with self._guard:
            self._activity, self.info, self.rates = activity, info, Rates()
            self.started_at = time.monotonic()
            if self.state is ListenerState.STARTING:
                self.state = ListenerState.ON
