"""What was typed before: lines, kept from one run to the next."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol


class LineHistory(Protocol):
    """Remembers the lines that were typed last; safe to use from several threads and beside other processes.

    A line is kept as it was typed, patients' names included: no one but its owner may read where it is kept.
    """

    @abstractmethod
    def add(self, line: str) -> None:
        """Remember a line; where that is not possible, it is forgotten, and a log line says so."""

    @abstractmethod
    def latest(self, limit: int) -> Sequence[str]:
        """Return the lines that were typed last, the latest first; what cannot be read any more is left out."""
