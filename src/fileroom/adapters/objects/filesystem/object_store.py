"""Objects as files in a directory tree, laid out by the naming scheme.

A file appears in its place only when it is whole; what is on its way in lives in `.incoming` (see `session`).
Places are relative to the root, so that the tree can be moved, copied and mounted elsewhere.
"""

import errno
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from blake3 import blake3

from fileroom.adapters.objects._shared.content import FileContent
from fileroom.adapters.objects._shared.description import describe, describe_in_place
from fileroom.adapters.objects._shared.digest import CHUNK_BYTES, hash_stream
from fileroom.adapters.objects._shared.location import ObjectInPlace, own_location, parse_location
from fileroom.adapters.objects.filesystem.cleanup import Cleanup
from fileroom.adapters.objects.filesystem.failures import storage_error
from fileroom.adapters.objects.filesystem.listing import list_objects
from fileroom.adapters.objects.filesystem.placement import Placement, leads_elsewhere
from fileroom.adapters.objects.filesystem.session import DeadSession, Session, find_dead_sessions
from fileroom.adapters.objects.filesystem.writer import FilesystemObjectWriter
from fileroom.application.ports.object_store import ObjectContent, ObjectStore
from fileroom.domain.errors import NotFound, StorageError
from fileroom.domain.filing import Durability, NamingScheme
from fileroom.domain.records import StoredObject

SLACK_SECONDS: Final = 2.0
"""How coarse a file system's times may be (FAT), and so how far before a session's start `recover` looks."""

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_PLAIN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""Neither a link nor, on Windows, with line ends of its own."""


class FilesystemObjectStore(ObjectStore):
    """Keeps each object as one file below `root`.

    Nothing is made before the first object begins, so a store can be opened for reading where it cannot be
    written. Several stores, in one process or many, may share a root.
    """

    def __init__(
        self,
        root: Path,
        *,
        naming: NamingScheme = NamingScheme.HIERARCHICAL,
        durability: Durability = Durability.STRICT,
    ) -> None:
        self._root = root.absolute()
        self._naming = NamingScheme(naming)
        self._strict = Durability(durability) is Durability.STRICT
        self._placement = Placement(str(self._root), strict=self._strict)
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._closed = False
        self._cleanup = Cleanup()

    def begin(self, header: bytes) -> FilesystemObjectWriter:
        """Start an object with preamble and file meta information (or b"" for a bare data set).

        Raises:
            StorageFull: no room.
            StorageError: the store cannot be written, or is closed.
        """
        session = self._living_session()
        part = session.next_part()
        try:
            descriptor = _open_private(part, _NEW)
        except OSError as error:
            raise storage_error(error, "write", part) from error
        return self._writer(session, part, descriptor, header)

    def adopt(self, path: Path, data_offset: int) -> FilesystemObjectWriter:
        """Take over a finished temporary file, by renaming where that is possible, as if it had been written.

        Raises:
            StorageFull: no room.
            StorageError: it could not be read or moved, or ends before `data_offset`.
        """
        part = ""
        try:
            session = self._living_session()
            part = session.next_part()
            _bring(path, part)
            return self._adopted(session, part, data_offset)
        except BaseException as error:
            self._cleanup.remove(path)
            if part:
                self._cleanup.remove(part)
            if isinstance(error, OSError):
                raise storage_error(error, "take over", path) from error
            raise

    def _adopted(self, session: Session, part: str, data_offset: int) -> FilesystemObjectWriter:
        hasher = blake3()
        with open(part, "rb") as stream:  # noqa: PTH123 - paths of parts are strings
            size = os.fstat(stream.fileno()).st_size
            if size < data_offset:
                raise StorageError(
                    f"the file ends after {size} bytes, before its data set begins ({data_offset})"
                )
            stream.seek(data_offset)
            hash_stream(stream, hasher)
        writer = self._writer(session, part, _open_private(part, os.O_WRONLY | os.O_APPEND))
        writer.start_after(size, data_offset, hasher)
        return writer

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
        place = self._resolve(location)
        if isinstance(place, ObjectInPlace):
            return FileContent(place.path)
        return FileContent(place, follow_symlinks=False)

    def describe(self, location: str) -> StoredObject:
        """Return what an object is now, its digest made anew from its bytes.

        Raises:
            NotFound: the location is not one of this store's, leads out of it, or the object is gone.
            Unreadable: it cannot be read.
        """
        in_place = isinstance(self._resolve(location), ObjectInPlace)
        return describe(self.content(location), location, in_place=in_place)

    def delete(self, location: str) -> bool:
        """Remove an object and the folders that it leaves empty; False where it was gone or is in place.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
            StorageError: it could not be removed.
        """
        place = self._resolve(location)
        if isinstance(place, ObjectInPlace):
            return False
        try:
            if not stat.S_ISREG(place.lstat().st_mode):
                return False
            place.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise storage_error(error, "remove", place) from error
        self._placement.remove_empty_folders(str(place.parent))
        return True

    def walk(self) -> Iterator[str]:
        """Yield the location of every whole object of the store, in no order; partial ones never show.

        Raises:
            StorageError: a folder cannot be read.
        """
        return map(own_location, list_objects(str(self._root)))

    def recover(self) -> Iterator[str]:
        """Clean up after processes that died: remove their partial files, and yield what they may have left out.

        Objects are told by their time of change: all that were filed since the first of these processes began.

        Raises:
            StorageError: a folder cannot be read.
        """
        dead = find_dead_sessions(str(self._root))
        if not dead:
            return
        try:
            for session in dead:
                session.remove_parts(self._cleanup)
            since = min(session.started for session in dead) - SLACK_SECONDS
            yield from map(own_location, list_objects(str(self._root), changed_since=since))
        except BaseException:  # the caller's leaving included: whoever recovers next begins again
            for session in dead:
                session.release()
            raise
        DeadSession.remove_all(str(self._root), dead)

    def failed_cleanups(self) -> int:
        """Return how many temporary files could not be removed by this store object so far."""
        return self._cleanup.failed

    def close(self) -> None:
        """End this process's use of the store in good order; objects on their way in are given up."""
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
        if session is not None and session.process == os.getpid():
            session.close(self._cleanup)

    def _living_session(self) -> Session:
        """Return this process's session, opened at the first call.

        Raises:
            StorageError: the store is closed, or its root cannot be written.
        """
        session = self._session
        if session is not None and session.process == os.getpid():
            return session
        with self._lock:
            if self._closed:
                raise StorageError("the object store is closed")
            # A forked process finds its parent's session here, and leaves it to its parent.
            if self._session is None or self._session.process != os.getpid():
                try:
                    self._placement.make_root()
                    self._session = Session(str(self._root), strict=self._strict)
                except OSError as error:
                    raise storage_error(error, "write to the object store", self._root) from error
                except NotImplementedError as error:
                    raise StorageError(f"the file system of {self._root} has no locks") from error
            return self._session

    def _writer(
        self, session: Session, part: str, descriptor: int, header: bytes = b""
    ) -> FilesystemObjectWriter:
        return FilesystemObjectWriter(
            part=part,
            descriptor=descriptor,
            header=header,
            session=session,
            placement=self._placement,
            cleanup=self._cleanup,
            naming=self._naming,
            strict=self._strict,
        )

    def _resolve(self, location: str) -> Path | ObjectInPlace:
        """Return where an object is.

        Raises:
            NotFound: the location is not one of this store's, or leads out of it.
        """
        place = parse_location(location)
        if place is None:
            raise NotFound(f"{location!r} is not a place in the object store")
        if isinstance(place, ObjectInPlace):
            return place
        path = self._root
        for name in place.parts:
            path /= name
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                break
            except OSError as error:
                raise NotFound(f"{location!r} cannot be looked up: {error.strerror or error}") from error
            if leads_elsewhere(status):
                raise NotFound(f"{location!r} leads out of the object store: {path} is a link")
        return self._root.joinpath(*place.parts)


def _open_private(path: str, flags: int) -> int:
    """Open so that a file that is made can be read by this account only."""
    return os.open(path, flags | _PLAIN, 0o600)


def _bring(path: Path, part: str) -> None:
    """Move the file to `part`, as ours: private, and changed now.

    Raises:
        OSError: it could not be moved.
        StorageError: it is no regular file.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise StorageError(f"{path} is not a regular file")
    try:
        path.rename(part)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with path.open("rb") as source, open(part, "xb", opener=_open_private) as copy:
            shutil.copyfileobj(source, copy, CHUNK_BYTES)
        path.unlink()
    os.chmod(part, 0o600)  # noqa: PTH101 - a string
    os.utime(part)
