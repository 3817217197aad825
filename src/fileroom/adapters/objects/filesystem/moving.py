"""Moving a finished file to its place without clobbering what is there, on whatever file system."""
# Paths are strings here, for speed: pathlib doubles what these calls cost.
# ruff: noqa: PTH104, PTH108

import errno
import os
from abc import abstractmethod
from typing import Protocol

from filelock import FileLock


class Mover(Protocol):
    """One way to move."""

    @abstractmethod
    def take(self, part: str, target: str) -> None:
        """Move `part` to `target`, which appears whole or not at all.

        Raises:
            FileExistsError: `target` is taken.
            OSError: it could not be moved.
        """


class LinkMover(Mover):
    """Makes a second name and removes the first: atomic, and never clobbers (POSIX)."""

    def take(self, part: str, target: str) -> None:
        """Link, then unlink."""
        os.link(part, target)
        try:  # noqa: SIM105 - for speed, as each object comes here
            os.unlink(part)
        except FileNotFoundError:
            pass


class RenameMover(Mover):
    """Renames, which never clobbers on Windows."""

    def take(self, part: str, target: str) -> None:
        """Rename."""
        os.rename(part, target)


class LockMover(Mover):
    """Looks, then renames, under a lock of the whole store: for POSIX file systems without hard links.

    All processes that use the store find the same lack of hard links, so all of them take the lock.
    """

    def __init__(self, lock_path: str) -> None:
        self._lock_path = lock_path

    def take(self, part: str, target: str) -> None:
        """Rename when nothing is there."""
        with FileLock(self._lock_path, mode=0o600):
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
            os.rename(part, target)


def choose_mover(existing: str, scratch: str, lock_path: str) -> Mover:
    """Find out, by linking the file `existing` to the free name `scratch`, how to move in this file system."""
    if os.name == "nt":
        return RenameMover()
    try:
        os.link(existing, scratch)
    except OSError:
        return LockMover(lock_path)
    os.unlink(scratch)
    return LinkMover()
