"""Bytes of a DICOM file looked at through a small window, so that nothing is read or allocated on a file's word.

What belongs here: where bytes come from (a seekable stream, or a deflate stream counted as it comes out), and a
buffer over them that moves forward. What the bytes mean does not.
"""

import zlib
from abc import abstractmethod
from typing import BinaryIO, Final, Protocol

from fileroom.domain.errors import InvalidDicom, Unreadable

FIRST_BLOCK: Final = 8192
"""Bytes of the first look: the header of most objects, file meta information included."""
_JUMP_BLOCK: Final = 512
_MAX_BLOCK: Final = 65536
_INFLATE_STEP: Final = 65536

MAX_RATIO: Final = 1000
"""Bytes that one byte may inflate to, after the first MiB; deflate itself ends at 1032."""
RATIO_GRACE: Final = 1 << 20
"""Bytes that come out before the ratio is looked at."""


class Truncated(InvalidDicom):
    """The bytes end before the structure does."""


class ByteSource(Protocol):
    """Bytes by offset, asked for in ascending order."""

    @abstractmethod
    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer only where the bytes end.

        Raises:
            Unreadable: the stream failed.
        """

    @abstractmethod
    def reaches(self, offset: int) -> bool:
        """Tell whether there are at least `offset` bytes."""


class BytesSource(ByteSource):
    """Bytes that are in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_at(self, offset: int, count: int) -> bytes:
        """Cut out a piece."""
        return self._data[offset : offset + count]

    def reaches(self, offset: int) -> bool:
        """Compare with the length."""
        return offset <= len(self._data)


class StreamSource(ByteSource):
    """The bytes of a seekable stream as they are, from where it stands."""

    def __init__(self, stream: BinaryIO) -> None:
        """Count offsets from where the stream stands.

        Raises:
            Unreadable: the stream cannot tell.
        """
        self._stream = stream
        try:
            self._origin = stream.tell()
        except (OSError, ValueError) as error:
            raise Unreadable(f"reading failed: {error}") from error
        self._position = 0
        self._size: int | None = None

    def read_at(self, offset: int, count: int) -> bytes:
        """Seek only where it is needed, and read until the stream gives no more."""
        try:
            if offset != self._position:
                self._stream.seek(self._origin + offset)
            block = self._stream.read(count)
            while len(block) < count and (more := self._stream.read(count - len(block))):
                block += more
        except (OSError, ValueError) as error:
            raise Unreadable(f"reading failed: {error}") from error
        self._position = offset + len(block)
        return block

    def reaches(self, offset: int) -> bool:
        """Compare with the size, which is asked for once."""
        if self._size is None:
            try:
                self._size = self._stream.seek(0, 2) - self._origin
            except (OSError, ValueError) as error:
                raise Unreadable(f"reading failed: {error}") from error
            self._position = self._size
        return offset <= self._size


class InflatedSource(ByteSource):
    """What a deflate stream (PS3.5 A.5, RFC 1951) unpacks to; offsets count from its first unpacked byte.

    A zlib header (RFC 1950), which some writers leave there, is understood too.
    """

    def __init__(self, packed: ByteSource, offset: int, *, max_bytes: int) -> None:
        self._packed = packed
        self._offset = offset
        self._max_bytes = max_bytes
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._bytes = b""
        self._start = 0
        self._came_in = 0
        self._pending = b""
        self._ended = False

    def read_at(self, offset: int, count: int) -> bytes:
        """Unpack forward to there; what lies before `offset` is forgotten."""
        self._forward(offset)
        while not self._ended and len(self._bytes) < count:
            self._bytes += self._step()
        return self._bytes[:count]

    def reaches(self, offset: int) -> bool:
        """Unpack forward to there."""
        self._forward(offset - 1)
        while not self._ended and self._start + len(self._bytes) < offset:
            self._bytes += self._step()
        return self._start + len(self._bytes) >= offset

    def _forward(self, offset: int) -> None:
        while self._start + len(self._bytes) <= offset and not self._ended:
            self._start += len(self._bytes)
            self._bytes = self._step()
        skip = min(max(offset - self._start, 0), len(self._bytes))
        self._bytes = self._bytes[skip:]
        self._start += skip

    def _step(self) -> bytes:
        packed = self._pending or self._packed.read_at(self._offset + self._came_in, _INFLATE_STEP)
        if not self._pending:
            self._came_in += len(packed)
        try:
            out = self._inflater.decompress(packed, _INFLATE_STEP)
        except zlib.error as error:
            if self._start + len(self._bytes) or self._came_in != len(packed):
                raise InvalidDicom(f"the deflate stream is damaged: {error}") from error
            out = self._with_zlib_header(packed)
        self._pending = self._inflater.unconsumed_tail
        self._ended = self._inflater.eof
        if not packed and not out and not self._ended:
            raise Truncated("truncated: the deflate stream has no end")
        total = self._start + len(self._bytes) + len(out)
        if total > max(RATIO_GRACE, MAX_RATIO * self._came_in) or total > self._max_bytes:
            raise InvalidDicom(f"the deflate stream unpacks to more than it may ({total} bytes so far)")
        return out

    def _with_zlib_header(self, packed: bytes) -> bytes:
        self._inflater = zlib.decompressobj()
        try:
            return self._inflater.decompress(packed, _INFLATE_STEP)
        except zlib.error as error:
            raise InvalidDicom(f"the deflate stream is damaged: {error}") from error


class Window:
    """A buffer over a source that moves forward; `buffer` holds the bytes from offset `base`."""

    __slots__ = ("_block", "_source", "base", "buffer")

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._block = FIRST_BLOCK
        self.base = 0
        self.buffer = source.read_at(0, FIRST_BLOCK)

    def load(self, offset: int, count: int) -> bytes:
        """Move the buffer to begin at `offset` and hold `count` bytes, or what is left, and return it.

        Reading on in sequence takes larger blocks each time; after a jump only a little is read.
        """
        end = self.base + len(self.buffer)
        self._block = min(self._block * 2, _MAX_BLOCK) if self.base <= offset <= end else _JUMP_BLOCK
        self.buffer = self._source.read_at(offset, max(count, self._block))
        self.base = offset
        return self.buffer

    def take(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`.

        Raises:
            Truncated: there are fewer.
        """
        start = offset - self.base
        buffer = self.buffer
        if start < 0 or start + count > len(buffer):
            buffer, start = self.load(offset, count), 0
            if count > len(buffer):
                raise Truncated(
                    f"truncated: {count} bytes are missing at byte {offset}, {len(buffer)} are left"
                )
        return buffer[start : start + count]

    def reaches(self, offset: int) -> bool:
        """Tell whether there are at least `offset` bytes."""
        return offset <= self.base + len(self.buffer) or self._source.reaches(offset)
