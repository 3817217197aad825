"""Values of elements as text and back, and what an element really is."""

import io
import struct
from typing import Final

from fileroom.adapters.files.structure import IMPLICIT_LITTLE, ITEM_LITTLE, UNDEFINED
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Element, Item, Stored, read_tree, value_bytes, vr_of
from fileroom.adapters.files.tree_writing import padding_of
from fileroom.domain.errors import FileroomError, InvalidInput

TEXT_VRS: Final = frozenset({b"LO", b"LT", b"SH", b"ST", b"UC", b"UT"})
"""Free text in the character sets of the object."""
MAX_TEXT_BYTES: Final = 16 << 20
"""Longer text is not looked through: it is replaced."""
_MAX_HIDDEN_BYTES: Final = 64 << 20
_NUMBERS: Final = {
    b"FD": "d", b"FL": "f", b"SL": "i", b"SS": "h", b"SV": "q", b"UL": "I", b"US": "H", b"UV": "Q",
}  # fmt: skip


def true_vr(element: Element, item: Item) -> bytes:
    """Return the VR of an element; of one that was written as UN what the dictionary says."""
    return element.vr if element.vr != b"UN" else vr_of(element.tag, item)


def text_bytes(element: Element) -> bytes | None:
    """Return the bytes of a text; None where it is too long, or none at all."""
    if element.items is not None or element.fragments is not None or len(element.value) > MAX_TEXT_BYTES:
        return None
    return value_bytes(element.value)


def set_bytes(element: Element, value: bytes, vr: bytes) -> None:
    """Give an element a value, padded to even length; what was within it goes."""
    element.items = element.fragments = None
    if element.vr == b"UN":
        element.vr = element.written_vr = vr
    element.value = value + padding_of(vr) * (len(value) % 2)
    element.length = len(element.value)


def encoded(text: str, before: bytes, codecs: tuple[str, ...]) -> bytes | None:
    """Encode a text in the character set of the value that it replaces; None where that cannot be vouched for."""
    if text.isascii():
        return text.encode("ascii")
    if b"\x1b" in before:
        return None
    if not codecs or codecs == ("ascii",):
        codec = "utf_8" if decode(before, codecs) == before.decode("utf_8", "replace") else "latin_1"
    elif codecs[0] in {"", "ascii", "iso2022_jp", "iso2022_jp_2"}:
        return None
    else:
        codec = codecs[0]
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def value_of_rule(text: str, vr: bytes, codecs: tuple[str, ...], *, is_little: bool) -> bytes:
    """Encode what a rule gives for an attribute.

    Raises:
        InvalidInput: the VR cannot hold it.
    """
    try:
        if vr in _NUMBERS:
            numbers = [float(part) if vr in {b"FD", b"FL"} else int(part) for part in text.split("\\")]
            return struct.pack(f"{'<' if is_little else '>'}{len(numbers)}{_NUMBERS[vr]}", *numbers)
        if vr[:1] == b"O" or vr in {b"AT", b"SQ", b"UN"}:
            raise ValueError
        value = encoded(text, b"", codecs) if vr in TEXT_VRS or vr == b"PN" else text.encode("ascii")
        if value is None:
            raise ValueError
    except (ValueError, struct.error):
        raise InvalidInput(
            f"{text!r} cannot be written as {vr.decode('ascii', 'replace')}",
            hint="a rule can give text in the object's character set, or decimal numbers",
        ) from None
    return value


def open_hidden_items(element: Element, item: Item) -> bool:
    """Read the items of a sequence that was written as bytes of VR UN (PS3.5 6.2.2); False where they are damaged.

    What does not begin with an item is left alone.
    """
    vr = true_vr(element, item)
    if element.items is not None or element.fragments is not None or vr not in {b"SQ", b"UN"}:
        return True
    value = element.value
    if len(value) < 8 or (value.read(4) if isinstance(value, Stored) else value[:4]) != ITEM_LITTLE:
        return True
    if len(value) > _MAX_HIDDEN_BYTES:
        return False
    content = value_bytes(value)
    head = IMPLICIT_LITTLE.tag_length.pack(0x0008, 0x1140, len(content))
    try:
        root = read_tree(io.BytesIO(head + content)).root
    except FileroomError:
        return False
    if len(root.elements) != 1 or root.elements[0].items is None:
        return False
    element.items, element.value, element.length = root.elements[0].items, b"", UNDEFINED
    element.vr = element.written_vr = vr  # elements whose VR is known are written as they should have been
    return True
