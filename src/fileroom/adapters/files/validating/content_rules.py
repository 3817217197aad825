"""SR content items: what each needs by its Value Type (PS3.3 C.17.3.2)."""

from collections.abc import Iterator
from typing import Final

from fileroom.adapters.files.tree import Tree
from fileroom.adapters.files.validating.attributes import word_of
from fileroom.adapters.files.validating.module_rules import is_empty
from fileroom.adapters.files.validating.places import Place, place_of, quoted
from fileroom.domain.validation import Finding

CLAUSE: Final = "PS3.3 C.17.3.2"
VALUE_TYPE: Final = 0x0040A040
CONTENT_SEQUENCE: Final = 0x0040A730
_REFERENCED_ITEM: Final = 0x0040DB73
_REFERENCED_SOP: Final = 0x00081199
_GRAPHIC_DATA, _GRAPHIC_TYPE, _FRAME_OF_REFERENCE = 0x00700022, 0x00700023, 0x30060024
_MEASURED_VALUE: Final = 0x0040A300
_NEEDS: Final = {
    "TEXT": (0x0040A160,),
    "NUM": (_MEASURED_VALUE,),
    "CODE": (0x0040A168,),
    "DATETIME": (0x0040A120,),
    "DATE": (0x0040A121,),
    "TIME": (0x0040A122,),
    "UIDREF": (0x0040A124,),
    "PNAME": (0x0040A123,),
    "COMPOSITE": (_REFERENCED_SOP,),
    "IMAGE": (_REFERENCED_SOP,),
    "WAVEFORM": (_REFERENCED_SOP,),
    "SCOORD": (_GRAPHIC_DATA, _GRAPHIC_TYPE),
    "SCOORD3D": (_GRAPHIC_DATA, _GRAPHIC_TYPE, _FRAME_OF_REFERENCE),
    "TCOORD": (0x0040A130,),
    "CONTAINER": (0x0040A050,),
    "TABLE": (0x0040A801,),
}
_OF_TYPE_2: Final = frozenset({_MEASURED_VALUE})


def content_findings(tree: Tree) -> Iterator[Finding]:
    """Find content items without what their Value Type needs; other objects than SR have none."""
    if word_of(tree.root, VALUE_TYPE) == "CONTAINER":
        yield from _item(place_of(tree.root))


def _item(place: Place) -> Iterator[Finding]:
    kind = word_of(place.item, VALUE_TYPE)
    if kind in _NEEDS:
        for tag in _NEEDS[kind]:
            element = place.item.find(tag)
            if element is None:
                yield place.error(
                    "required", tag, f"missing, which an item of Value Type {kind} needs", CLAUSE
                )
            elif tag not in _OF_TYPE_2 and is_empty(element):
                yield place.error("required", tag, f"empty, which an item of Value Type {kind} needs", CLAUSE)
    elif kind:
        yield place.error("value", VALUE_TYPE, f"{quoted(kind)} is no Value Type", CLAUSE)
    elif place.item.find(_REFERENCED_ITEM) is None:
        yield place.error(
            "required", VALUE_TYPE, "a content item with neither a Value Type nor a reference", CLAUSE
        )
    content = place.item.find(CONTENT_SEQUENCE)
    if content is not None:
        for inner in place.within(content):
            yield from _item(inner)
