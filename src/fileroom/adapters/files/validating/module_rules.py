"""Attributes that the IOD of the SOP Class requires (PS3.3, PS3.5 7.4): types 1 and 2 of its mandatory modules.

Whether a condition holds (types 1C and 2C, modules of usage C) is not judged; neither is what a module that is optional
requires. Where several modules have an attribute, the strictest counts.
"""

from collections.abc import Iterator
from typing import Final

from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import Element, Item, Tree
from fileroom.adapters.files.tree_writing import SOP_CLASS_UID, uid_in
from fileroom.adapters.files.validating.file_meta_rules import MEDIA_SOP_CLASS, meta_place
from fileroom.adapters.files.validating.module_tables import Iod, definition, iod_of
from fileroom.adapters.files.validating.pixel_rules import missing_pixel_findings
from fileroom.adapters.files.validating.places import Place, is_plain, place_of, quoted
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.validation import Finding

_CLAUSES: Final = {1: "PS3.5 7.4.1", 2: "PS3.5 7.4.3"}
_MAX_BLANK: Final = 64
_BINARY: Final = frozenset(b"OB OD OF OL OV OW UN US SS UL SL UV SV FL FD AT".split())
_IMAGE_PIXEL: Final = "Image Pixel"


def sop_class_of(tree: Tree) -> str:
    """Return the SOP Class UID of the data set, or else of the file meta information; '' where there is none."""
    return uid_in(tree.root, SOP_CLASS_UID) or uid_in(meta_place(tree).item, MEDIA_SOP_CLASS)


def module_findings(tree: Tree) -> Iterator[Finding]:
    """Find required attributes that are missing or empty, in the order of the data set's levels."""
    uid = sop_class_of(tree)
    root = place_of(tree.root)
    if not uid:
        yield root.error(
            "required", SOP_CLASS_UID, "missing: nothing tells what object this is", "PS3.3 C.12.1"
        )
        return
    iod = iod_of(uid)
    if iod is None:
        told = f"{quoted(sop_class_name(uid))}: its modules are not known here, required attributes are not looked at"
        yield root.note("sop_class", SOP_CLASS_UID, told, "PS3.4 B.5")
        return
    yield from _Search(root, iod).findings()
    if any(module.name == _IMAGE_PIXEL for module in iod.modules):
        yield from missing_pixel_findings(root)


class _Search:
    """Goes through the modules of an IOD; what several of them require is told once, the strictest way."""

    def __init__(self, root: Place, iod: Iod) -> None:
        self._root = root
        self._iod = iod
        self._elements: dict[int, dict[int, Element]] = {}
        self._types: dict[str, int] = {}
        self._found: dict[str, Finding] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what is missing or empty."""
        for module in self._iod.modules:
            self._look(self._root, module.definition, module.name)
        yield from self._found.values()

    def _look(self, place: Place, number: int, module: str) -> None:
        elements = self._in(place.item)
        for tag, kind, items in definition(number):
            element = elements.get(tag)
            if kind:
                self._require(place, tag, kind, element, module)
            if items and element is not None and element.items:
                for inner in place.within(element):
                    self._look(inner, items, module)

    def _require(self, place: Place, tag: int, kind: int, element: Element | None, module: str) -> None:
        if element is None:
            what = "missing"
        elif kind == 1 and is_empty(element):
            what = "empty"
        else:
            return
        path = f"{place.prefix}{tag_text(tag)}"
        if self._types.get(path, 3) <= kind:
            return
        self._types[path] = kind
        told = f"{what}, of type {kind} in the {module} Module of the {self._iod.name} IOD"
        self._found[path] = place.error("required", tag, told, _CLAUSES[kind])

    def _in(self, item: Item) -> dict[int, Element]:
        """Return the elements of an item by tag, the first of each; items are looked at again for other modules."""
        found = self._elements.get(id(item))
        if found is None:
            found = self._elements[id(item)] = {element.tag: element for element in reversed(item.elements)}
        return found


def is_empty(element: Element) -> bool:
    """Tell whether an element has no value: no items, no bytes, or in text nothing but padding."""
    if element.items is not None:
        return not element.items
    if not is_plain(element):
        return not element.fragments
    value = element.value
    if not isinstance(value, bytes) or len(value) > _MAX_BLANK or element.vr in _BINARY:
        return not element.size
    return not value.strip(b" \0")
