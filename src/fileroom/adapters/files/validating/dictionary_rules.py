"""Elements against the data dictionary (PS3.6): VR, number of values, retired and unknown ones, private blocks."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from fileroom.adapters.files.dictionary import (
    Entry,
    creator_tag,
    entry_of,
    is_private,
    is_private_creator,
)
from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.places import Place, is_plain, quoted
from fileroom.adapters.files.validating.structure_rules import NEVER_GROUPS
from fileroom.adapters.files.value_counts import value_count
from fileroom.domain.validation import Finding

_LAST_RESERVED: Final = 0x0F
_FIRST_OF_BLOCKS: Final = 0x1000


class DictionaryRules:
    """Rules that hold elements against the dictionary; what is only noted is noted once for each tag of a file."""

    def __init__(self) -> None:
        self._noted: set[tuple[str, int]] = set()

    def findings(self, place: Place, element: Element) -> Iterator[Finding]:
        """Find what the dictionary has otherwise."""
        tag = element.tag
        creator = place.item.creator_of(tag)
        entry = entry_of(tag, creator)
        if is_private(tag):
            yield from _private(place, element)
        elif entry is None:
            if self._is_new("unknown_element", tag):
                yield place.warning("unknown_element", tag, "not in the data dictionary", "PS3.6 6")
        elif entry.is_retired and self._is_new("retired", tag):
            yield place.note("retired", tag, f"{entry.name} is retired", "PS3.6 6")
        if entry is None:
            return
        if element.written_vr and not _allows(entry, element.written_vr):
            yield from self._other_vr(place, element, entry, creator)
        elif not creator:
            yield from _multiplicity(place, element, entry)

    def _other_vr(self, place: Place, element: Element, entry: Entry, creator: str) -> Iterator[Finding]:
        """Tell of a VR that is not the dictionary's; what is known of private ones need not be right."""
        tag, written = element.tag, element.written_vr.decode("ascii", "replace")
        if written == "UN":
            if self._is_new("unknown_vr", tag):
                told = f"written as UN, though known to be {entry.vr}"
                yield place.note("unknown_vr", tag, told, "PS3.5 6.2.2")
            return
        told = f"written as {written}, and is {entry.vr}"
        if not creator:
            yield place.error("vr", tag, told, "PS3.6 6")
        elif self._is_new("private_vr", tag):
            told = f"{told} for {quoted(creator)}, as far as is known"
            yield place.note("private_vr", tag, told, "PS3.5 7.8")

    def _is_new(self, rule: str, tag: int) -> bool:
        known = (rule, tag) in self._noted
        self._noted.add((rule, tag))
        return not known


def _private(place: Place, element: Element) -> Iterator[Finding]:
    """Hold a private element against the reservation of blocks (PS3.5 7.8.1)."""
    tag, number = element.tag, element.tag & 0xFFFF
    clause = "PS3.5 7.8.1"
    if is_private_creator(tag):
        if is_plain(element) and not element.size:
            yield place.error("private_creator", tag, "reserves a block for nobody: it is empty", clause)
    elif number == 0 or tag >> 16 in NEVER_GROUPS:
        return
    elif number <= _LAST_RESERVED or number < _FIRST_OF_BLOCKS:
        yield place.error("private_creator", tag, "no private element can have this number", clause)
    elif creator_tag(tag) not in place.item.creators:
        reservation = tag_text(creator_tag(tag))
        yield place.error(
            "private_creator", tag, f"private, and nobody has reserved its block in {reservation}", clause
        )


def _allows(entry: Entry, vr: bytes) -> bool:
    return vr.decode("ascii", "replace") in entry.vr.split(" or ")


def _multiplicity(place: Place, element: Element, entry: Entry) -> Iterator[Finding]:
    """Find whether there are as many values as there may be (PS3.5 6.4); none at all is for others to judge."""
    if not is_plain(element) or not element.size:
        return
    count = value_count(element, place.codecs)
    if not vm_allows(entry.vm, count):
        values = "1 value" if count == 1 else f"{count} values"
        yield place.error("vm", element.tag, f"{values}, where there may be {entry.vm}", "PS3.5 6.4")


_RANGE = re.compile(r"([0-9]+)(?:-(?:([0-9]+)|([0-9]*)n))?\Z")


@lru_cache(256)
def vm_allows(vm: str, count: int) -> bool:
    """Tell whether a multiplicity such as `1`, `1-3`, `1-n`, `2-2n` or `1-n or 1` allows a number of values."""
    return any(_range_allows(each.strip(), count) for each in vm.split(" or "))


def _range_allows(vm: str, count: int) -> bool:
    match = _RANGE.match(vm)
    if match is None:
        return True
    least = int(match[1])
    if match[2] is not None:
        return least <= count <= int(match[2])
    if match[3] is None:
        return count == least
    return count >= least and (count - least) % int(match[3] or 1) == 0
