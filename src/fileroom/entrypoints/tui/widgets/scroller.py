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
        Binding("space,ctrl+f", "page_down", show=False),
        Binding("ctrl+b", "page_up", show=False),
        Binding("ctrl+d", "half_page(1)", show=False),
        Binding("ctrl+u", "half_page(-1)", show=False),
    ]

    def action_half_page(self, by: int) -> None:
        """Scroll by half of what is in sight."""
        self.scroll_relative(y=by * max(self.size.height // 2, 1), animate=False)

    @property
    def more(self) -> str:
        """▲ and ▼ where there is more above or below what is in sight."""
        first, last = self.scroll_offset.y, self.max_scroll_y
        return f"{'▲' if first > 0 else ''}{'▼' if first < last else ''}"
