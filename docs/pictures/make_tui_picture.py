# ruff: noqa: INP001 - the documentation is no package
"""Draws `tui.svg`: the terminal UI at work against a real peer, in a terminal of 140 by 42.

Run it where the ports of `PEER_PORT` and of fileroom's own listener are free, on Linux or macOS:
`.venv/bin/python docs/pictures/make_tui_picture.py`. What is typed is in `LINES`; the samples are those that pydicom
ships.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from make_demo_picture import PEER_PORT, SAMPLES, STUDY, peer
from textual.pilot import Pilot

from fileroom.entrypoints.container import close_container, open_container
from fileroom.entrypoints.settings import Settings
from fileroom.entrypoints.tui.app import FileroomApp

SIZE: Final = (140, 42)
PICTURE: Final = Path(__file__).with_name("tui.svg")
AT_HOME: Final = (
    "CT_small.dcm",
    "MR_small.dcm",
    "JPEG2000.dcm",
    "waveform_ecg.dcm",
    "rtplan.dcm",
    "examples_palette.dcm",
)
LINES: Final = (
    f"node-add name=pacs ae=ARCHIVE host=127.0.0.1 port={PEER_PORT}",
    "node-add name=workstation ae=READING1 host=192.0.2.20 port=104",
    "echo pacs",
    "query pacs patient_name='doe*'",
    f"retrieve pacs study={STUDY} via=get",
    f"import {' '.join(str(SAMPLES / name) for name in AT_HOME)}",
    "listen start",
)
PATIENCE_SECONDS: Final = 30


async def until(pilot: Pilot[Any], holds: Callable[[], object]) -> None:
    """Let the app work until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain: {app_text(pilot)}")
        await pilot.pause(0.05)


def app_text(pilot: Pilot[Any]) -> str:
    """Return what is on the screen."""
    strips = pilot.app.screen._compositor.render_strips()  # noqa: SLF001 - for the error alone
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def play(app: FileroomApp) -> str:
    """Type the lines, have some studies in sight, and return the picture."""
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        queue = app.room.tasks
        for line in LINES:
            await pilot.press("colon")
            app.command_line.input.value = line
            await pilot.press("enter")
            await pilot.pause(0.3)
            await until(pilot, lambda: not queue.unfinished)
        await until(pilot, lambda: (app.local_pane.records.total or 0) >= len(AT_HOME))
        app.clear_notifications()
        for key in ("1", "5", "t", "3", "home", "down", "space", "down", "space", "down"):
            await pilot.press(key)
            await pilot.pause(0.2)
        await pilot.pause(1.5)
        drawn = app.export_screenshot(title="fileroom tui")
        app.listener.stop()
        return drawn


def main() -> None:
    """Draw."""
    with tempfile.TemporaryDirectory(prefix="fileroom-picture-") as folder, peer(Path(folder) / "peer"):
        data_dir = Path(folder) / "room"
        container = open_container(Settings(), data_dir)
        try:
            drawn = asyncio.run(play(FileroomApp(container, data_dir)))
        finally:
            container.task_queue().close(5)
            close_container(container)
        drawn = drawn.replace(str(data_dir), "~/.local/share/fileroom")
    # Letters come from whatever monospaced font the reader has.
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(re.sub(r"font-family:\s*[^;]*;", "font-family: monospace;", drawn), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE}\n")


if __name__ == "__main__":
    main()
