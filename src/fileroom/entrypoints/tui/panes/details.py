"""Pane of all attributes of what is marked."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from fileroom.domain.text import fold, for_terminal
from fileroom.entrypoints.tui.widgets.columns import wrapped
from fileroom.entrypoints.tui.widgets.pane import FilteredPane
from fileroom.entrypoints.tui.widgets.record_list import NOTHING_HOLDS
from fileroom.entrypoints.tui.widgets.scroller import Scroller

Pairs = Sequence[tuple[str, str]]
EMPTY: Final = "Nothing is listed."
_WIDEST_NAME: Final = 32
_NARROWEST: Final = 12
"""Cells that are left to values beside their names at least."""
_LONGEST_VALUE: Final = 2000
"""Characters of a value that are shown."""


class DetailsPane(FilteredPane):
    """Names and values; below them, where there are any, the elements of a file."""

    filter_help = "words that a name or its value must hold"
    DEFAULT_CSS = """
    DetailsPane Static { width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("details", 4, "Details")
        self._text = Static(EMPTY, id="details-text", markup=False)
        self._scroll = Scroller(self._text, id="details")
        self._lines = -1
        self._words: tuple[str, ...] = ()
        self.title_shown = ""
        self.shown: Pairs = ()

    def compose(self) -> ComposeResult:
        """Put the text into the frame."""
        yield self._scroll

    def body(self) -> Widget:
        """Return what scrolls."""
        return self._scroll

    def show_pairs(self, title: str, pairs: Pairs, *, is_another: bool = True) -> None:
        """Show names and values; from the top where it is about something else than before."""
        if (title, pairs) == (self.title_shown, self.shown):
            return
        self.title_shown, self.shown = title, pairs
        self._draw()
        if is_another:
            self._scroll.scroll_home(animate=False)
        self.look_again()

    def narrow(self, words: Sequence[str]) -> None:
        """Show only names and values that hold all words; those of what is shown next, too."""
        self._words = tuple(map(fold, words))
        self._draw()
        self.call_after_refresh(self.look_again)

    def move(self, by: int) -> None:
        """Scroll by lines."""
        self._scroll.scroll_relative(y=by, animate=False)

    def leave(self) -> bool:
        """Take the filter away, and tell whether there was one."""
        had_one = bool(self.filter_text)
        self.filter_by_text("")
        return had_one

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._draw()
        self.call_after_refresh(self.look_again)

    def _draw(self) -> None:
        width = self._text.size.width - 2
        pairs = [pair for pair in self.shown if self._holds(*pair)] if self._words else self.shown
        empty = NOTHING_HOLDS if self.shown else EMPTY
        text = _drawn(pairs, max(width, _NARROWEST)) if pairs else Text(empty)
        lines = text.plain.count("\n")
        self._text.update(text, layout=lines != self._lines)
        self._lines = lines

    def look_again(self) -> None:
        """Tell whether there is more above or below."""
        filtered = f"/ {self.filter_text}" if self.filter_text else ""
        also = " · ".join(part for part in (self.title_shown, filtered) if part)
        self.tell(also=also, below=self._scroll.more)

    def _holds(self, name: str, value: str) -> bool:
        text = fold(f"{name} {value[:_LONGEST_VALUE]}")
        return all(word in text for word in self._words)


def _drawn(pairs: Pairs, width: int) -> Text:
    """Write values beside their names, or below them where there is no room for both."""
    widest = min(max((len(name) for name, _ in pairs), default=0), _WIDEST_NAME)
    beside = width - widest - 2 if width - widest - 2 >= _NARROWEST else 0
    text = Text()
    for number, (name, value) in enumerate(pairs):
        lines = wrapped(for_terminal(value[:_LONGEST_VALUE]), (beside or width - 2) if name else width)
        if number:
            text.append("\n")
        if name:
            text.append(for_terminal(name).ljust(widest if beside else 0), "bold")
            lines = [lines[0], *(" " * (widest + 2) + line for line in lines[1:])] if beside else lines
            text.append("  " if beside else "\n  ")
        text.append(("\n" if beside or not name else "\n  ").join(lines))
    return text
