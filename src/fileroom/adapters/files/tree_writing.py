"""Writes trees: a data set in any uncompressed encoding (PS3.5 clause 7 and annex A), and whole files around it.

Values are copied as they are, byte order aside: nothing is tidied or lost, whatever the VR. What changes is what the
encodings demand: heads of elements, lengths of what holds them, and group lengths, which are left out. Large values
are copied in blocks and never held.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from fileroom.adapters.files.dictionary import entry_of
from fileroom.adapters.files.structure import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    LONG_VRS,
    UNDEFINED,
    Encoding,
    tag_text,
)
from fileroom.adapters.files.tree import Element, Item, Tree, Value
from fileroom.domain.errors import InvalidDicom
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from fileroom.domain.uid import clean_uid

SOP_CLASS_UID: Final = 0x00080016
SOP_INSTANCE_UID: Final = 0x00080018
_META_GROUP: Final = 0x0002
_MAX_UID_BYTES: Final = 1024
"""Of what is meant to be a UID: more than one has."""
_MAX_SHORT: Final = 0xFFFF
_MAX_LENGTH: Final = UNDEFINED - 1
# Bytes of what is swapped as one. OW is words also where pixels have 32 bits (PS3.5 8.1.1); UN has no order.
UNITS: Final = dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2) | dict.fromkeys(
    (b"UL", b"SL", b"FL", b"OF", b"OL"), 4
) | dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8)  # fmt: skip


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Return how a data set of a transfer syntax is written; encapsulated and deflated ones are explicit VR."""
    uid = clean_uid(transfer_syntax_uid)
    if uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if uid == EXPLICIT_VR_BIG_ENDIAN else EXPLICIT_LITTLE


def file_parts(tree: Tree, transfer_syntax_uid: str | None = None) -> Iterator[bytes]:
    """Yield a tree as a DICOM file, with file meta information of our own, in its transfer syntax or in another.

    Only what is the same but for its encoding can be another: pixels are not converted.

    Raises:
        InvalidDicom: it holds what that syntax cannot.
        Unreadable: a large value cannot be read any more.
    """
    syntax = clean_uid(transfer_syntax_uid or tree.transfer_syntax_uid)
    yield encode_file_meta(
        sop_class_uid=uid_in(tree.root, SOP_CLASS_UID),
        sop_instance_uid=uid_in(tree.root, SOP_INSTANCE_UID),
        transfer_syntax_uid=syntax,
    )
    parts = data_set_parts(tree.root, encoding_of(syntax))
    yield from deflated_parts(parts) if transfer_syntax(syntax).is_deflated else parts


def uid_in(item: Item, tag: int) -> str:
    """Return a UID of an item without its padding, '' where there is none."""
    element = item.find(tag)
    if element is None or element.items is not None or element.fragments is not None:
        return ""
    value = element.value if isinstance(element.value, bytes) else element.value.read(_MAX_UID_BYTES)
    return clean_uid(value.decode("ascii", "replace"))


def deflated_parts(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pack a data set as PS3.5 A.5 says: a raw deflate stream, padded to even length."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    size = 0
    for part in parts:
        packed = packer.compress(part)
        size += len(packed)
        yield packed
    packed = packer.flush()
    yield packed + bytes((size + len(packed)) % 2)


def data_set_parts(item: Item, target: Encoding) -> Iterator[bytes]:
    """Yield the elements of an item, or of a data set, in an encoding.

    Raises:
        InvalidDicom: it holds what the encoding cannot.
        Unreadable: a large value cannot be read any more.
    """
    for element in item.elements:
        if element.tag >> 16 == _META_GROUP:  # it would be read as what the file says of itself
            raise InvalidDicom(
                f"{tag_text(element.tag)} stands in the data set, and is for file meta information only"
            )
        if element.tag & 0xFFFF:
            yield from _element(element, item.encoding, target)


def _element(element: Element, source: Encoding, target: Encoding) -> Iterator[bytes]:
    vr = element.vr
    if element.fragments is not None:
        if target.is_implicit or not target.is_little:
            raise InvalidDicom(
                f"{tag_text(element.tag)} is encapsulated, which that transfer syntax does not allow"
            )
        vr = element.vr if element.vr in {b"OB", b"OW"} else b"OB"
        yield _head(element.tag, vr, UNDEFINED, target)
        for fragment in element.fragments:
            yield target.tag_length.pack(0xFFFE, 0xE000, len(fragment) + len(fragment) % 2)
            yield from _value(fragment, 1)
            if len(fragment) % 2:
                yield b"\0"
        yield target.tag_length.pack(0xFFFE, 0xE0DD, 0)
        return
    if element.items is not None:
        yield from _sequence(element, target)
        return
    size = len(element.value)
    yield _head(element.tag, vr, size + size % 2, target)
    yield from _value(element.value, UNITS.get(vr, 1) if source.is_little != target.is_little else 1)
    if size % 2:
        yield padding_of(vr)


def padding_of(vr: bytes) -> bytes:
    """Return what pads a value of odd length (PS3.5 6.2): a blank for text, NUL for UIDs and bytes."""
    return b"\0" if vr in {b"UI", b"OB", b"UN"} or vr in UNITS else b" "


def _sequence(element: Element, target: Encoding) -> Iterator[bytes]:
    inner = _inner(element, target)
    is_undefined = _is_undefined(element, target)
    yield _head(element.tag, element.vr, UNDEFINED if is_undefined else _items_size(element, inner), target)
    for item in element.items or ():
        size = UNDEFINED if item.is_undefined else _item_size(item, inner)
        yield inner.tag_length.pack(0xFFFE, 0xE000, size)
        yield from data_set_parts(item, inner)
        if item.is_undefined:
            yield inner.tag_length.pack(0xFFFE, 0xE00D, 0)
    if is_undefined:
        yield inner.tag_length.pack(0xFFFE, 0xE0DD, 0)


def _inner(element: Element, target: Encoding) -> Encoding:
    return IMPLICIT_LITTLE if element.vr == b"UN" else target  # PS3.5 6.2.2, note on UN


def _is_undefined(element: Element, target: Encoding) -> bool:
    # The delimiter of UN would be in the wrong byte order in big endian: a defined length does without.
    return element.length == UNDEFINED and (element.vr != b"UN" or target.is_little)


def _items_size(element: Element, target: Encoding) -> int:
    return sum(8 + _item_size(item, target) + (8 if item.is_undefined else 0) for item in element.items or ())


def _item_size(item: Item, target: Encoding) -> int:
    return sum(_size(element, target) for element in item.elements if element.tag & 0xFFFF)


def _size(element: Element, target: Encoding) -> int:
    if element.fragments is not None:
        return 12 + 8 + sum(8 + len(each) + len(each) % 2 for each in element.fragments)
    if element.items is not None:
        ends = 8 if _is_undefined(element, target) else 0
        return (8 if target.is_implicit else 12) + _items_size(element, _inner(element, target)) + ends
    size = len(element.value) + len(element.value) % 2
    is_short = target.is_implicit or (element.vr not in LONG_VRS and size <= _MAX_SHORT)
    return (8 if is_short else 12) + size


def _head(tag: int, vr: bytes, length: int, target: Encoding) -> bytes:
    group, number = tag >> 16, tag & 0xFFFF
    if length > _MAX_LENGTH and length != UNDEFINED:
        raise InvalidDicom(f"{tag_text(tag)} would have {length} bytes, more than a length can tell")
    if target.is_implicit:
        return target.tag_length.pack(group, number, length)
    if vr not in LONG_VRS:
        if length <= _MAX_SHORT:
            return target.tag_vr_length.pack(group, number, vr, length)
        vr = b"UN"  # PS3.5 6.2.2: where the length does not fit
    return target.tag_vr_length.pack(group, number, vr, 0) + target.long.pack(length)


def _value(value: Value, unit: int) -> Iterator[bytes]:
    parts = (value,) if isinstance(value, bytes) else value.parts()
    for part in parts:
        yield part if unit == 1 else swapped(part, unit)


def swapped(content: bytes, unit: int) -> bytes:
    """Turn the byte order of each `unit` bytes; what is left over at the end stays."""
    whole = len(content) // unit * unit
    out = bytearray(content)
    for index in range(unit // 2):
        mirror = unit - 1 - index
        out[index:whole:unit], out[mirror:whole:unit] = out[mirror:whole:unit], out[index:whole:unit]
    return bytes(out)


def new_element(tag: int, value: bytes, vr: bytes | None = None) -> Element:
    """Make an element, padded to even length; the VR is the dictionary's where none is given."""
    if vr is None:
        found = entry_of(tag)
        vr = found.vr.encode("ascii") if found is not None and len(found.vr) == 2 else b"UN"
    return Element(tag, vr, value + padding_of(vr) * (len(value) % 2), written_vr=vr)


def put(item: Item, element: Element) -> None:
    """Put an element in the place of what has its tag, or where it belongs (tags ascend, PS3.5 7.1)."""
    elements, tag = item.elements, element.tag
    at = next((index for index, other in enumerate(elements) if other.tag == tag), None)
    if at is not None:
        elements[at] = element
        return
    at = next((index for index, other in enumerate(elements) if other.tag > tag), len(elements))
    elements.insert(at, element)


def remove(item: Item, *tags: int) -> None:
    """Take elements out of an item, where they are there."""
    item.elements[:] = [element for element in item.elements if element.tag not in tags]
