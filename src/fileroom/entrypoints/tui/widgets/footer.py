"""The last line: what runs, and the keys that matter most."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from textual.widgets import Static

from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.actions import ACTIONS
from fileroom.entrypoints.tui.task_texts import clock_text, progress_text

if TYPE_CHECKING:
    from fileroom.entrypoints.tui.base import RoomApp

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_KEYS: Final = {"slash": "/", "colon": ":", "question_mark": "?"}


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

    def _text(self) -> str:
        keys = "  ".join(
            f"{_KEYS.get(action.keys[0], action.keys[0])} {action.title}"
            for action in ACTIONS
            if action.in_footer
        )
        views = self.app.room.tasks.active()
        running = [view for view in views if view.record.state is not TaskState.QUEUED]
        if not running:
            return keys
        self._turn += 1
        first = running[0]
        spent = clock_text(first.record.seconds(datetime.now(UTC)))
        progress = progress_text(first.progress)
        others = f" · {len(running) - 1} more" if len(running) > 1 else ""
        waiting = f" · {len(views) - len(running)} wait" if len(views) > len(running) else ""
        what = f"{_SPINNER[self._turn % len(_SPINNER)]} {first.record.title} {progress} {spent}"
        return f"{what}{others}{waiting}   {keys}"
