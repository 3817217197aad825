"""Help: the keys by group and the commands with their keys, both made from their tables."""

from collections.abc import Iterator
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from fileroom.entrypoints.tui.actions import ACTIONS, Action, Group, key_text
from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS
from fileroom.entrypoints.tui.language import Command, Key, Kind

_MOVING: Final = (
    ("↑ ↓ · j k", "Mark another row."),
    ("PgUp PgDn", "Mark a row one screen away."),
    ("Home End · g G", "Mark the first row, or the last."),
)
_FIRST_STEPS: Final = (
    "Register a node with a, mark it and query it with f, and retrieve with m what it tells. Or import files with i. "
    "What is here stands in Local: Enter goes into a study, s sends what is selected with space."
)
_LANGUAGE: Final = (
    "A line is a command and key=value. Values with blanks stand in quotes, where the same quote twice means itself; a "
    "backslash is a backslash. What is in brackets may be left away. Tab completes commands, keys, nodes, UIDs and "
    "paths; ↑ brings back what was typed before."
)
_KEYS_WIDTH: Final = 16


class HelpScreen(ModalScreen[None]):
    """All that can be done, or one command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("space", "page", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    #help {
        width: 100; max-width: 100%; height: auto; max-height: 100%; background: $panel; border: round $primary;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #help Static { height: auto; }
    """

    def __init__(self, command: str = "") -> None:
        """Show everything, or what a command does."""
        super().__init__()
        self._command = BY_NAME.get(command)

    def compose(self) -> ComposeResult:
        """Put the text into a frame that scrolls."""
        with VerticalScroll(id="help") as box:
            box.border_title = f"Help · {self._command.name}" if self._command else "Help"
            box.border_subtitle = "↑ ↓ scroll · Escape closes"
            yield Static(_of_command(self._command) if self._command else whole_help())

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#help").focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#help").scroll_relative(y=by, animate=False)

    def action_page(self) -> None:
        """Scroll by a screen."""
        self.query_one("#help").scroll_page_down(animate=False)


def whole_help() -> Text:
    """Return the help of everything."""
    text = Text()
    _paragraph(text, _FIRST_STEPS)
    for group in Group:
        _heading(text, group.value)
        if group is Group.LISTS:
            for keys, says in _MOVING:
                _line(text, keys, says)
        for action in _once(group):
            typed = f"  (:{action.command})" if action.command else ""
            _line(text, " · ".join(_keys_of(action)), action.says, typed)
    _heading(text, "Commands, behind a colon")
    _paragraph(text, _LANGUAGE)
    for command in COMMANDS:
        text.append("\n")
        text.append_text(_of_command(command))
    return text


def _once(group: Group) -> Iterator[Action]:
    """Yield the actions of a group; those that are there twice, for another key, once."""
    seen: set[str] = set()
    for action in ACTIONS:
        if action.group is group and action.name not in seen:
            seen.add(action.name)
            yield action


def _keys_of(action: Action) -> list[str]:
    """Return all keys of an action."""
    return [key_text(key) for each in ACTIONS if each.name == action.name for key in each.keys]


def _of_command(command: Command) -> Text:
    text = Text()
    text.append(command.usage, style="bold cyan")
    text.append(f"\n{command.says}\n")
    for key in command.keys:
        _line(
            text, f"  {key.name}=" if key.kind is not Kind.BOOLEAN else f"  {key.name}", _says(key), width=28
        )
    if command.example:
        text.append("  for instance: ", style="dim")
        text.append(f":{command.example}\n", style="italic")
    return text


def _says(key: Key) -> str:
    parts = [key.says]
    if key.choices:
        parts.append(f"One of {', '.join(key.choices)}.")
    if key.required:
        parts.append("Needed.")
    if key.repeats:
        parts.append("May be given several times.")
    if key.aliases:
        parts.append(f"Also {', '.join(f'{alias}=' for alias in key.aliases)}.")
    return " ".join(parts)


def _heading(text: Text, title: str) -> None:
    text.append(f"\n{title}\n", style="bold underline")


def _paragraph(text: Text, words: str) -> None:
    text.append(f"{words}\n")


def _line(text: Text, name: str, says: str, also: str = "", *, width: int = _KEYS_WIDTH) -> None:
    text.append(name + " " * max(width - cell_len(name), 1), style="bold")
    text.append(says)
    if also:
        text.append(also, style="cyan")
    text.append("\n")
