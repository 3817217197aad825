"""The data dictionary of PS3.6 and of known private elements, as pydicom carries them, without loading pydicom.

pydicom's tables are modules that hold nothing else; the package around them imports NumPy and takes three times as
long to start as a command that only looks at a file.
"""

import sys
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

_CREATORS: Final = range(0x10, 0x100)
_REMEMBERED: Final = 8192


class Entry(NamedTuple):
    """What the dictionary says of an element."""

    vr: str
    """Value representation; where there are several, such as `US or SS`, in these words."""
    vm: str
    """Value multiplicity: `1`, `1-n`, `2-2n` …"""
    name: str
    keyword: str
    """Empty for private elements."""
    is_retired: bool = False


def is_private(tag: int) -> bool:
    """Tell whether an element belongs to a manufacturer: its group is odd (PS3.5 7.8)."""
    return bool(tag >> 16 & 1)


def is_private_creator(tag: int) -> bool:
    """Tell whether an element reserves a block of private elements (PS3.5 7.8.1)."""
    return is_private(tag) and (tag & 0xFFFF) in _CREATORS


def creator_tag(tag: int) -> int:
    """Return the tag of the element that reserves the block of a private element."""
    return tag & 0xFFFF0000 | (tag >> 8 & 0xFF)


@lru_cache(_REMEMBERED)
def entry_of(tag: int, creator: str = "") -> Entry | None:
    """Return what the standard, or the creator of a private element, says of a tag; None for what is not known."""
    if not is_private(tag):
        dictionary = _module("_dicom_dict")
        found = dictionary.DicomDictionary.get(tag)
        if found is None and tag & 0xFFFF == 0:
            return Entry("UL", "1", "Group Length", "GroupLength", is_retired=True)
        if found is None and (mask := _mask_of(tag)):
            found = dictionary.RepeatersDictionary[mask]
        if found is None:
            return None
        vr, vm, name, retired, keyword = found
        return Entry(vr, vm, name, keyword, bool(retired))
    if is_private_creator(tag):
        return Entry("LO", "1", "Private Creator", "")
    elements = _module("_private_dict").private_dictionaries.get(creator)
    if not elements:
        return None
    group, number = f"{tag >> 16:04X}", f"{tag & 0xFF:02X}"
    for key in (f"{tag:08X}", f"{group}xx{number}", f"{group[:2]}xxxx{number}"):
        if key in elements:
            vr, vm, name, *_ = elements[key]
            return Entry(vr, vm, name, "")
    return None


def keyword_of(tag: int) -> str:
    """Return the keyword of a standard element, '' where there is none."""
    found = entry_of(tag)
    return found.keyword if found else ""


def tag_of(keyword: str) -> int | None:
    """Return the tag that has a keyword; of repeating groups the first."""
    return _tags().get(keyword)


def keywords() -> Iterable[str]:
    """Return all keywords of the standard."""
    return _tags().keys()


@cache
def _tags() -> dict[str, int]:
    dictionary = _module("_dicom_dict")
    return {found[4]: tag for tag, found in dictionary.DicomDictionary.items() if found[4]} | {
        found[4]: int(mask.replace("x", "0"), 16)
        for mask, found in dictionary.RepeatersDictionary.items()
        if found[4]
    }


@cache
def _masks() -> tuple[tuple[int, int, str], ...]:
    """Repeating groups and elements (PS3.5 7.6) as mask, value and key."""
    return tuple(
        (
            int("".join("0" if char == "x" else "f" for char in mask), 16),
            int(mask.replace("x", "0"), 16),
            mask,
        )
        for mask in _module("_dicom_dict").RepeatersDictionary
    )


def _mask_of(tag: int) -> str:
    return next((key for mask, value, key in _masks() if tag & mask == value), "")


@cache
def _module(name: str) -> ModuleType:
    whole = f"pydicom.{name}"
    if "pydicom" in sys.modules:
        return import_module(whole)
    package = find_spec("pydicom")
    for folder in (package.submodule_search_locations if package else None) or ():
        path = Path(folder) / f"{name}.py"
        spec = spec_from_file_location(f"fileroom{name}", path) if path.is_file() else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    return import_module(whole)
