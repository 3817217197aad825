"""The bytes of an object: in a file, or in memory."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from fileroom.application.ports.object_store import ObjectContent
from fileroom.domain.errors import NotFound, Unreadable

# A pipe that somebody put in the place of an object must not block the reader.
_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class FileContent(ObjectContent):
    """A whole file."""

    __slots__ = ("_follow_symlinks", "_path")

    def __init__(self, path: Path, *, follow_symlinks: bool = True) -> None:
        self._path = path
        self._follow_symlinks = follow_symlinks

    def __repr__(self) -> str:
        return f"FileContent({str(self._path)!r})"

    @property
    def path(self) -> Path | None:
        """The file, as long as it is there."""
        try:
            mode = self._path.stat(follow_symlinks=self._follow_symlinks).st_mode
        except (OSError, ValueError):
            return None
        return self._path if stat.S_ISREG(mode) else None

    @property
    def size(self) -> int:
        """Bytes of the file now.

        Raises:
            NotFound: the object is gone.
            Unreadable: it cannot be read.
        """
        try:
            return self._path.stat(follow_symlinks=self._follow_symlinks).st_size
        except OSError as error:
            raise self._failure(error) from error

    def open(self) -> BinaryIO:
        """Return a new stream from the first byte.

        Raises:
            NotFound: the object is gone.
            Unreadable: it cannot be read.
        """
        flags = _FLAGS | (0 if self._follow_symlinks else _NO_FOLLOW)
        try:
            stream = open(self._path, "rb", opener=lambda path, mode: os.open(path, mode | flags))  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise self._failure(error) from error
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise Unreadable(f"{self._path} is not a regular file")
        return stream

    def _failure(self, error: OSError) -> NotFound | Unreadable:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno == errno.ENAMETOOLONG
        if gone or (error.errno == errno.ELOOP and not self._follow_symlinks):
            return NotFound(f"{self._path} is gone")
        return Unreadable(
            f"{self._path} cannot be read: {error.strerror or error}",
            hint="check that this account may read the file and that the disk is in order",
        )


class BytesContent(ObjectContent):
    """Bytes in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def path(self) -> Path | None:
        """None: there is no file."""
        return None

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self._data)

    def open(self) -> BinaryIO:
        """Return a new stream from the first byte."""
        return io.BytesIO(self._data)
