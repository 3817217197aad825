"""The history of tasks as lines of a file in the data directory."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fileroom.application.ports.task_history import TaskHistory
from fileroom.domain.task import TaskRecord, TaskState

log = logging.getLogger(__name__)

KEPT: Final = 1000
_SLACK: Final = 500
"""Lines that may come together beyond those that are kept, before the file is written anew."""
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
        self._path = path
        self._guard = threading.Lock()

    def add(self, record: TaskRecord) -> None:
        """Append a line, in one write, so that those of other processes stay whole."""
        line = json.dumps(_as_json(record), ensure_ascii=True)[:_MAX_LINE] + "\n"
        with self._guard:
            try:
                descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(descriptor, line.encode("ascii"))
                finally:
                    os.close(descriptor)
            except OSError as error:
                log.warning("the history of tasks cannot be written: %s", error.strerror or error)

    def latest(self, limit: int) -> Sequence[TaskRecord]:
        """Read the file; where it has grown long, only its end is kept."""
        with self._guard:
            try:
                lines = self._path.read_text("ascii", "replace").splitlines()
            except OSError:
                return ()
            if len(lines) > KEPT + _SLACK:
                self._shorten(lines[-KEPT:])
        found: list[TaskRecord] = []
        for line in reversed(lines):
            if len(found) >= limit:
                break
            with suppress(ValueError, KeyError, TypeError):
                found.append(_from_json(json.loads(line)))
        return tuple(found)

    def _shorten(self, lines: Sequence[str]) -> None:
        partial = self._path.with_name(f".{self._path.name}.part")
        with suppress(OSError):
            partial.write_text("\n".join(lines) + "\n", "ascii")
            partial.chmod(0o600)
            partial.replace(self._path)


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
