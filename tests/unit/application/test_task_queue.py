"""The queue for long work: order, width, cancelling, ends of every kind, and what is remembered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.memory import SteppingClock
from fileroom.adapters.system.task_history import MemoryTaskHistory
from fileroom.application.ports.progress import Progress
from fileroom.application.task_queue import LOG_LINES, REMEMBERED, TaskContext, TaskEnd, TaskQueue, TaskWork
from fileroom.domain.errors import Cancelled, FileroomError, NotFound
from fileroom.domain.task import TaskState

SECONDS = 20.0
DONE = TaskEnd(state=TaskState.SUCCEEDED, summary=("done",))


@dataclass
class Gate:
    """Work that begins, waits to be let go, and hears whether it was cancelled meanwhile."""

    began: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    end: TaskEnd = DONE

    def __call__(self, context: TaskContext) -> TaskEnd:
        self.began.set()
        assert self.may_end.wait(SECONDS)
        context.cancel.raise_if_cancelled()
        return self.end


@contextmanager
def a_queue(width: int = 1, history: MemoryTaskHistory | None = None) -> Iterator[TaskQueue]:
    queue = TaskQueue(
        width=width,
        clock=SteppingClock(),
        history=history or MemoryTaskHistory(),
        new_token=ThreadCancelToken,
    )
    try:
        yield queue
    finally:
        assert queue.close(SECONDS)


def wait_for_the_end(queue: TaskQueue, *numbers: int) -> None:
    """Put a task behind the others, and wait until all that are given are over."""
    over = threading.Event()
    deadline = threading.Timer(SECONDS, over.set)
    deadline.start()
    try:
        while not over.is_set():
            views = [queue.find(number) for number in numbers]
            if all(view is not None and view.record.state.is_over for view in views):
                return
            over.wait(0.002)
    finally:
        deadline.cancel()
        deadline.join()
    raise AssertionError(f"still at work: {queue.active()}")


def states(queue: TaskQueue) -> list[tuple[int, str]]:
    return [(view.record.number, view.record.state.value) for view in queue.active()]


def ended(queue: TaskQueue) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(view.record.number, view.record.state.value, view.record.summary) for view in queue.ended()]


def test_task_runs_and_tells_its_end() -> None:
    with a_queue() as queue:
        record = queue.submit("import", lambda _: DONE, command="import path=x")
        wait_for_the_end(queue, 1)
        assert (record.number, record.title, record.command) == (1, "import", "import path=x")
        assert ended(queue) == [(1, "succeeded", ("done",))]
        task = queue.ended()[0].record
        assert task.started_at is not None
        assert task.finished_at is not None
        assert task.created_at <= task.started_at < task.finished_at


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (TaskState.SUCCEEDED, "INFO"),
        (TaskState.CANCELLED, "INFO"),
        (TaskState.PARTIAL, "WARNING"),
        (TaskState.FAILED, "WARNING"),
    ],
)
def test_log_warns_of_tasks_that_did_not_do_all(
    caplog: pytest.LogCaptureFixture, state: TaskState, level: str
) -> None:
    caplog.set_level("INFO", "fileroom")
    with a_queue() as queue:
        queue.submit("import", lambda _: TaskEnd(state=state))
        wait_for_the_end(queue, 1)
    assert [each.levelname for each in caplog.records if "ended" in each.getMessage()] == [level]


def test_tasks_run_in_the_order_in_which_they_came() -> None:
    order: list[int] = []

    def work(number: int) -> TaskWork:
        def run(_: TaskContext) -> TaskEnd:
            order.append(number)
            return DONE

        return run

    gate = Gate()
    with a_queue() as queue:
        queue.submit("first", gate)
        for number in range(2, 12):
            queue.submit("next", work(number))
        assert [number for number, _ in states(queue)] == list(range(1, 12))
        gate.may_end.set()
        wait_for_the_end(queue, *range(1, 12))
    assert order == list(range(2, 12))


@pytest.mark.parametrize("width", [1, 3])
def test_no_more_tasks_run_at_once_than_the_queue_is_wide(width: int) -> None:
    gates = [Gate() for _ in range(width + 2)]
    with a_queue(width) as queue:
        for gate in gates:
            queue.submit("work", gate)
        for gate in gates[:width]:
            assert gate.began.wait(SECONDS)
        assert [state for _, state in states(queue)] == ["running"] * width + ["queued"] * 2
        assert queue.unfinished == width + 2
        assert not gates[width].began.is_set()
        gates[0].may_end.set()
        assert gates[width].began.wait(SECONDS)
        assert not gates[width + 1].began.is_set()
        for gate in gates:
            gate.may_end.set()


def test_running_tasks_are_listed_before_those_that_wait() -> None:
    gates = [Gate() for _ in range(4)]
    with a_queue(2) as queue:
        for gate in gates:
            queue.submit("work", gate)
        gates[0].may_end.set()
        assert gates[2].began.wait(SECONDS)
        assert states(queue) == [(2, "running"), (3, "running"), (4, "queued")]
        for gate in gates:
            gate.may_end.set()


def test_task_that_waits_is_gone_at_once_when_it_is_cancelled() -> None:
    history, gate = MemoryTaskHistory(), Gate()
    with a_queue(history=history) as queue:
        queue.submit("first", gate)
        queue.submit("second", Gate())
        assert queue.cancel(2).state is TaskState.CANCELLED
        assert states(queue) == [(1, "running")]
        assert ended(queue) == [(2, "cancelled", ("cancelled before it began",))]
        assert [task.number for task in history.latest(5)] == [2]
        gate.may_end.set()


def test_task_that_runs_is_cancelling_until_its_next_safe_point() -> None:
    gate = Gate()
    with a_queue() as queue:
        queue.submit("work", gate)
        assert gate.began.wait(SECONDS)
        assert queue.cancel(1).state is TaskState.CANCELLING
        assert queue.cancel(1).state is TaskState.CANCELLING
        assert states(queue) == [(1, "cancelling")]
        gate.may_end.set()
        wait_for_the_end(queue, 1)
        assert ended(queue) == [(1, "cancelled", ("cancelled",))]


def test_cancelled_task_tells_what_was_done_until_then() -> None:
    def work(context: TaskContext) -> TaskEnd:
        began.set()
        assert context.cancel.wait(SECONDS)
        return TaskEnd(state=TaskState.CANCELLED, summary=("2 of 5 filed",))

    began = threading.Event()
    with a_queue() as queue:
        queue.submit("work", work)
        assert began.wait(SECONDS)
        queue.cancel(1)
        wait_for_the_end(queue, 1)
        assert ended(queue) == [(1, "cancelled", ("2 of 5 filed",))]


@pytest.mark.parametrize("number", [0, 1, 7])
def test_task_that_is_over_or_never_was_cannot_be_cancelled(number: int) -> None:
    with a_queue() as queue:
        queue.submit("work", lambda _: DONE)
        wait_for_the_end(queue, 1)
        with pytest.raises(NotFound, match=f"no task {number} "):
            queue.cancel(number)


@pytest.mark.parametrize(
    ("error", "state", "summary"),
    [
        (FileroomError("no room", hint="make some"), "failed", ("error: no room", "hint: make some")),
        (FileroomError("no room"), "failed", ("error: no room",)),
        (Cancelled("cancelled"), "cancelled", ("cancelled",)),
        (
            ZeroDivisionError("secret"),
            "failed",
            ("error: this is a bug in fileroom (ZeroDivisionError); the traceback is in the log",),
        ),
        (
            SystemExit(3),
            "failed",
            ("error: this is a bug in fileroom (SystemExit); the traceback is in the log",),
        ),
    ],
    ids=str,
)
def test_error_ends_the_task_and_not_the_queue(
    error: BaseException, state: str, summary: tuple[str, ...]
) -> None:
    def work(_: TaskContext) -> TaskEnd:
        raise error

    with a_queue() as queue:
        queue.submit("work", work)
        queue.submit("next", lambda _: DONE)
        wait_for_the_end(queue, 1, 2)
        assert ended(queue) == [(2, "succeeded", ("done",)), (1, state, summary)]


def test_close_cancels_what_runs_and_what_waits_and_takes_no_more() -> None:
    history = MemoryTaskHistory()

    def work(context: TaskContext) -> TaskEnd:
        assert context.cancel.wait(SECONDS)
        return TaskEnd(state=TaskState.CANCELLED, summary=("1 of 2",))

    with a_queue(history=history) as queue:
        for _ in range(3):
            queue.submit("work", work)
        assert queue.close(SECONDS)
        assert queue.active() == []
        assert {task.number: task.summary for task in history.latest(5)} == {
            1: ("1 of 2",),
            2: ("cancelled before it began",),
            3: ("cancelled before it began",),
        }
        with pytest.raises(Cancelled):
            queue.submit("late", lambda _: DONE)


def test_close_tells_when_a_task_does_not_stop_in_time() -> None:
    gate = Gate()
    with a_queue() as queue:
        queue.submit("deaf", gate)
        assert not queue.close(0.01)
        assert states(queue) == [(1, "cancelling")]
        gate.may_end.set()


def test_progress_and_lines_can_be_looked_at_while_and_after_it_runs() -> None:
    reported, gate = threading.Event(), Gate()

    def work(context: TaskContext) -> TaskEnd:
        context.report(Progress(task="importing", done=1, total=9))
        context.report(Progress(task="importing", done=2, total=9))
        for number in range(LOG_LINES + 5):
            context.say(f"line {number}")
        reported.set()
        return gate(context)

    with a_queue() as queue:
        queue.submit("work", work)
        assert reported.wait(SECONDS)
        (view,) = queue.active()
        gate.may_end.set()
        wait_for_the_end(queue, 1)
        after = queue.find(1)
        assert after is not None
        for seen in (view, after):
            assert seen.progress == Progress(task="importing", done=2, total=9)
            assert (len(seen.lines), seen.lines[-1]) == (LOG_LINES, f"line {LOG_LINES + 4}")


def test_revision_is_another_after_each_change() -> None:
    seen: list[int] = []

    def work(context: TaskContext) -> TaskEnd:
        seen.append(queue.revision)
        context.report(Progress(task="importing", done=1))
        seen.append(queue.revision)
        context.say("a line")
        seen.append(queue.revision)
        return DONE

    with a_queue() as queue:
        before = queue.revision
        queue.submit("work", work)
        wait_for_the_end(queue, 1)
        assert len({*seen, queue.revision}) == 4
        assert queue.revision != before


def test_no_report_of_several_threads_is_hidden() -> None:
    def work(context: TaskContext) -> TaskEnd:
        for number in range(500):
            context.report(Progress(task="importing", done=number))
        return DONE

    with a_queue(4) as queue:
        for _ in range(4):
            queue.submit("work", work)
        looked, lasting = -1, None
        while queue.unfinished:
            if queue.revision != looked:
                looked = queue.revision
                lasting = queue.active()
        if queue.revision != looked:
            lasting = queue.active()
        assert lasting == []


def test_tasks_of_earlier_runs_are_told_after_those_of_this_one() -> None:
    history = MemoryTaskHistory()
    with a_queue(history=history) as earlier:
        earlier.submit("earlier", lambda _: DONE)
        wait_for_the_end(earlier, 1)
    clock = SteppingClock()
    clock.advance(3600)
    queue = TaskQueue(width=1, clock=clock, history=history, new_token=ThreadCancelToken)
    queue.submit("now", lambda _: DONE)
    wait_for_the_end(queue, 1)
    assert queue.close(SECONDS)
    assert [view.record.title for view in queue.ended()] == ["now", "earlier"]
    assert [view.record.title for view in queue.ended()] == ["now", "earlier"]


def test_history_is_bounded() -> None:
    with a_queue() as queue:
        for _ in range(REMEMBERED + 10):
            queue.submit("work", lambda _: DONE)
        wait_for_the_end(queue, REMEMBERED + 10)
        assert len(queue.ended()) == REMEMBERED


def test_unknown_task_is_not_found() -> None:
    with a_queue() as queue:
        assert queue.find(3) is None
