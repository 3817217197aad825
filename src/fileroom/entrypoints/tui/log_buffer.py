"""The latest lines of the log, kept for the screen."""

import logging
import threading
from collections import deque
from typing import Final

LINES: Final = 5000


class LogBuffer(logging.Handler):
    """Keeps the latest records as texts; whoever shows them looks now and then whether `total` has grown."""

    def __init__(self, lines: int = LINES) -> None:
        super().__init__()
        self.records: deque[tuple[float, str, str]] = deque(maxlen=lines)
        """Moment, level and text."""
        self.total = 0
        self._guard = threading.Lock()

    @property
    def is_capped(self) -> bool:
        """Whether older lines are gone."""
        return self.total > len(self.records)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        if record.exc_info and record.exc_info[0] is not None:
            text = f"{text} ({record.exc_info[0].__name__})"
        with self._guard:
            self.records.append((record.created, record.levelname, text))
            self.total += 1

    def lines(self) -> tuple[tuple[float, str, str], ...]:
        """Return what is kept."""
        with self._guard:
            return tuple(self.records)
