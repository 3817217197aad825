"""Pane of the listener: who calls, and what arrives."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from fileroom.entrypoints.tui.widgets.pane import Pane

EMPTY = "The listener is off.\nPress l to start it: peers can then send here."


class ListenerPane(Pane):
    """What the listener does."""

    def __init__(self) -> None:
        super().__init__("listener", 6, "Listener")
        self._text = Static(EMPTY, markup=False)
        self._scroll = VerticalScroll(self._text, can_focus=True, id="listener")

    def compose(self) -> ComposeResult:
        """Put the text into the frame."""
        yield self._scroll

    def body(self) -> Widget:
        """Return what scrolls."""
        return self._scroll
