"""Going from pane to pane, and around in lists."""

from fileroom.entrypoints.tui.base import RoomApp
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList


class PaneActions(RoomApp):
    """Actions of the groups Panes and In lists."""

    def action_focus_pane(self, name: str) -> None:
        """Go to a pane."""
        self.go_to(next(pane for pane in self.panes if pane.id == f"pane-{name}"))

    def action_next_pane(self, by: int = 1) -> None:
        """Go to the next pane."""
        panes = self.panes
        self.go_to(panes[(panes.index(self.last_pane) + by) % len(panes)])

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.action_next_pane(-1)

    def action_zoom(self) -> None:
        """Give the whole screen to the pane, and back."""
        self.query_one("#panes").toggle_class("zoomed")
        self.arrange()

    def action_enter(self) -> None:
        """Open what is marked: go down into it, or to its details."""
        pane = self.focused_pane()
        if pane is self.local_pane and self.local_pane.enter():
            return
        if isinstance(pane, ListPane) and pane.records.marked is not None:
            self.go_to(self.details_pane)

    def action_leave(self) -> None:
        """Go back; from details to the list that they are of."""
        pane = self.focused_pane()
        if isinstance(pane, ListPane):
            pane.leave()
        elif pane is self.details_pane and not self.details_pane.leave():
            self.go_to(self.last_list)

    def action_toggle_selected(self) -> None:
        """Select the marked row, or let it go."""
        if isinstance(pane := self.focused_pane(), ListPane):
            pane.records.toggle_selected()

    def action_select_all(self) -> None:
        """Select all rows, or let all go."""
        if isinstance(pane := self.focused_pane(), ListPane):
            pane.records.toggle_all()

    def action_refresh(self) -> None:
        """Read the list again."""
        if isinstance(pane := self.focused_pane(), ListPane):
            pane.records.read_again()

    def on_record_list_opened(self, event: RecordList.Opened) -> None:
        """Open by double click."""
        del event
        self.action_enter()
