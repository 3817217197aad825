"""ZIP archives as import sources: entries stream out one by one, and what comes out is counted, not believed."""

import io
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from fileroom.adapters.sources.single_file import check_exists, file_or_refusal, open_regular
from fileroom.adapters.sources.zip_directory import (
    DEFLATED,
    STORED,
    CentralDirectory,
    Entry,
    normalised,
    unsafe,
)
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.domain.errors import FileroomError, LimitExceeded, Unreadable
from fileroom.domain.limits import ImportLimits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_RATIO: Final = 1000
"""Bytes that one packed byte may unpack to, after the first MiB."""
RATIO_GRACE: Final = 1 << 20
_STEP: Final = 1 << 16
_LOOK: Final = 132
_SIGNATURES: Final = (b"PK\3\4", b"PK\5\6", b"PK\7\x08PK\3\4")
_METHODS: Final = {
    1: "shrunk",
    6: "imploded",
    9: "Deflate64",
    12: "bzip2",
    14: "LZMA",
    93: "Zstandard",
    95: "XZ",
}
_ENCRYPTED: Final = 0x2041


def is_archive(start: bytes) -> bool:
    """Tell from its first bytes whether a file is a ZIP archive; a DICOM prefix after any preamble says no."""
    return start.startswith(_SIGNATURES) and start[128:132] != b"DICM"


class _Meter:
    """Counts what an archive unpacks to."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._total = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether the limit was reached."""
        return self._limit is not None and self._total > self._limit

    def add(self, count: int) -> None:
        """Count bytes that came out."""
        self._total += count
        if self.is_exhausted:
            raise LimitExceeded(
                f"the archive unpacks to more than the {self._limit} bytes of max_zip_total_bytes"
            )


class EntryStream(io.RawIOBase):
    """Unpacks one entry; the end shows whether size and CRC-32 are what the directory claims."""

    def __init__(self, file: BinaryIO, offset: int, entry: Entry, limit: int | None, meter: _Meter) -> None:
        self._file = file
        self._position = offset
        self._left = entry.packed_size
        self._entry = entry
        self._limit = limit
        self._meter = meter
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None
        self._pending = b""
        self._crc = self._came_in = self._came_out = 0

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Unpack the next bytes.

        Raises:
            Unreadable: the entry is damaged.
            LimitExceeded: it unpacks to more than it may.
        """
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        block = self._packed(len(view)) if self._inflater is None else self._inflated(len(view))
        if not block:
            if self._came_out != self._entry.size or self._crc != self._entry.crc:
                raise Unreadable("the entry is damaged: its size or its CRC-32 is wrong")
            return 0
        self._crc = zlib.crc32(block, self._crc)
        self._came_out += len(block)
        self._meter.add(len(block))
        if self._limit is not None and self._came_out > self._limit:
            raise LimitExceeded(f"the entry unpacks to more than the {self._limit} bytes allowed")
        if self._came_out > max(RATIO_GRACE, MAX_RATIO * (self._came_in - len(self._pending))):
            raise LimitExceeded(f"the entry unpacks to more than {MAX_RATIO} times its size")
        view[: len(block)] = block
        return len(block)

    def _packed(self, count: int) -> bytes:
        try:
            self._file.seek(self._position)
            block = self._file.read(min(count, self._left))
        except ValueError as error:
            raise Unreadable(f"the archive was closed: {error}") from error
        self._position += len(block)
        self._left -= len(block)
        self._came_in += len(block)
        return block

    def _inflated(self, count: int) -> bytes:
        inflater = self._inflater
        while inflater is not None and not inflater.eof:
            packed = self._pending or self._packed(_STEP)
            try:
                block = inflater.decompress(packed, count)
            except zlib.error as error:
                raise Unreadable(f"the entry is damaged: {error}") from error
            self._pending = inflater.unconsumed_tail
            if block:
                return block
            if not packed:
                raise Unreadable("the entry is damaged: it is cut off")
        return b""


class EntryCandidate(Candidate):
    """An archive entry."""

    def __init__(self, name: str, directory: "_Archive", entry: Entry, offset: int) -> None:
        self._name = name
        self._archive = directory
        self._entry = entry
        self._offset = offset
        self._stream: io.BufferedReader | None = None

    @property
    def name(self) -> str:
        """`archive.zip!entry`."""
        return self._name

    @property
    def path(self) -> Path | None:
        """An entry is no file."""
        return None

    @property
    def size(self) -> int | None:
        """As the archive claims."""
        return self._entry.size

    def open(self) -> BinaryIO:
        """Unpack it from the beginning; what was looked at before is not unpacked twice."""
        stream, self._stream = self._stream, None
        return stream or self._archive.unpack(self._entry, self._offset)

    def is_archive(self) -> bool:
        """Look at the first bytes; what is wrong with them shows when they are read again."""
        stream = self._archive.unpack(self._entry, self._offset)
        try:
            start = stream.peek(_LOOK)
        except FileroomError:
            return False
        self._stream = stream
        return is_archive(start)


class _Archive:
    """An open archive."""

    def __init__(self, file: BinaryIO, name: str, limits: ImportLimits) -> None:
        self._file = file
        self._name = name
        self._limits = limits
        self._meter = _Meter(limits.max_zip_total_bytes)
        both = (limits.max_zip_entry_bytes, limits.max_file_import_bytes)
        self._largest = min((limit for limit in both if limit is not None), default=None)

    def unpack(self, entry: Entry, offset: int) -> io.BufferedReader:
        """Return a stream of what an entry unpacks to."""
        return io.BufferedReader(EntryStream(self._file, offset, entry, self._largest, self._meter), _STEP)

    def finds(self) -> Iterator[Candidate | Refusal]:
        """Yield entries that may be objects, and why others are passed over."""
        try:
            directory = CentralDirectory(self._file, max_entries=self._limits.max_zip_entry_count)
            seen: set[int] = set()
            for entry in directory.entries():
                if entry.is_folder:
                    continue
                if self._meter.is_exhausted:
                    why = "the archive unpacks to more than max_zip_total_bytes; the rest was not looked at"
                    yield Refusal(name=self._name, kind=RefusalKind.SKIPPED, why=why)
                    return
                yield self._find(directory, entry, seen)
        except Unreadable as error:
            yield Refusal(name=self._name, kind=RefusalKind.UNREADABLE, why=error.message)
        except LimitExceeded as error:
            yield Refusal(name=self._name, kind=RefusalKind.SKIPPED, why=error.message)

    def _find(self, directory: CentralDirectory, entry: Entry, seen: set[int]) -> Candidate | Refusal:
        name = f"{self._name}!{entry.name}"
        if why := self._unwanted(entry, seen):
            return Refusal(name=name, kind=RefusalKind.SKIPPED, why=why)
        if entry.flags & _ENCRYPTED:
            return Refusal(name=name, kind=RefusalKind.UNREADABLE, why="it is encrypted")
        if entry.method not in (STORED, DEFLATED):
            method = _METHODS.get(entry.method, str(entry.method))
            return Refusal(
                name=name, kind=RefusalKind.UNREADABLE, why=f"its compression ({method}) is not supported"
            )
        try:
            candidate = EntryCandidate(name, self, entry, directory.data_offset(entry))
        except Unreadable as error:
            return Refusal(name=name, kind=RefusalKind.UNREADABLE, why=error.message)
        if candidate.is_archive():
            return Refusal(name=name, kind=RefusalKind.SKIPPED, why="an archive inside an archive")
        return candidate

    def _unwanted(self, entry: Entry, seen: set[int]) -> str:
        if why := unsafe(entry.name):
            return why
        longest = self._limits.max_import_path_length
        if longest is not None and len(entry.name) > longest:
            return f"its name is longer than the {longest} characters of max_import_path_length"
        if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG):
            return "it is a symbolic link" if stat.S_ISLNK(entry.mode) else "it is no regular file"
        key = hash(normalised(entry.name))
        if key in seen:
            return "another entry has the same name"
        seen.add(key)
        if self._largest is not None and entry.size > self._largest:
            return f"it claims {entry.size} bytes, more than the {self._largest} allowed"
        return ""


def archive_finds(file: BinaryIO, name: str, limits: ImportLimits) -> Iterator[Candidate | Refusal]:
    """Yield what is in an open archive; it must stay open meanwhile."""
    return _Archive(file, name, limits).finds()


def file_finds(path: Path, limits: ImportLimits, *, follow: bool) -> Iterator[Candidate | Refusal]:
    """Yield a file, or what is in it where it is an archive."""
    try:
        handle = open_regular(path, follow=follow)
    except Unreadable as error:
        yield Refusal(name=str(path), kind=RefusalKind.UNREADABLE, why=error.message)
        return
    with handle:
        try:
            start = handle.peek(_LOOK)
        except Unreadable as error:
            yield Refusal(name=str(path), kind=RefusalKind.UNREADABLE, why=error.message)
            return
        if is_archive(start):
            yield from archive_finds(handle, str(path), limits)
        else:
            yield file_or_refusal(path, handle, limits, follow=follow)


class ZipSource(ImportSource):
    """Takes a path for a ZIP archive."""

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield the entries in the order of the archive's directory."""
        check_exists(path)
        return self._finds(path)

    def _finds(self, path: Path) -> Iterator[Candidate | Refusal]:
        try:
            handle = open_regular(path, follow=True)
        except Unreadable as error:
            yield Refusal(name=str(path), kind=RefusalKind.UNREADABLE, why=error.message)
            return
        with handle:
            yield from archive_finds(handle, str(path), self._limits)
