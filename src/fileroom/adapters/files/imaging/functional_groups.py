"""Where an object says something for one frame: functional groups of multi-frame objects (PS3.3 C.7.6.16)."""

from typing import Final

from fileroom.adapters.files.pixels.attributes import first_item, items
from fileroom.adapters.files.tree import Item

SHARED: Final = 0x52009229
PER_FRAME: Final = 0x52009230


def frame_item(root: Item, index: int, macro: int) -> Item | None:
    """Return the item of a macro for a frame (they count from 0): its own, or the one that all frames share."""
    own = items(root, PER_FRAME)
    if index < len(own) and (found := first_item(own[index], macro)) is not None:
        return found
    shared = first_item(root, SHARED)
    return first_item(shared, macro) if shared is not None else None
