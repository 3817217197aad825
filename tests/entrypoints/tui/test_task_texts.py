"""How far tasks are, in words and bars."""

from datetime import timedelta

import pytest
from rich.cells import cell_len

from fileroom.application.ports.progress import Progress
from fileroom.application.task_queue import TaskView
from fileroom.domain.task import TaskRecord, TaskState
from fileroom.entrypoints.tui.task_texts import (
    bar,
    clock_text,
    facts_of,
    progress_line,
    progress_text,
    state_text,
)
from tests.builders import SOME_TIME

BEGUN = SOME_TIME + timedelta(seconds=1)


def a_record(state: TaskState = TaskState.RUNNING) -> TaskRecord:
    return TaskRecord(
        number=3,
        title="import /data/in",
        command="import path=/data/in",
        state=state,
        created_at=SOME_TIME,
        started_at=BEGUN,
        finished_at=BEGUN + timedelta(seconds=75) if state.is_over else None,
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_durations_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (None, ""),
        (Progress(task="x", done=3), "3"),
        (Progress(task="x", done=3, total=9), "3/9"),
        (Progress(task="x", done=3, total=9, failed=1), "3/9 (1 failed)"),
    ],
)
def test_progress_tells_what_is_known(progress: Progress | None, text: str) -> None:
    assert progress_text(progress) == text


def test_state_of_what_runs_tells_how_far_it_is() -> None:
    def told(state: TaskState, progress: Progress | None) -> str:
        return state_text(TaskView(record=a_record(state), progress=progress))

    assert told(TaskState.RUNNING, None) == "running"
    assert told(TaskState.RUNNING, Progress(task="x", done=3)) == "running 3"
    assert told(TaskState.RUNNING, Progress(task="x", done=77_227)) == "running 77k"
    assert told(TaskState.RUNNING, Progress(task="x", done=3, total=9)) == "running 33%"
    assert told(TaskState.CANCELLING, Progress(task="x", done=3, total=9)) == "cancelling"


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.001, 0.33, 0.5, 0.999, 1.0, 7.0])
def test_bar_takes_its_cells_whatever_the_share(share: float) -> None:
    assert cell_len(bar(share, 10)) == 10


def test_bar_is_full_only_at_the_end() -> None:
    assert (bar(0, 4), bar(0.5, 4), bar(1, 4)) == ("░░░░", "██░░", "████")


def test_line_tells_rate_and_rest_where_the_end_is_known() -> None:
    progress = Progress(task="sending", done=5, total=20, bytes_done=50 << 20)
    line = progress_line(progress, 10.0, 8)
    for told in ("25%", "sending 5/20", "50.0 MiB", "5.0 MiB/s", "about 0:30 left"):
        assert told in line
    assert "left" not in progress_line(progress, 10.0, 8, is_over=True)


def test_line_has_no_bar_where_the_end_is_not_known() -> None:
    assert progress_line(Progress(task="importing", done=5), 10.0, 8) == "importing 5"
    assert progress_line(Progress(task="importing", done=0, total=0), 0.0, 8) == "importing 0/0"


def test_facts_tell_times_and_what_is_worked_on_until_the_end() -> None:
    progress = Progress(task="importing", done=1, item="/data/in/x.dcm")
    now = BEGUN + timedelta(seconds=5)
    running = dict(facts_of(TaskView(record=a_record(), progress=progress), now))
    assert running["State"] == "running, 0:05"
    assert running["Works on"] == "/data/in/x.dcm"
    assert "Ended" not in running
    cancelling = dict(facts_of(TaskView(record=a_record(TaskState.CANCELLING), progress=progress), now))
    assert cancelling["State"] == "cancelling, 0:05: it stops at the next safe point"
    over = dict(facts_of(TaskView(record=a_record(TaskState.PARTIAL), progress=progress), now))
    assert over["State"] == "partial, 1:15"
    assert "Works on" not in over
    assert "Ended" in over
