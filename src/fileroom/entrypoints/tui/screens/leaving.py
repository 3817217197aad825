"""What one sees while the program is about to end, and tasks come to a safe point."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class LeavingScreen(ModalScreen[None]):
    """Waits; leaving once more does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.leave_at_once", "Leave at once", show=False),
    ]
    DEFAULT_CSS = """
    LeavingScreen { align: center middle; }
    #leaving {
        width: 64; max-width: 100%; height: auto; background: $panel; border: round $warning;
        border-title-color: $warning; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #leaving Static { height: auto; }
    """

    def __init__(self, what: str, seconds: float) -> None:
        """Tell what is waited for, and how long at most."""
        super().__init__()
        self._text = Static("", markup=False)
        self._what = what
        self._left = seconds

    def compose(self) -> ComposeResult:
        """Put the message into a frame."""
        with Vertical(id="leaving") as box:
            box.border_title = "Leaving"
            box.border_subtitle = "q leave at once"
            yield self._text

    def on_mount(self) -> None:
        """Count down."""
        self._tell()
        self.set_interval(1.0, self._count)

    def _count(self) -> None:
        self._left -= 1
        self._tell()

    def _tell(self) -> None:
        self._text.update(
            f"Waiting for {self._what} to reach a safe point,\n{max(self._left, 0):.0f} s at most."
        )
