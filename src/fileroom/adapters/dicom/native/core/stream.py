"""PDUs out of a stream of bytes that comes in whatever pieces (PS3.8 9.1, 9.3.5, annex E).

Bulk data is handed out as it comes, as views of the caller's buffer: nothing waits for the end of a P-DATA-TF PDU
and nothing is copied. Other PDUs are collected as their bytes come; what a peer declares allocates nothing.
"""

import struct
from collections.abc import Generator, Iterator
from typing import Final

from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import AbortReason, LocalError, ProtocolError
from fileroom.adapters.dicom.native.core.pdu import HEADER, ControlPdu, PData, PduType, decode_pdu

CONTROL_LIMIT: Final = 1 << 20
"""Longest PDU but for data: 128 contexts with all transfer syntaxes need a quarter of it."""
DATA_LIMIT: Final = 16 << 20
"""Longest P-DATA-TF unless told otherwise."""

_VALUE_HEADER: Final = struct.Struct(">IBB")
_HEADERS: Final = struct.Struct(">BxIIBB")
"""Of a P-DATA-TF and of its first presentation data value."""
_VALUE_LENGTH: Final = 4
"""Bytes of the length of a presentation data value, which it does not count itself."""
_CONTROL_FIELDS: Final = 2
"""Bytes that the length of a presentation data value counts besides its data (PS3.8 9.3.5.1, E.2)."""
_P_DATA_TF: Final = int(PduType.P_DATA_TF)
_KNOWN: Final = frozenset(PduType)
_made: Final = tuple.__new__
"""What the constructor of a named tuple calls; for each slice of an object the way there counts."""
_SHOWN: Final = 16


class PduReader:
    """Takes bytes and yields PDUs: those of data as slices, all others decoded.

    A `ProtocolError` ends the stream: where the next PDU would begin is not known.
    """

    def __init__(self, *, data_limit: int = DATA_LIMIT, control_limit: int = CONTROL_LIMIT) -> None:
        self.data_limit = data_limit
        """Longest P-DATA-TF that is taken, by the length in its header; may be changed between two PDUs."""
        self._control_limit = control_limit
        self._kept = bytearray()
        """The beginning of a header, or of a PDU that is collected."""
        self._control: tuple[int, int] | None = None
        """Type and length of the PDU that is collected."""
        self._pdu_left = 0
        """Bytes of the P-DATA-TF that are still to come."""
        self._value_left = 0
        """Bytes of the presentation data value that are still to come."""
        self._value = (0, False, False)
        """Context, whether it is a command, whether it is the last fragment."""
        self._is_start = False
        self._is_busy = self._is_broken = False

    @property
    def in_the_middle(self) -> bool:
        """Whether a PDU has begun to come and is not complete."""
        return bool(self._kept or self._control or self._pdu_left)

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ControlPdu | DataSlice]:
        """Yield what these bytes complete. Consume it all before more is fed.

        Raises:
            ProtocolError: they are not what PS3.8 allows; what was yielded before is good.
            LocalError: the last feed was not consumed, or it failed.
        """
        if self._is_busy or self._is_broken:
            raise LocalError("the stream is broken" if self._is_broken else "the last bytes are not consumed")
        self._is_busy = True
        try:
            yield from self._events(memoryview(data).cast("B"))
        except ProtocolError:
            self._is_broken = True
            raise
        self._is_busy = False

    def _events(self, view: memoryview) -> Iterator[ControlPdu | DataSlice]:
        offset, end = 0, len(view)
        while offset < end or (self._is_start and not self._value_left):
            if self._is_start or self._value_left:
                taken = min(self._value_left, end - offset)
                yield self._slice(view[offset : offset + taken])
                offset += taken
            elif self._control:
                kind, length = self._control
                taken = min(length - len(self._kept), end - offset)
                if taken == length:
                    body = view[offset : offset + taken]
                else:
                    self._kept += view[offset : offset + taken]
                    body = memoryview(self._kept)
                offset += taken
                if len(body) == length:
                    self._kept, self._control = bytearray(), None
                    yield _decoded(kind, body)
            elif self._kept or self._pdu_left:
                offset += self._header(view, offset)
            else:
                before, offset = offset, (yield from self._usual(view, offset))
                if offset == before:
                    offset += self._header(view, offset)

    def _usual(self, view: memoryview, offset: int) -> Generator[DataSlice, None, int]:
        """Read PDUs as almost all are, P-DATA-TF with one value, for as long as they come; return where they end.

        Whatever is not clearly right is left to `_header`, which says what is wrong with it.
        """
        end = len(view)
        while end - offset >= _HEADERS.size:
            kind, length, value_length, context_id, control = _HEADERS.unpack_from(view, offset)
            if kind != _P_DATA_TF or length != value_length + _VALUE_LENGTH or length > self.data_limit:
                return offset
            data_length = value_length - _CONTROL_FIELDS
            if data_length < 0:
                return offset
            is_command, is_last = control & 1 == 1, control & 2 == 2  # bits 2 to 7 are never checked (E.2)
            offset += _HEADERS.size
            if data_length > end - offset:
                self._value, self._is_start = (context_id, is_command, is_last), True
                self._pdu_left = self._value_left = data_length
                return offset
            data = view[offset : offset + data_length]
            offset += data_length
            yield _made(DataSlice, (context_id, is_command, is_last, data, True))
        return offset

    def _slice(self, data: memoryview) -> DataSlice:
        self._value_left -= len(data)
        self._pdu_left -= len(data)
        context_id, is_command, is_last = self._value
        is_start, self._is_start = self._is_start, False
        return DataSlice(context_id, is_command, is_last and not self._value_left, data, is_start)

    def _header(self, view: memoryview, offset: int) -> int:
        """Read a header, of a PDU or of a value in it, as far as it has come; return how many bytes that took."""
        if not self._pdu_left:
            first = self._kept[0] if self._kept else view[offset]
            if first not in _KNOWN:
                # Told at the first byte: what speaks another protocol may not send six.
                raise _noise(bytes(self._kept) + bytes(view[offset : offset + _SHOWN]))
        needed = HEADER.size - len(self._kept)
        piece = view[offset : offset + needed]
        if self._kept or len(piece) < needed:
            self._kept += piece
            if len(piece) < needed:
                return len(piece)
            header, self._kept = memoryview(bytes(self._kept)), bytearray()
        else:
            header = piece
        if self._pdu_left:
            self._begin_value(header)
        else:
            self._begin_pdu(header)
        return len(piece)

    def _begin_pdu(self, header: memoryview) -> None:
        kind, length = HEADER.unpack(header)
        limit = self.data_limit if kind == _P_DATA_TF else self._control_limit
        if length > limit:
            raise ProtocolError(f"a PDU of {length} bytes, which is over the limit of {limit}")
        if kind != _P_DATA_TF:
            if not length:
                raise ProtocolError(f"a PDU of type {kind:02X}H without a body")
            self._control = (kind, length)
        elif length < _VALUE_HEADER.size:
            raise ProtocolError(f"a P-DATA-TF of {length} bytes, which has no room for data")
        else:
            self._pdu_left = length

    def _begin_value(self, header: memoryview) -> None:
        length, context_id, control = _VALUE_HEADER.unpack(header)
        room = self._pdu_left - _VALUE_HEADER.size
        data_length = length - _CONTROL_FIELDS
        if data_length < 0:
            raise ProtocolError(
                f"a presentation data value of {length} bytes, which has no room for its header"
            )
        if data_length > room:
            raise ProtocolError(f"a presentation data value of {length} bytes that goes beyond its PDU")
        if 0 < room - data_length < _VALUE_HEADER.size:
            raise ProtocolError(
                f"{room - data_length} bytes in a P-DATA-TF that are no presentation data value"
            )
        self._pdu_left, self._value_left, self._is_start = room, data_length, True
        # Bits 2 to 7 are never checked by the receiver (E.2).
        self._value = (context_id, bool(control & 1), bool(control & 2))


def _decoded(kind: int, body: memoryview) -> ControlPdu:
    pdu = decode_pdu(kind, body)
    if isinstance(pdu, PData):
        raise LocalError("data is not collected")
    return pdu


def _noise(first: bytes) -> ProtocolError:
    what = "HTTP" if first.startswith((b"HTTP/", b"GET ", b"POST ")) else "noise"
    return ProtocolError(f"{what} ({first[:_SHOWN]!r})", AbortReason.UNRECOGNIZED_PDU)
