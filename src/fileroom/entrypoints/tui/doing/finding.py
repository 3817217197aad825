"""Narrowing lists, copying what is marked, help, and the colours."""

from typing import Final

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.base import THEMES
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.tui.records import Record
from fileroom.entrypoints.tui.widgets.filter_bar import FilterBar
from fileroom.entrypoints.tui.widgets.pane import FilteredPane, ListPane
from fileroom.entrypoints.wording import counted

_SHOWN: Final = 60
"""Characters of what was copied that a message tells."""


class FindingActions(AskingActions):
    """Actions that find things, and tell of them."""

    def filtered_pane(self) -> FilteredPane:
        """Return the pane that has the focus, or had it last; where it has nothing to narrow, the last list."""
        pane = self.last_pane
        return pane if isinstance(pane, FilteredPane) else self.last_list

    def action_filter(self) -> None:
        """Narrow the list as one types."""
        self.filter_bar.open(self.filtered_pane())
        self.command_line.display = False

    def on_filter_bar_ended(self, event: FilterBar.Ended) -> None:
        """Go back to the list."""
        self.command_line.display = True
        if event.goes_back:
            self.go_to(event.pane)

    def action_copy_uid(self) -> None:
        """Copy the UID, or the name, of what is selected or marked."""
        pane = self.focused_pane()
        if not isinstance(pane, ListPane) or not pane.records.selected:
            self.notify("Go to a row first: its UID or name is copied.", severity="warning")
            return
        texts = [for_terminal(self._name_of(pane, record)) for record in pane.records.selected]
        self.copy_to_clipboard("\n".join(texts))
        told = texts[0] if len(texts[0]) <= _SHOWN else f"{texts[0][:_SHOWN]}…"
        what = told if len(texts) == 1 else f"{counted(len(texts), 'row')}: {told} …"
        self.notify(f"Copied {what}", markup=False)

    def _name_of(self, pane: ListPane, record: Record) -> str:
        """Return what one would type for a row."""
        if pane is self.nodes_pane:
            return record.cells[0]
        if pane is self.tasks_pane:
            task = getattr(record.value, "record", None)
            return getattr(task, "command", "") or record.cells[2]
        return record.cells[-1] if pane is self.logs_pane else record.key

    def action_help(self) -> None:
        """Show all keys and commands."""
        self.show_help("")

    def show_help(self, command: str) -> None:
        """Show all keys and commands, or what a command does."""
        from fileroom.entrypoints.tui.screens.help import HelpScreen

        if not self.screen.is_modal:
            self.push_screen(HelpScreen(command))

    def action_toggle_theme(self) -> None:
        """Change between light and dark."""
        self.set_theme("")

    def set_theme(self, name: str) -> None:
        """Show light letters on a dark ground or the reverse; '' changes to the other."""
        self.theme = THEMES[name or ("light" if self.current_theme.dark else "dark")]
