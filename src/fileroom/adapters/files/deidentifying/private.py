"""Which private attributes are safe: by table E.3.10-1 of PS3.15, and by what the object says itself."""

import struct
from typing import Final

from fileroom.adapters.files.dictionary import creator_tag
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets, text_value, value_bytes
from fileroom.domain.confidentiality.options import Action
from fileroom.domain.confidentiality.tables import is_safe_private
from fileroom.domain.confidentiality.unlisted import PRIVATE_CHARACTERISTICS

_GROUP: Final = 0x00080301
_CREATOR: Final = 0x00080302
_STATUS: Final = 0x00080303
_SAFE_ELEMENTS: Final = 0x00080304
_ACTIONS: Final = 0x00080305
_IDENTIFYING_ELEMENTS: Final = 0x00080306
_ACTION: Final = 0x00080307
_ACTION_CODES: Final = {
    "D": Action.DUMMY, "Z": Action.EMPTY, "X": Action.REMOVE, "K": Action.KEEP, "C": Action.CLEAN_TEXT, "U": Action.UID,
}  # fmt: skip
_WHOLE_BLOCK: Final = frozenset(range(0x100))

Block = tuple[str, int]
"""Private creator and group."""


class SafePrivate:
    """Tells what is done with private attributes when safe ones are retained (PS3.15 E.3.10)."""

    def __init__(self, tree: Tree) -> None:
        """Read the Private Data Element Characteristics Sequence (PS3.3 C.12.1.1.7) of an object, if it has one."""
        self._safe: dict[Block, frozenset[int]] = {}
        self._actions: dict[tuple[Block, int], Action] = {}
        found = tree.root.find(PRIVATE_CHARACTERISTICS)
        codecs = character_sets(tree.root)
        for item in (found.items or ()) if found else ():
            self._block(item, codecs)

    def _block(self, item: Item, codecs: tuple[str, ...]) -> None:
        groups = _numbers(item, _GROUP)
        creator, status = _text(item, _CREATOR, codecs), _text(item, _STATUS, codecs)
        if not groups or not creator:
            return
        block = (creator, groups[0])
        if status == "SAFE":
            self._safe[block] = _WHOLE_BLOCK
        elif status == "MIXED":
            self._safe[block] = frozenset(number & 0xFF for number in _numbers(item, _SAFE_ELEMENTS))
        actions = item.find(_ACTIONS)
        for each in (actions.items or ()) if actions else ():
            action = _ACTION_CODES.get(_text(each, _ACTION, codecs))
            for number in _numbers(each, _IDENTIFYING_ELEMENTS):
                if action is not None:
                    self._actions[block, number & 0xFF] = action

    def action_for(self, item: Item, tag: int) -> Action:
        """Return KEEP for what is safe; for others what the object asks for, REMOVE where it does not."""
        creator = item.creator_of(tag)
        block = (creator, tag >> 16)
        action = self._actions.get((block, tag & 0xFF))
        if action is not None:
            return action
        if creator and (is_safe_private(creator, tag) or tag & 0xFF in self._safe.get(block, ())):
            return Action.KEEP
        return Action.REMOVE


def without_empty_blocks(elements: list[Element], creators: list[Element]) -> list[Element]:
    """Put back the private creators of blocks of which something is left, where they belong."""
    used = {creator_tag(element.tag) for element in elements if element.tag >> 16 & 1}
    kept = {creator.tag: creator for creator in creators if creator.tag in used}
    if not kept:
        return elements
    return sorted([*elements, *kept.values()], key=lambda element: element.tag)


def _text(item: Item, tag: int, codecs: tuple[str, ...]) -> str:
    found = item.find(tag)
    return text_value(found, codecs, max_bytes=256).strip(" \0") if found and found.items is None else ""


def _numbers(item: Item, tag: int) -> tuple[int, ...]:
    found = item.find(tag)
    if found is None or found.items is not None or found.fragments is not None:
        return ()
    value = value_bytes(found.value)
    order = "<" if item.encoding.is_little else ">"
    return struct.unpack_from(f"{order}{len(value) // 2}H", value)
