"""Text that is longer than its place: it scrolls by the keys that lists have, too."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class Scroller(VerticalScroll, can_focus=True):
    """A place that scrolls; the arrow keys are Textual's own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
        Binding("space", "page_down", show=False),
    ]

    @property
    def more(self) -> str:
        """▲ and ▼ where there is more above or below what is in sight."""
        first, last = self.scroll_offset.y, self.max_scroll_y
        return f"{'▲' if first > 0 else ''}{'▼' if first < last else ''}"
