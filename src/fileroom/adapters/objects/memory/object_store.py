"""Objects in memory: for tests, and for a node that keeps nothing."""

import contextlib
import io
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from fileroom.adapters.objects._shared.content import BytesContent, FileContent
from fileroom.adapters.objects._shared.description import describe, describe_in_place
from fileroom.adapters.objects._shared.digest import digest_name
from fileroom.adapters.objects._shared.location import ObjectInPlace, own_location, parse_location
from fileroom.application.ports.object_store import ObjectContent, ObjectExists, ObjectStore, ObjectWriter
from fileroom.domain.errors import NotFound, StorageError
from fileroom.domain.filing import InstanceKey, NamingScheme, beside, relative_path
from fileroom.domain.records import StoredObject


class MemoryObjectStore(ObjectStore):
    """Keeps objects in a dictionary; `crash` plays what a killed process leaves behind."""

    def __init__(self, *, naming: NamingScheme = NamingScheme.HIERARCHICAL) -> None:
        self._naming = NamingScheme(naming)
        self._lock = threading.Lock()
        self._objects: dict[str, bytes] = {}
        self._filed_in_session: dict[str, None] = {}
        self._left_out: dict[str, None] = {}
        self._closed = False

    def begin(self, header: bytes) -> "MemoryObjectWriter":
        """Start an object with preamble and file meta information (or b"" for a bare data set).

        Raises:
            StorageError: the store is closed.
        """
        self._require_open()
        return MemoryObjectWriter(self, bytes(header), data_offset=len(header))

    def adopt(self, path: Path, data_offset: int) -> "MemoryObjectWriter":
        """Take over a finished temporary file, as if it had been written; the file is removed.

        Raises:
            StorageError: it could not be read, or ends before `data_offset`.
        """
        try:
            self._require_open()
            whole = path.read_bytes()
        except OSError as error:
            raise StorageError(f"cannot take over {path}: {error.strerror or error}") from error
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
        if len(whole) < data_offset:
            raise StorageError(f"{path} ends before its data set begins (byte {data_offset})")
        return MemoryObjectWriter(self, whole, data_offset=data_offset)

    def reference(self, path: Path, data_offset: int) -> StoredObject:
        """Describe a file of the user's that stays where it is; its location can be opened but not deleted.

        Raises:
            Unreadable: it cannot be read.
        """
        return describe_in_place(path, data_offset)

    def content(self, location: str) -> ObjectContent:
        """Return access to an object; whether it is still there shows when it is opened.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
        """
        place = parse_location(location)
        if place is None:
            raise NotFound(f"{location!r} is not a place in the object store")
        if isinstance(place, ObjectInPlace):
            return FileContent(place.path)
        return _KeptContent(self._objects, location)

    def describe(self, location: str) -> StoredObject:
        """Return what an object is now, its digest made anew from its bytes.

        Raises:
            NotFound: the location is not one of this store's, leads out of it, or the object is gone.
            Unreadable: it cannot be read.
        """
        in_place = isinstance(parse_location(location), ObjectInPlace)
        return describe(self.content(location), location, in_place=in_place)

    def delete(self, location: str) -> bool:
        """Remove an object; False where it was gone or is in place.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
        """
        self.content(location)
        with self._lock:
            return self._objects.pop(location, None) is not None

    def walk(self) -> Iterator[str]:
        """Yield the location of every whole object of the store, in no order; partial ones never show."""
        yield from list(self._objects)

    def recover(self) -> Iterator[str]:
        """Yield what was filed before each `crash`; the matter is closed when the iterator is exhausted."""
        left_out = list(self._left_out)
        for location in left_out:
            if location in self._objects:
                yield location
        for location in left_out:
            self._left_out.pop(location, None)

    def failed_cleanups(self) -> int:
        """Return 0: there are no temporary files."""
        return 0

    def close(self) -> None:
        """End the use of the store in good order; its objects stay."""
        self._closed = True
        self._filed_in_session.clear()

    def crash(self) -> None:
        """End the process that uses the store without a word, and begin a new one."""
        with self._lock:
            self._left_out |= self._filed_in_session
            self._filed_in_session = {}
            self._closed = False

    def _file(self, whole: bytes, data_offset: int, key: InstanceKey, *, replace: bool) -> StoredObject:
        place = relative_path(key, self._naming)
        location = own_location(beside(place, secrets.token_hex(8)) if replace else place)
        with self._lock:
            self._require_open()
            existing = self._objects.get(location)
            if existing is None:
                self._objects[location] = whole
                self._filed_in_session[location] = None
                return _describe(whole, data_offset, location)
        raise ObjectExists(f"{location} is there already", stored=describe(BytesContent(existing), location))

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError("the object store is closed")


class MemoryObjectWriter(ObjectWriter):
    """One object on its way into memory."""

    def __init__(self, store: MemoryObjectStore, start: bytes, *, data_offset: int) -> None:
        self._store = store
        self._buffer = bytearray(start)
        self._data_offset = data_offset
        self._ended = False

    def write(self, parts: Sequence[memoryview]) -> None:
        """Append bytes of the data set; the views are valid during the call only."""
        self._require_open()
        for part in parts:
            self._buffer += part

    def reread(self) -> BinaryIO:
        """Return a stream over what was written so far, header included; close it before going on."""
        self._require_open()
        return io.BytesIO(bytes(self._buffer))

    @property
    def digest(self) -> str:
        """Algorithm and hexadecimal digest of the data set as written so far."""
        return digest_name(blake3(memoryview(bytes(self._buffer))[self._data_offset :]))

    def commit(self, key: InstanceKey, *, replace: bool = False) -> StoredObject:
        """Put the object in its place, or with `replace` beside it, whole or not at all.

        Raises:
            ObjectExists: the place is taken and `replace` is not set; the writer may still be committed with
                `replace`, or aborted.
            StorageError: the store was closed; the writer is to be aborted.
        """
        self._require_open()
        stored = self._store._file(bytes(self._buffer), self._data_offset, key, replace=replace)  # noqa: SLF001 - its own writer
        self._ended = True
        return stored

    def abort(self) -> None:
        """Leave nothing behind; does nothing after `commit` or `abort`, and never raises."""
        self._ended = True
        self._buffer.clear()

    def _require_open(self) -> None:
        if self._ended:
            raise RuntimeError("this writer is ended")


class _KeptContent(ObjectContent):
    """An object of the store, looked up when it is wanted."""

    def __init__(self, objects: dict[str, bytes], location: str) -> None:
        self._objects = objects
        self._location = location

    @property
    def path(self) -> Path | None:
        """None: there is no file."""
        return None

    @property
    def size(self) -> int:
        """How many bytes.

        Raises:
            NotFound: the object is gone.
        """
        return len(self._bytes())

    def open(self) -> BinaryIO:
        """Return a new stream from the first byte.

        Raises:
            NotFound: the object is gone.
        """
        return io.BytesIO(self._bytes())

    def _bytes(self) -> bytes:
        try:
            return self._objects[self._location]
        except KeyError:
            raise NotFound(f"{self._location} is gone") from None


def _describe(whole: bytes, data_offset: int, location: str) -> StoredObject:
    return StoredObject(
        location=location,
        size=len(whole),
        data_offset=data_offset,
        digest=digest_name(blake3(memoryview(whole)[data_offset:])),
    )
