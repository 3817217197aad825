"""Panes find their place: in terminals that grow and shrink, zoomed, and behind a form."""

from functools import partial
from typing import Any
from unittest import mock

import pytest
from textual.events import Key
from textual.pilot import Pilot

from fileroom.entrypoints.tui.actions import ACTIONS, ALWAYS, PANE_KEYS
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.screens.help import HelpScreen
from fileroom.entrypoints.tui.widgets.pane import Pane
from fileroom.entrypoints.tui.widgets.scroller import Scroller
from tests.entrypoints.tui.driving import SMALL, WIDE, RoomUi, drive, on_screen, screen_text, until


def visible(app: FileroomApp) -> list[Pane]:
    return [pane for pane in app.panes if pane.region.height > 1]


async def has_in_sight(pilot: Pilot[Any], app: FileroomApp, *panes: Pane) -> None:
    await until(pilot, lambda: visible(app) == list(panes), f"{panes}, not {visible(app)}")


def is_in_front(pane: Pane) -> bool:
    return pane.has_focus_within and pane.region.height > 1


def is_wide(app: FileroomApp) -> bool:
    return len(visible(app)) == len(app.panes) and app.local_pane.region.width < app.size.width


def test_panes_follow_the_size_of_the_terminal(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for _ in range(2):
            await pilot.resize_terminal(*SMALL)
            await has_in_sight(pilot, app, app.local_pane)
            await pilot.resize_terminal(*WIDE)
            await until(pilot, lambda: is_wide(app))

    drive(app, steps)


def test_wider_terminal_shows_no_less_of_a_study(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for width, nodes_beside in ((80, False), (109, False), (110, False), (140, False), (200, True)):
            await pilot.resize_terminal(width, 44)
            await until(pilot, lambda width=width: app.size.width == width)  # type: ignore[misc]
            await on_screen(pilot, "DATE        PATIENT", "DESCRIPTION")
            left, below = app.nodes_pane.region, app.query_pane.region
            assert (left.right <= below.x) is nodes_beside, width

    drive(app, steps)


@pytest.mark.parametrize("key", ["i", ":", "/", "?"])
def test_terminal_that_changes_behind_something_else_changes_the_panes(room: RoomUi, key: str) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("5", key)
        await pilot.resize_terminal(*SMALL)
        await pilot.press("escape")
        await has_in_sight(pilot, app, app.tasks_pane)
        await pilot.press(key)
        await pilot.resize_terminal(*WIDE)
        await pilot.press("escape")
        await until(pilot, lambda: is_wide(app))

    drive(app, steps)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=str)
def test_zoom_goes_along_to_another_pane(room: RoomUi, size: tuple[int, int]) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("z")
        await has_in_sight(pilot, app, app.local_pane)
        for key, pane in (("1", app.nodes_pane), ("7", app.logs_pane), ("tab", app.nodes_pane)):
            await pilot.press(key)
            await has_in_sight(pilot, app, pane)
            assert app.focused_pane() is pane
            assert pane.region.height >= size[1] - 3
        await pilot.resize_terminal(100, 40)
        await has_in_sight(pilot, app, app.nodes_pane)
        await pilot.press("z")
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: is_wide(app))

    drive(app, steps, size=size)


def press_at_once(app: FileroomApp, keys: str) -> None:
    """Press keys faster than the app looks at them."""
    for key in keys:
        app.post_message(Key({":": "colon", "/": "slash"}.get(key, key), key))


@pytest.mark.parametrize("zoomed", [False, True])
def test_keys_that_follow_at_once_are_for_what_has_the_focus_by_then(room: RoomUi, *, zoomed: bool) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 3)
        await pilot.press("1", *("z" if zoomed else ""))
        press_at_once(app, "3G")
        await until(pilot, lambda: app.local_pane.records.index == 2)
        press_at_once(app, ":echo")
        await until(pilot, lambda: app.command_line.input.value == "echo")
        await pilot.press("escape")
        press_at_once(app, "/doe")
        await until(pilot, lambda: app.filter_bar.input.value == "doe")

    drive(app, steps)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=str)
def test_click_on_its_frame_goes_to_a_pane(room: RoomUi, size: tuple[int, int]) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for pane in (app.nodes_pane, app.logs_pane, app.details_pane, app.local_pane):
            await pilot.click(pane, offset=(5, 0))
            await until(pilot, partial(is_in_front, pane))

    drive(app, steps, size=size)


def test_click_on_a_key_in_the_last_line_does_what_the_key_does(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "i Import")
        shown = screen_text(app).splitlines()[-1]
        await pilot.click("#footer", offset=(shown.index("i Import") - 1, 0))  # between two of them
        await pilot.click("#footer", offset=(shown.index("i Import"), 0))
        await until(pilot, lambda: app.screen.is_modal)
        await on_screen(pilot, "In place")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)
        await pilot.click("#footer", offset=(shown.index("Help") + 3, 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))

    drive(app, steps)


@pytest.mark.parametrize("width", [30, 80, 140])
def test_last_line_tells_the_keys_of_the_pane_and_help_in_any_case(room: RoomUi, width: int) -> None:
    app = room.app()
    offers = {
        "1": "p Echo", "2": "m Retrieve", "3": "s Send", "4": "/ Filter", "5": "c Cancel", "6": "l Listen",
        "7": "z Zoom",
    }  # fmt: skip

    async def steps(pilot: Pilot[Any]) -> None:
        for key, offer in offers.items():
            await pilot.press(key)
            if width < SMALL[0]:
                await on_screen(pilot, ": Command  ? Help  q Quit")
            else:
                await on_screen(pilot, offer, ": Command  ? Help  q Quit")

    drive(app, steps, size=(width, 44))


def test_every_pane_offers_keys_of_actions() -> None:
    assert {f"pane-{name}" for name in PANE_KEYS} == {
        f"pane-{action.name.split(chr(39))[1]}" for action in ACTIONS if action.name.startswith("focus_pane")
    }
    names = {action.name for action in ACTIONS}
    assert {name for keys in (*PANE_KEYS.values(), ALWAYS) for name in keys} <= names


def test_tab_goes_round_and_back(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for key, order in (("tab", app.panes), ("shift+tab", app.panes[::-1])):
            await pilot.press("3")
            start = order.index(app.local_pane)
            for step in range(1, len(order) + 1):
                await pilot.press(key)
                assert app.focused_pane() is order[(start + step) % len(order)]

    drive(app, steps)


@pytest.mark.parametrize("scroller", ["details", "help"])
def test_text_scrolls_by_the_keys_that_lists_have(room: RoomUi, scroller: str) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "Patient" in str(app.details_pane.shown))
        await pilot.press("?" if scroller == "help" else "4")
        await until(pilot, lambda: app.focused is not None and app.focused.id == scroller)
        text = app.focused
        assert isinstance(text, Scroller)
        await until(pilot, lambda: text.more == "▼")
        for key, is_there in (
            ("j", lambda: text.scroll_y == 1),
            ("k", lambda: text.scroll_y == 0),
            ("space", lambda: text.scroll_y > 1),
            ("G", lambda: text.scroll_y == text.max_scroll_y and text.more == "▲"),
            ("g", lambda: text.scroll_y == 0 and text.more == "▼"),
        ):
            await pilot.press(key)
            await until(pilot, is_there, key)

    drive(app, steps, size=(80, 15))


@pytest.mark.parametrize("name", ["nodes", "query", "local", "details", "tasks", "listener", "logs"])
def test_every_key_reaches_its_action_from_every_pane(room: RoomUi, name: str) -> None:
    app = room.app()
    asked: list[object] = []

    async def note(action: object, *_: object, **__: object) -> bool:
        asked.append(action)
        return True

    async def steps(pilot: Pilot[Any]) -> None:
        app.action_focus_pane(name)
        await until(pilot, lambda: (pane := app.focused_pane()) is not None and pane.id == f"pane-{name}")
        scrolls = isinstance(app.focused, Scroller)
        with mock.patch.object(app, "run_action", note):
            for action in ACTIONS:
                for key in action.keys:
                    asked.clear()
                    await pilot.press(key)
                    expected = "page_down" if scrolls and key == "space" else action.name
                    assert asked == [expected], key

    drive(app, steps)
