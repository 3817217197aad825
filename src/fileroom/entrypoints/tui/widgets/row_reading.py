"""What lists read in other threads, and the rows that they keep of it. Nothing here knows the screen."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fileroom.entrypoints.tui.records import Record, RecordSource

PAGE: Final = 128
"""Rows that are read at once."""
KEPT_PAGES: Final = 64

Pages = tuple[tuple[int, Sequence[Record]], ...]
"""Pages by their numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What is marked and in sight before a list is read anew."""

    index: int
    """Row that is marked."""
    key: str
    """Its key; '' where it was not read yet."""
    top: int
    """First row in sight."""
    top_key: str
    """Its key; '' where it was not read yet."""
    rows: int
    """How many are in sight."""
    at_end: bool = False
    """The last row is marked and in sight, and is to stay so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anew:
    """A list that was read anew, from the place that corresponds to the old one."""

    count: int
    index: int
    top: int
    pages: Pages


def read_anew(source: RecordSource, place: Place) -> Anew:
    """Count the rows, find what was marked and in sight, and read around it.

    Whoever looks at the top sees new rows come; further down, what is in sight stays where it is.

    Raises:
        FileroomError: the list cannot be read.
    """
    count = source.count()
    last = max(count - 1, 0)
    if place.at_end:
        index, top = last, max(count - place.rows, 0)
    else:
        index = _now_at(source, place.key, place.index, last)
        is_marked_in_sight = place.top <= place.index < place.top + place.rows
        if place.top == 0:
            top = max(index - place.rows + 1, 0) if is_marked_in_sight else 0
        elif is_marked_in_sight:
            top = place.top + index - place.index
        else:
            top = _now_at(source, place.top_key, place.top, last)
        top = min(max(top, 0), max(count - place.rows, 0))
    pages = read_pages(source, pages_of(top, place.rows) | {index // PAGE})
    return Anew(count=counted(count, pages), index=index, top=top, pages=pages)


def _now_at(source: RecordSource, key: str, before: int, last: int) -> int:
    found = source.place(key, before) if key else None
    return min(before if found is None else found, last)


def pages_of(first: int, rows: int) -> set[int]:
    """Return the numbers of the pages that hold `rows` rows from `first`."""
    return set(range(max(first, 0) // PAGE, (max(first, 0) + max(rows, 1) - 1) // PAGE + 1))


def read_pages(source: RecordSource, numbers: Iterable[int]) -> Pages:
    """Read pages; those that follow each other in one go, since far down each look has its price.

    Raises:
        FileroomError: the list cannot be read.
    """
    pages: list[tuple[int, Sequence[Record]]] = []
    wanted = sorted(numbers)
    while wanted:
        first, many = wanted[0], 1
        while many < len(wanted) and wanted[many] == first + many:
            many += 1
        rows = source.window(first * PAGE, many * PAGE)
        pages += [(first + page, rows[page * PAGE : (page + 1) * PAGE]) for page in range(many)]
        del wanted[:many]
    return tuple(pages)


def counted(count: int, pages: Pages) -> int:
    """Return how many rows there are, by the pages that were read after they were counted: some may be gone."""
    for number, page in pages:
        if len(page) < PAGE and number * PAGE + len(page) < count:
            return number * PAGE + len(page)
    return count


class RowCache:
    """The pages that were read last."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, Sequence[Record]] = OrderedDict()

    def record(self, index: int) -> Record | None:
        """Return a row, None where it was not read."""
        page = self._pages.get(index // PAGE)
        return page[index % PAGE] if page is not None and index % PAGE < len(page) else None

    def missing(self, numbers: Iterable[int]) -> set[int]:
        """Return those pages that were not read."""
        return {number for number in numbers if number not in self._pages}

    def keep(self, pages: Pages) -> None:
        """Keep pages; the oldest go."""
        for number, page in pages:
            self._pages[number] = page
            self._pages.move_to_end(number)
        while len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._pages.clear()
