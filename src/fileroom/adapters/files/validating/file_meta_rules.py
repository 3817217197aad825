"""File meta information, and what it says of the data set (PS3.10 7.1)."""

from collections.abc import Iterator
from typing import Final

from fileroom.adapters.files.structure import UNDEFINED
from fileroom.adapters.files.tree import Item, Tree
from fileroom.adapters.files.tree_writing import SOP_CLASS_UID, SOP_INSTANCE_UID, uid_in
from fileroom.adapters.files.validating.places import Place, quoted, start_of
from fileroom.adapters.files.validating.structure_rules import end_of
from fileroom.domain.transfer_syntaxes import TRANSFER_SYNTAXES, transfer_syntax
from fileroom.domain.validation import Finding, Severity

CLAUSE: Final = "PS3.10 7.1"
GROUP_LENGTH: Final = 0x00020000
VERSION: Final = 0x00020001
MEDIA_SOP_CLASS: Final = 0x00020002
MEDIA_SOP_INSTANCE: Final = 0x00020003
TRANSFER_SYNTAX: Final = 0x00020010
IMPLEMENTATION_CLASS: Final = 0x00020012
_REQUIRED: Final = (
    GROUP_LENGTH,
    VERSION,
    MEDIA_SOP_CLASS,
    MEDIA_SOP_INSTANCE,
    TRANSFER_SYNTAX,
    IMPLEMENTATION_CLASS,
)
_VERSION_1: Final = b"\0\1"


def meta_place(tree: Tree) -> Place:
    """Return the file meta information as a place, whose elements other rules hold for too."""
    item = Item(length=UNDEFINED)
    for element in tree.meta:
        item.append(element)
    return Place(item)


def file_meta_findings(tree: Tree) -> Iterator[Finding]:
    """Find what is wrong with the beginning of a file."""
    if not tree.preamble:
        yield _about_file("preamble", "no preamble of 128 bytes with the prefix DICM after it")
    if not tree.has_file_meta:
        yield _about_file("file_meta", "no file meta information")
        return
    place = meta_place(tree)
    for tag in _REQUIRED:
        element = place.item.find(tag)
        if element is None or not element.size:
            yield place.error("required", tag, "missing" if element is None else "empty", CLAUSE)
    if any(not element.written_vr for element in tree.meta):
        yield _about_file(
            "file_meta", "file meta information without VRs: it is explicit VR little endian always"
        )
    yield from _group_length(place, tree)
    yield from _version(place)
    yield from _same(place, tree, MEDIA_SOP_CLASS, SOP_CLASS_UID, "SOP Class UID")
    yield from _same(place, tree, MEDIA_SOP_INSTANCE, SOP_INSTANCE_UID, "SOP Instance UID")
    yield from _transfer_syntax(place, tree)


def _about_file(rule: str, message: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule=rule, message=message, clause=CLAUSE)


def _group_length(place: Place, tree: Tree) -> Iterator[Finding]:
    told = place.item.find(GROUP_LENGTH)
    if told is None or told.size != 4:
        return
    if told is not tree.meta[0]:
        yield place.error("order", GROUP_LENGTH, "is not the first element", CLAUSE)
        return
    start, end = end_of(told, place.item), end_of(tree.meta[-1], place.item)
    says = int.from_bytes(start_of(told), "little")
    if start is not None and end is not None and says != end - start:
        yield place.error(
            "group_length", GROUP_LENGTH, f"says {says} bytes, and there are {end - start}", CLAUSE
        )


def _version(place: Place) -> Iterator[Finding]:
    told = place.item.find(VERSION)
    if told is not None and told.size and start_of(told) != _VERSION_1:
        yield place.error("value", VERSION, f"is {start_of(told)[:8].hex(' ')}, not 00 01", CLAUSE)


def _same(place: Place, tree: Tree, meta_tag: int, tag: int, name: str) -> Iterator[Finding]:
    """Find whether a UID is the data set's; a directory of files has none there (PS3.3 F.3.2)."""
    in_meta, in_data_set = uid_in(place.item, meta_tag), uid_in(tree.root, tag)
    if in_meta and in_data_set and in_meta != in_data_set:
        told = f"{quoted(in_meta)} is not the {name} of the data set, {quoted(in_data_set)}"
        yield place.error("file_meta", meta_tag, told, CLAUSE)


def _transfer_syntax(place: Place, tree: Tree) -> Iterator[Finding]:
    says = uid_in(place.item, TRANSFER_SYNTAX)
    if not says:
        return
    if says not in TRANSFER_SYNTAXES:
        yield place.warning(
            "transfer_syntax",
            TRANSFER_SYNTAX,
            f"{quoted(says)} is no transfer syntax of the standard",
            "PS3.5 10",
        )
        return
    if TRANSFER_SYNTAXES[says].is_retired:
        yield place.note("retired", TRANSFER_SYNTAX, f"{TRANSFER_SYNTAXES[says].name} is retired", "PS3.5 10")
    if says != tree.transfer_syntax_uid:
        really = transfer_syntax(tree.transfer_syntax_uid).name
        told = f"says {transfer_syntax(says).name}, and the data set is {really}"
        yield place.error("transfer_syntax", TRANSFER_SYNTAX, told, "PS3.5 10")
