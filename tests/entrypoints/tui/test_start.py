"""The terminal UI as it comes up."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.entrypoints.tui.driving import SMALL, WIDE, RoomUi, drive, on_screen, until


@pytest.mark.parametrize("size", [SMALL, WIDE, (240, 70)], ids=str)
def test_local_lists_what_is_here(room: RoomUi, size: tuple[int, int]) -> None:
    app = room.app()

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 3)
        await on_screen(pilot, "1/3")

    drive(app, look, size=size)


def test_panes_say_what_to_do_first_when_nothing_is_here(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def look(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "Press i to import files")
        await on_screen(pilot, "Press a to register one")

    drive(app, look)
