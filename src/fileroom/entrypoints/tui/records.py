"""Rows as lists show them, and where lists get them from."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from fileroom.domain.text import fold

_AT_ONCE: Final = 2000
"""Rows that are read at once where all are."""
_REACHES: Final = (16, 1024)
"""Rows around its old place in which one is looked for when the list has changed: near first, since that is quick."""


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


class Tone(StrEnum):
    """How a row looks."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    key: str
    """Tells it apart from the others, also after the list has changed."""
    cells: tuple[str, ...]
    """A text for each column."""
    value: object = None
    """What it stands for."""
    tone: Tone = Tone.PLAIN


class RecordSource(Protocol):
    """A list of any length, read in windows; called from other threads than the screen's, unless it is immediate."""

    columns: Sequence[Column]
    is_immediate: bool = False
    """Its rows are in memory: the screen's thread reads them itself, so that nothing flickers."""

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

    def place(self, key: str, near: int) -> int | None:
        """Return where a row is that was at `near` before; None where it is not found around there.

        Raises:
            FileroomError: it cannot be read.
        """
        for reach in _REACHES:
            start = max(near - reach, 0)
            for index, record in enumerate(self.window(start, near - start + reach), start):
                if record.key == key:
                    return index
        return None


class ListSource(RecordSource):
    """Rows that are in memory."""

    is_immediate = True

    def __init__(self, columns: Sequence[Column], records: Sequence[Record] = ()) -> None:
        self.columns = columns
        self.records = records

    def count(self) -> int:
        """Count them."""
        return len(self.records)

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Cut out a piece."""
        return self.records[offset : offset + limit]

    def place(self, key: str, near: int) -> int | None:
        """Look at its old place, then everywhere."""
        records = self.records
        if near < len(records) and records[near].key == key:
            return near
        return next((index for index, record in enumerate(records) if record.key == key), None)


class WordsSource(RecordSource):
    """The rows of another list that hold all words, in any of their columns; case and accents do not matter."""

    def __init__(self, source: RecordSource, words: Iterable[str]) -> None:
        self.source = source
        self.columns = source.columns
        self._words = tuple(filter(None, map(fold, words)))
        self.found: Sequence[Record] = ()
        self.looked_at = 0
        """Rows of the whole list."""

    def count(self) -> int:
        """Look through the whole list."""
        records = list(all_records(self.source))
        self.found = [record for record in records if self._holds(record)]
        self.looked_at = len(records)
        return len(self.found)

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Cut out a piece of what was found."""
        return self.found[offset : offset + limit]

    def place(self, key: str, near: int) -> int | None:
        """Look everywhere."""
        del near
        return next((index for index, record in enumerate(self.found) if record.key == key), None)

    def _holds(self, record: Record) -> bool:
        text = fold(" ".join(record.cells))
        return all(word in text for word in self._words)


def all_records(source: RecordSource) -> Iterator[Record]:
    """Read a whole list.

    Raises:
        FileroomError: it cannot be read.
    """
    for offset in range(0, source.count(), _AT_ONCE):
        yield from source.window(offset, _AT_ONCE)
