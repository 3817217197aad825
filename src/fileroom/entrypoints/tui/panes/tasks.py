"""Pane of the tasks: those that run and wait, or those that ended."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fileroom.entrypoints.tui.records import Column, ListSource, Record
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.application.ports.progress import Progress
    from fileroom.application.task_queue import TaskView
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (
    Column("#", 3, 0, is_right=True), Column("STATE", 10), Column("TASK", 12, 4), Column("PROGRESS", 9, 2),
    Column("TIME", 6, 0, is_right=True),
)  # fmt: skip
EMPTY = "No task runs.\nPress t for those that ended."
NO_HISTORY = "No task has ended yet.\nPress t for those that run."


class TasksPane(ListPane):
    """Tasks, in the order of the queue, or the latest ones first."""

    def __init__(self, room: "Room") -> None:
        super().__init__("tasks", 5, "Tasks", RecordList(room.reader, id="tasks", empty=EMPTY))
        self._room = room
        self.is_history = False
        self._source = ListSource(COLUMNS)

    def on_mount(self) -> None:
        """Show the queue."""
        super().on_mount()
        self.records.show(self._source)

    def beside(self) -> str:
        """Which of the two lists it is."""
        return "history" if self.is_history else "running and queued"

    def toggle(self) -> None:
        """Show the other list."""
        self.is_history = not self.is_history
        self.records.empty = NO_HISTORY if self.is_history else EMPTY
        self._source = ListSource(COLUMNS, self._records())
        self.records.show(self._source)
        self.tell_counts()

    def look_again(self) -> None:
        """Show what has become of the tasks."""
        self._source.records = self._records()
        self.records.read_again()

    def _records(self) -> list[Record]:
        queue, now = self._room.tasks, datetime.now(UTC)
        views: Sequence[TaskView] = queue.ended() if self.is_history else queue.active()
        return [_record(view, now) for view in views]


def _record(view: "TaskView", now: datetime) -> Record:
    record = view.record
    cells = (
        str(record.number), record.state.value, record.title, progress_text(view.progress),
        clock_text(record.seconds(now)),
    )  # fmt: skip
    return Record(f"{record.number} {record.created_at.isoformat()}", cells, view)


def progress_text(progress: "Progress | None") -> str:
    """Write how far a task is."""
    if progress is None:
        return ""
    of = f"/{progress.total}" if progress.total is not None else ""
    failed = f" ({progress.failed} failed)" if progress.failed else ""
    return f"{progress.done}{of}{failed}"


def clock_text(seconds: float) -> str:
    """Write a duration as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
