"""From an operation to a task: its report becomes the end of the task, in the words of the command line."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.task_queue import TaskContext, TaskEnd, TaskWork
from fileroom.domain.task import TaskState
from fileroom.entrypoints.report import Printer, Report, Status, failures_in_words
from fileroom.entrypoints.tui.task_log import logged_by

TOLD_REASONS: Final = 100
"""Reasons of failures that a summary tells; more are counted."""
NAMED_FAILURES: Final = 5
"""Failures that are named for each of them."""
Work = Callable[[ProgressSink, CancelToken], Report]

_STATES: Final = {
    Status.SUCCESS: TaskState.SUCCEEDED,
    Status.PARTIAL: TaskState.PARTIAL,
    Status.FAILED: TaskState.FAILED,
    Status.CANCELLED: TaskState.CANCELLED,
}


class CollectingPrinter(Printer):
    """Keeps what is told as lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def raw(self, text: str) -> None:
        """Keep lines."""
        self.lines += text.splitlines()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
        """Keep rows as lines."""
        self.lines.append("  ".join(columns))
        before = len(self.lines)
        self.lines += ["  ".join(row) for row in rows]
        return len(self.lines) - before

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Keep names and values as lines."""
        self.lines += [f"{name}  {value}" for name, value in rows]

    def note(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def warning(self, text: str, hint: str = "") -> None:
        """Keep a warning."""
        self.lines.append(f"warning: {text}")
        if hint:
            self.lines.append(f"  hint: {hint}")


class _Courteous(ProgressSink):
    """Reports, and lets the screen's thread have its turn: of Python's threads only one runs at a time."""

    def __init__(self, sink: ProgressSink) -> None:
        self._sink = sink

    def report(self, progress: Progress) -> None:
        self._sink.report(progress)
        time.sleep(0)


def as_task(work: Work) -> TaskWork:
    """Return work for the queue."""

    def run(context: TaskContext) -> TaskEnd:
        with logged_by(context):
            report = work(_Courteous(context), context.cancel)
        return TaskEnd(state=_STATES[report.status], summary=tuple(summary_of(report)))

    return run


def summary_of(report: Report) -> list[str]:
    """Return the lines that a command line would print of a report."""
    printer = CollectingPrinter()
    if report.show is not None:
        report.show(printer)
    if report.error is not None:
        printer.lines.append(f"error: {report.error.message}")
        if report.error.hint:
            printer.lines.append(f"  hint: {report.error.hint}")
    for text, hint in failures_in_words(
        report.failures,
        reasons=TOLD_REASONS,
        names=NAMED_FAILURES,
        elsewhere="the same command on the command line names them all with --json",
    ):
        printer.warning(text, hint)
    return printer.lines
