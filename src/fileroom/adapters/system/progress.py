"""Progress that nobody watches, and progress that a test looks at afterwards."""

import threading

from fileroom.application.ports.progress import Progress, ProgressSink


class NullProgress(ProgressSink):
    """Forgets what it is told."""

    def report(self, progress: Progress) -> None:
        """Do nothing."""


class RecordingProgress(ProgressSink):
    """Remembers all reports, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: list[Progress] = []

    def report(self, progress: Progress) -> None:
        """Remember how far the work is."""
        with self._lock:
            self._reports.append(progress)

    @property
    def reports(self) -> tuple[Progress, ...]:
        """What was reported so far."""
        with self._lock:
            return tuple(self._reports)

    @property
    def last(self) -> Progress | None:
        """The latest report; None before the first."""
        with self._lock:
            return self._reports[-1] if self._reports else None
