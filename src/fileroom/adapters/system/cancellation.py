"""Cancellation between the threads of one process."""

import threading

from fileroom.application.ports.cancellation import CancelSource


class ThreadCancelToken(CancelSource):
    """A flag that any thread, or a signal handler, raises with `cancel`."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Raise the flag, for good, and wake up who waits."""
        self._event.set()

    def is_cancelled(self) -> bool:
        """Tell whether the work should stop at the next safe point."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the flag is raised; returns `is_cancelled()`."""
        return self._event.wait(max(0.0, seconds))
