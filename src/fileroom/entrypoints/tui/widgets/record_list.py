"""A list of any length: rows are read in windows as they come into sight, in other threads than the screen's.

What belongs here: drawing, moving, selecting, and keeping the place when the list changes under way. What is read, and
how rows are found again, is in `row_reading`; where rows come from is the source's business
(`fileroom.entrypoints.tui.records`). It is long because keys, mouse, drawing and reading change one and the same state:
the marked row, and what is in sight.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from typing import ClassVar, Final, TypeVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fileroom.domain.errors import FileroomError
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.records import Record, RecordSource, Tone, WordsSource
from fileroom.entrypoints.tui.widgets.columns import GAP, fitted, widths_of, wrapped
from fileroom.entrypoints.tui.widgets.row_reading import (
    PAGE,
    Anew,
    Pages,
    Place,
    RowCache,
    counted,
    pages_of,
    read_anew,
    read_pages,
)

log = logging.getLogger(__name__)

SELECTABLE: Final = 10_000
"""Rows that "select all" takes at most."""
_PATIENCE_SECONDS: Final = 0.15
"""How long the old rows stay in sight while those of another list are read."""
_RETRY_SECONDS: Final = 2.0
"""After which rows that could not be read are tried again."""
_END: Final = 1 << 30
"""Behind the last row of any list."""
_WAITING: Final = "…"
NOTHING_HOLDS: Final = "No row has these words.\nEscape shows all again."

Found = TypeVar("Found")


class RecordList(ScrollView, can_focus=True):
    """Rows under a line of titles; the first line stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup,ctrl+b", "page(-1)", show=False),
        Binding("pagedown,ctrl+f", "page(1)", show=False),
        Binding("ctrl+u", "page(-0.5)", show=False),
        Binding("ctrl+d", "page(0.5)", show=False),
        Binding("home,g", "move_to(0)", show=False),
        Binding("end,G", "move_to(-1)", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "record-list--titles", "record-list--marked", "record-list--selected", "record-list--quiet",
        "record-list--good", "record-list--warning", "record-list--error",
    }  # fmt: skip
    DEFAULT_CSS = """
    RecordList { height: 1fr; width: 1fr; background: transparent; scrollbar-size-vertical: 1; overflow-x: hidden; }
    RecordList > .record-list--titles { text-style: bold; color: $text-muted; }
    RecordList > .record-list--marked { background: $surface-lighten-2; }
    RecordList:focus > .record-list--marked { background: $primary; color: $text; text-style: bold; }
    RecordList > .record-list--selected { color: $warning; text-style: bold; }
    RecordList > .record-list--quiet { color: $text-disabled; }
    RecordList > .record-list--good { color: $text-success; }
    RecordList > .record-list--warning { color: $text-warning; }
    RecordList > .record-list--error { color: $text-error; }
    """

    virtual_size = Reactive(Size(0, 0), layout=False)
    """As in every scroll view, but without a say in the layout: a list that grows would lay out the whole screen."""

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
        stays_at_end: bool = False,
    ) -> None:
        """Read in the threads of `reader`; `empty` is shown where there is no row.

        With `stays_at_end`, whoever looks at the last row goes on doing so as rows are added.
        """
        super().__init__(id=id)
        self._reader = reader
        self.empty = empty
        self.counts: Callable[[], object] = lambda: None
        """Called whenever counter or hints may have changed."""
        self.source: RecordSource | None = None
        self.words: tuple[str, ...] = ()
        """Which a row must hold to be shown; for the lists that are shown from now on."""
        self._whole: RecordSource | None = None
        self.error = ""
        self._stays_at_end = stays_at_end
        self._rows = RowCache()
        self._generation = 0
        self._count: int | None = None
        self._index = 0
        self._marked_key = ""
        self._selected: dict[str, Record] = {}
        self._is_reading_anew = False
        self._is_changed = False
        """It has changed while it was read anew."""
        self._is_reading_pages = False
        self._readings = 0
        """How often it was read anew."""

    # What is in the list --------------------------------------------------------------------------------------------

    def show(self, source: RecordSource, *, index: int = 0, key: str = "") -> None:
        """Show another list, from its beginning or with a row marked: the one with a key, which was at an index.

        The old rows stay in sight until the new ones are there, but none of them is marked or selected any more.
        """
        self._whole = source
        self.source = WordsSource(source, self.words) if self.words else source
        self.error = ""
        self._selected.clear()
        self._rows.clear()
        self._count = None
        self._generation += 1
        self._is_changed = self._is_reading_pages = False
        self._index, self._marked_key = index, key
        rows = self._rows_in_sight
        self._read_anew(Place(index=index, key=key, top=max(index - rows // 2, 0), top_key="", rows=rows))
        if self._count is None:
            self.set_timer(_PATIENCE_SECONDS, self._show_waiting)

    def narrow(self, words: Iterable[str]) -> None:
        """Show only rows that hold all words."""
        self.words = tuple(words)
        if self._whole is not None:
            self.show(self._whole, index=_END if self._stays_at_end else 0)

    def read_again(self) -> None:
        """Read the list anew where it has changed: what is marked, selected and in sight stays where it is."""
        if self.source is None:
            return
        if self._is_reading_anew:
            self._is_changed = True
            return
        top, rows = self.scroll_offset.y, self._rows_in_sight
        count = self._count or 0
        at_end = self._index >= count - 1 and (top + rows >= count or not rows)
        record = self._rows.record(top)
        self._read_anew(
            Place(
                index=self._index,
                key=self._marked_key,
                top=top,
                top_key=record.key if record is not None else "",
                rows=rows,
                at_end=self._stays_at_end and at_end,
            )
        )

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
        return self._rows.record(self._index) if self._count else None

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
        found = map(self._rows.record, range(max(self._index - PAGE, 0), self._index + PAGE))
        return tuple(record for record in found if record is not None)

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
        """`3/120`: which row is marked, of how many; `-/0` where there is none; `3/12 of 120` where words narrow it."""
        whole = f" of {self.source.looked_at}" if isinstance(self.source, WordsSource) else ""
        if not self._count:
            return f"-/0{whole}" if self._count == 0 else "…"
        chosen = f" ({len(self._selected)} selected)" if self._selected else ""
        return f"{self._index + 1}/{self._count}{whole}{chosen}"

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

    def action_page(self, by: float) -> None:
        """Mark a row so many screens away."""
        rows = int(abs(by) * max(self._rows_in_sight - 1, 1)) or 1
        self._mark(self._index + (rows if by > 0 else -rows))

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
        self._tell()

    def toggle_all(self) -> None:
        """Select all rows, or let all go."""
        if self._selected:
            self.let_go()
            return
        source = self.source
        if source is None or not self._count:
            return

        def take(records: list[Record]) -> None:
            self._selected = {record.key: record for record in records}
            self.refresh()
            self._tell()
            if len(records) == SELECTABLE and (self._count or 0) > SELECTABLE:
                self.notify(
                    f"Only the first {SELECTABLE} rows are selected; a filter makes the list shorter.",
                    severity="warning",
                )

        self._read(lambda: _first(source, SELECTABLE), take)

    def let_go(self) -> bool:
        """Select nothing, and tell whether anything was."""
        had_any = bool(self._selected)
        self._selected.clear()
        self.refresh()
        self._tell()
        return had_any

    def on_click(self, event: events.Click) -> None:
        """Mark a row; a second click opens it."""
        index = event.y - 1 + self.scroll_offset.y
        if event.y < 1 or index >= (self._count or 0):
            return
        self._mark(index)
        if event.chain == 2:
            self.post_message(self.Opened(self))

    def _tell(self) -> None:
        """Tell that another row is marked or in sight: whoever counts at once, so that both are drawn together."""
        self.counts()
        self.post_message(self.Marked(self))

    def _mark(self, index: int) -> None:
        if not self._count:
            return
        before, top = self._index, self.scroll_offset.y
        self._index = min(max(index, 0), self._count - 1)
        record = self._rows.record(self._index)
        self._marked_key = record.key if record is not None else ""
        self._keep_in_sight()
        if self.scroll_offset.y == top:
            self.refresh_lines(before + 1)
            self.refresh_lines(self._index + 1)
        else:
            self.refresh()
        self._tell()

    def _keep_in_sight(self) -> None:
        first, rows = self.scroll_offset.y, max(self._rows_in_sight, 1)
        if self._index < first:
            self._scroll_to_row(self._index)
        elif self._index >= first + rows:
            self._scroll_to_row(self._index - rows + 1)

    def _scroll_to_row(self, index: int) -> None:
        self.scroll_to(y=index, animate=False, immediate=True, force=True)

    @property
    def _rows_in_sight(self) -> int:
        return max(self.scrollable_content_region.height - 1, 0)

    # Reading --------------------------------------------------------------------------------------------------------

    def _read_anew(self, place: Place) -> None:
        source = self.source
        if source is None:
            return
        self._is_reading_anew = True
        self._read(lambda: read_anew(source, place), lambda found: self._take_anew(found, place))

    def _take_anew(self, found: Anew, place: Place) -> None:
        """Show what was read; who has moved since the reading began stays as far from where that led to."""
        is_another = self._count is None
        index = found.index + self._index - place.index
        top = found.top if is_another else found.top + self.scroll_offset.y - place.top
        self.error = ""
        self._is_reading_anew = False
        self._readings += 1
        self._rows.clear()
        self._rows.keep(found.pages)
        self._count, self._index = found.count, min(max(index, 0), max(found.count - 1, 0))
        record = self._rows.record(self._index)
        self._marked_key = record.key if record is not None else ""
        self._let_go_what_left()
        self.virtual_size = Size(self.scrollable_content_region.width, found.count + 1)
        if top != self.scroll_offset.y:
            self._scroll_to_row(top)
        self.refresh()
        self._tell()
        if self._is_changed:
            self._is_changed = False
            self.read_again()

    def _let_go_what_left(self) -> None:
        """Let go of rows that are in the list no more, where all are at hand."""
        source = self.source
        if self._selected and source is not None and source.is_immediate:
            here = {record.key for record in source.window(0, self._count or 0)}
            self._selected = {key: record for key, record in self._selected.items() if key in here}

    def _read_what_is_missing(self) -> None:
        """Read the pages in sight, and those that come next; one reading at a time, so that none is for nothing."""
        source, count = self.source, self._count
        if source is None or not count or self._is_reading_pages or self.error:
            return
        first, rows = self.scroll_offset.y, self._rows_in_sight
        wanted = pages_of(max(first - rows, 0), min(3 * rows, count - first + rows))
        missing = self._rows.missing(number for number in wanted if number * PAGE < count)
        if missing:
            self._is_reading_pages = True
            readings = self._readings
            self._read(lambda: read_pages(source, missing), lambda pages: self._take_pages(pages, readings))

    def _take_pages(self, pages: Pages, readings: int) -> None:
        self._is_reading_pages = False
        if readings != self._readings:  # they are of the list as it was
            self._read_what_is_missing()
            return
        self._rows.keep(pages)
        count = counted(self._count or 0, pages)
        if count != self._count:
            self._count = count
            self._index = min(self._index, max(count - 1, 0))
            self.virtual_size = Size(self.virtual_size.width, count + 1)
        record = self._rows.record(self._index)
        if record is not None:
            self._marked_key = record.key
        self.refresh()
        self._tell()
        self._read_what_is_missing()

    def _read(self, read: Callable[[], Found], take: Callable[[Found], None]) -> None:
        """Read in another thread, or here where rows are in memory, and take what was found on the screen's thread."""
        source, generation, app = self.source, self._generation, self.app

        def run() -> None:
            try:
                found = read()
            except FileroomError as error:
                app.call_later(self._fail, generation, error.message)
            except Exception as error:
                log.exception("a list could not be read")
                told = f"this is a bug in fileroom ({type(error).__name__}); the traceback is in the log"
                app.call_later(self._fail, generation, told)
            else:
                app.call_later(finish, found)

        def finish(found: Found) -> None:
            if generation == self._generation and self.is_attached:  # no other list is shown by now
                take(found)

        if source is not None and source.is_immediate:
            finish(read())
            return
        with suppress(RuntimeError):  # the threads have ended: so does the app
            self._reader.submit(run)

    def _fail(self, generation: int, message: str) -> None:
        """Tell that rows could not be read, and try again a little later."""
        if generation != self._generation or not self.is_attached:
            return
        self.error = message
        self._is_reading_anew = self._is_reading_pages = self._is_changed = False
        if self._count is None:
            self._count = 0
            self.virtual_size = Size(self.scrollable_content_region.width, 1)
        self.refresh()
        self._tell()
        self.set_timer(_RETRY_SECONDS, self._try_again)

    def _try_again(self) -> None:
        if self.error:
            self.read_again()

    def _show_waiting(self) -> None:
        if self._count is None:
            self.refresh()

    # Drawing --------------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Keep what is marked in sight."""
        self._keep_in_sight()
        self._read_what_is_missing()
        self._tell()

    def watch_virtual_size(self, virtual_size: Size) -> None:
        """Let the scrollbar follow."""
        if self.is_attached:
            self._scroll_update(virtual_size)

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Read what comes into sight, and tell that other rows are."""
        super().watch_scroll_y(old, new)
        self._read_what_is_missing()
        self._tell()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in sight."""
        width = self.scrollable_content_region.width
        if self.source is None or not width:
            return Strip.blank(width)
        if self._count == 0:
            return self._message_line(y, width)
        if y == 0:
            titles = [column.title for column in self.source.columns]
            return self._line(titles, self._style("titles"), width)
        index = y - 1 + self.scroll_offset.y
        if self._count is None:
            return self._text_line(_WAITING if y == 1 else "", width)
        if index >= self._count:
            return Strip.blank(width, self.rich_style)
        record = self._rows.record(index)
        if record is None:
            self._read_what_is_missing()
            return self._text_line(self.error or _WAITING, width)
        style = self.rich_style if record.tone is Tone.PLAIN else self._style(record.tone.value)
        if record.key in self._selected:
            style = self._style("selected")
        if index == self._index:
            style += self._style("marked")
        return self._line(record.cells, style, width, is_selected=record.key in self._selected)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"record-list--{part}")

    def _message_line(self, y: int, width: int) -> Strip:
        text = self.error or (NOTHING_HOLDS if self.words else self.empty)
        lines = [
            part for line in text.splitlines() for part in wrapped(for_terminal(line), max(width - 2, 1))
        ]
        return self._text_line(lines[y - 1] if 1 <= y <= len(lines) else "", width)

    def _text_line(self, text: str, width: int) -> Strip:
        line = fitted(f" {for_terminal(text)}", width)
        return Strip([Segment(line, self._style(Tone.QUIET.value))], width)

    def _line(self, cells: Iterable[str], style: Style, width: int, *, is_selected: bool = False) -> Strip:
        columns = self.source.columns if self.source is not None else ()
        parts = ["●" if is_selected else " "]
        for cell, column, wide in zip(cells, columns, widths_of(columns, width), strict=False):
            if wide:
                parts.append(fitted(for_terminal(cell), wide, is_right=column.is_right) + " " * GAP)
        return Strip([Segment(set_cell_size("".join(parts), width), style)], width)


def _first(source: RecordSource, most: int) -> list[Record]:
    records: list[Record] = []
    while len(records) < most:
        page = source.window(len(records), min(PAGE * 4, most - len(records)))
        records += page
        if not page:
            break
    return records
