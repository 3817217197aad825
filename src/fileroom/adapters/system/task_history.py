"""The history of tasks as lines of a file in the data directory."""

import json
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fileroom.adapters.system.kept_lines import KeptLines
from fileroom.application.ports.task_history import TaskHistory
from fileroom.domain.task import TaskRecord, TaskState

KEPT: Final = 1000
_MAX_LINE: Final = 64 << 10


class MemoryTaskHistory(TaskHistory):
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._records: deque[TaskRecord] = deque(maxlen=KEPT)

    def add(self, record: TaskRecord) -> None:
        """Remember a task."""
        with self._guard:
            self._records.appendleft(record)

    def latest(self, limit: int) -> Sequence[TaskRecord]:
        """Return the latest tasks."""
        with self._guard:
            return tuple(self._records)[: max(limit, 0)]


class FileTaskHistory(TaskHistory):
    """Appends a line of JSON for each task; a line that cannot be read is passed over."""

    def __init__(self, path: Path) -> None:
        self._lines = KeptLines(path, kept=KEPT, what="the history of tasks")

    def add(self, record: TaskRecord) -> None:
        """Append a line."""
        self._lines.add(_line(record))

    def latest(self, limit: int) -> Sequence[TaskRecord]:
        """Read the end of the file."""
        found: list[TaskRecord] = []
        for line in reversed(self._lines.lines()):
            if len(found) >= limit:
                break
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                found.append(_from_json(json.loads(line)))
        return tuple(found)


def _line(record: TaskRecord) -> str:
    """Write a record as one line; of a summary that is too long, the first lines are kept."""
    line = json.dumps(_as_json(record))
    while len(line) > _MAX_LINE and record.summary:
        record = replace(record, summary=record.summary[: len(record.summary) // 2])
        line = json.dumps(_as_json(record))
    return line


def _as_json(record: TaskRecord) -> dict[str, object]:
    moments = ("created_at", "started_at", "finished_at")
    told = {name: moment.isoformat() for name in moments if (moment := getattr(record, name)) is not None}
    return {
        "number": record.number,
        "title": record.title,
        "command": record.command,
        "state": record.state.value,
        "summary": list(record.summary),
        **told,
    }


def _from_json(found: dict[str, Any]) -> TaskRecord:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(found[name]) if name in found else None

    return TaskRecord(
        number=int(found["number"]),
        title=str(found["title"]),
        command=str(found["command"]),
        state=TaskState(found["state"]),
        created_at=datetime.fromisoformat(found["created_at"]),
        started_at=moment("started_at"),
        finished_at=moment("finished_at"),
        summary=tuple(str(line) for line in found["summary"]),
    )
