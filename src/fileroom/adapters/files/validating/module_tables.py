"""The tables of PS3.3: which modules an IOD must have, and which attributes a module requires (`modules.json`).

An item definition is a list of numbers in threes: tag, type (1, 2, or 0 for what only leads to others) and the number
of the definition of its items, 0 for none. `docs/make_module_tables.py` writes the file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypedDict

_FILE: Final = Path(__file__).with_name("modules.json")
DIRECTORY_CLASS: Final = "1.2.840.10008.1.3.10"


class Requirement(NamedTuple):
    """What a definition says of one attribute."""

    tag: int
    type: int
    """1: there and not empty (PS3.5 7.4.1), 2: there (PS3.5 7.4.3), 0: need not be there."""
    items: int
    """Number of the definition of its items, 0 for none."""


class Module(NamedTuple):
    """A module that an IOD must have."""

    name: str
    definition: int


@dataclass(frozen=True, slots=True)
class Iod:
    """An Information Object Definition."""

    name: str
    modules: tuple[Module, ...]


class _Tables(TypedDict):
    source: str
    nodes: list[list[int]]
    modules: list[tuple[str, int]]
    iods: Mapping[str, Sequence[str | int]]
    sop_classes: Mapping[str, str]


@cache
def _tables() -> _Tables:
    tables: _Tables = json.loads(_FILE.read_text(encoding="utf-8"))
    return tables


def source() -> str:
    """Return where the tables are from, and of which edition."""
    return _tables()["source"]


@cache
def iod_of(sop_class_uid: str) -> Iod | None:
    """Return the IOD of a SOP Class, None where it is not known."""
    tables = _tables()
    key = tables["sop_classes"].get(sop_class_uid)
    if key is None:
        return None
    name, *numbers = tables["iods"][key]
    found = (tables["modules"][int(number)] for number in numbers)
    return Iod(str(name), tuple(Module(module, definition) for module, definition in found))


@cache
def definition(number: int) -> tuple[Requirement, ...]:
    """Return an item definition."""
    return tuple(_threes(_tables()["nodes"][number]))


def _threes(node: Sequence[int]) -> Iterator[Requirement]:
    for at in range(0, len(node), 3):
        yield Requirement(node[at], node[at + 1], node[at + 2])
