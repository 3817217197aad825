"""A list of any length: rows are read in windows as they come into sight, in other threads than the screen's.

What belongs here: drawing, moving, selecting, and keeping the place when the list changes under way. Where rows come
from is the source's business (`fileroom.entrypoints.tui.records`).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fileroom.domain.errors import FileroomError
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.records import Column, Record, RecordSource, WordsSource

PAGE: Final = 128
"""Rows that are read at once."""
_PAGES: Final = 64
"""Pages that are kept."""
_LOOK: Final = 1024
"""Rows around its old place in which the marked one is looked for when the list has changed."""
_GAP: Final = 2
_WAITING: Final = "…"
NOTHING_HOLDS: Final = "Nothing here holds these words.\nPress escape to take the filter away."


@dataclass(frozen=True, slots=True)
class _Read:
    """What another thread has read."""

    generation: int
    count: int | None = None
    pages: tuple[tuple[int, Sequence[Record]], ...] = ()
    moved_to: int | None = None
    """Where the marked row is now."""
    error: str = ""


class RecordList(ScrollView, can_focus=True):
    """Rows under a line of titles; the first line stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "move_to(0)", show=False),
        Binding("end,G", "move_to(-1)", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "record-list--titles", "record-list--marked", "record-list--selected", "record-list--odd",
        "record-list--waiting",
    }  # fmt: skip
    DEFAULT_CSS = """
    RecordList { height: 1fr; width: 1fr; background: transparent; scrollbar-size-vertical: 1; overflow-x: hidden; }
    RecordList > .record-list--titles { text-style: bold; color: $text-muted; }
    RecordList > .record-list--marked { background: $surface-lighten-2; }
    RecordList:focus > .record-list--marked { background: $primary; color: $text; text-style: bold; }
    RecordList > .record-list--selected { color: $warning; text-style: bold; }
    RecordList > .record-list--waiting { color: $text-disabled; }
    """

    class Marked(Message):
        """Another row is marked, or the list has another length."""

        def __init__(self, sender: "RecordList") -> None:
            super().__init__()
            self.list = sender

        @property
        def control(self) -> "RecordList":
            """The list."""
            return self.list

    class Opened(Marked):
        """A row was opened by Enter or a double click."""

    def __init__(
        self,
        reader: Executor,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        empty: str = "",
    ) -> None:
        """Read in the threads of `reader`; `empty` is shown where there is no row."""
        super().__init__(id=id)
        self._reader = reader
        self.empty = empty
        self.source: RecordSource | None = None
        self.words: tuple[str, ...] = ()
        """Which a row must hold to be shown; for the lists that are shown from now on."""
        self._whole: RecordSource | None = None
        self.error = ""
        self._pages: OrderedDict[int, Sequence[Record]] = OrderedDict()
        self._wanted: set[int] = set()
        self._generation = 0
        self._count: int | None = None
        self._index = 0
        self._marked_key = ""
        self._selected: dict[str, Record] = {}
        self._widths: tuple[int, ...] = ()
        self._is_reading_again = False

    # What is in the list --------------------------------------------------------------------------------------------

    def show(self, source: RecordSource, *, index: int = 0) -> None:
        """Show another list, from its beginning or with a row marked."""
        self._whole = source
        self.source = WordsSource(source, self.words) if self.words else source
        self._selected.clear()
        self._marked_key = ""
        self._index = index
        self._forget()
        self._count = None
        self.scroll_to(y=0, animate=False, immediate=True)
        self._read_again()

    def narrow(self, words: Iterable[str]) -> None:
        """Show only rows that hold all words."""
        self.words = tuple(words)
        if self._whole is not None:
            self.show(self._whole)

    def read_again(self) -> None:
        """Read the list anew where it has changed: what is marked, selected and in sight stays where it is."""
        if self.source is not None and not self._is_reading_again:
            self._read_again()

    @property
    def total(self) -> int | None:
        """How many rows there are; None while that is not known."""
        return self._count

    @property
    def index(self) -> int:
        """Which row is marked, from 0."""
        return self._index

    @property
    def marked(self) -> Record | None:
        """The row that is marked, where it was read already."""
        return self._record(self._index) if self._count else None

    @property
    def selected(self) -> tuple[Record, ...]:
        """Rows that are selected, or the marked one where none is."""
        if self._selected:
            return tuple(self._selected.values())
        marked = self.marked
        return (marked,) if marked is not None else ()

    @property
    def near(self) -> tuple[Record, ...]:
        """Rows around the marked one that were read already."""
        return tuple(self._pages.get(self._index // PAGE, ()))

    @property
    def narrowed(self) -> tuple[Record, ...] | None:
        """All rows that hold the words; None where no words are wanted."""
        return tuple(self.source.found) if isinstance(self.source, WordsSource) else None

    @property
    def selected_count(self) -> int:
        """How many rows are selected."""
        return len(self._selected)

    @property
    def counter(self) -> str:
        """`3/120`: which row is marked, of how many; `-/0` where there is none."""
        if not self._count:
            return "-/0" if self._count == 0 else "…"
        chosen = f" ({len(self._selected)} selected)" if self._selected else ""
        return f"{self._index + 1}/{self._count}{chosen}"

    @property
    def more(self) -> str:
        """▲ and ▼ where rows lie above or below what is in sight."""
        first, rows = self.scroll_offset.y, self._rows_in_sight
        above, below = first > 0, (self._count or 0) > first + rows
        return f"{'▲' if above else ''}{'▼' if below else ''}"

    # Moving and selecting -------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Mark another row."""
        self._mark(self._index + by)

    def action_page(self, by: int) -> None:
        """Mark a row one screen away."""
        self._mark(self._index + by * max(self._rows_in_sight - 1, 1))

    def action_move_to(self, index: int) -> None:
        """Mark the first row, or (-1) the last."""
        self._mark(index if index >= 0 else (self._count or 0) - 1)

    def toggle_selected(self) -> None:
        """Select the marked row or let it go, and mark the next."""
        record = self.marked
        if record is None:
            return
        if self._selected.pop(record.key, None) is None:
            self._selected[record.key] = record
        self._mark(self._index + 1)
        self.refresh()
        self.post_message(self.Marked(self))

    def toggle_all(self) -> None:
        """Select all rows that were read, or let all go."""
        if self._selected:
            self._selected.clear()
        else:
            self._selected = {record.key: record for page in self._pages.values() for record in page}
        self.refresh()
        self.post_message(self.Marked(self))

    def let_go(self) -> bool:
        """Select nothing, and tell whether anything was."""
        had_any = bool(self._selected)
        self._selected.clear()
        self.refresh()
        self.post_message(self.Marked(self))
        return had_any

    def on_click(self, event: events.Click) -> None:
        """Mark a row; a second click opens it."""
        index = event.y - 1 + self.scroll_offset.y
        if event.y < 1 or index >= (self._count or 0):
            return
        self._mark(index)
        if event.chain == 2:
            self.post_message(self.Opened(self))

    def _mark(self, index: int) -> None:
        if not self._count:
            return
        self._index = min(max(index, 0), self._count - 1)
        record = self._record(self._index)
        self._marked_key = record.key if record is not None else ""
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Marked(self))

    def _keep_in_sight(self) -> None:
        first, rows = self.scroll_offset.y, max(self._rows_in_sight, 1)
        if self._index < first:
            self.scroll_to(y=self._index, animate=False, immediate=True)
        elif self._index >= first + rows:
            self.scroll_to(y=self._index - rows + 1, animate=False, immediate=True)

    @property
    def _rows_in_sight(self) -> int:
        return max(self.scrollable_content_region.height - 1, 0)

    # Reading --------------------------------------------------------------------------------------------------------

    def _record(self, index: int) -> Record | None:
        page = self._pages.get(index // PAGE)
        if page is None or index % PAGE >= len(page):
            return None
        return page[index % PAGE]

    def _forget(self) -> None:
        self._generation += 1
        self._pages.clear()
        self._wanted.clear()

    def _read_again(self) -> None:
        source = self.source
        if source is None:
            return
        self._is_reading_again = True
        generation, key, index, before = self._generation, self._marked_key, self._index, self._count
        first = self.scroll_offset.y

        def read() -> _Read:
            count = source.count()
            moved = index
            if key and before is not None:
                moved = _find(source, key, index, abs(count - before))
            moved = min(max(moved, 0), max(count - 1, 0))
            wanted = {max(first + moved - index, 0) // PAGE, moved // PAGE}
            pages = tuple((page, source.window(page * PAGE, PAGE)) for page in sorted(wanted))
            return _Read(generation, count, pages, moved)

        self._in_background(read, generation)

    def _want(self, page: int) -> None:
        source = self.source
        if source is None or page in self._wanted:
            return
        self._wanted.add(page)
        generation = self._generation
        self._in_background(
            lambda: _Read(generation, None, ((page, source.window(page * PAGE, PAGE)),)), generation
        )

    def _in_background(self, read: Callable[[], _Read], generation: int) -> None:
        app = self.app

        def run() -> None:
            try:
                found = read()
            except FileroomError as error:
                found = _Read(generation, error=error.message)
            app.call_later(self._take, found)

        self._reader.submit(run)

    def _take(self, found: _Read) -> None:
        """Show what was read, unless another list is shown by now."""
        if found.generation != self._generation:
            return
        self.error = found.error
        if found.error:
            self._is_reading_again = False
            self._count = self._count or 0
        if found.count is not None:
            self._is_reading_again = False
            self._take_anew(found)
        for number, page in found.pages:
            self._wanted.discard(number)
            self._pages[number] = page
            self._pages.move_to_end(number)
        while len(self._pages) > _PAGES:
            self._pages.popitem(last=False)
        record = self._record(self._index)
        if record is not None:
            self._marked_key = record.key
        self.refresh()
        self.post_message(self.Marked(self))

    def _take_anew(self, found: _Read) -> None:
        count, moved = found.count or 0, found.moved_to or 0
        by = moved - self._index
        first = self.scroll_offset.y
        self._forget()
        self._count, self._index = count, moved
        self._lay_out()
        if by and first:
            self.scroll_to(y=first + by, animate=False, immediate=True)
        self._keep_in_sight()

    # Drawing --------------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Share the width anew."""
        self._lay_out()
        self._keep_in_sight()
        self.post_message(self.Marked(self))

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Tell that other rows are in sight."""
        super().watch_scroll_y(old, new)
        self.post_message(self.Marked(self))

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        self._widths = widths_of(self.source.columns, width) if self.source is not None else ()
        self.virtual_size = Size(width, (self._count or 0) + 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in sight."""
        width = self.scrollable_content_region.width
        if self.source is None or not width:
            return Strip.blank(width)
        if self._count == 0 or (self.error and not self._count):
            return self._message_line(y, width)
        if y == 0:
            titles = [column.title for column in self.source.columns]
            return self._line(titles, self._style("titles"), width)
        index = y - 1 + self.scroll_offset.y
        if index >= (self._count or 0):
            return Strip.blank(width, self.rich_style)
        record = self._record(index)
        if record is None:
            self._want(index // PAGE)
            return self._line([_WAITING], self._style("waiting"), width)
        style = self.rich_style
        if record.key in self._selected:
            style = self._style("selected")
        if index == self._index:
            style += self._style("marked")
        return self._line(record.cells, style, width, is_selected=record.key in self._selected)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"record-list--{part}")

    def _message_line(self, y: int, width: int) -> Strip:
        lines = (self.error or (NOTHING_HOLDS if self.words else self.empty)).splitlines()
        text = f" {lines[y - 1]}" if 1 <= y <= len(lines) else ""
        return Strip([Segment(set_cell_size(text, width), self._style("waiting"))], width)

    def _line(self, cells: Iterable[str], style: Style, width: int, *, is_selected: bool = False) -> Strip:
        columns = self.source.columns if self.source is not None else ()
        parts = ["●" if is_selected else " "]
        for cell, column, wide in zip(cells, columns, self._widths, strict=False):
            if wide:
                parts.append(_fitted(for_terminal(cell), wide, is_right=column.is_right) + " " * _GAP)
        return Strip([Segment(set_cell_size("".join(parts), width), style)], width)


def _find(source: RecordSource, key: str, index: int, shift: int) -> int:
    """Return where a row is now, near where it was; its old place where it is not found."""
    reach = min(shift + PAGE, _LOOK)
    start = max(index - reach, 0)
    for offset, record in enumerate(source.window(start, 2 * reach)):
        if record.key == key:
            return start + offset
    return index


def widths_of(columns: Sequence[Column], width: int) -> tuple[int, ...]:
    """Share `width` cells among columns; the last ones are left out where there is no room for all."""
    left = width - 1
    kept = 0
    for column in columns:
        if left < column.least + (_GAP if kept else 0):
            break
        left -= column.least + _GAP
        kept += 1
    left = max(left + _GAP, 0)
    shares = sum(column.share for column in columns[:kept])
    widths = []
    for column in columns[:kept]:
        more = left * column.share // shares if shares else 0
        widths.append(column.least + more)
    if not kept and columns and width > 1:
        widths.append(width - 1)
        kept = 1
    return (*widths, *(0 for _ in columns[kept:]))


def _fitted(text: str, width: int, *, is_right: bool) -> str:
    """Cut a text to cells, with an ellipsis, and pad it."""
    taken = cell_len(text)
    if taken > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - taken) + text if is_right else text + " " * (width - taken)
