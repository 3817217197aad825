"""A bounded walk over the structure of a data set (PS3.5 clause 7): tags, VRs, lengths and nesting.

What belongs here: finding where each element begins and ends in every encoding, and refusing what cannot be: a length
beyond what is left in its container, nesting without end, elements without end. Nothing is allocated from a declared
length. Files in the field that break the rules but lose no bytes are walked all the same; each such case is named.
"""

import struct
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.window import Truncated, Window
from fileroom.domain.errors import InvalidDicom

UNDEFINED: Final = 0xFFFFFFFF
MAX_NESTING: Final = 64
MAX_ELEMENTS: Final = 10_000_000
"""Elements and items of one object, all levels together."""

PIXEL_DATA: Final = 0x7FE00010
ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD

# PS3.5 table 7.1-2 (16-bit length) and table 7.1-1 (two reserved bytes, 32-bit length).
SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(),
)
LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())

BULK_VRS: Final = LONG_VRS - {b"SQ"}
ITEM_LITTLE: Final = b"\xfe\xff\x00\xe0"
TAG_VR_LENGTH: Final = struct.Struct("<I2sH")
TAG_LENGTH: Final = struct.Struct("<II")
_FIRST_GROUPS: Final = 0x100
"""Groups below are those that data sets begin with."""
_ANY_GROUP: Final = 0x7FDF
"""Groups up to here hold no pixels, and are none of the reserved ones that need a look."""

Head = tuple[int, bytes, int, int]
"""Tag, VR (empty where there is none), length and offset of the value."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """How elements are written: with or without VR, and in which byte order."""

    is_implicit: bool
    is_little: bool
    tag_vr_length: struct.Struct
    """Of an element with VR; the length of `LONG_VRS` follows."""
    tag_length: struct.Struct
    long: struct.Struct

    @classmethod
    def of(cls, *, is_implicit: bool, is_little: bool) -> "Encoding":
        """Make one."""
        order = "<" if is_little else ">"
        return cls(
            is_implicit,
            is_little,
            struct.Struct(order + "HH2sH"),
            struct.Struct(order + "HHI"),
            struct.Struct(order + "I"),
        )


EXPLICIT_LITTLE: Final = Encoding.of(is_implicit=False, is_little=True)
EXPLICIT_BIG: Final = Encoding.of(is_implicit=False, is_little=False)
IMPLICIT_LITTLE: Final = Encoding.of(is_implicit=True, is_little=True)
ENCODINGS: Final = (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE)


def encoding_at(start: bytes, default: Encoding) -> Encoding:
    """Tell from the first element how a data set is really written; `default` where it does not show.

    The group number, small in every real first element, gives away the byte order where that is not the one that was
    expected, and two letters that are a known VR give away that VRs are there.
    """
    if len(start) < 6:
        return default
    little, big = int.from_bytes(start[:2], "little"), int.from_bytes(start[:2], "big")
    expected, other = (little, big) if default.is_little else (big, little)
    is_little = default.is_little is not (other < _FIRST_GROUPS <= expected)
    vr = start[4:6]
    if vr in SHORT_VRS or vr in LONG_VRS:
        return EXPLICIT_LITTLE if is_little else EXPLICIT_BIG
    if not is_little:
        return default
    return default if vr.isalpha() and vr.isupper() else IMPLICIT_LITTLE


def tag_text(tag: int) -> str:
    """Write a tag as the standard does."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def swapped(tag: int) -> int:
    """Return a tag as it looks when both halves are read at once in little endian, or the other way round."""
    return (tag & 0xFFFF) << 16 | tag >> 16


def looks_like_items(start: bytes, length: int) -> bool:
    """Tell from the first 8 bytes of a little-endian value without VR whether it is a sequence of items."""
    if start[:4] != ITEM_LITTLE or len(start) < 8:
        return False
    item = int.from_bytes(start[4:8], "little")
    return item == UNDEFINED or 8 + item <= length


class Walker:
    """Walks one data set through a window."""

    def __init__(self, window: Window, *, deep: bool) -> None:
        """With `deep`, sequences of defined length are looked into as well."""
        self.window = window
        self.deep = deep
        self._left = MAX_ELEMENTS
        self._passed_pixels = False

    def walk(self, position: int, encoding: Encoding) -> None:
        """Walk the top level from an element up to the end of the bytes.

        Raises:
            Truncated: the bytes end within an element.
            InvalidDicom: the structure cannot be.
        """
        while True:
            position = self._skim(position, encoding, None)
            found = self.next(position, encoding)
            if found is None:
                return
            position = self.skip(found, encoding)

    def next(self, position: int, encoding: Encoding) -> Head | None:
        """Return the top-level element at `position`, whose value need not be there; None at the end of the bytes.

        Raises:
            Truncated: the bytes end within its head.
            InvalidDicom: no data set has such an element.
        """
        found = self._header(position, encoding, None, padded=self._passed_pixels)
        if found is None:
            return None
        tag = found[0]
        if tag < 0x00010000 or tag >= 0xFFFE0000:
            if self._passed_pixels and tag == 0:
                return None  # zeros up to the end of a disk block or tape record
            raise InvalidDicom(f"not a data set: {tag_text(tag)} at byte {position}")
        return found

    def head(self, position: int, encoding: Encoding, end: int | None = None) -> Head:
        """Return the element at `position`, on whatever level.

        Raises:
            Truncated: there is none.
        """
        found = self._header(position, encoding, end)
        if found is None:
            raise Truncated(f"truncated at byte {position}")
        return found

    def skip(self, found: Head, encoding: Encoding) -> int:
        """Return where an element of the top level ends.

        Raises:
            Truncated: the bytes end before.
            InvalidDicom: the structure of its value cannot be.
        """
        tag, vr, length, value = found
        self.passed(tag)
        if length == UNDEFINED or (self.deep and length >= 8 and self._is_sequence(tag, vr, length, value)):
            return self._items(found, encoding, None, 1)
        if not self.window.reaches(value + length):
            raise Truncated(f"truncated: {tag_text(tag)} needs {length} bytes from byte {value} on")
        return value + length

    def passed(self, tag: int) -> None:
        """Take note of an element of the top level: zeros may follow Pixel Data up to the end of a block."""
        if tag >= PIXEL_DATA:
            self._passed_pixels = True

    def _skim(self, position: int, encoding: Encoding, end: int | None) -> int:
        """Go over elements that need no thought, quickly, and return the position of the first one that does.

        No thought need those of defined length, wholly in the buffer, that hold no items.
        """
        window = self.window
        buffer, base = window.buffer, window.base
        first = index = position - base
        stop = len(buffer) if end is None else min(len(buffer), end - base)
        last_header = stop - 12
        if encoding is EXPLICIT_LITTLE:
            unpack, unpack_long = TAG_VR_LENGTH.unpack_from, encoding.long.unpack_from
            while index <= last_header:
                tag, vr, length = unpack(buffer, index)
                if vr in SHORT_VRS:
                    after = index + 8 + length
                elif vr in BULK_VRS:
                    (length,) = unpack_long(buffer, index + 8)
                    after = index + 12 + length
                else:
                    break
                if after > stop or not 8 <= tag & 0xFFFF <= _ANY_GROUP:
                    break
                index = after
        elif encoding is IMPLICIT_LITTLE:
            unpack = TAG_LENGTH.unpack_from
            while index <= last_header:
                tag, length = unpack(buffer, index)
                after = index + 8 + length
                if (
                    after > stop
                    or not 8 <= tag & 0xFFFF <= _ANY_GROUP
                    or buffer.startswith(ITEM_LITTLE, index + 8)
                ):
                    break
                index = after
        self.spend((index - first) >> 4)
        return base + index

    def spend(self, count: int) -> None:
        """Count elements or items.

        Raises:
            InvalidDicom: there are more than `MAX_ELEMENTS`.
        """
        self._left -= count
        if self._left < 0:
            raise InvalidDicom(f"more than {MAX_ELEMENTS} elements")

    def _header(
        self, position: int, encoding: Encoding, end: int | None, *, padded: bool = False
    ) -> Head | None:
        """Read the head of the element at `position`; None at the end of the container or of the bytes.

        With `padded`, a few zeros in the end are no element.
        """
        if position == end:
            return None
        window = self.window
        buffer, index = window.buffer, position - window.base
        if index + 12 > len(buffer):
            buffer, index = window.load(position, 12), 0
            if len(buffer) < 8:
                if end is None and (not buffer or (padded and not buffer.strip(b"\0"))):
                    return None
                raise Truncated(f"truncated: {len(buffer)} bytes are left at byte {position}")
        self.spend(1)
        if encoding.is_implicit:
            group, number, length = encoding.tag_length.unpack_from(buffer, index)
            vr, value = b"", position + 8
        else:
            group, number, vr, length = encoding.tag_vr_length.unpack_from(buffer, index)
            value = position + 8
            if vr in LONG_VRS:
                value = position + 12
                if index + 12 > len(buffer):
                    raise Truncated(f"truncated: an element ends at byte {position + 8}")
                (length,) = encoding.long.unpack_from(buffer, index + 8)
            elif vr not in SHORT_VRS and not (vr.isalpha() and vr.isupper()):
                # Delimiters have no VR; an element without one among others that have one is a known defect.
                (length,) = encoding.long.unpack_from(buffer, index + 4)
                vr = b""
        if end is not None and length != UNDEFINED and value + length > end:
            raise InvalidDicom(
                f"{tag_text(group << 16 | number)} at byte {position} says {length} bytes, "
                f"more than its container has ({end - value})"
            )
        return group << 16 | number, vr, length, value

    def _is_sequence(self, tag: int, vr: bytes, length: int, value: int) -> bool:
        """Tell whether a value of defined length holds items: by VR, or without one by looking."""
        if vr or tag >= PIXEL_DATA:
            return vr == b"SQ"
        return looks_like_items(self.window.take(value, 8), length)

    def _items(self, found: Head, encoding: Encoding, end: int | None, depth: int) -> int:
        """Walk the items or fragments of a value and return where it ends."""
        tag, vr, length, position = found
        if depth > MAX_NESTING:
            raise InvalidDicom(f"sequences are nested more than {MAX_NESTING} deep at {tag_text(tag)}")
        if vr == b"UN":
            encoding = IMPLICIT_LITTLE  # PS3.5 6.2.2, note on UN of undefined length
        holds_data_sets = vr in (b"SQ", b"UN") or (vr == b"" and tag != PIXEL_DATA)
        stop = position + length if length != UNDEFINED else None
        limit = stop if stop is not None else end
        window = self.window
        while position != stop:
            if limit is not None and position + 8 > limit:
                raise InvalidDicom(f"the items of {tag_text(tag)} do not fit their container")
            group, number, count = encoding.tag_length.unpack_from(window.take(position, 8))
            marker, position = group << 16 | number, position + 8
            self.spend(1)
            if marker == SEQUENCE_END:
                if stop is None:
                    return position
            elif marker != ITEM:
                raise InvalidDicom(
                    f"{tag_text(marker)} at byte {position - 8} in the place of an item of {tag_text(tag)}"
                )
            elif count == UNDEFINED or (self.deep and holds_data_sets):
                position = self._item(position, count, encoding, limit, depth)
            else:
                position += count
                if limit is not None and position > limit:
                    raise InvalidDicom(f"an item of {tag_text(tag)} is larger than its container")
                if not window.reaches(position):
                    raise Truncated(f"truncated: an item of {tag_text(tag)} needs {count} bytes")
        return position

    def _item(self, position: int, count: int, encoding: Encoding, limit: int | None, depth: int) -> int:
        """Walk the data set in an item and return where the item ends."""
        end = position + count if count != UNDEFINED else None
        if end is not None and limit is not None and end > limit:
            raise InvalidDicom(f"an item at byte {position - 8} is larger than its container")
        if end is None or count >= 8:
            encoding = self.encoding_of_item(position, encoding)
        inner = end if end is not None else limit
        while True:
            position = self._skim(position, encoding, inner)
            found = self._header(position, encoding, inner)
            if found is None:
                break
            tag, vr, length, value = found
            if tag == ITEM_END:
                if end is None:
                    return value
                position = value
                continue
            if length == UNDEFINED or (
                self.deep and length >= 8 and self._is_sequence(tag, vr, length, value)
            ):
                position = self._items(found, encoding, inner, depth + 1)
            else:
                position = value + length
                if not self.window.reaches(position):
                    raise Truncated(f"truncated: {tag_text(tag)} needs {length} bytes from byte {value} on")
        if end is None:
            raise Truncated(f"truncated: the item before byte {position} has no end")
        return position

    def encoding_of_item(self, position: int, encoding: Encoding) -> Encoding:
        """Tell how an item is written: writers are known that leave the VRs out within sequences."""
        if encoding.is_implicit or not encoding.is_little:
            return encoding
        start = self.window.take(position, 8)
        vr = start[4:6]
        if start[:2] == b"\xfe\xff" or (vr.isalpha() and vr.isupper()):
            return encoding
        return IMPLICIT_LITTLE
