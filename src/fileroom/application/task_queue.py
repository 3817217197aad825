"""One queue for long work: so many tasks at once, the others wait their turn.

Doors that stay (a terminal UI, a web service) put work here and look at it now and then; nothing here calls them back,
so that a flood of progress costs them nothing. `revision` tells cheaply whether there is anything new to look at.
"""

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fileroom.application.ports.cancellation import CancelSource, CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.ports.task_history import TaskHistory
from fileroom.domain.errors import Cancelled, FileroomError, NotFound
from fileroom.domain.task import TaskRecord, TaskState

log = logging.getLogger(__name__)

LOG_LINES: Final = 500
"""Lines kept of each task's log."""
REMEMBERED: Final = 200
"""Tasks of this and earlier runs that stay in sight after they ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEnd:
    """How a task ended."""

    state: TaskState
    summary: tuple[str, ...] = ()
    """For people; what a command line would say."""


TaskWork = Callable[["TaskContext"], TaskEnd]


class TaskContext(ProgressSink):
    """What running work gets: a place for its progress and its words, and a token that says when to stop."""

    def __init__(self, cancel: CancelToken, touch: Callable[[], None]) -> None:
        self.cancel = cancel
        self.progress: Progress | None = None
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._guard = threading.Lock()
        self._touch = touch

    def report(self, progress: Progress) -> None:
        """Remember the latest progress only."""
        self.progress = progress
        self._touch()

    def say(self, line: str) -> None:
        """Add a line to the task's own log; the oldest go where there are many."""
        with self._guard:
            self._lines.append(line)
        self._touch()

    @property
    def lines(self) -> tuple[str, ...]:
        """The task's own log, the latest line last."""
        with self._guard:
            return tuple(self._lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """A task to look at."""

    record: TaskRecord
    progress: Progress | None = None
    lines: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Entry:
    record: TaskRecord
    work: TaskWork
    cancel: CancelSource
    context: TaskContext = field(init=False)


class TaskQueue:
    """Runs tasks in threads of its own, in the order in which they came."""

    def __init__(
        self, *, width: int, clock: Clock, history: TaskHistory, new_token: Callable[[], CancelSource]
    ) -> None:
        """Run `width` tasks at once."""
        self._width = width
        self._clock = clock
        self._history = history
        self._new_token = new_token
        self._guard = threading.Condition()
        self._entries: dict[int, _Entry] = {}
        self._waiting: deque[int] = deque()
        self._running = 0
        self._last = 0
        self._ended: deque[TaskView] = deque(maxlen=REMEMBERED)
        self._loaded = False
        self._closed = False
        self._unwritten = 0
        self._numbers = itertools.count(1)
        self._revision = 0

    @property
    def revision(self) -> int:
        """A number that is another one whenever something has changed."""
        return self._revision

    @property
    def unfinished(self) -> int:
        """How many tasks wait or run."""
        return len(self._entries)

    def submit(self, title: str, work: TaskWork, *, command: str = "") -> TaskRecord:
        """Put work into the queue and return the task.

        Raises:
            Cancelled: the queue was closed.
        """
        with self._guard:
            if self._closed:
                raise Cancelled("the program is about to end")
            self._last += 1
            record = TaskRecord(
                number=self._last,
                title=title,
                command=command,
                state=TaskState.QUEUED,
                created_at=self._clock.now(),
            )
            entry = _Entry(record, work, self._new_token())
            entry.context = TaskContext(entry.cancel, self._touch)
            self._entries[record.number] = entry
            self._waiting.append(record.number)
            self._start_what_may()
            self._touch()
            return entry.record

    def cancel(self, number: int) -> TaskRecord:
        """Ask a task to stop: one that waits is gone at once, one that runs stops at a safe point.

        Raises:
            NotFound: there is no such task, or it is over.
        """
        with self._guard:
            entry = self._entries.get(number)
            if entry is None:
                raise NotFound(f"there is no task {number} that waits or runs")
            entry.cancel.cancel()
            if entry.record.state is TaskState.QUEUED:
                self._waiting.remove(number)
                self._end(entry, TaskEnd(state=TaskState.CANCELLED, summary=("cancelled before it began",)))
            elif entry.record.state is TaskState.RUNNING:
                entry.record = replace(entry.record, state=TaskState.CANCELLING)
            self._touch()
            record = entry.record
        if record.state.is_over:
            self._remember(record)
        return record

    def active(self) -> Sequence[TaskView]:
        """Return what runs, and after it what waits, in the order of the numbers."""
        with self._guard:
            views = [_view(entry) for entry in self._entries.values()]
        return sorted(views, key=lambda view: (view.record.state is TaskState.QUEUED, view.record.number))

    def ended(self) -> Sequence[TaskView]:
        """Return the tasks that ended, of this run and of earlier ones, the latest first."""
        earlier = () if self._loaded else self._history.latest(REMEMBERED)
        with self._guard:
            if not self._loaded:
                self._loaded = True
                known = {view.record.created_at for view in self._ended}
                found = [TaskView(record=record) for record in earlier if record.created_at not in known]
                self._ended.extend(found[: REMEMBERED - len(self._ended)])
            return tuple(self._ended)

    def find(self, number: int) -> TaskView | None:
        """Return a task of this run, whatever became of it."""
        with self._guard:
            if number in self._entries:
                return _view(self._entries[number])
            return next((view for view in self._ended if view.record.number == number), None)

    def close(self, seconds: float) -> bool:
        """Ask all tasks to stop, wait for them, and tell whether all did in time; nothing is taken any more."""
        with self._guard:
            self._closed = True
            numbers = list(self._entries)
        for number in numbers:
            try:
                self.cancel(number)
            except NotFound:
                continue
        with self._guard:
            return self._guard.wait_for(lambda: not self._entries and not self._unwritten, seconds)

    def _touch(self) -> None:
        self._revision = next(self._numbers)  # no two threads write the same, so that none hides another's

    def _start_what_may(self) -> None:
        while self._waiting and self._running < self._width:
            entry = self._entries[self._waiting.popleft()]
            self._running += 1
            entry.record = replace(entry.record, state=TaskState.RUNNING, started_at=self._clock.now())
            name = f"task-{entry.record.number}"
            threading.Thread(target=self._run, args=(entry,), name=name, daemon=True).start()

    def _run(self, entry: _Entry) -> None:
        log.info("task %d began: %s", entry.record.number, entry.record.title)
        end = _outcome(entry)
        level = logging.WARNING if end.state in {TaskState.PARTIAL, TaskState.FAILED} else logging.INFO
        log.log(level, "task %d ended: %s", entry.record.number, end.state.value)
        with self._guard:
            self._running -= 1
            self._end(entry, end)
            if not self._closed:
                self._start_what_may()
            self._touch()
            record = entry.record
        self._remember(record)

    def _end(self, entry: _Entry, end: TaskEnd) -> None:
        """Take a task out of the queue; whoever does so lets go of the guard, and then has it remembered."""
        entry.record = replace(
            entry.record, state=end.state, summary=end.summary, finished_at=self._clock.now()
        )
        del self._entries[entry.record.number]
        self._ended.appendleft(_view(entry))
        self._unwritten += 1

    def _remember(self, record: TaskRecord) -> None:
        """Write a task that ended to the history: a slow disk keeps nobody from looking at the queue."""
        try:
            self._history.add(record)
        finally:
            with self._guard:
                self._unwritten -= 1
                self._guard.notify_all()


def _outcome(entry: _Entry) -> TaskEnd:
    try:
        return entry.work(entry.context)
    except Cancelled as error:
        return TaskEnd(state=TaskState.CANCELLED, summary=(error.message,))
    except FileroomError as error:
        hint = (f"hint: {error.hint}",) if error.hint else ()
        return TaskEnd(state=TaskState.FAILED, summary=(f"error: {error.message}", *hint))
    except BaseException as error:  # a thread that died would keep its place in the queue
        log.exception("task %d failed", entry.record.number)
        told = f"error: this is a bug in fileroom ({type(error).__name__}); the traceback is in the log"
        return TaskEnd(state=TaskState.FAILED, summary=(told,))


def _view(entry: _Entry) -> TaskView:
    context = entry.context
    return TaskView(record=entry.record, progress=context.progress, lines=context.lines)
