"""The command line at the bottom: what is typed there is done, and remembered."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.command import Provider

from fileroom.entrypoints.tui.doing.commands import CommandActions
from fileroom.entrypoints.tui.widgets.command_line import REMEMBERED, CommandLine
from fileroom.entrypoints.tui.widgets.focusing import focus_now
from fileroom.entrypoints.tui.widgets.line_input import LineInput
from fileroom.entrypoints.tui.widgets.printable_input import printable


def _palette() -> type[Provider]:
    from fileroom.entrypoints.tui.palette import RoomProvider

    return RoomProvider


class TypedActions(CommandActions):
    """The command line, and the palette."""

    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}

    def on_mount(self) -> None:
        """Bring back what was typed in earlier runs."""
        history, line = self.room.container.line_history(), self.command_line.input

        def take(lines: tuple[str, ...]) -> None:
            known = dict.fromkeys([*line.earlier, *map(printable, lines)])
            line.earlier = list(known)

        self.aside(lambda: tuple(history.latest(REMEMBERED)), take)

    def action_command_line(self) -> None:
        """Type a command."""
        self.begin_line("")

    def begin_line(self, text: str) -> None:
        """Go to the command line; a text takes the place of what stands there, and so does what is typed next."""
        line = self.command_line.input
        focus_now(line)
        if text:
            line.value = text
            line.cursor_position = len(text)
        else:
            line.action_select_all()

    def on_line_input_left(self, event: LineInput.Left) -> None:
        """Go back to where one came from."""
        del event
        self.go_to(self.last_pane)

    def on_command_line_accepted(self, event: CommandLine.Accepted) -> None:
        """Remember the line, and do what it says."""
        history = self.room.container.line_history()
        self.room.background(partial(history.add, event.line))
        self.go_to(self.last_pane)
        self.run_typed(event.typed)
