"""What belongs to one store object of one process while it lives: its folder of partial files, with a lock.

<root>/.incoming/sessions.lock           held while a session is opened, closed or looked at
<root>/.incoming/<session>/owner.lock    held while the session lives; the system lets go of it with the process
<root>/.incoming/<session>/started       whose time of change is the start of the session, by the disk's clock
<root>/.incoming/<session>/NNNNNN.part   objects on their way in
"""
# Paths are strings here, for speed: pathlib doubles what these calls cost.
# ruff: noqa: PTH102, PTH106, PTH108, PTH116

import contextlib
import itertools
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from filelock import FileLock, Timeout

from fileroom.adapters.objects.filesystem.cleanup import Cleanup
from fileroom.adapters.objects.filesystem.moving import choose_mover
from fileroom.adapters.objects.filesystem.syncing import sync_folder

INCOMING: Final = ".incoming"
_PART: Final = ".part"
_LOCK_SECONDS: Final = 10.0
"""Others hold the sessions' lock for some milliseconds only."""


class Session:
    """The partial files of one living store."""

    def __init__(self, root: str, *, strict: bool) -> None:
        """Open a session below `root`, which exists.

        Raises:
            OSError: it could not be made.
        """
        self.process = os.getpid()
        incoming = _join(root, INCOMING)
        with contextlib.suppress(FileExistsError):
            os.mkdir(incoming, 0o700)
        self._sessions_lock = _sessions_lock(incoming)
        self.folder = _join(incoming, f"{self.process}-{secrets.token_hex(8)}")
        self._started_file = _join(self.folder, "started")
        self._owner_lock = _owner_lock(self.folder)
        self._numbers = itertools.count(1)
        self._clock_lock = threading.Lock()
        with self._sessions_lock:
            os.mkdir(self.folder, 0o700)
            try:
                self._set_up(incoming)
                if strict:
                    # After a loss of power the session must be found dead: it tells from when on to look.
                    for folder in (self.folder, incoming, root):
                        sync_folder(folder)
            except BaseException:
                self._remove()
                raise

    def _set_up(self, incoming: str) -> None:
        self._owner_lock.acquire()
        os.close(os.open(self._started_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.started = os.stat(self._started_file).st_mtime
        self.mover = choose_mover(
            self._started_file, _join(self.folder, "probe"), _join(incoming, "placing.lock")
        )

    def next_part(self) -> str:
        """Return a path for a new partial file."""
        return f"{self.folder}{os.sep}{next(self._numbers):06d}{_PART}"

    def begin_no_later_than(self, time: float) -> None:
        """Move the recorded start back where the clock was set back: what comes now must not seem older."""
        if time >= self.started:
            return
        with self._clock_lock:
            if time < self.started:
                os.utime(self._started_file, (time, time))
                descriptor = os.open(self._started_file, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                self.started = time

    def close(self, cleanup: Cleanup) -> None:
        """Remove the session with its partial files; never raises."""
        with _held(self._sessions_lock):
            _remove_parts(self.folder, cleanup)
            self._remove()

    def _remove(self) -> None:
        self._owner_lock.release()
        _remove_folder(self.folder)


class DeadSession:
    """What a process that died left behind; its lock is held by the finder until `release` or `remove`."""

    def __init__(self, folder: str, owner_lock: FileLock) -> None:
        self._folder = folder
        self._owner_lock = owner_lock

    @property
    def started(self) -> float:
        """When it began, by the disk's clock; 0 where that is not known."""
        try:
            return os.stat(_join(self._folder, "started")).st_mtime
        except OSError:
            return 0.0

    def remove_parts(self, cleanup: Cleanup) -> None:
        """Remove its partial files; never raises."""
        _remove_parts(self._folder, cleanup)

    def release(self) -> None:
        """Leave the rest to whoever looks next."""
        self._owner_lock.release()

    def _remove(self) -> None:
        self._owner_lock.release()
        _remove_folder(self._folder)

    @classmethod
    def remove_all(cls, root: str, sessions: Iterable["DeadSession"]) -> None:
        """Remove them for good; never raises."""
        with _held(_sessions_lock(_join(root, INCOMING))):
            for session in sessions:
                session._remove()  # noqa: SLF001 - of its own class


def find_dead_sessions(root: str) -> list[DeadSession]:
    """Take the lock of every session whose process is gone; finds none where the root cannot be written."""
    incoming = _join(root, INCOMING)
    found: list[DeadSession] = []
    with contextlib.suppress(OSError):
        if not any(_folders_in(incoming)):
            return found
        # Listed again under the lock: trying the lock of a session that was closed in between would make it anew.
        with _sessions_lock(incoming):
            for folder in list(_folders_in(incoming)):
                owner_lock = _owner_lock(folder)
                try:
                    owner_lock.acquire(blocking=False)
                except (OSError, NotImplementedError):  # Timeout is among them: its owner lives
                    continue
                found.append(DeadSession(folder, owner_lock))
    return found


def _folders_in(incoming: str) -> Iterator[str]:
    with os.scandir(incoming) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.path


def _sessions_lock(incoming: str) -> FileLock:
    return FileLock(_join(incoming, "sessions.lock"), timeout=_LOCK_SECONDS, mode=0o600, thread_local=False)


def _owner_lock(folder: str) -> FileLock:
    return FileLock(_join(folder, "owner.lock"), timeout=0, mode=0o600, thread_local=False)


@contextlib.contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Hold the lock, or do without where it cannot be had."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError, Timeout):
            stack.enter_context(lock)
        yield


def _remove_parts(folder: str, cleanup: Cleanup) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.name.endswith(_PART):
                cleanup.remove(entry.path)


def _remove_folder(folder: str) -> None:
    for name in ("probe", "started", "owner.lock"):
        with contextlib.suppress(OSError):
            os.unlink(_join(folder, name))
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _join(folder: str, name: str) -> str:
    return f"{folder}{os.sep}{name}"
