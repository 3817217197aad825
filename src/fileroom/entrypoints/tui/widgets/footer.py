"""The last line: what runs, and the keys that matter most where one is."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.events import Click
from textual.widgets import Static

from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.actions import ACTIONS, ALWAYS, PANE_KEYS, key_text
from fileroom.entrypoints.tui.task_texts import clock_text, progress_text

if TYPE_CHECKING:
    from textual.geometry import Offset

    from fileroom.entrypoints.tui.base import RoomApp

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_GAP: Final = "  "
_TEXTS: Final = {action.name: f"{key_text(action.keys[0])} {action.title}" for action in reversed(ACTIONS)}


class StatusFooter(Static):
    """A spinner, the running task, its time and how many wait; beside that, keys."""

    DEFAULT_CSS = (
        "StatusFooter { dock: bottom; height: 1; background: $panel; color: $text-muted; padding: 0 1; }"
    )
    app: "RoomApp"

    def __init__(self) -> None:
        super().__init__(markup=False, id="footer")
        self._turn = 0
        self._shown = ""
        self._offered: tuple[str, ...] = ()

    def look_again(self) -> None:
        """Draw anew where something has changed."""
        status = self._status()
        room = self.content_size.width - (cell_len(status) + len(_GAP) if status else 0)
        self._offered = offered((self.app.last_pane.id or "").removeprefix("pane-"), room)
        text = _GAP.join([*([status] if status else []), *(_TEXTS[name] for name in self._offered)])
        if text != self._shown:
            self._shown = text
            self.update(text, layout=False)  # it is one line, whatever it says

    async def on_click(self, event: Click) -> None:
        """Do what the key that was clicked does."""
        event.stop()
        action = self._action_at(event.get_content_offset(self))
        if action:
            await self.app.run_action(action)

    def _action_at(self, place: "Offset | None") -> str:
        end = cell_len(self._shown)
        for name in reversed(self._offered):
            start = end - len(_TEXTS[name])
            if place is not None and start <= place.x < end:
                return name
            end = start - len(_GAP)
        return ""

    def _status(self) -> str:
        views = self.app.room.tasks.active()
        running = [view for view in views if view.record.state is not TaskState.QUEUED]
        if not running:
            return ""
        self._turn += 1
        first = running[0]
        spent = clock_text(first.record.seconds(datetime.now(UTC)))
        progress = progress_text(first.progress)
        others = f" · {len(running) - 1} more" if len(running) > 1 else ""
        waiting = f" · {len(views) - len(running)} wait" if len(views) > len(running) else ""
        what = f"{_SPINNER[self._turn % len(_SPINNER)]} {first.record.title} {progress} {spent}"
        return f"{what}{others}{waiting}"


def offered(pane: str, room: int) -> tuple[str, ...]:
    """Return the names of the actions whose keys are told in a pane, in so many cells."""
    room -= sum(len(_TEXTS[name]) for name in ALWAYS) + len(_GAP) * (len(ALWAYS) - 1)
    told: list[str] = []
    for name in PANE_KEYS[pane]:
        room -= len(_TEXTS[name]) + len(_GAP)
        if room < 0:
            break
        told.append(name)
    return (*told, *ALWAYS)
