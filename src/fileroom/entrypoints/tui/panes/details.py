"""Pane of all attributes of what is marked."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.widgets.pane import Pane

Pairs = Sequence[tuple[str, str]]
EMPTY = "Nothing is marked."


class DetailsPane(Pane):
    """Names and values."""

    DEFAULT_CSS = """
    DetailsPane Static { width: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("details", 4, "Details")
        self._text = Static(EMPTY, id="details-text", markup=False)
        self._scroll = VerticalScroll(self._text, can_focus=True, id="details")
        self.shown: Pairs = ()

    def compose(self) -> ComposeResult:
        """Put the text into the frame."""
        yield self._scroll

    def body(self) -> Widget:
        """Return what scrolls."""
        return self._scroll

    def show_pairs(self, title: str, pairs: Pairs) -> None:
        """Show names and values."""
        if (title, pairs) == (self.border_title, self.shown):
            return
        self.shown = pairs
        width = max((len(name) for name, _ in pairs), default=0)
        lines = [f"{name.ljust(width)}  {for_terminal(value)}" for name, value in pairs]
        self._text.update("\n".join(lines) or EMPTY)
        self.tell(also=title)
