"""The elements of an identifier, one after the other (PS3.5 7.1, 7.5), from bytes that may be anything.

Sequences are passed over. Nothing is allocated from a declared length, nothing goes deeper than a limit, and where
the bytes make no sense the elements simply end.
"""

import struct
from collections.abc import Iterator
from typing import Final

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST: Final = 64
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


class _NoElement(Exception):
    """The bytes make no sense from here on."""


def elements(data: bytes, *, implicit: bool, order: str) -> Iterator[tuple[int, str, bytes]]:
    """Yield tag, VR ('' in implicit VR) and raw value of each element at the top, sequences left out.

    `order` is '<' or '>', as `struct` writes it.
    """
    offset = 0
    try:
        while offset < len(data):
            tag, vr, length, offset = _header(data, offset, implicit=implicit, order=order)
            if length == _UNDEFINED:
                offset = _after_sequence(data, offset, implicit=implicit or vr == b"UN", order=order, depth=1)
                continue
            if length > len(data) - offset:
                return
            if vr != b"SQ":
                yield tag, vr.decode("latin-1"), data[offset : offset + length]
            offset += length
    except _NoElement:
        return


def _header(data: bytes, offset: int, *, implicit: bool, order: str) -> tuple[int, bytes, int, int]:
    """Read tag, VR and length; the last number is where the value begins."""
    try:
        group, number = struct.unpack_from(order + "HH", data, offset)
        if implicit or group == 0xFFFE:
            (length,) = struct.unpack_from(order + "I", data, offset + 4)
            return group << 16 | number, b"", length, offset + 8
        vr = data[offset + 4 : offset + 6]
        if vr in _LONG_VRS:
            (length,) = struct.unpack_from(order + "I", data, offset + 8)
            return group << 16 | number, vr, length, offset + 12
        (length,) = struct.unpack_from(order + "H", data, offset + 6)
    except struct.error:
        raise _NoElement from None
    return group << 16 | number, vr, length, offset + 8


def _after_sequence(data: bytes, offset: int, *, implicit: bool, order: str, depth: int) -> int:
    """Return where a sequence of undefined length ends."""
    if depth > _DEEPEST:
        raise _NoElement
    while True:
        tag, _, length, offset = _header(data, offset, implicit=True, order=order)
        if tag == _SEQUENCE_END:
            return offset
        if tag != _ITEM:
            raise _NoElement
        offset = (
            _after_item(data, offset, implicit=implicit, order=order, depth=depth)
            if length == _UNDEFINED
            else _passed(data, offset, length)
        )


def _after_item(data: bytes, offset: int, *, implicit: bool, order: str, depth: int) -> int:
    """Return where an item of undefined length ends."""
    while True:
        tag, vr, length, offset = _header(data, offset, implicit=implicit, order=order)
        if tag == _ITEM_END:
            return offset
        offset = (
            _after_sequence(data, offset, implicit=implicit or vr == b"UN", order=order, depth=depth + 1)
            if length == _UNDEFINED
            else _passed(data, offset, length)
        )


def _passed(data: bytes, offset: int, length: int) -> int:
    if length > len(data) - offset:
        raise _NoElement
    return offset + length
