"""Tasks: long work that runs beside whoever asked for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskState(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """Somebody asked it to stop; it does so at the next safe point."""
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    """Done, but not all of it."""
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Nothing happens any more."""
        return self in _OVER


_OVER = frozenset({TaskState.CANCELLED, TaskState.SUCCEEDED, TaskState.PARTIAL, TaskState.FAILED})


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRecord:
    """A task as it is at one moment."""

    number: int
    """Counts up within one run of the program."""
    title: str
    """For people: `retrieve from pacs` …; no patient's name."""
    command: str
    """What one would type to do it again."""
    state: TaskState
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    summary: tuple[str, ...] = ()
    """Lines, once it is over."""

    def seconds(self, now: datetime) -> float:
        """Return how long it has run, or ran; 0 before it began."""
        if self.started_at is None:
            return 0.0
        return max(((self.finished_at or now) - self.started_at).total_seconds(), 0.0)
