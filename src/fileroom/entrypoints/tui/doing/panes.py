"""Going from pane to pane, and around in lists."""

from fileroom.entrypoints.tui.base import RoomApp
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList


class PaneActions(RoomApp):
    """Actions of the groups Panes and In lists."""

    def action_focus_pane(self, name: str) -> None:
        """Go to a pane."""
        pane = next(pane for pane in self.panes if pane.id == f"pane-{name}")
        self.screen.minimize()
        pane.body().focus()

    def action_next_pane(self, by: int = 1) -> None:
        """Go to the next pane."""
        panes, focused = self.panes, self.focused_pane()
        index = panes.index(focused) + by if focused is not None else 0
        self.screen.minimize()
        panes[index % len(panes)].body().focus()

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.action_next_pane(-1)

    def action_zoom(self) -> None:
        """Give the whole screen to the pane, and back."""
        box, focused = self.query_one("#panes"), self.focused_pane()
        if focused is None:
            return
        box.toggle_class("zoomed")
        for pane in self.panes:
            pane.set_class(pane is focused and box.has_class("zoomed"), "zoomed")
        self.arrange()

    def action_enter(self) -> None:
        """Open what is marked."""
        if self.focused_pane() is self.local_pane:
            self.local_pane.enter()

    def action_leave(self) -> None:
        """Go back."""
        if isinstance(pane := self.focused_pane(), ListPane):
            pane.leave()

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
