"""The line at the bottom: commands are typed here, and those of earlier come back with the arrow keys."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from fileroom.entrypoints.tui.completion import Known
from fileroom.entrypoints.tui.language import Command, Mistake, Typed, parse
from fileroom.entrypoints.tui.widgets.hints import LineHints
from fileroom.entrypoints.tui.widgets.line_input import LineInput

REMEMBERED: Final = 1000
"""Lines that the arrow keys bring back."""
PLACEHOLDER: Final = "a command: Tab completes, ↑ brings back, help lists all"


class TypedLine(LineInput):
    """The line itself, and what was typed before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "earlier(1)", show=False),
        Binding("down", "earlier(-1)", show=False),
    ]

    def __init__(self, commands: Sequence[Command], known: Callable[[], Known], hints: LineHints) -> None:
        super().__init__(commands, known, hints, id="command", placeholder=PLACEHOLDER)
        self.earlier: list[str] = []
        """Lines of earlier, the latest first."""
        self.suggester = _FromEarlier(self)
        self._back = 0
        self._begun = ""

    def action_earlier(self, by: int) -> None:
        """Bring back a line that begins like what was typed, or go on to a later one."""
        if not self._back:
            self._begun = self.value
        lines = list(dict.fromkeys(line for line in self.earlier if line.startswith(self._begun)))
        back = min(max(self._back + by, 0), len(lines))
        with self.prevent(Input.Changed):
            self.value = lines[back - 1] if back else self._begun
        self.cursor_position = len(self.value)
        self._back = back
        self._forgive()
        self.hints.clear()

    def remember(self, line: str) -> None:
        """Keep a line for the arrow keys."""
        if not self.earlier or self.earlier[0] != line:
            self.earlier.insert(0, line)
            del self.earlier[REMEMBERED:]

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed now is looked for from the latest line on."""
        del event
        self._back = 0

    def start_anew(self) -> None:
        """Empty the line."""
        self._back = 0
        with self.prevent(Input.Changed):
            self.value = ""


class CommandLine(Horizontal):
    """A colon, and the line."""

    DEFAULT_CSS = """
    CommandLine { height: 1; width: 1fr; padding: 0 1; background: $surface; }
    CommandLine Static { width: 2; height: 1; color: $primary; text-style: bold; }
    """

    class Accepted(Message):
        """A command was typed."""

        def __init__(self, typed: Typed, line: str) -> None:
            super().__init__()
            self.typed = typed
            self.line = line

    def __init__(self, commands: Sequence[Command], known: Callable[[], Known], hints: LineHints) -> None:
        """Read these commands; `known` tells values for completion, `hints` show what may come next."""
        super().__init__(id="command-line")
        self._commands = commands
        self.input = TypedLine(commands, known, hints)

    def compose(self) -> ComposeResult:
        """Put the colon before the line."""
        yield Static(":", markup=False)
        yield self.input

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the line, or point at what is wrong in it."""
        event.stop()
        line = event.value.strip()
        if not line:
            self.post_message(LineInput.Left(self.input))
            return
        try:
            typed = parse(event.value, self._commands)
        except Mistake as mistake:
            self.input.show_mistake(mistake)
            return
        self.input.remember(line)
        self.input.start_anew()
        self.post_message(self.Accepted(typed, line))


class _FromEarlier(Suggester):
    """Shows, behind the cursor, how a line of earlier went on."""

    def __init__(self, line: TypedLine) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._line = line

    async def get_suggestion(self, value: str) -> str | None:
        """Return the latest line that begins so."""
        return next((line for line in self._line.earlier if line.startswith(value) and line != value), None)
