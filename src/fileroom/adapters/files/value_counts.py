"""How many values an element has (PS3.5 6.4), and how many bytes a binary value takes."""

from typing import Final

from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Element

UNIT_BYTES: Final = {
    b"AT": 4, b"FD": 8, b"FL": 4, b"OD": 8, b"OF": 4, b"OL": 4, b"OV": 8, b"OW": 2, b"SL": 4, b"SS": 2, b"SV": 8,
    b"UL": 4, b"US": 2, b"UV": 8,
}  # fmt: skip
"""Bytes of one value, or of one word of a stream of words."""
_TEXTS: Final = frozenset(b"AE AS CS DA DS DT IS LO PN SH TM UC UI".split())
"""Text whose values are parted by backslashes."""
_STREAMS: Final = frozenset(b"OB OD OF OL OV OW UN".split())
"""Of one value, whatever their length."""


def value_count(element: Element, codecs: tuple[str, ...] = ()) -> int:
    """Return how many values an element has: 0 where it is empty, 1 for a sequence or fragments."""
    if element.items is not None or element.fragments is not None:
        return 1
    value, vr = element.value, element.vr
    if not len(value):
        return 0
    if vr in _TEXTS:
        if not isinstance(value, bytes):
            return 1 + sum(part.count(b"\\") for part in value.parts())
        count = value.count(b"\\")
        # In some character sets a backslash is the second half of a character.
        return 1 + (count if not count or value.isascii() else decode(value, codecs).count("\\"))
    if vr in _STREAMS or vr not in UNIT_BYTES:
        return 1
    return max(len(value) // UNIT_BYTES[vr], 1)
