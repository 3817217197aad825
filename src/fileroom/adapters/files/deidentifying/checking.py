"""Looks for what identifies somebody in all that an object still says, after the profile was applied."""

from typing import Final

from fileroom.adapters.files.deidentifying.bitstreams import said_in_pixels
from fileroom.adapters.files.deidentifying.collecting import Collector
from fileroom.adapters.files.deidentifying.values import (
    TEXT_VRS,
    encoded,
    set_bytes,
    text_bytes,
    true_vr,
)
from fileroom.adapters.files.dictionary import is_private_creator, keyword_of
from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets
from fileroom.application.ports.deidentifier import Finding, Residue
from fileroom.domain.confidentiality.pseudonyms import uid_pseudonym

_CODED: Final = frozenset({b"AE", b"AS", b"CS", b"UR"})
_BYTES: Final = frozenset({b"OB", b"UN"})
_MAX_BYTES: Final = 64 << 10
_PRODUCTS: Final = frozenset({0x00080070, 0x00081090})
"""Manufacturer and Manufacturer's Model Name: a station or an institution may be called the same."""
_BULK_GROUPS: Final = range(0x5400, 0x8000)
"""Waveforms, overlays, pixels: samples, not text."""


class Checker:
    """Goes over an object once, and cuts out of free text what it finds."""

    def __init__(self, key: bytes, collected: Collector, ours: set[int], kept_by_rule: set[int]) -> None:
        self.residues: list[Residue] = []
        self._key = key
        self._identifiers = collected.identifiers
        self._people = collected.people
        self._ours = ours
        self._kept_by_rule = kept_by_rule

    def check(self, tree: Tree) -> None:
        """Look through an object."""
        self._item(tree.root, (), "")

    def _item(self, item: Item, inherited: tuple[str, ...], path: str) -> None:
        codecs = character_sets(item, inherited)
        for element in item.elements:
            if element.items is not None:
                for number, inner in enumerate(element.items, start=1):
                    self._item(inner, codecs, f"{path}{_name(element)}[{number}].")
            elif id(element) not in self._ours and element.size:
                finding = self._element(element, item, codecs)
                if finding is not None:
                    self.residues.append(Residue(path=path + _name(element), finding=finding))

    def _element(self, element: Element, item: Item, codecs: tuple[str, ...]) -> Finding | None:
        if element.fragments is not None:
            return self._bytes(said_in_pixels(element))
        vr = true_vr(element, item)
        if vr == b"UI":
            return self._uid(element)
        if vr in TEXT_VRS or vr == b"PN":
            return self._text(element, vr, codecs)
        if element.tag >> 16 in _BULK_GROUPS:
            return None
        if vr in _CODED or (vr in _BYTES and len(element.value) <= _MAX_BYTES):
            return self._bytes(text_bytes(element) or b"")
        return None

    def _bytes(self, value: bytes) -> Finding | None:
        return Finding.LEFT if value and self._identifiers.bytes_found_in(value) else None

    def _uid(self, element: Element) -> Finding | None:
        value = (text_bytes(element) or b"").decode("ascii", "replace").split("\\")
        uids = [part.strip("\0 ") for part in value]
        if not any(map(self._identifiers.has_uid, uids)):
            return None
        if id(element) in self._kept_by_rule:
            return Finding.LEFT
        new = [uid_pseudonym(self._key, uid) if self._identifiers.has_uid(uid) else uid for uid in uids]
        set_bytes(element, "\\".join(new).encode("ascii", "replace"), b"UI")
        return Finding.REPLACED

    def _text(self, element: Element, vr: bytes, codecs: tuple[str, ...]) -> Finding | None:
        before = text_bytes(element)
        if before is None:  # larger than anybody looks through
            set_bytes(element, b"", vr)
            return Finding.REPLACED
        text = decode(before, codecs)
        if not self._identifiers.found_in(text):
            return None
        if id(element) in self._kept_by_rule or is_private_creator(element.tag):
            return Finding.LEFT
        identifiers = self._identifiers
        if element.tag in _PRODUCTS:
            identifiers = self._people
            if not identifiers.found_in(text):
                return Finding.LEFT
        cut = identifiers.cut_from(text)
        if identifiers.found_in(cut):
            cut = ""  # what was around it made another
        after = encoded(cut, before, codecs)
        set_bytes(element, after or b"", vr)
        return Finding.CUT if after else Finding.REPLACED


def _name(element: Element) -> str:
    return keyword_of(element.tag) or tag_text(element.tag)
