"""DICOM objects as bytes."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from fileroom.domain.errors import Conflict
from fileroom.domain.filing import InstanceKey
from fileroom.domain.records import StoredObject


class ObjectExists(Conflict):
    """There is an object at the place where this one should go."""

    kind = "object_exists"

    def __init__(self, message: str, *, stored: StoredObject) -> None:
        super().__init__(message)
        self.stored = stored
        """The object that is there, its digest made anew from its bytes."""


class ObjectContent(Protocol):
    """The bytes of one object, to be read when they are wanted."""

    @property
    @abstractmethod
    def path(self) -> Path | None:
        """A regular file that holds exactly these bytes, where there is one."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many bytes."""

    @abstractmethod
    def open(self) -> BinaryIO:
        """Return a new seekable stream from the first byte.

        Raises:
            NotFound: the object is gone.
            Unreadable: it cannot be read.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingObject:
    """An object to be sent."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    data_offset: int
    """Where the data set begins in `content`."""
    content: ObjectContent
    """The bytes, read while they are sent."""
    name: str
    """File or location, for people."""

    @property
    def data_length(self) -> int:
        """Bytes of the data set."""
        return self.content.size - self.data_offset


class ObjectWriter(Protocol):
    """One object on its way in; used by one thread, ended by exactly one of `commit` and `abort`."""

    @abstractmethod
    def write(self, parts: Sequence[memoryview]) -> None:
        """Append bytes of the data set; the views are valid during the call only.

        Raises:
            StorageFull: no room.
            StorageError: it could not be written.
        """

    @abstractmethod
    def reread(self) -> BinaryIO:
        """Return a stream over what was written so far, header included; close it before going on."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Algorithm and hexadecimal digest of the data set as written so far."""

    @abstractmethod
    def commit(self, key: InstanceKey, *, replace: bool = False) -> StoredObject:
        """Put the object in its place, whole or not at all, durable as configured when it returns.

        What is there is never overwritten. With `replace` the object goes beside it, to a location that no other
        object has had: the caller deletes the old one when nothing leads to it any more.

        Raises:
            ObjectExists: the place is taken and `replace` is not set; the writer may still be committed with
                `replace`, or aborted.
            StorageFull: no room; the writer is to be aborted.
            StorageError: it could not be written; the writer is to be aborted.
        """

    @abstractmethod
    def abort(self) -> None:
        """Leave nothing behind; does nothing after `commit` or `abort`, and never raises."""


class ObjectStore(Protocol):
    """Keeps objects; safe to use from several threads and beside other processes."""

    @abstractmethod
    def begin(self, header: bytes) -> ObjectWriter:
        """Start an object with preamble and file meta information (or b"" for a bare data set).

        `header` is stored before what is written and is not part of the digest.

        Raises:
            StorageFull: no room.
            StorageError: the store cannot be written.
        """

    @abstractmethod
    def adopt(self, path: Path, data_offset: int) -> ObjectWriter:
        """Take over a finished temporary file, by renaming where that is possible, as if it had been written.

        The file belongs to the store from now on, whatever happens. `data_offset` is where the data set begins.

        Raises:
            StorageFull: no room.
            StorageError: it could not be read or moved.
        """

    @abstractmethod
    def reference(self, path: Path, data_offset: int) -> StoredObject:
        """Describe a file of the user's that stays where it is; its location can be opened but not deleted.

        Raises:
            Unreadable: it cannot be read.
        """

    @abstractmethod
    def content(self, location: str) -> ObjectContent:
        """Return access to an object; whether it is still there shows when it is opened.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
        """

    @abstractmethod
    def describe(self, location: str) -> StoredObject:
        """Return what an object is now, its digest made anew from its bytes.

        Raises:
            NotFound: the location is not one of this store's, leads out of it, or the object is gone.
            Unreadable: it cannot be read.
        """

    @abstractmethod
    def delete(self, location: str) -> bool:
        """Remove an object and the folders that it leaves empty; False where it was gone or is in place.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
            StorageError: it could not be removed.
        """

    @abstractmethod
    def walk(self) -> Iterator[str]:
        """Yield the location of every whole object of the store, in no order; partial ones never show."""

    @abstractmethod
    def recover(self) -> Iterator[str]:
        """Clean up after processes that died: remove their partial files, and yield what they may have left out.

        Yields the location of each whole object that was put in its place while such a process lived, so that the
        caller compares it with the catalog; only when the iterator is exhausted is the matter closed.
        Work of processes that are alive is left alone.
        """

    @abstractmethod
    def failed_cleanups(self) -> int:
        """Return how many temporary files could not be removed by this store object so far."""

    @abstractmethod
    def close(self) -> None:
        """End this process's use of the store in good order; what `recover` would look for is closed too."""
