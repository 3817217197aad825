"""The central directory of a ZIP archive, read in a stream: what each entry claims, and which claims are refused.

Follows PKWARE's APPNOTE 6.3: 4.3.6 overall format, 4.3.12 central directory, 4.3.14 to 4.3.16 its end, 4.5.3 ZIP64.
The library's own reader keeps an object for each entry, and trusts more than an archive from outside deserves.
"""

import re
import stat
import struct
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from fileroom.domain.errors import LimitExceeded, Unreadable

_END: Final = struct.Struct("<4s4H2IH")
_END64_LOCATOR: Final = struct.Struct("<4sIQI")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_MAX_COMMENT: Final = 0xFFFF
_BLOCK: Final = 1 << 16
_UNKNOWN: Final = 0xFFFFFFFF

STORED: Final = 0
DEFLATED: Final = 8
_ENCRYPTED_FLAGS: Final = 0x2041
"""Encryption, strong encryption, masked headers."""
_UTF8_FLAG: Final = 0x0800
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the central directory claims of one entry."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    """Of the local header in the file."""
    mode: int
    """Unix mode, 0 where there is none."""

    @property
    def is_folder(self) -> bool:
        """Whether it names a folder."""
        return self.name.endswith(("/", "\\")) or stat.S_ISDIR(self.mode)


class CentralDirectory:
    """The entries of an archive; the file is read again for each iteration, at the cost of 8 bytes an entry."""

    def __init__(self, file: BinaryIO, *, max_entries: int | None) -> None:
        """Find the directory and walk it once.

        Raises:
            Unreadable: it is damaged.
            LimitExceeded: there are more entries than allowed.
        """
        self._file = file
        self._start, self._end, self._shift = _find(file)
        offsets = array("Q")
        for entry in self.entries():
            offsets.append(entry.offset)
            if max_entries is not None and len(offsets) > max_entries:
                raise LimitExceeded(f"more than the {max_entries} entries of max_zip_entry_count")
        self._offsets = array("Q", sorted(offsets))

    def entries(self) -> Iterator[Entry]:
        """Yield the entries in the order of the directory.

        Raises:
            Unreadable: the directory is damaged.
        """
        position, buffer, index = self._start, b"", 0
        while position + index < self._end:
            if len(buffer) - index < _CENTRAL.size:
                position, buffer, index = position + index, self._read(position + index, _BLOCK), 0
            if len(buffer) < _CENTRAL.size:
                raise Unreadable("the archive is damaged: its directory is cut off")
            fields = _CENTRAL.unpack_from(buffer, index)
            if fields[0] != b"PK\1\2":
                raise Unreadable("the archive is damaged: its directory holds something else")
            needed = _CENTRAL.size + sum(fields[10:13])
            if len(buffer) - index < needed:
                position, buffer, index = (
                    position + index,
                    self._read(position + index, max(needed, _BLOCK)),
                    0,
                )
            if len(buffer) - index < needed:
                raise Unreadable("the archive is damaged: its directory is cut off")
            yield self._entry(fields, buffer[index + _CENTRAL.size : index + needed])
            index += needed

    def _read(self, position: int, count: int) -> bytes:
        self._file.seek(position)
        return self._file.read(min(count, self._end - position))

    def _entry(self, fields: tuple[int, ...], tail: bytes) -> Entry:
        (_, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra_length, _, _, _, attributes,
         offset) = fields  # fmt: skip
        raw_name = tail[:name_length]
        extra = tail[name_length : name_length + extra_length]
        size, packed, offset = _wide(extra, size, packed, offset)
        mode = attributes >> 16 if made_by >> 8 in (3, 19) else 0  # Unix, OS X
        name = raw_name.decode("utf-8" if flags & _UTF8_FLAG else "cp437", "replace")
        return Entry(name, raw_name, flags, method, crc, packed, size, offset + self._shift, mode)

    def data_offset(self, entry: Entry) -> int:
        """Return where the packed bytes of an entry begin, having compared its local header with the directory.

        Raises:
            Unreadable: they do not agree, or entries overlap.
        """
        self._file.seek(entry.offset)
        head = self._file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            raise Unreadable("there is no entry where the archive's directory says")
        fields = _LOCAL.unpack(head)
        if self._file.read(fields[9]) != entry.raw_name or fields[3] != entry.method:
            raise Unreadable("the entry and the archive's directory disagree")
        if fields[2] & _ENCRYPTED_FLAGS:
            raise Unreadable("the entry is encrypted")
        start: int = entry.offset + _LOCAL.size + fields[9] + fields[10]
        after = bisect_right(self._offsets, entry.offset)
        limit = self._offsets[after] if after < len(self._offsets) else self._start
        twice = after >= 2 and self._offsets[after - 2] == entry.offset
        if twice or start + entry.packed_size > min(limit, self._start):
            raise Unreadable("the entry overlaps another one")
        return start


def _find(file: BinaryIO) -> tuple[int, int, int]:
    """Return start and end of the central directory, and how far all offsets are shifted."""
    size = file.seek(0, 2)
    tail_start = max(size - _MAX_COMMENT - _END.size, 0)
    file.seek(tail_start)
    tail = file.read(size - tail_start)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise Unreadable("the archive is damaged: its directory is missing")
    _, disk, first_disk, _, _, length, offset, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if end >= _END64_LOCATOR.size:
        file.seek(end - _END64_LOCATOR.size)
        signature, _, end64, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
        if signature == b"PK\6\7" and end64 + _END64.size <= end:
            file.seek(end64)
            fields = _END64.unpack(file.read(_END64.size))
            if fields[0] != b"PK\6\6":
                raise Unreadable("the archive is damaged: its ZIP64 directory is missing")
            disk, first_disk, length, offset, end = fields[4], fields[5], fields[8], fields[9], end64
    if disk != first_disk:
        raise Unreadable("the archive is one part of several")
    shift = end - length - offset
    if shift < 0:
        raise Unreadable("the archive is damaged: its directory does not fit in")
    return end - length, end, shift


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Take from the ZIP64 extra field what does not fit 32 bits (APPNOTE 4.5.3)."""
    values = [size, packed, offset]
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            wide = iter(struct.iter_unpack("<Q", extra[position + 4 : position + 4 + length // 8 * 8]))
            try:
                values = [next(wide)[0] if value == _UNKNOWN else value for value in values]
            except (StopIteration, struct.error) as error:
                raise Unreadable("the archive is damaged: a ZIP64 size is missing") from error
            break
        position += 4 + length
    return values[0], values[1], values[2]


def unsafe(name: str) -> str:
    """Return why a name could lead out of a folder, '' where it could not; backslashes count as slashes."""
    path = name.replace("\\", "/")
    if path.startswith("/"):
        return "its name is an absolute path"
    if _DRIVE.match(path):
        return "its name begins with a drive letter"
    if ".." in path.split("/"):
        return "its name leads out of the archive"
    if "\0" in path or not path.strip("./ "):
        return "its name is none"
    return ""


def normalised(name: str) -> str:
    """Return what two names share that are one file on some system: case, composition, separators, trailing dots."""
    parts = (part.rstrip(". ") for part in name.replace("\\", "/").split("/"))
    return unicodedata.normalize("NFC", "/".join(part for part in parts if part).casefold())
