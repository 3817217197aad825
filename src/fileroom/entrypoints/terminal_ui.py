"""Opens the terminal UI: the one place through which the command line reaches it."""

import gc
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from fileroom.entrypoints.container import Container


def run_terminal_ui(container: "Container", data_dir: Path) -> int:
    """Run the terminal UI until it is left, and return the exit code.

    Raises:
        ConfigurationError: what it is made with is not installed.
    """
    if find_spec("textual") is None:
        raise ConfigurationError(
            "the terminal UI needs a library that is not installed",
            hint='install it with: pip install "fileroom[tui]"',
        )
    gc.disable()  # until the UI is there: what is loaded stays, and to look through it for garbage takes its time
    try:
        code = import_module("fileroom.entrypoints.tui.app").run(container, data_dir)
    finally:
        gc.enable()
    return code if isinstance(code, int) else 0
