"""Lists are narrowed as one types."""

from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.widgets.filter_bar import FilterBar
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, on_screen, screen_text, until
from tests.entrypoints.tui.test_command_line import known, register
from tests.entrypoints.tui.typing_lines import hints, line_of, narrowed


def is_open(app: FileroomApp) -> bool:
    return bool(app.query_one(FilterBar).display)


def title(app: FileroomApp) -> str:
    return str(app.local_pane.border_title)


@pytest.mark.parametrize("size", [SMALL, (140, 44)], ids=str)
def test_studies_are_narrowed_as_one_types(room: RoomUi, size: tuple[int, int]) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.local_pane.records
        await until(pilot, lambda: records.total == 3)
        await narrowed(pilot, app, "modality=US")
        await until(pilot, lambda: records.total == 0)
        await on_screen(pilot, "Nothing here fits the filter")
        assert "/ modality=US" in title(app)
        await pilot.press("backspace", "backspace", *"CT date=1900..")
        await until(pilot, lambda: app.local_pane.filter_text == "modality=CT date=1900..")
        await until(pilot, lambda: records.total == 3)
        await pilot.press("enter")
        await until(pilot, lambda: app.focused_pane() is app.local_pane and not is_open(app))
        assert "/ modality=CT date=1900.." in title(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.local_pane.filter_text == "" and records.total == 3)
        assert "/ " not in title(app)

    drive(app, steps, size=size)


def test_wrong_filter_is_told_and_keeps_the_last_good_list(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.local_pane.records
        await until(pilot, lambda: records.total == 3)
        await narrowed(pilot, app, "modality=US ")
        await until(pilot, lambda: records.total == 0)
        await pilot.press(*"date=2026-1")
        await until(pilot, lambda: "'2026-1' is not a date" in hints(app))
        await on_screen(pilot, "▼" * 6)
        line = next(
            line for line in screen_text(app).splitlines() if "/ modality=US" in line and "Local" not in line
        )
        arrows = next(line for line in screen_text(app).splitlines() if "▼" * 6 in line)
        assert arrows.index("▼") == line.index("2026-1")
        assert app.local_pane.filter_text == "modality=US"
        await pilot.press("enter")
        assert is_open(app)
        await pilot.press("escape")
        await until(pilot, lambda: records.total == 3 and not is_open(app))
        assert app.local_pane.filter_text == ""

    drive(app, steps)


def test_plain_words_are_part_of_the_name_of_the_patient(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.local_pane.records
        await until(pilot, lambda: records.total == 3)
        name = records.marked.cells[1] if records.marked else ""
        family, _, given = name.partition("^")
        await narrowed(
            pilot, app, f"{family[:3].lower()} {given[:2].upper()}" if given else family[:3].lower()
        )
        await until(pilot, lambda: app.local_pane.filter_text)
        await until(pilot, lambda: (records.total or 0) > 0)
        await pilot.press(*"xyz")
        await until(pilot, lambda: records.total == 0)

    drive(app, steps)


def test_each_level_has_a_filter_of_its_own(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        pane = app.local_pane
        await until(pilot, lambda: pane.records.total == 3)
        await narrowed(pilot, app, "modality=CT")
        await pilot.press("enter")
        await until(pilot, lambda: app.focused_pane() is pane)
        await pilot.press("enter")
        await until(pilot, lambda: pane.level is QueryLevel.SERIES and pane.records.total == 2)
        uid = pane.records.marked.key if pane.records.marked else ""
        await narrowed(pilot, app, uid)
        await until(pilot, lambda: pane.records.total == 1)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: pane.records.total == 2)
        await pilot.press("escape")
        await until(pilot, lambda: pane.level is QueryLevel.STUDY)
        assert pane.filter_text == "modality=CT"

    drive(app, steps)


def test_other_lists_are_narrowed_by_words(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", "archive", "Zürich")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.nodes_pane.records
        await known(pilot, app, 3)
        await pilot.press("1")
        await narrowed(pilot, app, "zur")
        await until(pilot, lambda: records.total == 1)
        assert hints(app) == ""
        await pilot.press(*"x")
        await on_screen(pilot, "No row has these words")
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: records.total == 1 and app.focused_pane() is app.nodes_pane)
        register(empty_room, "Zürich-2")
        await pilot.press("r")
        await until(pilot, lambda: records.total == 2)
        await pilot.press("slash")
        await until(pilot, lambda: app.query_one(FilterBar).input.value == "zur")
        await pilot.press("escape")
        await until(pilot, lambda: records.total == 4)

    drive(app, steps)


def test_arrows_mark_rows_while_one_types(empty_room: RoomUi) -> None:
    register(empty_room, "a", "b", "c")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 3)
        await pilot.press("1")
        await narrowed(pilot, app, "")
        await pilot.press("down", "down", "up")
        await until(pilot, lambda: app.nodes_pane.records.index == 1)
        assert is_open(app)

    drive(app, steps)


def test_tab_completes_keys_of_the_filter(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 3)
        await narrowed(pilot, app, "acc")
        await pilot.press("tab")
        line = app.query_one(FilterBar).input
        assert line.value == "accession_number="
        line.value = "modality=C"
        line.cursor_position = 10
        await pilot.press("tab", "tab")
        assert line.value in {"modality=CT", "modality=CR"}

    drive(app, steps)


def test_filter_is_kept_when_the_mouse_goes_elsewhere(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 3)
        await narrowed(pilot, app, "modality=US")
        await pilot.click("#nodes")  # before it was looked at
        await until(pilot, lambda: app.focused_pane() is app.nodes_pane and not is_open(app))
        assert line_of(app).display
        assert app.local_pane.filter_text == "modality=US"

    drive(app, steps)
