"""Numbers and words from the elements of an item, for those who work on images."""

import math
import struct
from typing import Final

from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import Element, Item, value_bytes, vr_of
from fileroom.domain.errors import InvalidDicom

_NUMBERS: Final = {
    b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"UV": "Q", b"SV": "q", b"FL": "f", b"FD": "d", b"OW": "H",
    b"OV": "Q",
}  # fmt: skip
_MAX_TEXT: Final = 64 << 10


def decimals(item: Item, tag: int) -> tuple[float, ...]:
    """Return the numbers of an element, binary or written in digits; none where it is absent or empty.

    Raises:
        InvalidDicom: they are no numbers.
    """
    element = item.find(tag)
    if element is None or element.items is not None or not element.size:
        return ()
    vr = element.vr if element.vr != b"UN" else vr_of(tag, item)
    if vr in _NUMBERS:
        return _unpacked(element, _NUMBERS[vr], item)
    words = _text(element).split("\\")
    try:
        numbers = tuple(float(word) for word in words if word.strip(" \0"))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise InvalidDicom(f"{tag_text(tag)} is not a number")
    return numbers


def integers(item: Item, tag: int) -> tuple[int, ...]:
    """Return the whole numbers of an element, none where it is absent or empty.

    Raises:
        InvalidDicom: they are no whole numbers.
    """
    numbers = decimals(item, tag)
    try:
        whole = tuple(int(number) for number in numbers)
    except (OverflowError, ValueError):
        whole = ()
    if whole != numbers:
        raise InvalidDicom(f"{tag_text(tag)} is not a whole number")
    return whole


def integer(item: Item, tag: int) -> int | None:
    """Return the first whole number of an element, None where there is none.

    Raises:
        InvalidDicom: it is no whole number.
    """
    return next(iter(integers(item, tag)), None)


def texts(item: Item, tag: int) -> tuple[str, ...]:
    """Return the values of an element in letters of ASCII, without padding; none where it is absent or empty."""
    element = item.find(tag)
    if element is None or element.items is not None or not element.size:
        return ()
    return tuple(word.strip(" \0") for word in _text(element).split("\\"))


def text(item: Item, tag: int) -> str:
    """Return the first of the values, '' where there is none."""
    return next(iter(texts(item, tag)), "")


def items(item: Item, tag: int) -> list[Item]:
    """Return the items of a sequence, none where it is absent."""
    element = item.find(tag)
    return (element.items or []) if element is not None else []


def first_item(item: Item, tag: int) -> Item | None:
    """Return the first item of a sequence, None where there is none."""
    return next(iter(items(item, tag)), None)


def _text(element: Element) -> str:
    value = element.value
    return (value if isinstance(value, bytes) else value.read(_MAX_TEXT)).decode("ascii", "replace")


def _unpacked(element: Element, code: str, item: Item) -> tuple[float, ...]:
    content = value_bytes(element.value)
    order = "<" if item.encoding.is_little else ">"
    count = len(content) // struct.calcsize(code)
    return struct.unpack_from(f"{order}{count}{code}", content)
