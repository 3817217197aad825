"""Tables E.1-1 and E.3.10-1 of PS3.15, read from the files beside this module when they are first wanted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

EDITION: Final = "2026d"
"""Of the standard, as the heads of the files say."""
PRIVATE: Final = "private"
OPTION_COLUMNS: Final = (
    "safe_private",
    "uids",
    "device",
    "institution",
    "patient",
    "full_dates",
    "modified_dates",
    "clean_descriptors",
    "clean_structured",
    "clean_graphics",
)
_COLUMNS: Final = ("tag", "name", "basic", *OPTION_COLUMNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileRow:
    """A row of table E.1-1."""

    tag: str
    """Eight hexadecimal digits, X for any; `private`."""
    name: str
    basic: str
    """Action code of the Basic Profile: D, Z, X, K, U, or alternatives such as X/Z/D."""
    options: Mapping[str, str]
    """K or C by column, only where an option says something."""


@cache
def profile_rows() -> tuple[ProfileRow, ...]:
    """Return all rows in the order of the file."""
    return tuple(
        ProfileRow(
            tag=cells[0],
            name=cells[1],
            basic=cells[2],
            options={column: cell for column, cell in zip(OPTION_COLUMNS, cells[3:], strict=False) if cell},
        )
        for cells in _rows("profile.tsv", _COLUMNS)
    )


def profile_row(tag: int) -> ProfileRow | None:
    """Return the row of a standard attribute, None where the table has none."""
    by_tag, repeating = _index()
    found = by_tag.get(tag)
    if found is None and tag >> 24 in {0x50, 0x60}:
        return next((row for mask, value, row in repeating if tag & mask == value), None)
    return found


@cache
def _index() -> tuple[dict[int, ProfileRow], tuple[tuple[int, int, ProfileRow], ...]]:
    by_tag: dict[int, ProfileRow] = {}
    repeating = []
    for row in profile_rows():
        if "X" in row.tag:
            mask = int("".join("0" if digit == "X" else "F" for digit in row.tag), 16)
            repeating.append((mask, int(row.tag.replace("X", "0"), 16), row))
        elif row.tag != PRIVATE:
            by_tag[int(row.tag, 16)] = row
    return by_tag, tuple(repeating)


def is_safe_private(creator: str, tag: int) -> bool:
    """Tell whether table E.3.10-1 has a private attribute, whichever block its creator has reserved."""
    return tag & 0xFF in safe_private().get((creator, tag >> 16), ())


@cache
def safe_private() -> Mapping[tuple[str, int], frozenset[int]]:
    """Return the last two digits of safe private tags by creator and group."""
    return {
        (creator, int(group, 16)): frozenset(_numbers(elements))
        for creator, group, elements in _rows("safe_private.tsv", ("creator", "group", "elements"))
    }


def _numbers(text: str) -> Iterator[int]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def _rows(name: str, columns: tuple[str, ...]) -> Iterator[list[str]]:
    text = files("fileroom.domain.confidentiality").joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if tuple(lines[0].split("\t")) != columns:
        raise ValueError(f"{name} has other columns than {columns}")
    for line in lines[1:]:
        yield line.split("\t")
