"""Walking through the objects below the root."""

import os
from collections.abc import Iterator

from fileroom.adapters.objects._shared.location import is_object_name
from fileroom.adapters.objects.filesystem.failures import storage_error


def list_objects(root: str, *, changed_since: float | None = None) -> Iterator[str]:
    """Yield the paths of all objects below `root`, relative to it, with `/` between the names; lazily.

    With `changed_since` (seconds, the disk's clock) only objects that were put in their place or written after it.
    Then the files of a folder whose entries have not changed since need not be looked at.

    Raises:
        StorageError: a folder cannot be read.
    """
    yield from _list_below(root, "", changed_since)


def _list_below(folder: str, prefix: str, changed_since: float | None) -> Iterator[str]:
    subfolders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            all_old = changed_since is not None and os.stat(folder).st_mtime < changed_since  # noqa: PTH116 - a string
            for entry in entries:
                if not is_object_name(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    subfolders.append(entry.name)
                elif not all_old and entry.is_file(follow_symlinks=False) and _is_new(entry, changed_since):
                    yield prefix + entry.name
    except FileNotFoundError:
        return  # removed in the meantime, or never made
    except OSError as error:
        raise storage_error(error, "list", folder) from error
    for name in subfolders:
        yield from _list_below(f"{folder}{os.sep}{name}", f"{prefix}{name}/", changed_since)


def _is_new(entry: os.DirEntry[str], changed_since: float | None) -> bool:
    if changed_since is None:
        return True
    try:
        return entry.stat(follow_symlinks=False).st_mtime >= changed_since
    except FileNotFoundError:
        return False
