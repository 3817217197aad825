"""Types lines into the terminal UI."""

from typing import Any

from textual.pilot import Pilot

from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.widgets.command_line import CommandLine, TypedLine
from fileroom.entrypoints.tui.widgets.filter_bar import FilterBar
from fileroom.entrypoints.tui.widgets.hints import LineHints
from tests.entrypoints.tui.driving import until


def line_of(app: FileroomApp) -> TypedLine:
    """The command line."""
    return app.query_one(CommandLine).input


def hints(app: FileroomApp) -> str:
    """What stands over the line."""
    found = app.query_one(LineHints)
    return found.text if found.display else ""


async def typed(pilot: Pilot[Any], app: FileroomApp, text: str) -> None:
    """Go to the command line and type."""
    await pilot.press("colon")
    await until(pilot, lambda: line_of(app).has_focus)
    await pilot.press(*text)


async def enter(pilot: Pilot[Any], app: FileroomApp, text: str) -> None:
    """Put a command into the line as a paste does, which is quicker than to type it, and have it done."""
    await typed(pilot, app, "")
    line_of(app).value = text
    await pilot.press("enter")


async def narrowed(pilot: Pilot[Any], app: FileroomApp, text: str) -> None:
    """Begin to narrow the list that has the focus."""
    await pilot.press("slash")
    await until(pilot, lambda: app.query_one(FilterBar).input.has_focus)
    await pilot.press(*text)
