"""Folders as import sources: walked lazily, links not followed, archives opened on the way."""

import os
from collections.abc import Iterator
from pathlib import Path

from fileroom.adapters.sources.single_file import check_exists
from fileroom.adapters.sources.zip_archive import file_finds
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.domain.limits import ImportLimits

_FOLDER, _FILE, _LINK, _OTHER = range(4)


class DirectorySource(ImportSource):
    """Takes a path for a folder; within each folder the order is that of the names."""

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield the files below `path`, archives taken apart; the named folder itself may be a link."""
        check_exists(path)
        return self._walk(path)

    def _walk(self, root: Path) -> Iterator[Candidate | Refusal]:
        stack = [self._list(root)]
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
            elif kind == _FOLDER:
                stack.append(self._list(path))
            else:
                yield from file_finds(path, self._limits, follow=False)

    def _unwanted(self, path: Path, kind: int, depth: int) -> str:
        longest, deepest = self._limits.max_import_path_length, self._limits.max_import_directory_depth
        if kind == _LINK:
            return "symbolic links are not followed"
        if kind == _OTHER:
            return "it is no regular file"
        if longest is not None and len(str(path)) > longest:
            return f"its path is longer than the {longest} characters of max_import_path_length"
        if kind == _FOLDER and deepest is not None and depth > deepest:
            return f"more than the {deepest} folders deep of max_import_directory_depth"
        return ""

    def _list(self, folder: Path) -> Iterator[tuple[Path, int] | Refusal]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted((entry.name, _kind(entry)) for entry in listing)
        except OSError as error:
            why = f"the folder cannot be read: {error.strerror or error}"
            yield Refusal(name=str(folder), kind=RefusalKind.UNREADABLE, why=why)
            return
        for name, kind in entries:
            yield folder / name, kind


def _kind(entry: os.DirEntry[str]) -> int:
    try:
        if entry.is_symlink():
            return _LINK
        if entry.is_dir(follow_symlinks=False):
            return _FOLDER
        return _FILE if entry.is_file(follow_symlinks=False) else _OTHER
    except OSError:
        return _FILE  # opening it tells what is wrong
