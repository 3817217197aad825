"""How objects are named to the rest of the program: `store:` for our own, `file:` for those left in place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OWN: Final = "store:"
_IN_PLACE: Final = "file:"
_LONGEST_NAME: Final = 255
"""Bytes, on nearly all file systems."""
# Separators and drive letters of any platform: a store moves between machines.
_FORBIDDEN: Final = frozenset("\0/\\:")


@dataclass(frozen=True, slots=True)
class OwnObject:
    """An object of the store."""

    parts: tuple[str, ...]
    """Names from the root down; none of them leads out of it or is hidden."""


@dataclass(frozen=True, slots=True)
class ObjectInPlace:
    """A file of the user's."""

    path: Path
    """Absolute."""


def own_location(relative: str) -> str:
    """Return the location of an object by its path below the root, `/` between the names."""
    return _OWN + relative


def in_place_location(path: Path) -> str:
    """Return the location of a user's file by its absolute path."""
    return f"{_IN_PLACE}{path}"


def is_object_name(name: str) -> bool:
    """Tell whether a file or folder of this name belongs to the objects; hidden ones never do."""
    if not name or name.startswith(".") or not _FORBIDDEN.isdisjoint(name):
        return False
    return _is_unicode(name) and len(name.encode()) <= _LONGEST_NAME


def parse_location(location: str) -> OwnObject | ObjectInPlace | None:
    """Take a location apart; None where it is no location, or leads out of the store."""
    if location.startswith(_OWN):
        parts = tuple(location.removeprefix(_OWN).split("/"))
        return OwnObject(parts) if all(map(is_object_name, parts)) else None
    if location.startswith(_IN_PLACE):
        path = Path(location.removeprefix(_IN_PLACE))
        return (
            ObjectInPlace(path)
            if path.is_absolute() and "\0" not in location and _is_unicode(location)
            else None
        )
    return None


def _is_unicode(text: str) -> bool:
    """Tell whether a database can hold it: names that are not valid UTF-8 reach us with lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
