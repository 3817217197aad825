"""Who listens for a data directory: told by a lock that the system lets go of when its holder dies."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.domain.errors import Conflict, StorageError

_GUARD_SECONDS: Final = 10.0
"""The guard is held for some milliseconds only."""


class FileListenerPresence(ListenerPresence):
    """Tells the processes that share a data directory of each other's listener.

    `listener.lock` is held by the listener and is the truth; `listener.json` says what it is. To see whether the
    lock is held one must try to take it, which another could mistake for a listener; so who looks and who announces
    hold `listener.guard` while they do.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock_path = data_dir / "listener.lock"
        self._info_path = data_dir / "listener.json"
        self._guard_path = data_dir / "listener.guard"

    def current(self) -> ListenerInfo | None:
        """Return the listener that runs now, in this process or another; what a dead process left does not count.

        None as well where the data directory does not exist or may not be written by this account.
        """
        if not self._lock_path.exists():
            return None
        try:
            with self._guard():
                return self._read() if self._is_held() else None
        except OSError:
            return None

    def announce(self, info: ListenerInfo) -> AbstractContextManager[None]:
        """Be the listener of the data directory for as long as the context lasts.

        Raises:
            Conflict: another listener is running; the message says where.
            StorageError: the data directory cannot be written.
        """
        return self._announced(info)

    @contextlib.contextmanager
    def _announced(self, info: ListenerInfo) -> Iterator[None]:
        lock = self._listener_lock()
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._guard():
                self._take(lock)
                try:
                    self._write(info)
                except BaseException:
                    lock.release()
                    raise
        except OSError as error:
            raise StorageError(
                f"cannot announce the listener in {self._data_dir}: {error.strerror or error}",
                hint="give this account permission to write there, or choose another data directory",
            ) from error
        try:
            yield
        finally:
            with contextlib.ExitStack() as stack:
                with contextlib.suppress(OSError):
                    stack.enter_context(self._guard())
                with contextlib.suppress(OSError):
                    self._info_path.unlink()
                lock.release()

    def _take(self, lock: FileLock) -> None:
        try:
            lock.acquire()
        except Timeout:
            other = self._read()
            where = f": {_in_words(other)}" if other else ""
            raise Conflict(
                f"another listener is running for {self._data_dir}{where}",
                hint="stop it first, or use another data directory",
            ) from None

    def _is_held(self) -> bool:
        lock = self._listener_lock()
        try:
            lock.acquire()
        except Timeout:
            return True
        lock.release()
        return False

    def _listener_lock(self) -> FileLock:
        return FileLock(self._lock_path, timeout=0, mode=0o600, thread_local=False)

    def _guard(self) -> FileLock:
        return FileLock(self._guard_path, timeout=_GUARD_SECONDS, mode=0o600)

    def _read(self) -> ListenerInfo | None:
        try:
            found = json.loads(self._info_path.read_text(encoding="utf-8"))
            return ListenerInfo(
                ae_title=str(found["ae_title"]),
                bind=str(found["bind"]),
                port=int(found["port"]),
                process=int(found["process"]),
                files_into=str(found.get("files_into", "")),
                temporary=found.get("temporary") is True,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, info: ListenerInfo) -> None:
        draft = self._info_path.with_suffix(f".{os.getpid()}.tmp")
        with open(draft, "w", encoding="utf-8", opener=_open_private) as stream:
            json.dump(asdict(info), stream)
        draft.replace(self._info_path)


class MemoryListenerPresence(ListenerPresence):
    """Tells the threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: ListenerInfo | None = None

    def current(self) -> ListenerInfo | None:
        """Return the listener that runs now."""
        return self._current

    def announce(self, info: ListenerInfo) -> AbstractContextManager[None]:
        """Be the listener for as long as the context lasts.

        Raises:
            Conflict: another listener is running; the message says where.
        """
        return self._announced(info)

    @contextlib.contextmanager
    def _announced(self, info: ListenerInfo) -> Iterator[None]:
        with self._lock:
            if self._current is not None:
                raise Conflict(f"another listener is running: {_in_words(self._current)}")
            self._current = info
        try:
            yield
        finally:
            self._current = None


def _in_words(info: ListenerInfo) -> str:
    return f"{info.ae_title} at {info.bind} port {info.port}, process {info.process}"


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
