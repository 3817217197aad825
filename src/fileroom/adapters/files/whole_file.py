"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO

from fileroom.domain.errors import StorageError, StorageFull


@contextmanager
def whole_file(path: Path, *, make_folders: bool = True) -> Iterator[BinaryIO]:
    """Give a stream whose bytes become the file `path` when the block ends, in the place of what was there.

    Where the block is left by an exception, what was there before stays, and nothing else remains.

    Raises:
        StorageFull: no room is left.
        StorageError: it cannot be written.
    """
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        if path.exists() and not path.is_file():
            raise StorageError(f"{path} is no regular file, and nothing takes its place")
        if make_folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as stream:
            yield stream
        os.replace(partial, path)  # noqa: PTH105 - the same in fewer words
    except OSError as error:
        _remove(partial)
        kind = StorageFull if error.errno in {ENOSPC, EDQUOT} else StorageError
        raise kind(f"{path} cannot be written: {error.strerror or error}") from None
    except BaseException:
        _remove(partial)
        raise


def write_whole(path: Path, parts: Iterable[bytes]) -> int:
    """Write a file of these parts and return its size.

    Raises:
        StorageFull: no room is left.
        StorageError: it cannot be written.
    """
    size = 0
    with whole_file(path) as stream:
        for part in parts:
            stream.write(part)
            size += len(part)
    return size


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
