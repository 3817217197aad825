"""Folders as import sources: walked lazily, links not followed, archives opened on the way."""

import os
from collections.abc import Iterator
from enum import Enum
from operator import itemgetter
from pathlib import Path

from fileroom.adapters.sources.single_file import check_exists
from fileroom.adapters.sources.zip_archive import file_finds
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.domain.limits import ImportLimits


class EntryKind(Enum):
    """What stands in a folder."""

    FOLDER = 1
    FILE = 2
    LINK = 3
    OTHER = 4


class DirectorySource(ImportSource):
    """Takes a path for a folder; within each folder the order is that of the names."""

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield the files below `path`, archives taken apart; the named folder itself may be a link."""
        check_exists(path)
        return self._walk(path)

    def _walk(self, root: Path) -> Iterator[Candidate | Refusal]:
        stack = [list_folder(root)]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
                continue
            if isinstance(found, Refusal):
                yield found
                continue
            path, kind = found
            if why := self._unwanted(path, kind, len(stack)):
                yield Refusal(name=str(path), kind=RefusalKind.SKIPPED, why=why)
            elif kind is EntryKind.FOLDER:
                stack.append(list_folder(path))
            else:
                yield from file_finds(path, self._limits, follow=False)

    def _unwanted(self, path: Path, kind: EntryKind, depth: int) -> str:
        longest, deepest = self._limits.max_import_path_length, self._limits.max_import_directory_depth
        if kind is EntryKind.LINK:
            return "symbolic links are not followed"
        if kind is EntryKind.OTHER:
            return "it is no regular file"
        if longest is not None and len(str(path)) > longest:
            return f"its path is longer than the {longest} characters of max_import_path_length"
        if kind is EntryKind.FOLDER and deepest is not None and depth > deepest:
            return f"more than the {deepest} folders deep of max_import_directory_depth"
        return ""


def list_folder(folder: Path) -> Iterator[tuple[Path, EntryKind] | Refusal]:
    """Yield what a folder holds, in the order of the names; a `Refusal` where it cannot be read."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(((entry.name, _kind(entry)) for entry in listing), key=itemgetter(0))
    except OSError as error:
        why = f"the folder cannot be read: {error.strerror or error}"
        yield Refusal(name=str(folder), kind=RefusalKind.UNREADABLE, why=why)
        return
    for name, kind in entries:
        yield folder / name, kind


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    try:
        if entry.is_symlink():
            return EntryKind.LINK
        if entry.is_dir(follow_symlinks=False):
            return EntryKind.FOLDER
        return EntryKind.FILE if entry.is_file(follow_symlinks=False) else EntryKind.OTHER
    except OSError:
        return EntryKind.FILE  # opening it tells what is wrong
