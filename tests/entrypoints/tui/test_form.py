"""Forms by themselves: what no action of its own has to show again."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from fileroom.entrypoints.tui.screens.completing import complete_path
from fileroom.entrypoints.tui.screens.fields import Field, Values
from fileroom.entrypoints.tui.screens.form import FormScreen
from fileroom.entrypoints.tui.screens.lines import CandidateList, TextLine
from fileroom.entrypoints.tui.screens.object_forms import node_field
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, on_screen, screen_text, until
from tests.entrypoints.tui.forms import can_submit, fill_in, focused_key, form_after, gone
from tests.entrypoints.tui.scripted import NODE

WAIT_SECONDS = 20.0


async def opened(pilot: Pilot[Any], form: FormScreen[Any]) -> list[object]:
    """Show a form, and return where its answer will be."""
    answers: list[object] = []
    pilot.app.push_screen(form, answers.append)
    await until(pilot, lambda: pilot.app.screen is form and form.focused is not None)
    return answers


def a_bug(values: Values) -> None:
    raise ZeroDivisionError(values["name"])


def test_bug_is_told_and_the_form_stays(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = FormScreen("Name", [Field(key="name", label="Name")], attempt=a_bug)
        await opened(pilot, form)
        await pilot.press(*"x", "enter")
        await until(
            pilot, lambda: "this is a bug in fileroom (ZeroDivisionError)" in str(form._error.content)
        )
        assert app.screen is form
        assert can_submit(form)

    drive(app, steps)


def test_form_that_is_left_while_it_works_ends_with_nothing(empty_room: RoomUi) -> None:
    app = empty_room.app()
    begun, may_end = threading.Event(), threading.Event()

    def attempt(values: Values) -> str:
        begun.set()
        assert may_end.wait(WAIT_SECONDS)
        return values["name"]

    async def steps(pilot: Pilot[Any]) -> None:
        form = FormScreen("Name", [Field(key="name", label="Name")], attempt=attempt)
        answers = await opened(pilot, form)
        await pilot.press(*"x", "enter")
        await until(pilot, begun.is_set)
        assert not can_submit(form)
        await pilot.press("enter", "escape")
        await gone(pilot, form)
        may_end.set()
        await pilot.pause(0.05)
        assert answers == [None]

    drive(app, steps)


def test_no_form_opens_before_another(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        await app.run_action("import_files")
        await pilot.pause()
        assert app.screen is form

    drive(app, steps)


def test_long_form_scrolls_to_where_one_types(empty_room: RoomUi) -> None:
    empty_room.container.manage_nodes().add(NODE)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 1)
        form = await form_after(pilot, "f")
        for key in ("study_date_from", "study_date_to", "study_instance_uid", "series_instance_uid", "limit"):
            await fill_in(pilot, form, **{key: "x"})
        await on_screen(pilot, "'x' is not a limit")
        await on_screen(pilot, "Ask")

    drive(app, steps, size=SMALL)


def test_candidate_is_taken_with_the_mouse(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        fields = [node_field([NODE], "To"), Field(key="notes", label="Notes")]
        form = FormScreen("Send", fields, attempt=lambda values: values["node"])
        answers = await opened(pilot, form)
        await on_screen(pilot, "PEER at peer:104")
        await pilot.click(form.query(CandidateList).first(), offset=(3, 0))
        await until(pilot, lambda: form.values["node"] == "pacs")
        await until(pilot, lambda: focused_key(form) == "node")
        await pilot.click("#form-submit")
        await until(pilot, lambda: answers == ["pacs"])

    drive(app, steps)


@pytest.mark.parametrize("where", ["form", "help", "filter"])
def test_what_is_pasted_steers_no_terminal(empty_room: RoomUi, where: str) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        if where == "form":
            await opened(pilot, FormScreen("Name", [Field(key="name", label="Name")], attempt=dict))
        else:
            await pilot.press(*{"help": ("question_mark", "slash"), "filter": ("slash",)}[where])
        await until(pilot, lambda: isinstance(app.focused, Input))
        line = app.focused
        assert isinstance(line, Input)
        line.post_message(Paste("Doe\x1b]0;owned\x07"))
        await until(pilot, lambda: line.value == "Doe]0;owned")
        assert "\x1b" not in screen_text(app)

    drive(app, steps)


@pytest.mark.parametrize("is_there", [True, False])
def test_tab_does_not_go_on_from_a_path_that_is_half_typed(
    empty_room: RoomUi, tmp_path: Path, *, is_there: bool
) -> None:
    for name in ("scan one", "scan two"):
        (tmp_path / name).mkdir()
    (tmp_path / "scan one" / "first.dcm").touch()
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        path = Field(key="path", label="Path", complete=complete_path, is_there=is_there)
        form = FormScreen("Send", [path, Field(key="notes", label="Notes")], attempt=dict)
        await opened(pilot, form)
        form.query_one("#field-path", TextLine).value = f"{tmp_path}{os.sep}sc"
        await on_screen(pilot, f"scan two{os.sep}")
        await pilot.press("tab")
        await until(pilot, lambda: form.values["path"] == f"{tmp_path}{os.sep}scan ")
        await on_screen(pilot, f"scan two{os.sep}")
        await until(pilot, lambda: form.query_one("#field-path", TextLine)._is_fresh)
        await pilot.press("tab")
        if not is_there:
            await until(pilot, lambda: focused_key(form) == "notes")
            return
        await until(pilot, lambda: form.query_one("#field-path", TextLine)._candidate() is not None)
        assert focused_key(form) == "path"
        await pilot.press("tab")
        await until(pilot, lambda: form.values["path"] == f"{tmp_path}{os.sep}scan one{os.sep}")
        await on_screen(pilot, "first.dcm")
        await until(pilot, lambda: form.query_one("#field-path", TextLine)._is_fresh)
        await pilot.press("tab", "tab")
        await until(pilot, lambda: focused_key(form) == "notes")
        assert form.values["path"].endswith("first.dcm")

    drive(app, steps)


@pytest.mark.parametrize(("keys", "chosen"), [(("right",), "move"), (("left",), "get"), ((), "auto")])
def test_choice_goes_around(empty_room: RoomUi, keys: tuple[str, ...], chosen: str) -> None:
    from fileroom.entrypoints.tui.screens.object_forms import retrieve_fields

    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = FormScreen(
            "Retrieve", retrieve_fields([NODE], "pacs"), attempt=lambda values: values["via"],
            first="via",
        )  # fmt: skip
        answers = await opened(pilot, form)
        await pilot.press(*keys, "enter")
        await until(pilot, lambda: answers == [chosen])

    drive(app, steps)


def test_choice_is_made_with_the_mouse(empty_room: RoomUi) -> None:
    from fileroom.entrypoints.tui.screens.object_forms import import_fields, retrieve_fields

    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        fields = [*retrieve_fields([NODE], "pacs"), *import_fields()[1:]]
        form = FormScreen("Retrieve", fields, attempt=dict)
        await opened(pilot, form)
        await pilot.click("#field-via", offset=(14, 0))
        await until(pilot, lambda: form.values["via"] == "move")
        await pilot.click("#field-in_place", offset=(3, 0))
        await until(pilot, lambda: form.values["in_place"] == "yes")

    drive(app, steps)
