"""Putting finished files in their places below the root: whole, without clobbering, never through a symlink."""
# Paths are strings here, for speed: pathlib doubles what these calls cost.
# ruff: noqa: PTH100, PTH102, PTH106, PTH108, PTH112, PTH120

import contextlib
import errno
import os
import stat
import threading
from pathlib import Path
from typing import Final

from fileroom.adapters.objects.filesystem.moving import Mover
from fileroom.adapters.objects.filesystem.syncing import sync_folder

_FOLDER_MODE: Final = 0o700
_ATTEMPTS: Final = 200
"""How often a folder that other processes remove while it is empty is made again."""
_REMEMBERED_FOLDERS: Final = 10_000
_NO_LOCK: Final = contextlib.nullcontext()
_JUNCTION: Final = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT: what Windows has besides symlinks to lead elsewhere."""


def leads_elsewhere(status: os.stat_result) -> bool:
    """Tell whether what was looked at (by lstat) is a symlink or a junction."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


class Placement:
    """Files and folders below the root of a store.

    Whoever may write into the root is trusted not to race with symlinks; they are refused because people do put
    them there.
    """

    def __init__(self, root: str, *, strict: bool) -> None:
        self._root = root
        self._strict = strict
        self._durable: set[str] = set()
        self._removing = threading.Lock()

    def absolute(self, relative: str) -> Path:
        """Return the whole path of a place."""
        return Path(self._root, relative)

    def make_root(self) -> None:
        """Make the root and the folders above it where they are missing.

        Raises:
            OSError: that was not possible.
        """
        missing = []
        folder = os.path.abspath(self._root)
        while not os.path.isdir(folder) and folder != os.path.dirname(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, _FOLDER_MODE)
            if self._strict:
                sync_folder(os.path.dirname(folder))

    def place(self, part: str, relative: str, mover: Mover) -> None:
        """Move `part` to its place; durable in strict mode.

        Raises:
            FileExistsError: the place is taken; `part` is where it was.
            OSError: it could not be moved or made durable; nothing new is in the place.
        """
        *folders, name = relative.split("/")
        for attempt in range(_ATTEMPTS):
            try:
                # From the second time on, no thread of this process takes folders away meanwhile.
                with self._removing if attempt else _NO_LOCK:
                    folder, unsure = self._make_folders(folders)
                    target = f"{folder}{os.sep}{name}"
                    mover.take(part, target)
            except FileNotFoundError:
                # Somebody removed the folder, empty as it still was. Or the part itself is gone.
                if not os.path.lexists(part):
                    raise
            else:
                if self._strict:
                    self._settle(folder, target, unsure)
                return
        raise OSError(errno.EAGAIN, "its folder is removed again and again", self.absolute(relative))

    def _settle(self, folder: str, target: str, unsure: list[str]) -> None:
        """Make all entries that lead to `target` durable; where that fails, remove it."""
        try:
            # From below: what a journal writes for the first holds the others, which cost little then.
            sync_folder(folder)
            for each in reversed(unsure):
                sync_folder(os.path.dirname(each))
                self._remember(each)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(target)
            raise

    def _remember(self, folder: str) -> None:
        if len(self._durable) >= _REMEMBERED_FOLDERS:
            self._durable.clear()
        self._durable.add(folder)

    def _make_folders(self, names: list[str]) -> tuple[str, list[str]]:
        """Return the folder of these names below the root, made where it is missing.

        And, in strict mode, the folders on the way there whose entries may not be durable yet: another process may
        have made a folder and not synced it, so the first meeting counts as well.

        Raises:
            OSError: it cannot be made, or one of the names is taken by something that is no folder.
        """
        folder = self._root
        unsure = []
        for name in names:
            folder = f"{folder}{os.sep}{name}"
            made = False
            try:
                status = os.lstat(folder)
            except FileNotFoundError:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, _FOLDER_MODE)
                    made = True
                status = os.lstat(folder)
            if not stat.S_ISDIR(status.st_mode) or leads_elsewhere(status):
                raise NotADirectoryError(
                    errno.ENOTDIR, "a symlink or a file is in the way, and links are not followed", folder
                )
            if self._strict and (made or folder not in self._durable):
                unsure.append(folder)
        return folder, unsure

    def remove_empty_folders(self, folder: str) -> None:
        """Remove `folder` and those above it, up to the root, as far as they are empty."""
        with self._removing:
            while folder != self._root:
                try:
                    os.rmdir(folder)
                except OSError:
                    return
                self._durable.discard(folder)
                folder = os.path.dirname(folder)
