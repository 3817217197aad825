"""A data set from one uncompressed encoding to another (PS3.5 clause 7 and annex A), bytes in, bytes out.

Values are copied as they are, byte order aside: nothing is parsed, tidied or lost, whatever the VR. What changes is
what the encodings demand: heads of elements, lengths of what holds them, and group lengths, which are left out.
"""

import io
import zlib
from typing import Final

from fileroom.adapters.files.structure import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    LONG_VRS,
    MAX_NESTING,
    PIXEL_DATA,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Encoding,
    Head,
    Walker,
    looks_like_items,
    tag_text,
)
from fileroom.adapters.files.window import StreamSource, Window
from fileroom.domain.errors import InvalidDicom

_PIXEL_REPRESENTATION: Final = 0x00280103
_MAX_SHORT: Final = 0xFFFF
# Bytes of what is swapped as one. OW is words also where pixels have 32 bits (PS3.5 8.1.1); UN has no order.
_UNITS: Final = dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2) | dict.fromkeys(
    (b"UL", b"SL", b"FL", b"OF", b"OL"), 4
) | dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8)  # fmt: skip


def deflated(data: bytes) -> bytes:
    """Pack a data set as PS3.5 A.5 says: a raw deflate stream, padded to even length."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    return packed + bytes(len(packed) % 2)


def reencoded(data: bytes, source: Encoding, target: Encoding) -> bytes:
    """Return a data set in another encoding.

    Raises:
        InvalidDicom: the structure cannot be, or it holds what the target cannot.
    """
    return b"".join(_Reencoder(data, target).data_set(0, len(data), source, b"US", 0)[0])


class _Reencoder:
    """Goes over a data set in memory once; each method returns parts and where it stopped."""

    def __init__(self, data: bytes, target: Encoding) -> None:
        self._data = data
        self._view = memoryview(data)
        self._target = target
        self._walker = Walker(Window(StreamSource(io.BytesIO(data))), deep=True)

    def data_set(
        self, position: int, end: int | None, source: Encoding, number_vr: bytes, depth: int
    ) -> tuple[list[bytes | memoryview], int]:
        """Re-encode elements up to `end`, or to the end of the item where that is None.

        `number_vr` is what `US or SS` means here: it follows Pixel Representation, also into sequences.
        """
        parts: list[bytes | memoryview] = []
        stop = len(self._data) if end is None else end
        while position < stop:
            if not any(self._view[position : position + 8]):
                return parts, stop  # zeros after the last element
            found = self._walker.head(position, source, stop)
            tag, _, length, value = found
            if tag == ITEM_END:
                return parts, value
            if tag == _PIXEL_REPRESENTATION and length >= 1:
                number_vr = b"SS" if any(self._view[value : value + length]) else b"US"
            new, position = self._element(found, source, number_vr, depth)
            if tag & 0xFFFF:
                parts += new
        return parts, position

    def _element(
        self, found: Head, source: Encoding, number_vr: bytes, depth: int
    ) -> tuple[list[bytes | memoryview], int]:
        tag, vr, length, value = found
        if not vr:
            vr = _vr(tag, number_vr)
            if vr == b"UN" and self._holds_items(value, length):
                vr = b"SQ" if source.is_implicit else vr
        if length == UNDEFINED and vr not in {b"SQ", b"UN"}:  # PS3.5 A.4: only encapsulated pixels are left
            return self._fragments(found, source)
        if vr == b"SQ" and length:
            items, after = self._items(found, source, number_vr, depth + 1)
            size = UNDEFINED if length == UNDEFINED else sum(map(len, items))
            return [self._head(tag, vr, size), *items], after
        if length == UNDEFINED:
            return self._unknown(found)
        content = self._view[value : value + length]
        unit = _UNITS.get(vr, 1)
        if unit > 1 and source.is_little != self._target.is_little:
            content = memoryview(_swapped(content, unit))
        return [self._head(tag, vr, length), content], value + length

    def _holds_items(self, value: int, length: int) -> bool:
        return length == UNDEFINED or looks_like_items(self._data[value : value + 8], length)

    def _unknown(self, found: Head) -> tuple[list[bytes | memoryview], int]:
        """Copy UN of undefined length: implicit VR little endian inside, whatever is around it (PS3.5 6.2.2)."""
        tag, _, _, value = found
        after = self._walker.skip((tag, b"UN", UNDEFINED, value), IMPLICIT_LITTLE)
        content = self._view[value:after]
        if self._target.is_little:
            return [self._head(tag, b"UN", UNDEFINED), content], after
        # The delimiter would be in the wrong byte order: a defined length does without.
        return [self._head(tag, b"UN", len(content) - 8), content[:-8]], after

    def _fragments(self, found: Head, source: Encoding) -> tuple[list[bytes | memoryview], int]:
        tag, _, _, value = found
        if self._target is not EXPLICIT_LITTLE or not source.is_little:
            raise InvalidDicom(f"{tag_text(tag)} is encapsulated, which that transfer syntax does not allow")
        after = self._walker.skip(found, source)
        return [self._head(tag, b"OB", UNDEFINED), self._view[value:after]], after

    def _items(
        self, found: Head, source: Encoding, number_vr: bytes, depth: int
    ) -> tuple[list[bytes | memoryview], int]:
        tag, _, length, position = found
        if depth > MAX_NESTING:
            raise InvalidDicom(f"sequences are nested more than {MAX_NESTING} deep at {tag_text(tag)}")
        stop = position + length if length != UNDEFINED else len(self._data)
        marker_of, parts = self._target.tag_length.pack, list[bytes | memoryview]()
        while position < stop:
            group, number, count = source.tag_length.unpack_from(self._data, position)
            marker, position = group << 16 | number, position + 8
            if marker == SEQUENCE_END:
                if length == UNDEFINED:
                    parts.append(marker_of(0xFFFE, 0xE0DD, 0))
                    break
                continue
            if marker != ITEM:
                raise InvalidDicom(f"{tag_text(marker)} in the place of an item of {tag_text(tag)}")
            end = position + count if count != UNDEFINED else None
            inner = self._walker.encoding_of_item(position, source) if count >= 8 else source
            item, position = self.data_set(position, end, inner, number_vr, depth)
            if end is None:
                parts += [marker_of(0xFFFE, 0xE000, UNDEFINED), *item, marker_of(0xFFFE, 0xE00D, 0)]
            else:
                parts += [marker_of(0xFFFE, 0xE000, sum(map(len, item))), *item]
        return parts, position

    def _head(self, tag: int, vr: bytes, length: int) -> bytes:
        target, group, number = self._target, tag >> 16, tag & 0xFFFF
        if target.is_implicit:
            return target.tag_length.pack(group, number, length)
        if vr not in LONG_VRS:
            if length <= _MAX_SHORT:
                return target.tag_vr_length.pack(group, number, vr, length)
            vr = b"UN"  # PS3.5 6.2.2: where the length does not fit
        return target.tag_vr_length.pack(group, number, vr, 0) + target.long.pack(length)


def _swapped(content: memoryview, unit: int) -> bytes:
    whole = len(content) // unit * unit
    out = bytearray(content)
    for index in range(unit // 2):
        mirror = unit - 1 - index
        out[index:whole:unit], out[mirror:whole:unit] = out[mirror:whole:unit], out[index:whole:unit]
    return bytes(out)


def _vr(tag: int, number_vr: bytes) -> bytes:
    """Return the VR that the dictionary of PS3.6 has, made unambiguous; UN where it has none."""
    from pydicom.datadict import dictionary_VR

    group, number = tag >> 16, tag & 0xFFFF
    if group % 2:
        return b"LO" if 0x10 <= number <= 0xFF else b"UN"
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return b"UN"
    if vr == "US or SS":
        return number_vr
    if "OW" in vr or tag == PIXEL_DATA:
        return b"OW"
    code = vr.encode()
    return code if code in SHORT_VRS or code in LONG_VRS else b"UN"
