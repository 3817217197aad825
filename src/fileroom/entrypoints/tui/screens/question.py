"""A question before something is destroyed: yes or no."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from fileroom.domain.text import for_terminal

_LINES: Final = 10
"""Things that are named; more are counted."""


class QuestionScreen(ModalScreen[bool | None]):
    """Ends with True where the answer is yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape", "answer(False)", "No", show=False),
        Binding("left,up", "screen.focus_previous", show=False),
        Binding("right,down", "screen.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    QuestionScreen { align: center middle; }
    #question {
        width: 64; max-width: 100%; height: auto; max-height: 100%; background: $panel; border: round $warning;
        border-title-color: $foreground; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #question Static { height: auto; padding: 0 1; }
    #question-buttons { height: 1; margin-top: 1; align-horizontal: right; }
    #question-buttons Button { margin-left: 2; min-width: 8; }
    """

    def __init__(self, title: str, things: Sequence[str] = (), *, yes: str = "Yes", no: str = "No") -> None:
        """Ask `title` about `things`; `yes` and `no` are what the buttons say."""
        super().__init__()
        self._title = title
        self._things = things
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        """Name what it is about."""
        with Vertical(id="question") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = f"y {self._yes.lower()} · n {self._no.lower()}"
            lines = [for_terminal(thing) for thing in self._things[:_LINES]]
            if len(self._things) > _LINES:
                lines.append(f"and {len(self._things) - _LINES} more")
            if lines:
                yield Static("\n".join(lines), markup=False)
            with Horizontal(id="question-buttons"):
                yield Button(self._yes, variant="warning", compact=True, id="question-yes")
                yield Button(self._no, compact=True, id="question-no")

    def on_mount(self) -> None:
        """The answer that changes nothing is the one that Enter gives."""
        self.query_one("#question-no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        event.stop()
        self.action_answer(event.button.id == "question-yes")

    def action_answer(self, is_yes: bool) -> None:  # noqa: FBT001 - an action's argument has no name
        """Answer."""
        self.dismiss(is_yes)
