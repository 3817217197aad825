"""The line that narrows a list as one types; it takes the place of the command line for as long."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import DescendantBlur
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from fileroom.entrypoints.tui.command_table import FILTER
from fileroom.entrypoints.tui.completion import Known
from fileroom.entrypoints.tui.language import Mistake
from fileroom.entrypoints.tui.widgets.focusing import focus_now
from fileroom.entrypoints.tui.widgets.hints import LineHints
from fileroom.entrypoints.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from fileroom.entrypoints.tui.widgets.pane import FilteredPane

PAUSE_SECONDS: Final = 0.15
"""Of typing, after which the list follows."""
_PREFIX: Final = f"{FILTER.name} "


class FilterInput(LineInput):
    """The line itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    class Moved(Message):
        """Another row is to be marked."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_move(self, by: int) -> None:
        """Mark another row of the list."""
        self.post_message(self.Moved(by))


class FilterBar(Horizontal):
    """A slash, and the line."""

    DEFAULT_CSS = """
    FilterBar { height: 1; width: 1fr; padding: 0 1; background: $surface; display: none; }
    FilterBar Static { width: 2; height: 1; color: $warning; text-style: bold; }
    """

    class Ended(Message):
        """The filter was kept, or taken away."""

        def __init__(self, pane: "FilteredPane", *, goes_back: bool) -> None:
            super().__init__()
            self.pane = pane
            self.goes_back = goes_back
            """The list gets the focus."""

    def __init__(self, known: Callable[[], Known], hints: LineHints) -> None:
        """Offer keys where the list has them."""
        super().__init__(id="filter-bar")
        self._pane: FilteredPane | None = None
        self._timer: Timer | None = None
        self.input = FilterInput((FILTER,), known, hints, id="filter", prefix=_PREFIX)

    def compose(self) -> ComposeResult:
        """Put the slash before the line."""
        yield Static("/", markup=False)
        yield self.input

    def open(self, pane: "FilteredPane") -> None:
        """Begin to narrow the list of a pane."""
        self._pane = pane
        self.display = True
        self.input.offers = pane.has_filter_keys
        self.input.placeholder = pane.filter_help
        with self.prevent(Input.Changed):
            self.input.value = pane.filter_text
        self.input.cursor_position = len(pane.filter_text)
        focus_now(self.input)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list when the typing pauses."""
        event.stop()
        self._stop_waiting()
        self._timer = self.set_timer(PAUSE_SECONDS, self._apply)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        if self._apply():
            self._end()

    def on_line_input_left(self, event: LineInput.Left) -> None:
        """Take the filter away."""
        event.stop()
        self._stop_waiting()
        if self._pane is not None:
            self._pane.filter_by_text("")
        self._end()

    def on_filter_input_moved(self, event: FilterInput.Moved) -> None:
        """Mark another row, without leaving the line."""
        if self._pane is not None:
            self._pane.move(event.by)

    def _apply(self) -> bool:
        """Narrow the list; where that cannot be, tell why and leave the list as it is."""
        self._stop_waiting()
        if self._pane is None:
            return False
        try:
            self._pane.filter_by_text(self.input.value)
        except Mistake as mistake:
            self.input.show_mistake(
                Mistake(
                    mistake.message,
                    mistake.start + len(_PREFIX),
                    mistake.end + len(_PREFIX),
                    hint=mistake.hint,
                )
            )
            return False
        return True

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Keep the filter, as far as it is one, when something else gets the focus by the mouse."""
        del event
        self.call_later(self._look_at_focus)

    def _look_at_focus(self) -> None:
        if self._pane is not None and self.screen.is_current and not self.input.has_focus:
            if self._timer is not None:  # typed a moment ago
                with suppress(Mistake):
                    self._pane.filter_by_text(self.input.value)
            self._end(goes_back=False)

    def _end(self, *, goes_back: bool = True) -> None:
        self._stop_waiting()
        self.display = False
        pane, self._pane = self._pane, None
        if pane is not None:
            self.post_message(self.Ended(pane, goes_back=goes_back))

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
