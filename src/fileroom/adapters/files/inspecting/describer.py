"""Describes files from the tree of their elements; needs no library."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fileroom.adapters.files.dictionary import is_private, is_private_creator
from fileroom.adapters.files.structure import PIXEL_DATA
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets, open_tree
from fileroom.adapters.files.values import text_of
from fileroom.application.ports.file_describer import FileDescriber
from fileroom.domain.file_facts import FACTS, FactValue, FileDescription, Kind
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer_syntaxes import transfer_syntax

_SOP_CLASS_UID: Final = 0x00080016
_MEDIA_STORAGE_SOP_CLASS_UID: Final = 0x00020002
_ROWS: Final = 0x00280010
_NUMBER_OF_FRAMES: Final = 0x00280008
_PIXEL_REPRESENTATION: Final = 0x00280103
_FLOAT_PIXELS: Final = (0x7FE00008, 0x7FE00009)
_PIXELS: Final = frozenset({PIXEL_DATA, *_FLOAT_PIXELS})
_MAX_CREATORS: Final = 100


class TreeFileDescriber(FileDescriber):
    """Reads headers and structure, whatever the size of the file."""

    def describe(self, path: Path) -> FileDescription:
        """Go through the table of facts."""
        with open_tree(path) as tree:
            return FileDescription(values=dict(_facts_of(tree)))


def _facts_of(tree: Tree) -> Iterator[tuple[str, FactValue]]:
    yield from _file_facts(tree)
    yield from _structure_facts(tree)
    yield from _image_facts(tree)
    codecs = character_sets(tree.root)
    meta = Item(elements=tree.meta)
    for fact in FACTS:
        if fact.tag is not None:
            item = meta if fact.tag < 0x00080000 else tree.root
            value = _told(_text(item, fact.tag, codecs), fact.kind)
            if value is not None:
                yield fact.key, value


def _file_facts(tree: Tree) -> Iterator[tuple[str, FactValue]]:
    yield "size_bytes", tree.file_size
    yield "transfer_syntax_uid", tree.transfer_syntax_uid
    yield "transfer_syntax", transfer_syntax(tree.transfer_syntax_uid).name
    yield "has_file_meta", tree.has_file_meta
    yield "has_preamble", bool(tree.preamble)
    yield "data_set_offset", tree.data_offset
    uid = _text(tree.root, _SOP_CLASS_UID, ()) or _text(
        Item(elements=tree.meta), _MEDIA_STORAGE_SOP_CLASS_UID, ()
    )
    if uid:
        yield "sop_class", sop_class_name(uid)


def _structure_facts(tree: Tree) -> Iterator[tuple[str, FactValue]]:
    elements = sequences = private = deepest = 0
    creators: dict[str, None] = {}
    for item, element, depth in tree.walk():
        elements += 1
        sequences += element.items is not None
        deepest = max(deepest, depth)
        if is_private(element.tag):
            private += 1
            if is_private_creator(element.tag) and len(creators) < _MAX_CREATORS:
                creators[item.creators.get(element.tag, "")] = None
    yield "elements", elements
    yield "sequences", sequences
    yield "max_depth", deepest
    yield "private_elements", private
    if named := tuple(name for name in creators if name):
        yield "private_creators", named


def _image_facts(tree: Tree) -> Iterator[tuple[str, FactValue]]:
    root = tree.root
    frames = _told(_text(root, _NUMBER_OF_FRAMES, ()), Kind.INTEGER)
    if frames is not None or root.find(_ROWS) is not None:
        yield "frames", frames if frames is not None else 1
    if signed := _text(root, _PIXEL_REPRESENTATION, ()):
        yield "pixel_representation", "signed" if signed == "1" else "unsigned"
    pixels = next((element for element in root.elements if element.tag in _PIXELS), None)
    if pixels is None:
        return
    yield "pixel_data_bytes", pixels.size
    if pixels.tag in _FLOAT_PIXELS:
        yield "pixel_representation", "floating point"
    if pixels.fragments is not None:
        yield "fragments", max(len(pixels.fragments) - 1, 0)


def _text(item: Item, tag: int, codecs: tuple[str, ...]) -> str:
    """Return the value of an element as a string, '' where it has none."""
    element = item.find(tag)
    if element is None or element.items is not None or element.fragments is not None:
        return ""
    value, vr = _start_of(element), element.vr
    return text_of(value, vr, vr, codecs, is_little=item.encoding.is_little)


def _start_of(element: Element) -> bytes:
    return element.value if isinstance(element.value, bytes) else element.value.read(8192)


def _told(text: str, kind: Kind) -> FactValue | None:
    """Return a value in the type of its kind; text where it is not what it should be, None where there is none."""
    if not text:
        return None
    if kind is Kind.TEXT:
        return text
    values = text.split("\\")
    if kind is Kind.TEXTS:
        return tuple(values)
    try:
        if kind is Kind.INTEGER:
            return int(values[0])
        numbers = tuple(float(value) for value in values)
    except ValueError:
        return text
    if not all(map(math.isfinite, numbers)):
        return text
    return numbers if kind is Kind.NUMBERS else numbers[0]
