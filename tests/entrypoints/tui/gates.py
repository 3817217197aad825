"""Work for the queue that a test holds in its hands."""

import threading

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.domain.errors import Cancelled
from fileroom.entrypoints.report import Failure, Report, Status

SECONDS = 20.0


class Gate:
    """An operation that begins, reports, and ends when it is let or asked to."""

    def __init__(self, *, is_deaf: bool = False) -> None:
        """Without ears it does not hear that it is cancelled."""
        self.may_end = threading.Event()
        self.began = threading.Event()
        self._is_deaf = is_deaf

    def __call__(self, progress: ProgressSink, cancel: CancelToken) -> Report:
        progress.report(Progress(task="importing", done=2, total=8, failed=1, item="/data/in/x.dcm"))
        self.began.set()
        for _ in range(int(SECONDS / 0.01)):
            if self.may_end.wait(0.01):
                return succeeded("3 files filed")
            if cancel.is_cancelled() and not self._is_deaf:
                return Report(status=Status.CANCELLED, show=lambda output: output.note("2 of 8 filed"))
        raise AssertionError("nobody let it end")


def succeeded(told: str) -> Report:
    """Return the report of an operation in which all went well."""
    return Report(show=lambda output: output.note(told))


def failing(progress: ProgressSink, cancel: CancelToken) -> Report:
    """Do a part of it."""
    del progress, cancel
    failures = [
        Failure(what=f"file {number}", why="it is no DICOM file", hint="look at it") for number in range(3)
    ]
    return Report(
        status=Status.PARTIAL, failures=failures, show=lambda output: output.note("1 of 4 files filed")
    )


def cancelled(progress: ProgressSink, cancel: CancelToken) -> Report:
    """End as a use case does that is cancelled."""
    del progress
    assert cancel.wait(SECONDS)
    raise Cancelled("cancelled")
