"""Leaving: at once where nothing runs, after a question and at a safe point where something does."""

import threading
import time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from fileroom.entrypoints.tui.screens.leaving import LeavingScreen
from fileroom.entrypoints.tui.screens.question import QuestionScreen
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, until
from tests.entrypoints.tui.forms import form_after
from tests.entrypoints.tui.gates import Gate


def test_quit_leaves_at_once_when_nothing_runs(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("q")
        await until(pilot, lambda: app._exit)

    drive(app, steps)
    assert app.return_value == 0


def test_quit_asks_while_a_task_runs_and_stays_when_the_answer_is_no(empty_room: RoomUi) -> None:
    app = empty_room.app()
    gate = Gate()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await on_screen(pilot, "import /data/in (running)")
        await pilot.press("n")
        await until(pilot, lambda: not app.screen.is_modal)
        assert [view.record.state.value for view in app.room.tasks.active()] == ["running"]
        gate.may_end.set()

    drive(app, steps)


def test_quit_asks_over_a_form_too_and_once(empty_room: RoomUi) -> None:
    app = empty_room.app()
    gate = Gate()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        form = await form_after(pilot, "a")
        await pilot.press("ctrl+q", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is form)
        gate.may_end.set()

    drive(app, steps)


def test_listener_that_does_not_end_is_waited_for_no_longer_than_was_said(empty_room: RoomUi) -> None:
    app = empty_room.app()
    app.leave_seconds = 1.0
    gate, hold = Gate(is_deaf=True), threading.Event()

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        app.listener._thread = threading.Thread(target=hold.wait, args=(20,), daemon=True)
        app.listener._thread.start()
        began = time.monotonic()
        app.leave()
        await until(pilot, lambda: app._exit)
        assert time.monotonic() - began < 1.9
        gate.may_end.set()
        hold.set()

    drive(app, steps)


def test_work_that_comes_after_leaving_began_ends_nothing(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        app.room.tasks.close(0)
        app.post(app.import_paths, [Path("/data/in")])
        await until(pilot, lambda: "about to end" in messages(app))

    drive(app, steps)
    assert app.failure is None


def test_quit_cancels_tasks_and_waits_for_their_safe_points(empty_room: RoomUi) -> None:
    app = empty_room.app()
    gate = Gate(is_deaf=True)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, LeavingScreen))
        await on_screen(pilot, "Waiting for 1 task to reach a safe point")
        assert not app._exit
        gate._is_deaf = False
        await until(pilot, lambda: app._exit)

    drive(app, steps)
    (view,) = empty_room.container.task_queue().ended()
    assert view.record.summary == ("2 of 8 filed",)
    assert app.return_value == 0


def test_leaving_twice_does_not_wait(empty_room: RoomUi) -> None:
    app = empty_room.app()
    gate = Gate(is_deaf=True)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        app.leave(130)
        await until(pilot, lambda: isinstance(app.screen, LeavingScreen))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._exit)
        gate.may_end.set()

    drive(app, steps)
    assert app.return_value == 130


def test_task_that_does_not_stop_keeps_nobody_for_ever(empty_room: RoomUi) -> None:
    app = empty_room.app()
    app.leave_seconds = 0.05
    gate = Gate(is_deaf=True)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("import /data/in", gate)
        await until(pilot, gate.began.is_set)
        app.leave()
        await until(pilot, lambda: app._exit)
        gate.may_end.set()

    drive(app, steps)


def test_quit_asks_while_peers_are_connected(empty_room: RoomUi) -> None:
    from tests.entrypoints.tui.test_listener import connected

    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("l")
        await until(pilot, lambda: app.listener.info)
        with connected(app):
            await until(pilot, lambda: app.listener.associations)
            await pilot.press("q")
            await on_screen(pilot, "the listener, with 1 association open")
            await pilot.press("n")
        await until(pilot, lambda: not app.listener.associations)
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
        assert not app.listener.is_on

    drive(app, steps)
