"""A list by itself, over rows that a test holds, counts, slows down or breaks."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from textual.app import App, ComposeResult

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.tui.records import Column, ListSource, Record, RecordSource
from fileroom.entrypoints.tui.widgets.record_list import RecordList

COLUMNS = (Column("NO", 8, is_right=True), Column("NAME", 10, 1))


def record(number: int, name: str = "") -> Record:
    return Record(f"key-{number}", (str(number), name or f"row {number}"), number)


def in_memory(*numbers: int) -> ListSource:
    return ListSource(COLUMNS, [record(number) for number in numbers])


class CountedSource(RecordSource):
    """Rows that are made as they are read, in other threads; `first` is the number of the first one."""

    columns = COLUMNS

    def __init__(self, count: int, *, first: int = 0) -> None:
        self.rows = count
        self.first = first
        self.asked: list[tuple[int, int]] = []
        self.error: Exception | None = None
        self.may_read = threading.Event()
        self.may_read.set()

    def count(self) -> int:
        self._wait()
        return self.rows

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        self.asked.append((offset, limit))
        self._wait()
        return [record(self.first + row) for row in range(offset, min(offset + limit, self.rows))]

    def _wait(self) -> None:
        assert self.may_read.wait(20)
        if self.error is not None:
            raise self.error

    @property
    def rows_read(self) -> int:
        return sum(min(limit, max(self.rows - offset, 0)) for offset, limit in self.asked)

    def fail(self, message: str = "no catalog") -> None:
        self.error = FileroomError(message)


class ListApp(App[None]):
    """Nothing but a list."""

    def __init__(self, source: RecordSource, *, stays_at_end: bool = False) -> None:
        super().__init__()
        self.reader = ThreadPoolExecutor(2)
        self.source = source
        self.list = RecordList(self.reader, empty="Nothing here.\nPress a.", stays_at_end=stays_at_end)
        self.marked = 0
        self.opened = 0

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.list.show(self.source)
        self.list.focus()

    def on_unmount(self) -> None:
        self.reader.shutdown()

    def on_record_list_marked(self, event: RecordList.Marked) -> None:
        del event
        self.marked += 1

    def on_record_list_opened(self, event: RecordList.Opened) -> None:
        del event
        self.opened += 1

    def lines(self) -> list[str]:
        """What the list shows, without its titles and the scrollbar."""
        strips: Any = self.screen._compositor.render_strips()
        width = self.list.scrollable_content_region.width
        return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips][1:]

    def rows(self) -> list[int]:
        """The numbers of the rows in sight; none where it is not rows that are."""
        firsts = [line.replace("●", " ").split()[0] for line in self.lines() if line.strip(" …")]
        return [int(first) for first in firsts if first.lstrip("-").isdigit()]
