"""Making bytes and directory entries survive a loss of power."""

import os
import sys
from typing import Final

if sys.platform == "darwin":
    import fcntl

    def sync_file(descriptor: int) -> None:
        """Make the file's bytes durable, and its time of change, by which `recover` finds it."""
        # fsync leaves them in the drive's cache on macOS.
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)

else:

    def sync_file(descriptor: int) -> None:
        """Make the file's bytes durable, and its time of change, by which `recover` finds it."""
        os.fsync(descriptor)


_DIRECTORY: Final = getattr(os, "O_DIRECTORY", None)


def sync_folder(folder: str) -> None:
    """Make the folder's entries durable, where the system lets one (Windows does it by itself).

    Threads that do this at the same time share the disk's work in the system's journal; sharing the calls as well
    was measured and gains nothing.
    """
    if _DIRECTORY is None:
        return
    descriptor = os.open(folder, os.O_RDONLY | _DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
