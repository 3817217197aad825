"""The command line at the bottom: what is typed there is done, and remembered."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.command import Provider
from textual.widget import Widget

from fileroom.entrypoints.tui.doing.commands import CommandActions
from fileroom.entrypoints.tui.palette import RoomProvider
from fileroom.entrypoints.tui.widgets.command_line import REMEMBERED, CommandLine
from fileroom.entrypoints.tui.widgets.line_input import LineInput

_SILENT: Final = frozenset({"filter", "help", "quit", "local", "node-list", "theme", "cancel"})
"""Commands whose effect can be seen at once."""


class TypedActions(CommandActions):
    """The command line, and the palette."""

    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {RoomProvider}
    _before_line: Widget | None = None
    """What had the focus before the line had it."""

    def on_mount(self) -> None:
        """Bring back what was typed in earlier runs."""
        history, line = self.room.container.line_history(), self.query_one(CommandLine).input

        def take(lines: tuple[str, ...]) -> None:
            line.earlier += [each for each in dict.fromkeys(lines) if each not in line.earlier]

        self.aside(lambda: tuple(history.latest(REMEMBERED)), take)

    def action_command_line(self) -> None:
        """Type a command."""
        line = self.query_one(CommandLine).input
        if self.focused is not line:
            self.filtered_pane()
            self._before_line = self.focused
            line.focus()

    def on_line_input_left(self, event: LineInput.Left) -> None:
        """Go back to where one came from."""
        del event
        self._leave_line()

    def on_command_line_accepted(self, event: CommandLine.Accepted) -> None:
        """Remember the line, and do what it says."""
        history = self.room.container.line_history()
        self.room.reader.submit(history.add, event.line)
        self._leave_line()
        self.run_typed(event.typed)

    def _leave_line(self) -> None:
        before, self._before_line = self._before_line, None
        target = before if before is not None and before.is_attached else self.filtered_pane().body()
        target.focus()
