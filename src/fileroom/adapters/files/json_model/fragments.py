"""Encapsulated pixels that stand in one value: the items that hold their fragments (PS3.5 A.4), one after the other."""

from typing import Final

from fileroom.adapters.files.structure import ITEM_LITTLE, MAX_ELEMENTS
from fileroom.adapters.files.tree import Value

_END: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"
"""Sequence Delimitation Item, which some writers leave there."""
_BLOCK: Final = 4096


def fragments_of(value: Value) -> list[Value] | None:
    """Return the fragments of a value; None where it is not made of items from the first byte to the last."""
    fragments: list[Value] = []
    position, size = 0, len(value)
    block, base = b"", 0
    while position < size:
        if position + 8 > base + len(block):
            block, base = _piece(value, position, _BLOCK), position
        head = block[position - base : position - base + 8]
        if head == _END and position + 8 == size:
            break
        position += 8
        length = int.from_bytes(head[4:], "little")
        if head[:4] != ITEM_LITTLE or position + length > size or len(fragments) >= MAX_ELEMENTS:
            return None
        if isinstance(value, bytes):
            fragments.append(value[position : position + length])
        else:
            fragments.append(value.within(position, length))
        position += length
    return fragments or None


def _piece(value: Value, start: int, count: int) -> bytes:
    return value[start : start + count] if isinstance(value, bytes) else value.read(count, start)
