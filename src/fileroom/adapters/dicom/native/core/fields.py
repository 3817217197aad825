"""Fields of PDUs: a cursor that never reads beyond its container, and text that survives the way there and back.

All numbers of PDUs are big endian (PS3.8 9.3.1).
"""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from fileroom.adapters.dicom._shared.mistakes import LocalError, ProtocolError

MAX_ITEMS: Final = 1024
"""Items of one container; 128 contexts and some dozens of syntaxes are what the standard has room for."""

_ITEM = struct.Struct(">BBH")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_PLAIN: Final = frozenset(range(0x20, 0x7F)) - {ord("\\")}
_ESCAPED: Final = re.compile(rb"\\x([0-9a-f]{2})")
_PADDING: Final = b"\0 "


class RawItem(NamedTuple):
    """An item or sub-item that nobody here knows, kept as it came."""

    type: int
    value: bytes


class Cursor:
    """Reads fields one after the other; a field that is longer than what is left is the peer's mistake."""

    def __init__(self, body: memoryview, what: str) -> None:
        self._body = body
        self._offset = 0
        self._what = what

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self._body) - self._offset

    def take(self, length: int) -> memoryview:
        """Return the next bytes.

        Raises:
            ProtocolError: there are not that many left.
        """
        if length > self.left:
            raise ProtocolError(f"{self._what} with a field of {length} bytes where {self.left} are left")
        start = self._offset
        self._offset += length
        return self._body[start : self._offset]

    def rest(self) -> memoryview:
        """Return all bytes that are left."""
        return self.take(self.left)

    def u8(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Return the next two bytes."""
        return int(_U16.unpack(self.take(2))[0])

    def u32(self) -> int:
        """Return the next four bytes."""
        return int(_U32.unpack(self.take(4))[0])

    def counted(self) -> memoryview:
        """Return the bytes that a length of two bytes announces."""
        return self.take(self.u16())

    def items(self) -> Iterator[tuple[int, int, memoryview]]:
        """Yield type, second byte (reserved but for one kind) and value of the items that are left.

        Raises:
            ProtocolError: one is longer than its container, or there are more than `MAX_ITEMS`.
        """
        for _ in range(MAX_ITEMS):
            if not self.left:
                return
            kind, second, length = _ITEM.unpack(self.take(_ITEM.size))
            yield kind, second, self.take(length)
        if self.left:
            raise ProtocolError(f"{self._what} with more than {MAX_ITEMS} items")


def item(kind: int, value: bytes, second: int = 0) -> bytes:
    """Return the bytes of an item (PS3.8 9.3.2).

    Raises:
        LocalError: the value is longer than a length of two bytes can tell.
    """
    return _ITEM.pack(kind, second, _short(len(value), f"the length of item {kind:02X}H")) + value


def raw_items(items: Iterable[RawItem]) -> bytes:
    """Return the bytes of items that are passed on as they came."""
    return b"".join(item(*raw) for raw in items)


def counted(value: bytes) -> bytes:
    """Return a value behind its length in two bytes.

    Raises:
        LocalError: it is too long for that.
    """
    return u16(len(value)) + value


def u16(number: int) -> bytes:
    """Return two bytes.

    Raises:
        LocalError: the number needs more.
    """
    return _U16.pack(_short(number, "a number"))


def u8(number: int) -> bytes:
    """Return one byte.

    Raises:
        LocalError: the number needs more.
    """
    if not 0 <= number <= 0xFF:
        raise LocalError(f"{number} does not fit into one byte")
    return bytes((number,))


def u32(number: int) -> bytes:
    """Return four bytes.

    Raises:
        LocalError: the number needs more.
    """
    if not 0 <= number <= 0xFFFFFFFF:
        raise LocalError(f"{number} does not fit into four bytes")
    return _U32.pack(number)


def text(raw: memoryview | bytes) -> str:
    r"""Read a UID, an AE title or a name: NUL and space around it are padding, whatever the standard says of either.

    Bytes that are no printable ASCII, and the backslash, appear as `\x5c`, so that every value can be shown, compared
    and sent back (`text_bytes`).
    """
    data = bytes(raw).strip(_PADDING)
    if data.isascii():
        found = data.decode("ascii")
        if found.isprintable() and "\\" not in found:
            return found
    return "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in data)


def text_bytes(value: str) -> bytes:
    """Return the bytes that `text` reads.

    Raises:
        LocalError: it holds characters beyond ASCII.
    """
    try:
        data = value.encode("ascii")
    except UnicodeEncodeError:
        raise LocalError(f"{value!r} holds characters beyond ASCII") from None
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), data) if b"\\" in data else data


def ae_title(value: str) -> bytes:
    """Return the 16 bytes of an AE title (PS3.8 9.3.2).

    Raises:
        LocalError: it is longer.
    """
    data = text_bytes(value)
    if len(data) > 16:
        raise LocalError(f"AE title {value!r} is longer than 16 characters")
    return data.ljust(16)


def _short(number: int, what: str) -> int:
    if not 0 <= number <= 0xFFFF:
        raise LocalError(f"{what}, {number}, does not fit into two bytes")
    return number
