"""One object on its way into the tree."""
# Descriptors and paths as strings, for speed: what `open` and pathlib add is as dear as the system's calls themselves.
# ruff: noqa: PTH123

import contextlib
import os
import secrets
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from blake3 import blake3

from fileroom.adapters.objects._shared.content import FileContent
from fileroom.adapters.objects._shared.description import describe
from fileroom.adapters.objects._shared.digest import digest_name
from fileroom.adapters.objects._shared.location import own_location
from fileroom.adapters.objects.filesystem.cleanup import Cleanup
from fileroom.adapters.objects.filesystem.failures import storage_error
from fileroom.adapters.objects.filesystem.placement import Placement
from fileroom.adapters.objects.filesystem.session import Session
from fileroom.adapters.objects.filesystem.syncing import sync_file
from fileroom.application.ports.object_store import ObjectExists, ObjectWriter
from fileroom.domain.errors import NotFound, StorageError, Unreadable
from fileroom.domain.filing import InstanceKey, NamingScheme, beside, relative_path
from fileroom.domain.records import StoredObject

GATHER_BYTES: Final = 1 << 16
"""Less than this is copied together and written at once; the rest goes to the system as it stands."""
_MOST_BUFFERS: Final = 1024
"""IOV_MAX of all systems that matter."""
_CLOSED: Final = -1
_ATTEMPTS: Final = 20
"""How often an object that is in the way and then gone is tried again."""


class _State(Enum):
    OPEN = auto()
    SEALED = auto()
    """Written to the end and closed, but not in its place."""
    FAILED = auto()
    ENDED = auto()


class FilesystemObjectWriter(ObjectWriter):
    """Writes a partial file in the session's folder, and moves it to its place at the end."""

    def __init__(
        self,
        *,
        part: str,
        descriptor: int,
        header: bytes,
        session: Session,
        placement: Placement,
        cleanup: Cleanup,
        naming: NamingScheme,
        strict: bool,
    ) -> None:
        """Take over the file at the path `part`, which is open for writing as `descriptor`.

        Preamble and file meta information, `header`, are written together with what follows.
        """
        self._part = part
        self._descriptor = descriptor
        self._session = session
        self._placement = placement
        self._cleanup = cleanup
        self._naming = naming
        self._strict = strict
        self._pending = bytearray(header)
        self._data_offset = self._size = self._not_to_hash = len(header)
        self._hasher = blake3()
        self._state = _State.OPEN

    def start_after(self, size: int, data_offset: int, hasher: blake3) -> None:
        """Begin with what the file holds already, whose data set `hasher` has seen."""
        self._size, self._data_offset, self._hasher = size, data_offset, hasher

    def write(self, parts: Sequence[memoryview]) -> None:
        """Append bytes of the data set; the views are valid during the call only.

        Raises:
            StorageFull: no room.
            StorageError: it could not be written.
        """
        if self._state is not _State.OPEN:
            self._refuse()
        amount = 0
        for part in parts:
            amount += part.nbytes
        self._size += amount
        if len(self._pending) + amount >= GATHER_BYTES:
            self._flush(parts)
        else:
            for part in parts:
                self._pending += part

    def reread(self) -> BinaryIO:
        """Return a stream over what was written so far, header included; close it before going on."""
        if self._state is not _State.OPEN and self._state is not _State.SEALED:
            self._refuse()
        self._flush()
        try:
            return open(self._part, "rb")
        except OSError as error:
            raise self._failure(error, "read") from error

    @property
    def digest(self) -> str:
        """Algorithm and hexadecimal digest of the data set as written so far."""
        self._hash_pending()
        return digest_name(self._hasher)

    def _hash_pending(self) -> None:
        """Hash what is pending; nothing is hashed twice."""
        if len(self._pending) > self._not_to_hash:
            self._hasher.update(memoryview(self._pending)[self._not_to_hash :])
            self._not_to_hash = len(self._pending)

    def commit(self, key: InstanceKey, *, replace: bool = False) -> StoredObject:
        """Put the object in its place, or with `replace` beside it, whole or not at all; durable where it is strict.

        Raises:
            ObjectExists: the place is taken and `replace` is not set; the writer may still be committed with
                `replace`, or aborted.
            StorageFull: no room; the writer is to be aborted.
            StorageError: it could not be written; the writer is to be aborted.
        """
        if self._state is _State.OPEN:
            self._seal()
        elif self._state is not _State.SEALED:
            self._refuse()
        relative = relative_path(key, self._naming)
        if replace:
            relative = beside(relative, secrets.token_hex(8))
        for _ in range(_ATTEMPTS):
            try:
                self._placement.place(self._part, relative, self._session.mover)
                break
            except FileExistsError as error:
                target = self._placement.absolute(relative)
                existing = self._describe(target, own_location(relative))
                if existing is not None:
                    raise ObjectExists(f"{target} is there already", stored=existing) from error
            except OSError as error:
                raise self._failure(
                    error, "file the object as", self._placement.absolute(relative)
                ) from error
        else:
            self._state = _State.FAILED
            raise StorageError(f"{self._placement.absolute(relative)} comes and goes all the time")
        self._state = _State.ENDED
        return StoredObject(
            location=own_location(relative),
            size=self._size,
            data_offset=self._data_offset,
            digest=digest_name(self._hasher),
        )

    def abort(self) -> None:
        """Leave nothing behind; does nothing after `commit` or `abort`, and never raises."""
        if self._state is _State.ENDED:
            return
        self._state = _State.ENDED
        with contextlib.suppress(OSError):
            self._close()
        self._cleanup.remove(self._part)

    def __del__(self) -> None:
        """Let go of the descriptor where somebody forgot to end."""
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def _refuse(self) -> NoReturn:
        if self._state is _State.FAILED:
            raise StorageError("an earlier write of this object failed; it can only be aborted")
        raise RuntimeError(f"this writer is {self._state.name.lower()}")

    def _flush(self, parts: Sequence[memoryview] = ()) -> None:
        """Hand what is pending and `parts` to the system.

        Raises:
            StorageFull: no room.
            StorageError: it could not be written.
        """
        buffers: list[memoryview | bytearray] = []
        if self._pending:
            self._hash_pending()
            buffers.append(self._pending)
        for part in parts:
            if part.nbytes:
                self._hasher.update(part)
                buffers.append(part)
        if not buffers:
            return
        try:
            _write_all(self._descriptor, buffers)
        except OSError as error:
            raise self._failure(error, "write") from error
        self._pending = bytearray()
        self._not_to_hash = 0

    def _seal(self) -> None:
        self._flush()
        try:
            if self._strict:
                sync_file(self._descriptor)
            self._session.begin_no_later_than(os.fstat(self._descriptor).st_mtime)
            self._close()
        except OSError as error:
            raise self._failure(error, "write") from error
        self._state = _State.SEALED

    def _describe(self, target: Path, location: str) -> StoredObject | None:
        """Describe what is at `target`; None where it is gone by now.

        Raises:
            StorageError: it is no file that can be read.
        """
        try:
            return describe(FileContent(target, follow_symlinks=False), location)
        except NotFound:
            if not os.path.lexists(target):
                return None
            self._state = _State.FAILED
            raise StorageError(f"{target} is a link, and links are not followed") from None
        except Unreadable as error:
            self._state = _State.FAILED
            raise StorageError(f"cannot tell what is in the way: {error}") from error

    def _failure(self, error: OSError, action: str, path: str | Path | None = None) -> StorageError:
        self._state = _State.FAILED
        return storage_error(error, action, path or self._part)


def _write_all(descriptor: int, buffers: list[memoryview | bytearray]) -> None:
    """Write all of `buffers` with as few calls as the system allows; none of them is empty."""
    if len(buffers) == 1 or not hasattr(os, "writev"):
        for buffer in buffers:
            view = memoryview(buffer)
            while view.nbytes:
                view = view[os.write(descriptor, view) :]
        return
    while buffers:
        written = os.writev(descriptor, buffers[:_MOST_BUFFERS])
        done = 0
        while done < len(buffers) and written >= len(buffers[done]):
            written -= len(buffers[done])
            done += 1
        del buffers[:done]
        if written:
            buffers[0] = memoryview(buffers[0])[written:]
