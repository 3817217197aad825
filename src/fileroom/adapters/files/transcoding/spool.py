"""A place for values that are made and not yet written: in memory as long as they are few, on disk beyond."""

import tempfile
from contextlib import suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fileroom.adapters.files.tree import Stored
from fileroom.domain.errors import StorageError, StorageFull

HELD_BYTES: Final = 32 << 20
"""So many bytes are in memory before a file is made."""


class Spool:
    """Bytes that are appended once and read as values of a tree, until it is closed."""

    def __init__(self, folder: Path | None = None) -> None:
        """Put the file, where one is needed, in `folder`; it has no name, so nothing of it is ever left behind."""
        self._stream = tempfile.SpooledTemporaryFile(HELD_BYTES, dir=None if folder is None else str(folder))  # noqa: SIM115 - closed by `close`
        self.size = 0
        """Bytes so far."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def append(self, content: bytes) -> Stored:
        """Keep bytes and return them as a value.

        Raises:
            StorageFull: no room.
            StorageError: they could not be written.
        """
        try:
            self._stream.seek(self.size)
            self._stream.write(content)
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise StorageFull(f"no room for the pixels: {error.strerror}") from error
            raise StorageError(f"the pixels could not be put aside: {error.strerror or error}") from error
        value = self.since(self.size, len(content))
        self.size += len(content)
        return value

    def since(self, start: int, size: int) -> Stored:
        """Return `size` bytes from `start` as a value."""
        return Stored(self._stream, start, size)  # type: ignore[arg-type]  # it is a BinaryIO in all but name

    def close(self) -> None:
        """Forget everything."""
        with suppress(OSError):
            self._stream.close()
