"""Values of a data set that rules reckon with: numbers and words, where they can be read as such."""

import re
import struct
from typing import Final

from fileroom.adapters.files.structure import Encoding
from fileroom.adapters.files.tree import Element, Item
from fileroom.adapters.files.validating.places import is_plain

_FORMATS: Final = {
    b"US": "H",
    b"SS": "h",
    b"UL": "I",
    b"SL": "i",
    b"OW": "H",
    b"UV": "Q",
    b"SV": "q",
    b"OV": "Q",
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,12}\Z")
_TEXTS: Final = frozenset(b"CS IS UI LO SH".split())


def numbers_in(element: Element | None, encoding: Encoding, *, limit: int = 3) -> tuple[int, ...]:
    """Return the first numbers of an element, () where it holds none."""
    if element is None or not is_plain(element) or not element.size:
        return ()
    if element.vr == b"IS":
        values = [value.strip(" ") for value in _text(element).split("\\")[:limit]]
        return tuple(map(int, values)) if all(map(_INTEGER.match, values)) else ()
    code = _FORMATS.get(element.vr)
    if code is None:
        return ()
    size = struct.calcsize(code)
    count = min(element.size // size, limit)
    content = element.value if isinstance(element.value, bytes) else element.value.read(count * size)
    return struct.unpack_from(f"{'<' if encoding.is_little else '>'}{count}{code}", content)


def number_of(item: Item, tag: int) -> int | None:
    """Return the number that an attribute holds, None where it holds none."""
    found = numbers_in(item.find(tag), item.encoding, limit=1)
    return found[0] if found else None


def word_of(item: Item, tag: int) -> str:
    """Return a string of the default repertoire, without padding, '' where there is none."""
    element = item.find(tag)
    return _text(element) if element is not None and is_plain(element) and element.vr in _TEXTS else ""


def _text(element: Element) -> str:
    content = element.value if isinstance(element.value, bytes) else b""
    return content.decode("ascii", "replace").strip(" \0")
