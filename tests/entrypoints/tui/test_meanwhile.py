"""What changes while a person looks at something else: actions stay with what was asked for, and nothing is lost."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.domain.errors import ConfigurationError
from fileroom.domain.query import QueryLevel, Selection
from fileroom.entrypoints.operations import nodes as node_operations
from fileroom.entrypoints.tui.completion import Option
from fileroom.entrypoints.tui.records import ListSource
from fileroom.entrypoints.tui.screens.fields import Field
from fileroom.entrypoints.tui.screens.form import FormScreen
from fileroom.entrypoints.tui.widgets import line_input
from fileroom.entrypoints.tui.widgets.pane import ListPane
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.forms import fill_in, form_after, gone
from tests.entrypoints.tui.gates import Gate
from tests.entrypoints.tui.scripted import NODE, a_scripted_peer


def take_away(room: RoomUi, study: str) -> None:
    """Take a study out of the catalog, as another process may."""
    catalog = room.container.catalog()
    selection = Selection(level=QueryLevel.STUDY, study_instance_uids=(study,))
    catalog.remove([entry.record.sop_instance_uid for entry in catalog.select(selection)])


def test_tool_works_on_what_its_form_named(room: RoomUi, tmp_path: Path) -> None:
    app = room.app()
    records = app.local_pane.records

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: records.total == 3 and records.marked)
        assert records.marked is not None
        study = records.marked.key
        form = await form_after(pilot, "w")
        take_away(room, study)
        await until(pilot, lambda: records.total == 2 and records.marked)
        assert records.marked.key != study
        await fill_in(pilot, form, tool="anonymize", output_dir=str(tmp_path / "out"))
        await pilot.press("ctrl+s")
        await until(pilot, app.room.tasks.ended)
        (view,) = app.room.tasks.ended()
        assert study in view.record.command
        assert view.record.state.value == "failed"

    drive(app, steps)
    assert not (tmp_path / "out").exists()


def test_way_back_up_leads_to_the_study_that_was_gone_into(room: RoomUi) -> None:
    app = room.app()
    records = app.local_pane.records

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: records.total == 3 and records.marked)
        await pilot.press("down")
        assert records.marked is not None
        study, first = records.marked.key, records.near[0].key
        await pilot.press("enter")
        await until(pilot, lambda: app.local_pane.level is QueryLevel.SERIES and records.total)
        take_away(room, first)
        await pilot.press("escape")
        await until(pilot, lambda: records.total == 2 and records.marked)
        assert records.marked.key == study

    drive(app, steps)


def test_task_that_ended_is_selected_no_more(empty_room: RoomUi) -> None:
    app = empty_room.app()
    first, second = Gate(), Gate()
    records = app.tasks_pane.records

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit("first", first)
        app.submit("second", second)
        await until(pilot, lambda: first.began.is_set() and second.began.is_set())
        await pilot.press("5")
        await until(pilot, lambda: records.total == 2)
        while records.marked is None or records.marked.cells[2] != "first":
            await pilot.press("down" if records.index == 0 else "up")
        await pilot.press("space")
        assert records.selected_count == 1
        first.may_end.set()
        await until(pilot, lambda: records.total == 1)
        await until(pilot, lambda: records.selected_count == 0)
        await pilot.press("c")
        await until(pilot, lambda: not app.room.tasks.active())

    drive(app, steps)
    ends = {view.record.title: view.record.state.value for view in empty_room.container.task_queue().ended()}
    assert ends == {"first": "succeeded", "second": "cancelled"}


def test_form_that_is_done_closes_itself_and_not_what_stands_before_it(empty_room: RoomUi) -> None:
    app = empty_room.app()
    may_end, made = threading.Event(), list[str]()

    def attempt(_: object) -> str:
        assert may_end.wait(20)
        return "made"

    async def steps(pilot: Pilot[Any]) -> None:
        field = Field(key="name", label="Name", value="x")
        form = FormScreen("Form", [field], attempt=attempt)
        app.ask(form, made.append)
        await until(pilot, lambda: app.screen is form and form.focused is not None)
        await pilot.press("enter", "ctrl+p")
        await until(pilot, lambda: app.screen is not form)
        palette = app.screen
        may_end.set()
        await pilot.pause(0.4)
        assert app.screen is palette
        assert not made
        await pilot.press("escape")
        await gone(pilot, form)
        assert made == ["made"]

    drive(app, steps)


def test_looking_for_changes_goes_on_after_an_unforeseen_error(
    empty_room: RoomUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = empty_room.app()
    failed: list[bool] = []

    def breaks() -> None:
        failed.append(True)
        raise ZeroDivisionError

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 0)
        with monkeypatch.context() as patch:
            patch.setattr(app.room, "nodes", breaks)
            await until(pilot, lambda: failed)
        empty_room.container.manage_nodes().add(NODE)
        await until(pilot, lambda: app.nodes_pane.nodes == (NODE,))

    drive(app, steps)


def test_unforeseen_error_while_a_node_is_forgotten_is_told(
    empty_room: RoomUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = empty_room.app()

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(node_operations, "delete_node", breaks)

    async def steps(pilot: Pilot[Any]) -> None:
        app.delete_nodes(["pacs"])
        await until(pilot, lambda: "bug in fileroom (ZeroDivisionError)" in messages(app))

    drive(app, steps)


def test_query_that_cannot_begin_has_failed(empty_room: RoomUi, monkeypatch: pytest.MonkeyPatch) -> None:
    app = empty_room.app()
    a_scripted_peer(empty_room)

    def breaks() -> None:
        raise ConfigurationError("there is no such backend")

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 1)
        monkeypatch.setattr(empty_room.container, "query_node", breaks)
        app.run_line("query pacs")
        await until(pilot, lambda: "no such backend" in messages(app))
        await until(pilot, lambda: app.query_pane.beside().startswith("pacs · failed"))

    drive(app, steps)


def test_nothing_that_peers_or_files_are_called_steers_the_terminal(
    empty_room: RoomUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = empty_room.app()
    gate = Gate()
    evil = "Doe\x1b]0;owned\x9c"
    monkeypatch.setattr(ListPane, "beside", lambda _: evil)

    async def steps(pilot: Pilot[Any]) -> None:
        app.submit(f"import {evil}", gate)
        app.query_pane.records.show(ListSource(()))
        app.query_pane.tell(also=evil)
        await on_screen(pilot, "import Doe\\x1b]0;owned")
        assert not {"\x1b", "\x9c"} & set(screen_text(app))
        gate.may_end.set()

    drive(app, steps)


def test_folder_that_is_far_away_keeps_nothing_else_waiting(
    room: RoomUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = room.app()
    answers, asked = threading.Event(), list[str]()

    def far(typed: str) -> list[Option]:
        asked.append(typed)
        assert answers.wait(20)
        return [Option(f"{typed}found")]

    monkeypatch.setattr(line_input, "paths_like", far)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(":", *"import path=", *"/far/away")
        await until(pilot, lambda: asked)
        assert app.room.reader.submit(lambda: True).result(10)
        assert len(asked) == 1
        answers.set()
        await on_screen(pilot, "/far/awayfound")
        assert asked[1:] == ["/far/away"]

    drive(app, steps)
