"""The last line: what runs, and the keys that matter most."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.events import Click
from textual.widgets import Static

from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.actions import ACTIONS, Action, key_text
from fileroom.entrypoints.tui.task_texts import clock_text, progress_text

if TYPE_CHECKING:
    from textual.geometry import Offset

    from fileroom.entrypoints.tui.base import RoomApp

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_GAP: Final = "  "
_OFFERED: Final = tuple(
    (f"{key_text(action.keys[0])} {action.title}", action) for action in ACTIONS if action.in_footer
)
_KEYS: Final = _GAP.join(text for text, _ in _OFFERED)


class StatusFooter(Static):
    """A spinner, the running task, its time and how many wait; otherwise keys."""

    DEFAULT_CSS = (
        "StatusFooter { dock: bottom; height: 1; background: $panel; color: $text-muted; padding: 0 1; }"
    )
    app: "RoomApp"

    def __init__(self) -> None:
        super().__init__(markup=False, id="footer")
        self._turn = 0
        self._shown = ""

    def look_again(self) -> None:
        """Draw anew where something has changed."""
        text = self._text()
        if text != self._shown:
            self._shown = text
            self.update(text, layout=False)  # it is one line, whatever it says

    async def on_click(self, event: Click) -> None:
        """Do what the key that was clicked does."""
        event.stop()
        action = self._action_at(event.get_content_offset(self))
        if action is not None:
            await self.app.run_action(action.name)

    def _action_at(self, place: "Offset | None") -> Action | None:
        start = cell_len(self._shown) - len(_KEYS)
        for text, action in _OFFERED:
            if place is not None and start <= place.x < start + len(text):
                return action
            start += len(text) + len(_GAP)
        return None

    def _text(self) -> str:
        views = self.app.room.tasks.active()
        running = [view for view in views if view.record.state is not TaskState.QUEUED]
        if not running:
            return _KEYS
        self._turn += 1
        first = running[0]
        spent = clock_text(first.record.seconds(datetime.now(UTC)))
        progress = progress_text(first.progress)
        others = f" · {len(running) - 1} more" if len(running) > 1 else ""
        waiting = f" · {len(views) - len(running)} wait" if len(views) > len(running) else ""
        what = f"{_SPINNER[self._turn % len(_SPINNER)]} {first.record.title} {progress} {spent}"
        return f"{what}{others}{waiting}   {_KEYS}"
