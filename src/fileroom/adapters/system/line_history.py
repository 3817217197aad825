"""The history of typed lines in a file of the data directory."""

import json
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from fileroom.adapters.system.kept_lines import KeptLines
from fileroom.application.ports.line_history import LineHistory

KEPT: Final = 1000
LONGEST: Final = 8000
"""Characters of a line; a longer one is not kept."""


class MemoryLineHistory(LineHistory):
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._lines: deque[str] = deque(maxlen=KEPT)

    def add(self, line: str) -> None:
        """Remember a line."""
        with self._guard:
            if len(line) <= LONGEST:
                self._lines.appendleft(line)

    def latest(self, limit: int) -> Sequence[str]:
        """Return the latest lines."""
        with self._guard:
            return tuple(self._lines)[: max(limit, 0)]


class FileLineHistory(LineHistory):
    """Appends each line as a JSON string; what is none is passed over."""

    def __init__(self, path: Path) -> None:
        self._lines = KeptLines(path, kept=KEPT, what="the history of commands")

    def add(self, line: str) -> None:
        """Append a line."""
        if len(line) <= LONGEST:
            self._lines.add(json.dumps(line))

    def latest(self, limit: int) -> Sequence[str]:
        """Read the end of the file."""
        found: list[str] = []
        for written in reversed(self._lines.lines()):
            if len(found) >= limit:
                break
            with suppress(ValueError, RecursionError):
                line = json.loads(written)
                if isinstance(line, str):
                    found.append(line)
        return tuple(found)
