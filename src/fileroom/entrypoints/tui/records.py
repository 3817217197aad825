"""Rows as lists show them, and where lists get them from."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    title: str
    least: int
    """Cells that it takes at least."""
    share: int = 0
    """Of the cells that are left over, in parts; 0 never grows."""
    is_right: bool = False
    """Numbers stand at the right."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    key: str
    """Tells it apart from the others, also after the list has changed."""
    cells: tuple[str, ...]
    """A text for each column."""
    value: object = None
    """What it stands for."""


class RecordSource(Protocol):
    """A list of any length, read in windows; called from other threads than the screen's."""

    columns: Sequence[Column]

    @abstractmethod
    def count(self) -> int:
        """Return how many rows there are.

        Raises:
            FileroomError: it cannot be read.
        """

    @abstractmethod
    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Return `limit` rows from `offset`, fewer at the end.

        Raises:
            FileroomError: it cannot be read.
        """


class ListSource(RecordSource):
    """Rows that are in memory."""

    def __init__(self, columns: Sequence[Column], records: Sequence[Record] = ()) -> None:
        self.columns = columns
        self.records = records

    def count(self) -> int:
        """Count them."""
        return len(self.records)

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Cut out a piece."""
        return self.records[offset : offset + limit]
