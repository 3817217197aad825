"""What stands over a line that is typed: what may come next, or what is wrong with it, pointing at the word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.widgets import Static

from fileroom.domain.text import for_terminal

ROWS: Final = 7
"""Options in sight at once."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One option."""

    name: str
    says: str = ""


class LineHints(Static):
    """Lies over the panes, above the line."""

    DEFAULT_CSS = """
    LineHints {
        layer: above; dock: bottom; margin: 0 0 2 0; height: auto; max-height: 10; display: none; padding: 0 1;
        background: $panel; color: $text; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, chosen: Callable[[int], object]) -> None:
        """Call `chosen` with the number of an option that is clicked."""
        super().__init__(markup=False, id="hints")
        self._chosen = chosen
        self._first = 0
        self._count = 0
        self.text = ""

    def show_options(self, options: Sequence[Hint], marked: int | None, below: str) -> None:
        """Show options, one of them marked, and a line that says what is wanted."""
        self._first = min(max((marked or 0) - ROWS // 2, 0), max(len(options) - ROWS, 0))
        in_sight = options[self._first : self._first + ROWS]
        self._count = len(in_sight)
        width = max(self.app.size.width - 2, 1)
        column = min(max((cell_len(option.name) for option in options), default=0), max(width // 2, 20))
        text = Text(end="")
        for number, option in enumerate(in_sight, self._first):
            name = for_terminal(option.name)
            shown = name if cell_len(name) <= column else "…" + name[-(column - 1) :]
            line = Text(set_cell_size(shown, column))
            line.append(f"  {for_terminal(option.says)}", style="dim")
            if number == marked:
                line.stylize("reverse")
            text.append_text(line).append("\n")
        more = len(options) - len(in_sight)
        text.append((f"{more} more · " if more > 0 else "") + for_terminal(below), style="italic dim")
        self._tell(text)

    def show_mistake(self, message: str, hint: str, column: int, width: int) -> None:
        """Show what is wrong, and arrows over `width` cells of the line from a column of the screen on."""
        text = Text(end="")
        text.append(for_terminal(message), style="bold red")
        if hint:
            text.append(f"  {for_terminal(hint)}")
        if width:
            text.append("\n" + " " * max(column - 1, 0) + "▼" * width, style="bold red")
        self._count = 0
        self._tell(text)

    def clear(self) -> None:
        """Show nothing."""
        self._count = 0
        self.text = ""
        self.display = False

    def on_click(self, event: events.Click) -> None:
        """Take an option."""
        event.stop()
        if event.y < self._count:
            self._chosen(self._first + event.y)

    def _tell(self, text: Text) -> None:
        # A layout places all that is on the screen: for another height alone, not for each key.
        is_as_high = self.display and text.plain.count("\n") == self.text.count("\n")
        self.text = text.plain
        self.display = bool(text.plain)
        self.update(text, layout=not is_as_high)
