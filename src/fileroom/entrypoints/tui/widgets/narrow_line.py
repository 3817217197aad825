"""A line at the foot of a screen that narrows what the screen shows, as one types."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from fileroom.entrypoints.tui.widgets.printable_input import PrintableInput


class NarrowLine(PrintableInput):
    """Words that a line must hold. Enter keeps them, Escape takes them away; there is nothing to see of it before."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    DEFAULT_CSS = """
    NarrowLine, NarrowLine:focus {
        display: none; border: none; height: 1; width: 1fr; padding: 0; background: $surface;
    }
    """

    class Narrowed(Message):
        """Something else was typed."""

        def __init__(self, words: tuple[str, ...]) -> None:
            super().__init__()
            self.words = words

    class Ended(Message):
        """The line is done with: what it narrows gets the focus."""

    def __init__(self) -> None:
        super().__init__(placeholder="words that a line must hold", id="narrow", select_on_focus=False)

    def open(self) -> None:
        """Begin to type."""
        self.display = True
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow at once."""
        event.stop()
        self.post_message(self.Narrowed(tuple(event.value.split())))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words, which stay in sight."""
        event.stop()
        self.display = bool(self.value.strip())
        self.post_message(self.Ended())

    def action_leave(self) -> None:
        """Take the words away."""
        self.clear_words()
        self.post_message(self.Ended())

    def clear_words(self) -> bool:
        """Take the words away, and tell whether there were any."""
        had_any = bool(self.value.strip())
        self.value = ""
        self.display = False
        return had_any
