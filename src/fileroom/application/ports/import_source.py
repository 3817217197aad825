"""Where imports come from."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol


class RefusalKind(StrEnum):
    """Why a file or archive entry was not even a candidate."""

    UNREADABLE = "unreadable"
    """Permission, I/O error, encrypted, bad CRC, unknown compression."""
    SKIPPED = "skipped"
    """A limit of the configuration, an unsafe name, a symbolic link."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A file or archive entry that was passed over."""

    name: str
    """Path, or `archive.zip!entry`."""
    kind: RefusalKind
    why: str
    """For people."""


class Candidate(Protocol):
    """A file that may hold a DICOM object."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Path, or `archive.zip!entry`, for people."""

    @property
    @abstractmethod
    def path(self) -> Path | None:
        """The regular file that it is, where it is one (an archive entry is not)."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Bytes, as far as it is known beforehand; for an archive entry only a claim."""

    @abstractmethod
    def open(self) -> BinaryIO:
        """Return a stream from the first byte; it need not be seekable.

        Reading raises `Unreadable` (damage, bad CRC, encryption) or `LimitExceeded` (it unpacks to more than the
        limits allow).

        Raises:
            Unreadable: it cannot be opened.
        """


class ImportSource(Protocol):
    """Looks for candidates in files, folders and archives."""

    @abstractmethod
    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield what is found below `path`, lazily, in a stable order, within the limits that it was made with.

        A candidate is used before the next one is asked for. Whatever cannot be used comes as a `Refusal`, and the
        rest goes on.

        Raises:
            NotFound: `path` does not exist.
        """
