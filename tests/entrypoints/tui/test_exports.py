"""Export at the keyboard: what is listed becomes a file."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.entrypoints.rows import INSTANCES, SERIES, STUDIES
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.screens.form import FormScreen
from fileroom.entrypoints.tui.screens.question import QuestionScreen
from tests.builders import a_uid
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, until
from tests.entrypoints.tui.forms import fill_in, form_after, gone
from tests.entrypoints.tui.scripted import a_scripted_peer


async def export(pilot: Pilot[Any], app: FileroomApp, path: Path) -> None:
    form = await form_after(pilot, "x")
    await fill_in(pilot, form, path=str(path))
    await pilot.press("enter")
    await gone(pilot, form)
    await until(pilot, app.room.tasks.ended)


async def listed(pilot: Pilot[Any], app: FileroomApp) -> None:
    await until(pilot, lambda: app.local_pane.records.marked is not None)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_what_is_listed_is_written_with_its_filter(room: RoomUi, tmp_path: Path) -> None:
    app = room.app()
    path = tmp_path / "out.csv"

    async def steps(pilot: Pilot[Any]) -> None:
        await listed(pilot, app)
        app.local_pane.filter_by_text("patient_id=P2")
        await until(pilot, lambda: app.local_pane.records.total == 1)
        await export(pilot, app, path)
        await until(pilot, lambda: f"wrote 1 study to {path}" in messages(app))

    drive(app, steps)
    (row,) = rows_of(path)
    assert tuple(row) == STUDIES.exported
    assert row["study_instance_uid"] == a_uid(2)


def test_selected_rows_are_written_alone(room: RoomUi, tmp_path: Path) -> None:
    app = room.app()
    path = tmp_path / "out.json"

    async def steps(pilot: Pilot[Any]) -> None:
        await listed(pilot, app)
        await pilot.press("space", "space")
        await export(pilot, app, path)

    drive(app, steps)
    assert [row["study_instance_uid"] for row in json.loads(path.read_text())] == [a_uid(1), a_uid(2)]


@pytest.mark.parametrize(("enters", "kind"), [(1, SERIES), (2, INSTANCES)])
def test_series_and_instances_are_written(room: RoomUi, tmp_path: Path, enters: int, kind: Any) -> None:
    app = room.app()
    path = tmp_path / "out.csv"

    async def steps(pilot: Pilot[Any]) -> None:
        for _ in range(enters):
            await listed(pilot, app)
            level = app.local_pane.level
            await pilot.press("enter")
            await until(pilot, lambda level=level: app.local_pane.level is not level)  # type: ignore[misc]
        await listed(pilot, app)
        await export(pilot, app, path)

    drive(app, steps)
    assert [tuple(row) for row in rows_of(path)] == [kind.exported] * 2


def test_matches_are_written(empty_room: RoomUi, tmp_path: Path) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()
    path = tmp_path / "matches.csv"

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: app.query_pane.records.total == 2)
        form = await form_after(pilot, "x")
        assert form.values["path"] == "pacs-study-matches.csv"
        await fill_in(pilot, form, path=str(path))
        await pilot.press("enter")
        await until(pilot, lambda: f"wrote 2 matches to {path}" in messages(app))

    drive(app, steps)
    assert [row["StudyInstanceUID"] for row in rows_of(path)] == [a_uid(1), a_uid(2)]


def test_format_and_ending_say_the_same(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await listed(pilot, app)
        form = await form_after(pilot, "x")
        assert form.values == {"format": "csv", "path": "studies.csv"}
        form.query_one("#field-format").focus()
        await pilot.press("space")
        assert form.values == {"format": "json", "path": "studies.json"}
        await fill_in(pilot, form, path="mine.csv")
        assert form.values["format"] == "csv"

    drive(app, steps)


def test_file_is_replaced_after_a_yes_only(room: RoomUi, tmp_path: Path) -> None:
    app = room.app()
    path = tmp_path / "mine.csv"
    path.write_text("precious")

    async def steps(pilot: Pilot[Any]) -> None:
        await listed(pilot, app)
        form = await form_after(pilot, "x")
        await fill_in(pilot, form, path=str(path))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await on_screen(pilot, "exists already")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, FormScreen) and app.screen is not form)
        assert path.read_text() == "precious"
        assert isinstance(app.screen, FormScreen)
        assert app.screen.values["path"] == str(path)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press("y")
        await until(pilot, lambda: "wrote 3 studies" in messages(app))

    drive(app, steps)
    assert len(rows_of(path)) == 3


@pytest.mark.parametrize(("name", "says"), [("", "is a folder"), ("no/where.csv", "there is no folder")])
def test_place_that_cannot_be_written_to_is_told(room: RoomUi, tmp_path: Path, name: str, says: str) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await listed(pilot, app)
        form = await form_after(pilot, "x")
        await fill_in(pilot, form, path=str(tmp_path / name))
        await pilot.press("enter")
        await until(pilot, lambda: says in str(form._error.content))
        await pilot.press("escape")
        await gone(pilot, form)

    drive(app, steps)
    assert not room.container.task_queue().ended()


@pytest.mark.parametrize("key", ["2", "3", "5"])
def test_export_of_nothing_says_what_to_do(empty_room: RoomUi, key: str) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 0)
        await pilot.press(key, "x")
        await until(pilot, lambda: "There is nothing to export" in messages(app))

    drive(app, steps)
