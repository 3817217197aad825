"""The terminal UI: all of fileroom at the keyboard."""

from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.tui.doing.panes import PaneActions

if TYPE_CHECKING:
    from fileroom.entrypoints.container import Container


class FileroomApp(PaneActions):
    """The panes, and all that can be done."""


def run(container: "Container", data_dir: Path) -> int:
    """Run the terminal UI until it is left, and return the exit code."""
    return FileroomApp(container, data_dir).run() or 0
