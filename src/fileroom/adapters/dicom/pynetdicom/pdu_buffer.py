"""Whole PDUs out of a stream of bytes, limited before anything is allocated for them (PS3.8 9.3.1)."""

import struct
from typing import Final

BEFORE_ASSOCIATION: Final = 1 << 20
"""Longest PDU before an association stands: 128 contexts with all transfer syntaxes need a quarter of it."""
LARGEST_PDU: Final = 16 << 20
"""Longest PDU at all, unless a longer one was announced."""

_HEADER: Final = struct.Struct(">BxI")
_PDU_TYPES: Final = range(1, 8)
_SHOWN: Final = 16


class NoPdu(Exception):
    """What comes is not the upper layer protocol, or too long; the text completes "it sent …"."""


class PduBuffer:
    """Collects bytes and gives PDUs."""

    def __init__(self) -> None:
        self.limit = BEFORE_ASSOCIATION
        """Longest PDU that is taken."""
        self._bytes = bytearray()
        self._start = 0

    def feed(self, data: memoryview) -> None:
        """Take bytes; views of earlier PDUs are not valid any more."""
        try:
            del self._bytes[: self._start]
            self._bytes += data
        except BufferError:  # somebody kept a view: it stays as it is
            self._bytes = bytearray(memoryview(self._bytes)[self._start :]) + data
        self._start = 0

    def next(self) -> tuple[int, memoryview] | None:
        """Return type and body of a PDU that has come whole; the view is valid until the next `feed`.

        Raises:
            NoPdu: what came is none, or longer than `limit`.
        """
        available = len(self._bytes) - self._start
        if not available:
            return None
        if self._bytes[self._start] not in _PDU_TYPES:
            raise NoPdu(self._noise(bytes(self._bytes[self._start : self._start + _SHOWN])))
        if available < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._bytes, self._start)
        if length > self.limit:
            raise NoPdu(f"a PDU of {length} bytes, which is over the limit of {self.limit}")
        if available < _HEADER.size + length:
            return None
        begin = self._start + _HEADER.size
        self._start = begin + length
        return kind, memoryview(self._bytes)[begin : self._start]

    def _noise(self, first: bytes) -> str:
        if self.limit != BEFORE_ASSOCIATION:
            return "noise"  # in an association that may be anything, of a patient's too, and this is logged
        return f"HTTP ({first!r})" if first.startswith(b"HTTP/") else f"noise ({first!r})"
