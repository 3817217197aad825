"""How a data set is put together (PS3.5 clause 7): order, lengths, groups, and where it breaks off."""

from collections.abc import Iterator
from typing import Final

from fileroom.adapters.files.structure import LONG_VRS, SHORT_VRS, UNDEFINED, tag_text
from fileroom.adapters.files.tree import Element, Item, Tree
from fileroom.adapters.files.validating.places import Place, is_plain
from fileroom.domain.validation import Finding, Severity

_DIRECTORY_GROUP: Final = 0x0004
_COMMAND_AND_FILE_GROUPS: Final = (0x0000, 0x0002, 0x0006)
NEVER_GROUPS: Final = (0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF)


def structure_findings(place: Place, *, is_directory: bool) -> Iterator[Finding]:
    """Find what is wrong with the elements of a data set or an item, whatever is in them."""
    yield from order_findings(place)
    for element in place.item.elements:
        yield from _head(place, element)
        yield from _items(place, element)
        yield from _group(place, element, is_directory=is_directory)
    yield from _group_lengths(place)


def order_findings(place: Place) -> Iterator[Finding]:
    """Find elements that are out of order, twice there, or of odd length."""
    previous = -1
    for element in place.item.elements:
        tag = element.tag
        if tag == previous:
            yield place.error("duplicate", tag, "here twice", "PS3.5 7.1")
        elif tag < previous:
            yield place.error(
                "order", tag, f"comes after {tag_text(previous)}: tags must ascend", "PS3.5 7.1"
            )
        previous = tag
        if element.length != UNDEFINED and element.length % 2:
            yield place.error("odd_length", tag, f"has an odd length, {element.length} bytes", "PS3.5 7.1.1")


def _head(place: Place, element: Element) -> Iterator[Finding]:
    tag, written = element.tag, element.written_vr
    if not written and not place.item.encoding.is_implicit:
        yield place.error("no_vr", tag, "written without a VR among others that have one", "PS3.5 7.1.2")
    elif written and written not in SHORT_VRS and written not in LONG_VRS:
        yield place.error("no_vr", tag, f"there is no VR {written.decode('ascii', 'replace')}", "PS3.5 6.2")


def _items(place: Place, element: Element) -> Iterator[Finding]:
    """Find items that are written in another way than what they are in."""
    for number, item in enumerate(element.items or (), start=1):
        path = f"{place.prefix}{tag_text(element.tag)}[{number}]"
        if item.length != UNDEFINED and item.length % 2:
            yield _about_item(path, "odd_length", f"an item of odd length, {item.length} bytes", "PS3.5 7.5")
        if item.encoding.is_implicit and not place.item.encoding.is_implicit and element.vr != b"UN":
            yield _about_item(path, "no_vr", "an item without VRs in a data set with them", "PS3.5 7.5")


def _about_item(path: str, rule: str, message: str, clause: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule=rule, path=path, message=message, clause=clause)


def _group(place: Place, element: Element, *, is_directory: bool) -> Iterator[Finding]:
    group = element.tag >> 16
    if group in NEVER_GROUPS:
        yield place.error("group", element.tag, f"no element can have group {group:04X}", "PS3.5 7.8")
    elif group in _COMMAND_AND_FILE_GROUPS or (group == _DIRECTORY_GROUP and not is_directory):
        yield place.error("group", element.tag, f"group {group:04X} has no place in a data set", "PS3.5 7.1")


def _group_lengths(place: Place) -> Iterator[Finding]:
    """Find group lengths (retired, PS3.5 7.2) that are not true."""
    told: Element | None = None
    for element in place.item.elements:
        if told is not None and element.tag >> 16 != told.tag >> 16:
            yield from _group_length(place, told, element.offset)
            told = None
        if not element.tag & 0xFFFF and is_plain(element) and element.size == 4:
            told = element
    if told is not None:
        yield from _group_length(place, told, end_of(place.item.elements[-1], place.item))


def _group_length(place: Place, told: Element, end: int | None) -> Iterator[Finding]:
    start = end_of(told, place.item)
    if start is None or end is None or not isinstance(told.value, bytes):
        return
    says = int.from_bytes(told.value, "little" if place.item.encoding.is_little else "big")
    if says != end - start:
        yield place.error(
            "group_length", told.tag, f"says {says} bytes, and there are {end - start}", "PS3.5 7.2"
        )


def end_of(element: Element, item: Item) -> int | None:
    """Return where an element of defined length ends, counted like its offset; None where that is not told."""
    if element.length == UNDEFINED:
        return None
    return element.offset + head_bytes(element, item) + element.length


def head_bytes(element: Element, item: Item) -> int:
    """Return the bytes of tag, VR and length (PS3.5 7.1)."""
    return 12 if element.written_vr in LONG_VRS and not item.encoding.is_implicit else 8


def damage_findings(tree: Tree) -> Iterator[Finding]:
    """Find where a damaged data set breaks off: after the last element that was whole."""
    if tree.damage is None:
        return
    path, item = "", tree.root
    while item.elements:
        last = item.elements[-1]
        path += tag_text(last.tag)
        if not last.items:
            break
        path += f"[{len(last.items)}]."
        item = last.items[-1]
    yield Finding(
        severity=Severity.ERROR,
        rule="damaged",
        path=path.removesuffix("."),
        message=f"nothing can be read after this: {tree.damage.message}" if path else tree.damage.message,
        clause="PS3.5 7",
    )
