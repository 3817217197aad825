"""Writes into an object what was done to it."""

from typing import Final

from fileroom.adapters.files.structure import EXPLICIT_LITTLE
from fileroom.adapters.files.tree import Element, Item, Tree, text_value
from fileroom.adapters.files.tree_writing import new_element, put
from fileroom.domain.confidentiality.markers import MethodCode, longitudinal, method_codes, method_texts
from fileroom.domain.confidentiality.options import ProfileOptions
from fileroom.domain.confidentiality.tables import EDITION

IDENTITY_REMOVED: Final = 0x00120062
METHOD: Final = 0x00120063
METHOD_CODES: Final = 0x00120064
LONGITUDINAL: Final = 0x00280303
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104


def mark(tree: Tree, options: ProfileOptions, exceptions: tuple[str, ...]) -> set[int]:
    """Write the markers of PS3.15 E.1.1 and return the identities of their elements.

    What earlier steps said stays, and ours is added. With `exceptions`, attributes that rules kept against the
    profile, the profile is not claimed, and Patient Identity Removed is YES only if it was before.
    """
    root = tree.root
    before = _text(root, IDENTITY_REMOVED)
    identity = new_element(IDENTITY_REMOVED, b"NO" if exceptions and before != "YES" else b"YES", b"CS")
    methods = [part for part in _text(root, METHOD).split("\\") if part]
    methods += [
        text for text in method_texts(options, edition=EDITION, exceptions=exceptions) if text not in methods
    ]
    temporal = longitudinal(options.temporal, _text(root, LONGITUDINAL))
    ours = [
        identity,
        new_element(METHOD, "\\".join(methods).encode("latin-1", "replace"), b"LO"),
        new_element(LONGITUDINAL, temporal.encode("ascii"), b"CS"),
    ]
    codes = () if exceptions else method_codes(options)
    if codes:
        ours.append(_with_codes(root, codes))
    for element in ours:
        put(root, element)
    return {id(element) for element in ours}


def _with_codes(root: Item, codes: tuple[MethodCode, ...]) -> Element:
    found = root.find(METHOD_CODES)
    items = list(found.items or ()) if found is not None else []
    known = {_text(item, _CODE_VALUE) for item in items}
    for code in codes:
        if code.value not in known:
            items.append(_code_item(code))
    element = new_element(METHOD_CODES, b"", b"SQ")
    element.items = items
    return element


def _code_item(code: MethodCode) -> Item:
    item = Item(encoding=EXPLICIT_LITTLE)
    for tag, text, vr in (
        (_CODE_VALUE, code.value, b"SH"),
        (_SCHEME, "DCM", b"SH"),
        (_MEANING, code.meaning, b"LO"),
    ):
        item.append(new_element(tag, text.encode("ascii"), vr))
    return item


def _text(item: Item, tag: int) -> str:
    found = item.find(tag)
    if found is None or found.items is not None or found.fragments is not None:
        return ""
    return text_value(found, ("latin_1",), max_bytes=4096).strip(" \0")
