"""Drives the terminal UI in a test: an app without a terminal, and waiting until something can be seen."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest import mock

from textual import _wait
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot

from fileroom.entrypoints.container import Container
from fileroom.entrypoints.tui.app import FileroomApp

PATIENCE_SECONDS = 20.0
WIDE = (140, 44)
SMALL = (80, 24)
IDLE_SECONDS = 0.004
"""An app that works for less than half of this time is idle, and gets the next key."""
Steps = Callable[[Pilot[Any]], Awaitable[None]]


def drive(app: App[Any], steps: Steps, *, size: tuple[int, int] = WIDE) -> None:
    """Run an app in a terminal of `size` cells, do `steps` with it, and leave it; what it raises is raised."""

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await steps(pilot)

    # Textual's own test of it takes five times as long, and is hard to pass while tests run side by side.
    with mock.patch.multiple(_wait, SLEEP_GRANULARITY=IDLE_SECONDS, SLEEP_IDLE=IDLE_SECONDS / 2):
        asyncio.run(run())
    bugs: list[Exception] = getattr(app, "bugs", [])
    if bugs:
        raise bugs[0]


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str = "") -> None:
    """Let the app work until a condition holds; fails where it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, (
            f"waited in vain for {what or condition}\n{screen_text(pilot.app)}"
        )
        await pilot.pause(0.005)


async def on_screen(pilot: Pilot[Any], *texts: str) -> None:
    """Let the app work until these texts are on the screen; fails where one never is."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), " and ".join(texts))


def screen_text(app: App[Any]) -> str:
    """What is on the screen, as lines of text."""
    # As Textual does before it draws: else a form is drawn, and kept, without the panes behind it.
    visible_screen_stack.set(app._background_screens)
    widgets = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in widgets)


def messages(app: App[Any]) -> str:
    """The toasts that are shown, as lines of text."""
    return "\n".join(str(toast.message) for toast in app._notifications)


class RoomUi:
    """A file room and the terminal UI over it."""

    def __init__(self, container: Container, data_dir: Path) -> None:
        """Show what this container holds."""
        self.container = container
        self.data_dir = data_dir

    def app(self) -> FileroomApp:
        """Return a terminal UI that was not started yet."""
        return FileroomApp(self.container, self.data_dir)
