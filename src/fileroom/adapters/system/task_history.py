"""The history of tasks as lines of a file in the data directory."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from fileroom.application.ports.task_history import TaskHistory
from fileroom.domain.task import TaskRecord, TaskState

log = logging.getLogger(__name__)

KEPT: Final = 1000
_SLACK: Final = 500
"""Lines that may come together beyond those that are kept, before the file is written anew."""
_MAX_LINE: Final = 64 << 10
_MAX_BYTES: Final = 8 << 20
"""Of the file's end that are looked at."""
_LOCK_SECONDS: Final = 5.0
"""The lock is held for some milliseconds only."""


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
    """Appends a line of JSON for each task; a line that cannot be read is passed over.

    Who writes holds a lock beside the file, so that no line is lost while another process shortens it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._guard = threading.Lock()

    def add(self, record: TaskRecord) -> None:
        """Append a line."""
        line = _line(record)
        try:
            with self._guard, FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600):
                self._append(line)
        except (OSError, Timeout) as error:
            log.warning("the history of tasks cannot be written: %s", getattr(error, "strerror", "") or error)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # what a process that died, or a full disk, left
                    line = b"\n" + line
            file.write(line)

    def latest(self, limit: int) -> Sequence[TaskRecord]:
        """Read the end of the file; where it has grown long, only that is kept."""
        with self._guard:
            lines = self._lines()
        found: list[TaskRecord] = []
        for line in reversed(lines):
            if len(found) >= limit:
                break
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                found.append(_from_json(json.loads(line)))
        return tuple(found)

    def _lines(self) -> list[str]:
        lines, is_long = self._tail()
        if is_long:
            with suppress(OSError, Timeout), FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600):
                lines, is_long = self._tail()
                if is_long:
                    self._shorten(lines)
        return lines

    def _tail(self) -> tuple[list[str], bool]:
        """Return the last lines, and whether there is much before them."""
        try:
            with self._path.open("rb") as file:
                before = max(file.seek(0, os.SEEK_END) - _MAX_BYTES, 0)
                file.seek(before)
                content = file.read(_MAX_BYTES)
        except OSError:
            return [], False
        lines = content.decode("ascii", "replace").split("\n")
        lines = [line for line in lines[1 if before else 0 :] if line]
        return lines[-KEPT:], before > 0 or len(lines) > KEPT + _SLACK

    def _shorten(self, lines: Sequence[str]) -> None:
        partial = self._path.with_name(f".{self._path.name}.part")
        content = "".join(f"{line}\n" for line in lines).encode("ascii", "replace")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.replace(self._path)


def _line(record: TaskRecord) -> bytes:
    """Write a record as one line; of a summary that is too long, the first lines are kept."""
    line = json.dumps(_as_json(record))
    while len(line) > _MAX_LINE and record.summary:
        record = replace(record, summary=record.summary[: len(record.summary) // 2])
        line = json.dumps(_as_json(record))
    return line.encode("ascii") + b"\n"


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
