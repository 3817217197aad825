"""Help: the keys by group and the commands with their keys, both made from their tables."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from fileroom.domain.text import fold
from fileroom.entrypoints.tui.actions import ACTIONS, Action, key_text
from fileroom.entrypoints.tui.actions import Group as ActionGroup
from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS
from fileroom.entrypoints.tui.language import Command, Key, Kind
from fileroom.entrypoints.tui.widgets.narrow_line import NarrowLine
from fileroom.entrypoints.tui.widgets.record_list import NOTHING_HOLDS
from fileroom.entrypoints.tui.widgets.scroller import Scroller

_MOVING: Final = (
    ("↑ ↓ · j k", "Go to another row."),
    ("PgUp PgDn", "Go a screen further; Ctrl+U Ctrl+D half a screen."),
    ("Home End · g G", "Go to the first row, or the last."),
)
_FIRST_STEPS: Final = (
    "Register a node with a, query it with f, and retrieve with m what it tells. Or import files with i. "
    "What is here stands in Local: Enter goes into a study, s sends what is selected with space."
)
_LANGUAGE: Final = (
    "A line is a command and key=value. Values with blanks stand in quotes, where the same quote twice means itself; a "
    "backslash is a backslash. What is in brackets may be left away. Tab completes commands, keys, nodes, UIDs and "
    "paths; ↑ brings back what was typed before."
)
_KEYS_WIDTH: Final = 16
_KEY_NAMES_WIDTH: Final = 28


class HelpScreen(ModalScreen[None]):
    """All that can be done, or one command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("q,question_mark,enter", "close", show=False),
        Binding("slash", "narrow", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    #help-box {
        width: 100; max-width: 100%; height: 100%; background: $panel; border: round $primary;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #help { height: 1fr; }
    #help-box Static { height: auto; }
    #help-box.short, #help-box.short #help { height: auto; max-height: 100%; }
    """

    def __init__(self, command: str = "") -> None:
        """Show everything, or what a command does."""
        super().__init__()
        self._command = BY_NAME.get(command)

    def compose(self) -> ComposeResult:
        """Put the text into a frame that scrolls."""
        with Vertical(id="help-box", classes="short" if self._command else "") as box:
            box.border_title = f"Help · {self._command.name}" if self._command else "Help"
            box.border_subtitle = "↑ ↓ scroll · / filter · Escape closes"
            with Scroller(id="help"):
                yield Static(command_help(self._command) if self._command else whole_help())
            yield NarrowLine()

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one(Scroller).focus()

    def action_narrow(self) -> None:
        """Show only keys and commands of which the help holds what is typed."""
        self.query_one("#help-box").remove_class("short")
        self.query_one(NarrowLine).open()

    def on_narrow_line_narrowed(self, event: NarrowLine.Narrowed) -> None:
        """Show only keys and commands of which the help holds all words."""
        self.query_one(Static).update(help_on(event.words) if event.words else whole_help())

    def on_narrow_line_ended(self) -> None:
        """Scroll by keys again."""
        self.query_one(Scroller).focus()

    def action_leave(self) -> None:
        """Show everything again, or go back."""
        if not self.query_one(NarrowLine).clear_words():
            self.action_close()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


def whole_help() -> Group:
    """Return the help of everything."""
    parts: list[RenderableType] = [Text(_FIRST_STEPS)]
    for group in ActionGroup:
        parts += [_heading(group.value), _actions(group)]
    parts += [_heading("Commands, behind a colon"), Text(_LANGUAGE)]
    for command in COMMANDS:
        parts += [Text(), command_help(command)]
    return Group(*parts)


def help_on(words: Sequence[str]) -> Group:
    """Return the help of the keys and commands in whose help all words are."""
    wanted = [fold(word) for word in words]

    def fits(*texts: str) -> bool:
        text = fold(" ".join(texts))
        return all(word in text for word in wanted)

    table = _table(_KEYS_WIDTH)
    actions = [each for group in ActionGroup for each in _once(group)]
    found = [each for each in actions if fits(each.title, each.says, each.command, *_keys_of(each))]
    for action in found:
        _add(table, action)
    parts: list[RenderableType] = [_heading("Keys"), table] if found else []
    commands = [
        each
        for each in COMMANDS
        if fits(each.name, each.says, *(f"{key.name} {key.says}" for key in each.keys))
    ]
    for command in commands:
        parts += [Text(), command_help(command)]
    return Group(*parts) if parts else Group(Text(f"\n{NOTHING_HOLDS}"))


def command_help(command: Command) -> Group:
    """Return the help of a command."""
    table = _table(_KEY_NAMES_WIDTH)
    for key in command.keys:
        name = key.name if key.kind is Kind.BOOLEAN else f"{key.name}="
        table.add_row(Text(f"  {name}", style="bold"), Text(_says(key)))
    if command.example:
        table.add_row(Text("  for instance", style="dim"), Text(f":{command.example}", style="italic"))
    return Group(Text(command.usage, style="bold cyan"), Text(command.says), table)


def _actions(group: ActionGroup) -> Table:
    table = _table(_KEYS_WIDTH)
    if group is ActionGroup.LISTS:
        for keys, what in _MOVING:
            table.add_row(Text(keys, style="bold"), Text(what))
    for action in _once(group):
        _add(table, action)
    return table


def _add(table: Table, action: Action) -> None:
    says = Text(action.says)
    if action.command:
        says.append(f"  (:{action.command})", style="cyan")
    table.add_row(Text(" · ".join(_keys_of(action)), style="bold"), says)


def _table(width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=width)
    table.add_column(ratio=1)
    table.expand = True
    return table


def _once(group: ActionGroup) -> Iterator[Action]:
    """Yield the actions of a group; those that are there twice, for another key, once."""
    seen: set[str] = set()
    for action in ACTIONS:
        if action.group is group and action.name not in seen:
            seen.add(action.name)
            yield action


def _keys_of(action: Action) -> list[str]:
    """Return all keys of an action."""
    return [key_text(key) for each in ACTIONS if each.name == action.name for key in each.keys]


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


def _heading(title: str) -> Text:
    return Text(f"\n{title}", style="bold underline")
