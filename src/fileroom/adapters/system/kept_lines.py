"""Lines of a file that grows at its end and is shortened now and then, shared by processes."""

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

_SLACK: Final = 500
"""Lines that may come together beyond those that are kept, before the file is written anew."""
_MAX_BYTES: Final = 8 << 20
"""Of the file's end that are looked at."""
_LOCK_SECONDS: Final = 5.0
"""The lock is held for some milliseconds only."""


class KeptLines:
    """The last lines that were added, in ASCII, readable by nobody else.

    Who writes holds a lock beside the file, so that no line is lost while another process shortens it.
    """

    def __init__(self, path: Path, *, kept: int, what: str) -> None:
        """Keep so many lines; `what` they are is told where they cannot be written."""
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._kept = kept
        self._what = what
        self._guard = threading.Lock()

    def add(self, line: str) -> None:
        """Append a line; where that is not possible, a log line says so."""
        try:
            with self._guard, FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600):
                self._append(line.encode("ascii", "replace") + b"\n")
        except (OSError, Timeout) as error:
            log.warning("%s cannot be written: %s", self._what, getattr(error, "strerror", "") or error)

    def lines(self) -> list[str]:
        """Return the lines, the latest last; where the file has grown long, only its end is kept."""
        with self._guard:
            lines, is_long = self._tail()
            if is_long:
                with suppress(OSError, Timeout), FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600):
                    lines, is_long = self._tail()
                    if is_long:
                        self._shorten(lines)
            return lines

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # what a process that died, or a full disk, left
                    line = b"\n" + line
            file.write(line)

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
        return lines[-self._kept :], before > 0 or len(lines) > self._kept + _SLACK

    def _shorten(self, lines: Sequence[str]) -> None:
        partial = self._path.with_name(f".{self._path.name}.part")
        content = "".join(f"{line}\n" for line in lines).encode("ascii", "replace")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.replace(self._path)
