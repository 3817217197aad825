"""One file as an import candidate, opened without being led astray."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.domain.errors import NotFound, Unreadable
from fileroom.domain.limits import ImportLimits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Never wait for the other end of a pipe, never follow a link that took the place of a file (absent on Windows).
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLLOWING = getattr(os, "O_NOFOLLOW", 0)


class ReportingStream(io.RawIOBase):
    """A file whose failures to be read come as `Unreadable`."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    @property
    def name(self) -> object:
        """As of the file."""
        return self._file.name

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def seekable(self) -> bool:
        """It is a regular file."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        """Read, and translate what goes wrong."""
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            raise Unreadable(f"{self._file.name}: {error.strerror or error}") from error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Tell where it stands."""
        return self._file.tell()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def open_regular(path: Path, *, follow: bool) -> io.BufferedReader:
    """Open a regular file for reading.

    Raises:
        Unreadable: it cannot be opened, or is no regular file, or (without `follow`) has become a link.
    """
    flags = os.O_RDONLY | _NO_WAITING | (0 if follow else _NO_FOLLOWING)
    try:
        file = io.FileIO(path, "rb", opener=lambda name, _: os.open(name, flags))
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror or str(error)
        raise Unreadable(f"{path}: {why}") from error
    except ValueError as error:
        raise Unreadable(f"{path!r}: {error}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unreadable(f"{path}: not a regular file")
    return io.BufferedReader(ReportingStream(file))


class FileCandidate(Candidate):
    """A regular file; a handle that is open already is handed out the first time."""

    def __init__(
        self, path: Path, size: int, *, follow: bool, handle: io.BufferedReader | None = None
    ) -> None:
        self._path = path
        self._size = size
        self._follow = follow
        self._handle = handle

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def path(self) -> Path | None:
        """The file."""
        return self._path

    @property
    def size(self) -> int | None:
        """As the file system says."""
        return self._size

    def open(self) -> BinaryIO:
        """Open it."""
        handle, self._handle = self._handle, None
        if handle is None or handle.closed:
            return open_regular(self._path, follow=self._follow)
        return handle


class SingleFileSource(ImportSource):
    """Takes a path for one DICOM file, whatever is in it."""

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield the file; symbolic links are followed, since this is what was named."""
        check_exists(path)
        return self._file(path)

    def _file(self, path: Path) -> Iterator[Candidate | Refusal]:
        try:
            handle = open_regular(path, follow=True)
        except Unreadable as error:
            yield Refusal(name=str(path), kind=RefusalKind.UNREADABLE, why=error.message)
            return
        with handle:
            yield file_or_refusal(path, handle, self._limits, follow=True)


def check_exists(path: Path) -> None:
    """Make sure that a path leads to something, as far as that can be seen.

    Raises:
        NotFound: there is nothing.
    """
    try:
        path.stat()
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist") from error
    except (NotADirectoryError, ValueError) as error:
        raise NotFound(f"{path} does not exist: {error}") from error
    except OSError:
        return  # something is in the way: it shows when the path is opened


def file_or_refusal(
    path: Path, handle: io.BufferedReader, limits: ImportLimits, *, follow: bool
) -> Candidate | Refusal:
    """Return an open file as a candidate, or why it is passed over."""
    size = os.fstat(handle.fileno()).st_size
    largest = limits.max_file_import_bytes
    if largest is not None and size > largest:
        why = f"{size} bytes, more than the {largest} of max_file_import_bytes"
        return Refusal(name=str(path), kind=RefusalKind.SKIPPED, why=why)
    return FileCandidate(path, size, follow=follow, handle=handle)
