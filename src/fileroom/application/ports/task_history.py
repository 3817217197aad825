"""What was done before: tasks that ended, kept from one run to the next."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fileroom.domain.task import TaskRecord


class TaskHistory(Protocol):
    """Remembers the tasks that ended last; safe to use from several threads and beside other processes."""

    @abstractmethod
    def add(self, record: TaskRecord) -> None:
        """Remember a task; where that is not possible, it is forgotten, and a log line says so."""

    @abstractmethod
    def latest(self, limit: int) -> Sequence[TaskRecord]:
        """Return the tasks that ended last, the latest first; what cannot be read any more is left out."""
