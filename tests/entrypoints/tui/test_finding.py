"""Help, the palette, and copying."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from fileroom.entrypoints.tui.actions import ACTIONS, key_text
from fileroom.entrypoints.tui.command_table import COMMANDS
from fileroom.entrypoints.tui.screens.help import HelpScreen, whole_help
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.test_command_line import known, register
from tests.entrypoints.tui.typing_lines import line_of

# Help -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [74, 96])
def test_help_tells_of_every_action_and_every_command(width: int) -> None:
    console = Console(width=width, file=StringIO())
    console.print(whole_help())
    file = console.file
    assert isinstance(file, StringIO)
    lines = file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    text = " ".join(" ".join(lines).split())
    for action in {action.name: action for action in reversed(ACTIONS)}.values():
        assert " ".join(action.says.split()[:4]) in text, action.name
        assert not action.command or f"(:{action.command})" in text
    for action in ACTIONS:
        assert all(key_text(key) in text for key in action.keys)
    for command in COMMANDS:
        assert command.says.partition(":")[0] in text
        for key in command.keys:
            assert key.name in text, (command.name, key.name)


@pytest.mark.parametrize("size", [SMALL, (140, 44)], ids=str)
def test_help_scrolls_and_closes(empty_room: RoomUi, size: tuple[int, int]) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await on_screen(pilot, "Go to the nodes.")
        await pilot.press("end")
        await on_screen(pilot, ":quit")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)

    drive(app, steps, size=size)


def test_help_is_narrowed_as_one_types(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("question_mark")
        await on_screen(pilot, "Go to the nodes.", "/ filter")
        await pilot.press("slash", *"c-echo")
        await on_screen(pilot, "Verify that the nodes that are selected answer (C-ECHO).", "echo TARGET")
        assert "Go to the nodes." not in screen_text(app)
        await pilot.press("enter", "j")
        await on_screen(pilot, "c-echo")
        await pilot.press("escape")
        await on_screen(pilot, "Go to the nodes.")
        await pilot.press("slash", *"xyz")
        await on_screen(pilot, "No row has these words")
        await pilot.press("escape")
        await on_screen(pilot, "Go to the nodes.")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)

    drive(app, steps)


def test_keys_are_written_as_keyboards_have_them() -> None:
    written = {key: key_text(key) for action in ACTIONS for key in action.keys}
    assert written["slash"] == "/"
    assert written["question_mark"] == "?"
    assert written["shift+tab"] == "Shift+Tab"
    assert written["ctrl+a"] == "Ctrl+A"
    assert written["f2"] == "F2"
    assert written["space"] == "Space"
    assert written["a"] == "a"


# Palette --------------------------------------------------------------------------------------------------------------


async def chosen(pilot: Pilot[Any], text: str, shown: str) -> None:
    """Open the palette, look for something, and take the first that is found."""
    app = pilot.app
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(app.screen, CommandPalette))
    app.screen.query_one(Input).value = text
    in_line = text.count(shown)
    await until(pilot, lambda: screen_text(app).count(shown) > in_line, shown)
    await pilot.press("enter")
    await until(pilot, lambda: not isinstance(app.screen, CommandPalette))


def test_palette_finds_actions_by_name(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await chosen(pilot, "Light and dark", "Light and dark (F2)")
        await until(pilot, lambda: not app.current_theme.dark)
        await chosen(pilot, "Logs (7)", "Logs (7)")
        await until(pilot, lambda: app.focused_pane() is app.logs_pane)

    drive(app, steps)


def test_palette_knows_nodes(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", "archive")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 2)
        await chosen(pilot, "query archive", "query archive")
        await until(pilot, lambda: line_of(app).has_focus)
        assert line_of(app).value == "query node=archive "
        await pilot.press("escape")
        await chosen(pilot, "theme light", "theme light")
        await until(pilot, lambda: not app.current_theme.dark)

    drive(app, steps)


def test_palette_takes_any_name_of_a_node(empty_room: RoomUi) -> None:
    register(empty_room, "[red]")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 1)
        await chosen(pilot, "query [red]", "query [red]")
        await until(pilot, lambda: line_of(app).has_focus)
        assert line_of(app).value == "query node=[red] "

    drive(app, steps)


# Copying --------------------------------------------------------------------------------------------------------------


def test_uid_of_what_is_marked_is_copied(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.local_pane.records
        await until(pilot, lambda: records.total == 3 and records.marked)
        uid = records.marked.key if records.marked else ""
        await pilot.press("y")
        assert app.clipboard == uid
        assert f"Copied {uid}" in messages(app)
        await pilot.press("space", "space", "y")
        assert len(app.clipboard.splitlines()) == 2
        assert "2 rows" in messages(app)

    drive(app, steps)


def test_names_of_nodes_are_copied_and_nothing_where_nothing_is_marked(empty_room: RoomUi) -> None:
    register(empty_room, "pacs")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 1)
        await pilot.press("1", "y")
        assert app.clipboard == "pacs"
        await pilot.press("2", "y")
        assert "Go to a row first" in messages(app)

    drive(app, steps)
