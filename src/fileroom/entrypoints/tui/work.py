"""From an operation to a task: its report becomes the end of the task, in the words of the command line."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.task_queue import TaskContext, TaskEnd, TaskWork
from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.domain.task import TaskState
from fileroom.entrypoints.report import Printer, Report, Status, ended_by, failures_in_words
from fileroom.entrypoints.tui.task_log import logged_by
from fileroom.entrypoints.tui.words import as_keys

TOLD_REASONS: Final = 100
"""Reasons of failures that a summary tells; more are counted."""
NAMED_FAILURES: Final = 5
"""Failures that are named for each of them."""
TEXT_LINES: Final = 10_000
"""Lines of its text that a task keeps."""
SUMMARY_LINES: Final = 200
"""Lines of data in a summary, which is kept in the history."""
Work = Callable[[ProgressSink, CancelToken], Report]

_STATES: Final = {
    Status.SUCCESS: TaskState.SUCCEEDED,
    Status.PARTIAL: TaskState.PARTIAL,
    Status.FAILED: TaskState.FAILED,
    Status.CANCELLED: TaskState.CANCELLED,
}


class TaskText:
    """What a task has to show, up to a bound: it is kept for as long as the program runs, and written nowhere."""

    def __init__(self, most: int = TEXT_LINES) -> None:
        self.lines: list[str] = []
        self.is_full = False
        """There was more than it keeps."""
        self._most = most

    def take(self, lines: Iterable[str]) -> None:
        """Keep lines, as far as there is room; what is beyond is not asked for."""
        if self.is_full:
            return
        for line in lines:
            if len(self.lines) == self._most:
                self.lines.append(f"… the first {self._most} lines; the command line shows all")
                self.is_full = True
                return
            self.lines.append(line)


class CollectingPrinter(Printer):
    """Keeps what is told as lines; data goes to `text`, where there is one, and else is told as far as it is short."""

    def __init__(self, text: TaskText | None = None) -> None:
        self._told = TaskText(SUMMARY_LINES)
        self.lines = self._told.lines
        self._take = (text or self._told).take

    def line(self, text: str) -> None:
        """Keep a line."""
        self._take([text])

    def raw(self, text: str) -> None:
        """Keep lines."""
        self._take(text.splitlines())

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
        """Keep rows as lines, in columns."""
        cells = [columns, *rows]
        widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
        self._take("  ".join(map(set_cell_size, row, widths)).rstrip() for row in cells)
        return len(cells) - 1

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Keep names and values as lines."""
        self._take(f"{name}  {value}" for name, value in rows)

    def note(self, text: str) -> None:
        """Keep a line."""
        self._told.take([text])

    def warning(self, text: str, hint: str = "") -> None:
        """Keep a warning."""
        self._told.take([f"warning: {as_keys(text)}", *([f"  hint: {as_keys(hint)}"] if hint else [])])


class _Courteous(ProgressSink):
    """Reports, and lets the screen's thread have its turn: of Python's threads only one runs at a time."""

    def __init__(self, sink: ProgressSink) -> None:
        self._sink = sink

    def report(self, progress: Progress) -> None:
        self._sink.report(progress)
        time.sleep(0)


def as_task(
    work: Work, after: Callable[[Report, Sequence[str]], object], text: TaskText | None = None
) -> TaskWork:
    """Return work for the queue.

    Data that its report shows goes to `text`, where there is one; after that, `after` gets the report and its summary.
    """

    def run(context: TaskContext) -> TaskEnd:
        with logged_by(context):
            try:
                report = work(_Courteous(context), context.cancel)
            except Cancelled:
                raise
            except FileroomError as error:
                return TaskEnd(state=TaskState.FAILED, summary=tuple(summary_of(ended_by(error))))
        summary = tuple(summary_of(report, text))
        after(report, summary)
        return TaskEnd(state=_STATES[report.status], summary=summary)

    return run


def summary_of(report: Report, text: TaskText | None = None) -> list[str]:
    """Return the lines that a command line would print of a report, without data where `text` takes them."""
    printer = CollectingPrinter(text)
    if report.show is not None:
        report.show(printer)
    if report.error is not None:
        printer.lines.append(f"error: {as_keys(report.error.message)}")
        if report.error.hint:
            printer.lines.append(f"  hint: {as_keys(report.error.hint)}")
    for told, hint in failures_in_words(
        report.failures,
        reasons=TOLD_REASONS,
        names=NAMED_FAILURES,
        elsewhere="the same command on the command line names them all with --json",
    ):
        printer.warning(told, hint)
    return printer.lines
