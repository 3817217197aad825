"""Frames as fragments of encapsulated Pixel Data (PS3.5 A.4), with the table that says where each begins.

Every frame is one fragment. The offsets stand in the Basic Offset Table; where 32 bits do not hold them, in the
Extended Offset Table (PS3.3 C.7.6.3.1.8), and the basic one is empty.
"""

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from fileroom.adapters.files.structure import PIXEL_DATA, UNDEFINED
from fileroom.adapters.files.tree import Element, Item, Value
from fileroom.adapters.files.tree_writing import put, remove
from fileroom.domain.errors import InvalidDicom

EXTENDED_OFFSETS: Final = 0x7FE00001
EXTENDED_LENGTHS: Final = 0x7FE00002
_MOST_FRAGMENT: Final = UNDEFINED - 1


def encapsulate(item: Item, frames: Sequence[Value]) -> None:
    """Make frames the Pixel Data of an item.

    Raises:
        InvalidDicom: a frame is longer than a fragment can be.
    """
    if any(len(frame) > _MOST_FRAGMENT for frame in frames):
        raise InvalidDicom(f"a packed frame of more than {_MOST_FRAGMENT} bytes is too long for a fragment")
    offsets = list(accumulate((8 + len(each) + len(each) % 2 for each in frames), initial=0))[:-1]
    remove(item, EXTENDED_OFFSETS, EXTENDED_LENGTHS)
    table = b""
    if offsets[-1] < UNDEFINED:
        table = struct.pack(f"<{len(offsets)}I", *offsets)
    else:
        order = "<" if item.encoding.is_little else ">"
        for tag, numbers in (
            (EXTENDED_OFFSETS, offsets),
            (EXTENDED_LENGTHS, [len(frame) for frame in frames]),
        ):
            put(item, Element(tag, b"OV", struct.pack(f"{order}{len(numbers)}Q", *numbers), written_vr=b"OV"))
    pixels = Element(PIXEL_DATA, b"OB", written_vr=b"OB", length=UNDEFINED)
    pixels.fragments = [table, *frames]
    put(item, pixels)
