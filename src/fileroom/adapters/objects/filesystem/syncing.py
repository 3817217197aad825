"""Making bytes and directory entries survive a loss of power."""

import os
import sys
import threading
from typing import Final

if sys.platform == "darwin":
    import fcntl

    def sync_file(descriptor: int) -> None:
        """Make the file's bytes durable."""
        # fsync leaves them in the drive's cache on macOS.
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)

elif hasattr(os, "fdatasync"):

    def sync_file(descriptor: int) -> None:
        """Make the file's bytes durable."""
        os.fdatasync(descriptor)

else:

    def sync_file(descriptor: int) -> None:
        """Make the file's bytes durable."""
        os.fsync(descriptor)


_DIRECTORY: Final = getattr(os, "O_DIRECTORY", None)


def sync_folder(folder: str) -> None:
    """Make the folder's entries durable, where the system lets one (Windows does it by itself)."""
    if _DIRECTORY is None:
        return
    descriptor = os.open(folder, os.O_RDONLY | _DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FolderSync:
    """Syncs folders for several threads: those who wait for the same folder share one fsync.

    A sync that has begun may miss an entry made since, so a thread is served only by one that begins after it came.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, _Round] = {}
        self._running: dict[str, _Round] = {}

    def sync(self, folder: str) -> None:
        """Make entries durable that were made before this call.

        Raises:
            OSError: the folder could not be synced.
        """
        with self._lock:
            mine = self._next.get(folder)
            leads = mine is None
            if mine is None:
                mine = self._next[folder] = _Round()
            before = self._running.get(folder)
        if not leads:
            mine.finished.wait()
        else:
            if before is not None:
                before.finished.wait()
            with self._lock:
                del self._next[folder]
                self._running[folder] = mine
            try:
                sync_folder(folder)
            except OSError as error:
                mine.error = error
            finally:
                with self._lock:
                    if self._running.get(folder) is mine:
                        del self._running[folder]
                mine.finished.set()
        if mine.error is not None:
            raise mine.error


class _Round:
    """One fsync and those who wait for it."""

    def __init__(self) -> None:
        self.finished = threading.Event()
        self.error: OSError | None = None
