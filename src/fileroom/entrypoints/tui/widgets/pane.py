"""A frame around a list or a text: its number, its name and what stands beside it."""

from collections.abc import Sequence
from typing import ClassVar, Self

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.widgets.record_list import RecordList


class Pane(Vertical):
    """One of the panes."""

    DEFAULT_CSS = """
    Pane {
        border: round $foreground 25%; border-title-color: $text-muted; border-subtitle-color: $text-muted;
        padding: 0; height: 1fr; min-height: 1;
    }
    Pane:focus-within { border: round $primary; border-title-color: $primary; border-title-style: bold; }
    Pane.folded { height: 1; min-height: 1; border: none; border-top: round $foreground 25%; }
    """

    def __init__(self, name: str, number: int, title: str) -> None:
        """A pane that the app knows as `name`."""
        super().__init__(id=f"pane-{name}")
        self.number = number
        self.pane_title = title
        self._told = ("", "")
        self._is_telling = False

    def on_mount(self) -> None:
        """Show what the pane is."""
        self.tell()

    def body(self) -> Widget:
        """Return what has the focus when the pane has it."""
        raise NotImplementedError

    def tell(self, *, also: str = "", below: str = "") -> None:
        """Write the title, and what stands beside and below it."""
        beside = f" · {also}" if also else ""
        told = (for_terminal(f"{self.number} {self.pane_title}{beside}"), below)
        if told == self._told:
            return
        self._told = told
        self._is_telling = True
        try:
            self.border_title, self.border_subtitle = map(Content, told)
        finally:
            self._is_telling = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw anew; where it is only the titles that have changed, not what is between them."""
        if self._is_telling and not regions:
            (left, top), (width, height) = self.content_offset, self.outer_size
            regions = (Region(-left, -top, width, 1), Region(-left, height - 1 - top, width, 1))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class FilteredPane(Pane):
    """A pane of which words narrow what is in it; panes that know more of that understand more."""

    has_filter_keys: ClassVar[bool] = False
    """Its filter has keys, as in `modality=CT`."""
    filter_help: ClassVar[str] = "words that a row must hold"

    def __init__(self, name: str, number: int, title: str) -> None:
        super().__init__(name, number, title)
        self._filter_text = ""

    @property
    def filter_text(self) -> str:
        """What it is narrowed by, as it was typed."""
        return self._filter_text

    def filter_by_text(self, text: str) -> None:
        """Show only what fits; '' takes the filter away.

        Raises:
            Mistake: the text is no filter; all stays as it is.
        """
        text = text.strip()
        if text != self._filter_text:
            self._filter_text = text
            self.narrow(text.split())

    def narrow(self, words: Sequence[str]) -> None:
        """Show only what holds all words."""
        raise NotImplementedError

    def move(self, by: int) -> None:
        """Go on by so many rows or lines."""
        raise NotImplementedError


class ListPane(FilteredPane):
    """A pane that holds one list."""

    def __init__(self, name: str, number: int, title: str, records: RecordList) -> None:
        super().__init__(name, number, title)
        self.records = records
        records.counts = self.tell_counts

    def narrow(self, words: Sequence[str]) -> None:
        """Show only rows that hold all words."""
        self.records.narrow(words)
        self.tell_counts()

    def move(self, by: int) -> None:
        """Mark another row."""
        self.records.action_move(by)

    def leave(self) -> bool:
        """Let the selection go, or take the filter away; tell whether any of it was there to do."""
        if self.records.selected_count:
            return self.records.let_go()
        if self.filter_text:
            self.filter_by_text("")
            return True
        return False

    def compose(self) -> ComposeResult:
        """Put the list into the frame."""
        yield self.records

    def body(self) -> Widget:
        """Return the list."""
        return self.records

    def beside(self) -> str:
        """What the title tells besides; panes have more to say."""
        return ""

    def tell_counts(self) -> None:
        """Show the counter first, which a long way must not push out, and whether there is more above or below."""
        filtered = f"/ {for_terminal(self.filter_text)}" if self.filter_text else ""
        parts = [part for part in (self.records.counter, self.beside(), filtered) if part]
        self.tell(also=" · ".join(parts), below=self.records.more)
