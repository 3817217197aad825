"""Tasks on the screen: the queue, the history, all about one, and asking some to stop."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import ProgressSink
from fileroom.application.task_queue import TaskView
from fileroom.domain.task import TaskRecord, TaskState
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.panes.tasks import _EndedTasks
from fileroom.entrypoints.tui.screens.task_details import TaskDetailsScreen
from tests.entrypoints.tui.conftest import opened
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.gates import Gate, failing, succeeded


@pytest.fixture
def gates() -> Iterator[Callable[..., Gate]]:
    """Makes gates, and opens them all at the end."""
    made: list[Gate] = []

    def make(**options: bool) -> Gate:
        made.append(Gate(**options))
        return made[-1]

    yield make
    for gate in made:
        gate.may_end.set()


def shown_tasks(app: FileroomApp) -> list[tuple[str, ...]]:
    records = app.tasks_pane.records
    return [record.cells[:4] for record in records.source.window(0, 50)] if records.source else []


def footer(app: FileroomApp) -> str:
    return app.status_footer._shown


def test_running_and_waiting_tasks_are_listed_with_their_progress(
    empty_room: RoomUi, gates: Callable[..., Gate]
) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        first, second = gates(), gates()
        app.submit("import /data/in", first)
        app.submit("send to pacs", second)
        app.submit("import /data/later", gates())
        await until(pilot, lambda: first.began.is_set() and second.began.is_set())
        expected = [
            ("1", "running 25%", "import /data/in", "2/8 (1 failed)"),
            ("2", "running 25%", "send to pacs", "2/8 (1 failed)"),
            ("3", "queued", "import /data/later", ""),
        ]
        await until(pilot, lambda: shown_tasks(app) == expected)
        await until(pilot, lambda: "import /data/in 2/8 (1 failed) 0:0" in footer(app))
        assert "1 more · 1 wait" in footer(app)
        first.may_end.set()
        await until(pilot, lambda: [row[1] for row in shown_tasks(app)] == ["running 25%"] * 2)

    drive(app, steps)


def test_history_takes_the_place_of_the_queue_and_back(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", lambda *_: succeeded("3 files filed"))
        await until(pilot, lambda: not app.room.tasks.unfinished)
        app.submit("send to pacs", failing)
        await until(pilot, lambda: not app.room.tasks.unfinished)
        await pilot.press("t")
        await until(pilot, lambda: [row[1:3] for row in shown_tasks(app)] == [
            ("partial", "send to pacs"), ("succeeded", "import /data/in"),
        ])  # fmt: skip
        assert all(re.fullmatch(r"\d\d:\d\d|\d\d-\d\d", row[0]) for row in shown_tasks(app))
        await until(pilot, lambda: "history" in str(app.tasks_pane.border_title))
        await pilot.press("t")
        await on_screen(pilot, "No task runs.")

    drive(app, steps)


def test_history_tells_the_time_of_today_and_the_day_of_others() -> None:
    now = datetime(2026, 11, 27, 12).astimezone()

    def told(ended: datetime) -> str:
        record = TaskRecord(
            number=1, title="", command="", state=TaskState.SUCCEEDED, created_at=ended, finished_at=ended
        )
        return _EndedTasks.first(TaskView(record=record), now)

    assert told(now - timedelta(hours=1)) == "11:00"
    assert told(now - timedelta(days=1)) == "11-26"


def test_history_is_there_after_a_restart(data_dir: Any) -> None:
    for expected in (0, 1):
        with opened(data_dir) as room:
            app = room.app()

            async def steps(pilot: Pilot[Any], app: FileroomApp = app, expected: int = expected) -> None:
                await pilot.press("t")
                await until(pilot, lambda: app.tasks_pane.records.total == expected)
                app.submit("import /data/in", lambda *_: succeeded("3 files filed"))
                await until(pilot, lambda: app.tasks_pane.records.total == expected + 1)

            drive(app, steps)


@pytest.mark.parametrize("size", [SMALL, (140, 44)], ids=str)
def test_details_follow_a_task_to_its_end(
    empty_room: RoomUi, gates: Callable[..., Gate], size: tuple[int, int]
) -> None:
    app = empty_room.app()
    gate = gates()

    def work(progress: ProgressSink, cancel: CancelToken) -> Report:
        logging.getLogger("fileroom.test").warning("file %s is skipped", "[b]x[/b]")
        return gate(progress, cancel)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", work, command="import path=/data/in")
        await until(pilot, gate.began.is_set)
        await pilot.press("5", "enter")
        await until(pilot, lambda: isinstance(app.screen, TaskDetailsScreen))
        await on_screen(pilot, "file [b]x[/b] is skipped")
        shown = screen_text(app)
        for told in (
            "Task 1 · import /data/in",
            "running",
            "import path=/data/in",
            "25%",
            "/data/in/x.dcm",
            "app.log",
        ):
            assert told in shown
        gate.may_end.set()
        await on_screen(pilot, "3 files filed")
        await on_screen(pilot, "succeeded")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)

    drive(app, steps, size=size)


def test_details_of_a_task_that_ended_tell_what_failed_and_why(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("send to pacs", failing)
        await until(pilot, lambda: not app.room.tasks.unfinished)
        await pilot.press("5", "t")
        await until(pilot, lambda: app.tasks_pane.records.marked is not None)
        await pilot.press("enter")
        await on_screen(pilot, "1 of 4 files filed")
        await on_screen(pilot, "file 0, file 1, file 2: it is no DICOM file")
        await on_screen(pilot, "hint: look at it")
        await pilot.press("slash", *"hint")
        await until(pilot, lambda: "1 of 4 files filed" not in screen_text(app))
        await on_screen(pilot, "hint: look at it", "1/1 of 3")
        await pilot.press("enter", "escape")
        await on_screen(pilot, "1 of 4 files filed")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)

    drive(app, steps)


@pytest.mark.parametrize("where", ["list", "details"])
def test_cancelled_task_is_cancelling_and_then_tells_what_was_done(
    empty_room: RoomUi, gates: Callable[..., Gate], where: str
) -> None:
    app = empty_room.app()
    gate = gates(is_deaf=True)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        await pilot.press("5")
        await until(pilot, lambda: app.tasks_pane.records.marked is not None)
        if where == "details":
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, TaskDetailsScreen))
        await pilot.press("c")
        await on_screen(pilot, "cancelling")
        gate._is_deaf = False
        await until(pilot, lambda: not app.room.tasks.unfinished)
        (view,) = app.room.tasks.ended()
        assert (view.record.state.value, view.record.summary) == ("cancelled", ("2 of 8 filed",))

    drive(app, steps)


def test_cancel_takes_all_tasks_that_are_selected(empty_room: RoomUi, gates: Callable[..., Gate]) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        made = [gates(is_deaf=True) for _ in range(4)]
        for number, gate in enumerate(made):
            app.submit(f"work {number}", gate)
        await pilot.press("5")
        await until(pilot, lambda: app.tasks_pane.records.total == 4)
        await pilot.press("down", "space", "space", "c")
        await until(pilot, lambda: "2 tasks will stop" in messages(app))
        for gate in made:
            gate._is_deaf = False
        await until(pilot, lambda: [row[0] for row in shown_tasks(app)] == ["1", "4"])

    drive(app, steps)


def test_cancel_says_so_when_there_is_nothing_to_cancel(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("c")
        await until(pilot, lambda: "No task runs." in messages(app))
        app.submit("work", lambda *_: succeeded("done"))
        await until(pilot, lambda: not app.room.tasks.unfinished)
        await pilot.press("t")
        await until(pilot, lambda: app.tasks_pane.records.total == 1)
        await pilot.press("c")
        await until(pilot, lambda: "over already" in messages(app))

    drive(app, steps)


def test_failed_task_tells_why_and_what_to_do(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("send to pacs", failing)
        await until(pilot, lambda: "1 of 4 files filed" in messages(app))
        assert "file 0, file 1, file 2: it is no DICOM file" in messages(app)
        assert "look at it" in messages(app)

    drive(app, steps)


def test_bug_in_a_task_is_told_and_ends_nothing_else(empty_room: RoomUi) -> None:
    app = empty_room.app()

    def work(_progress: ProgressSink, _cancel: CancelToken) -> Report:
        raise ZeroDivisionError

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("work", work)
        await until(pilot, lambda: "bug in fileroom (ZeroDivisionError)" in messages(app))
        app.submit("next", lambda *_: succeeded("done"))
        await until(pilot, lambda: not app.room.tasks.unfinished)

    drive(app, steps)


def test_log_of_a_task_holds_what_its_own_thread_logs_only(
    empty_room: RoomUi, gates: Callable[..., Gate]
) -> None:
    app = empty_room.app()
    gate = gates()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import", gate)
        await until(pilot, gate.began.is_set)
        logging.getLogger("fileroom.elsewhere").warning("elsewhere")
        await on_screen(pilot, "elsewhere")
        (view,) = app.room.tasks.active()
        assert not any("elsewhere" in line for line in view.lines)

    drive(app, steps)
