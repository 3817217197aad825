"""Pane of the tasks: those that run and wait, or those that ended."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.records import Column, Record, RecordSource, Tone
from fileroom.entrypoints.tui.task_texts import clock_text, progress_text, state_text
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.application.task_queue import TaskQueue, TaskView
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (
    Column("#", 3, 0, is_right=True), Column("STATE", 11), Column("TASK", 12, 4), Column("PROGRESS", 9, 2),
    Column("TIME", 6, 0, is_right=True),
)  # fmt: skip
_ENDED_COLUMNS = (
    Column("ENDED", 5), Column("STATE", 11), Column("TASK", 12, 4), Column("PROGRESS", 9, 2),
    Column("TIME", 6, 0, is_right=True),
)  # fmt: skip
EMPTY = "No task runs.\nPress t for those that ended."
NO_HISTORY = "No task has ended yet.\nPress t for those that run."
_TONES: Final = {
    TaskState.QUEUED: Tone.QUIET,
    TaskState.CANCELLING: Tone.WARNING,
    TaskState.CANCELLED: Tone.WARNING,
    TaskState.PARTIAL: Tone.WARNING,
    TaskState.FAILED: Tone.ERROR,
    TaskState.SUCCEEDED: Tone.GOOD,
}


class TasksPane(ListPane):
    """Tasks, in the order of the queue, or the latest ones first."""

    def __init__(self, room: "Room") -> None:
        super().__init__("tasks", 5, "Tasks", RecordList(room.reader, id="tasks", empty=EMPTY))
        self._room = room
        self.is_history = False

    def on_mount(self) -> None:
        """Show the queue."""
        super().on_mount()
        self._show()

    def beside(self) -> str:
        """Which of the two lists it is."""
        return "history" if self.is_history else "active"

    def toggle(self) -> None:
        """Show the other list."""
        self.is_history = not self.is_history
        self._show()
        self.tell_counts()

    def leave(self) -> bool:
        """Let the selection or the filter go, or show those that run again."""
        if super().leave():
            return True
        if self.is_history:
            self.toggle()
            return True
        return False

    def look_again(self) -> None:
        """Show what has become of the tasks."""
        self.records.read_again()

    def selected_tasks(self) -> "tuple[TaskView, ...]":
        """Return the tasks that are selected, or the marked one, as they were when they were read."""
        from fileroom.application.task_queue import TaskView

        return tuple(record.value for record in self.records.selected if isinstance(record.value, TaskView))

    def _show(self) -> None:
        self.records.empty = NO_HISTORY if self.is_history else EMPTY
        queue = self._room.tasks
        self.records.show(_EndedTasks(queue) if self.is_history else _ActiveTasks(queue))


class _ActiveTasks(RecordSource):
    """What runs and waits; it is in memory."""

    columns = COLUMNS
    is_immediate = True

    def __init__(self, queue: "TaskQueue") -> None:
        self._queue = queue
        self._views: Sequence[TaskView] = ()

    def count(self) -> int:
        self._views = self._queue.active()
        return len(self._views)

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        now = datetime.now(UTC)
        return [_record(view, self.first(view, now), now) for view in self._views[offset : offset + limit]]

    @staticmethod
    def first(view: "TaskView", now: datetime) -> str:
        """The number, which `cancel` takes."""
        del now
        return str(view.record.number)


class _EndedTasks(_ActiveTasks):
    """What has ended; the tasks of earlier runs are read from a file. Numbers begin anew with each run."""

    columns = _ENDED_COLUMNS
    is_immediate = False

    def count(self) -> int:
        self._views = self._queue.ended()
        return len(self._views)

    @staticmethod
    def first(view: "TaskView", now: datetime) -> str:
        """When it ended: the time of today, or the day."""
        ended = (view.record.finished_at or view.record.created_at).astimezone()
        return f"{ended:%H:%M}" if ended.date() == now.astimezone().date() else f"{ended:%m-%d}"


def _record(view: "TaskView", first: str, now: datetime) -> Record:
    record = view.record
    cells = (
        first, state_text(view), record.title, progress_text(view.progress),
        clock_text(record.seconds(now)),
    )  # fmt: skip
    key = f"{record.number} {record.created_at.isoformat()}"
    return Record(key, cells, view, _TONES.get(record.state, Tone.PLAIN))
