"""Progress on a terminal's stderr, with rate and remaining time; none where stderr is no terminal."""

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fileroom.application.ports.progress import Progress, ProgressSink

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

REDRAW_SECONDS = 0.1


class TerminalProgress(ProgressSink):
    """Draws one bar; quiet where stderr is not a terminal, or when asked to be."""

    def __init__(self, *, quiet: bool) -> None:
        """Draw nothing where `quiet` is set."""
        self._silent = quiet or not sys.stderr.isatty()
        self._guard = threading.Lock()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._drawn = 0.0
        self._latest: Progress | None = None

    def __enter__(self) -> Self:
        """Draw from the first report on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the bar away; the summary follows."""
        self.stop()

    def stop(self) -> None:
        """Draw no more: something else is going to be printed."""
        with self._guard:
            if self._bar is not None:
                self._bar.stop()
            self._silent = True

    def report(self, progress: Progress) -> None:
        """Redraw, but not more often than an eye can follow."""
        if self._silent:
            return
        now = time.monotonic()
        if now - self._drawn < REDRAW_SECONDS:
            return
        with self._guard:
            if not self._silent:
                self._drawn = now
                self._draw(progress)

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = _make_bar()
            self._task = self._bar.add_task(progress.task, total=progress.total, extra="")
            self._bar.start()
        if self._task is None:
            return
        if self._latest is not None and self._latest.task != progress.task:
            self._bar.reset(self._task)
        self._latest = progress
        failed = f"{progress.failed} failed" if progress.failed else ""
        self._bar.update(
            self._task,
            description=progress.task,
            completed=progress.done,
            total=progress.total,
            extra=" ".join(part for part in (_amount(progress.bytes_done), failed) if part),
        )


def _amount(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size else ""


def _make_bar() -> "RichProgress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """Items a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "", style="progress.data.speed")

    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TextColumn("{task.fields[extra]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
