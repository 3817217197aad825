"""The latest lines of the log, kept for the screen."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fileroom.entrypoints.tui.task_log import text_of

LINES: Final = 5000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record of the log."""

    number: int
    """From 0, for as long as the program runs."""
    created: float
    """Seconds since the epoch."""
    level: str
    text: str


class LogBuffer(logging.Handler):
    """Keeps the latest records in a ring; whoever shows them looks now and then whether `total` has grown."""

    def __init__(self, lines: int = LINES) -> None:
        super().__init__()
        self._ring: list[LogLine | None] = [None] * lines
        self._guard = threading.Lock()
        self.total = 0
        """Records that there were in all."""

    @property
    def first(self) -> int:
        """Number of the oldest line that is kept."""
        return max(self.total - len(self._ring), 0)

    @property
    def is_capped(self) -> bool:
        """Whether older lines are gone."""
        return self.total > len(self._ring)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        text = text_of(record)
        with self._guard:
            number = self.total
            self._ring[number % len(self._ring)] = LogLine(number, record.created, record.levelname, text)
            self.total = number + 1

    def lines(self, start: int, stop: int) -> Sequence[LogLine]:
        """Return the lines whose numbers are in this range, as far as they are kept."""
        with self._guard:
            start, stop = max(start, self.first), min(stop, self.total)
            found = [self._ring[number % len(self._ring)] for number in range(start, stop)]
        return [line for line in found if line is not None]
