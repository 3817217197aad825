"""What a dump shows: the elements of a file, one after the other, as people read them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

DEFAULT_VALUE_LENGTH: Final = 64
"""Characters of a value that are shown."""
LONGEST_VALUE: Final = 64 << 10
"""Bytes of a value that are read at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DumpOptions:
    """How much to show."""

    max_depth: int | None = None
    """Levels of items below the data set that are shown; 0 for none, None for all."""
    max_value_length: int | None = None
    """Characters of a value, or in JSON bytes of a value; 0 for as many as there are, up to `LONGEST_VALUE` bytes."""


class DumpHeading(NamedTuple):
    """What the lines after it are of."""

    title: str


class DumpLine(NamedTuple):
    """An element, an item, a fragment, or the end of what has no length."""

    depth: int
    """Of its indentation: 0 for elements of the data set, 1 for items and fragments, 2 for elements of items."""
    tag: int
    vr: str
    """Empty for items and fragments, which have none."""
    value: str
    """As it is shown; what is in brackets is text of the file."""
    length: int | None
    """Bytes, as written; None where a delimiter ends it."""
    multiplicity: int
    """Values (VM, PS3.5 6.4)."""
    name: str
    """Keyword; of a private element its creator and name, where known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A value, or what is in a sequence, that a document does not have."""

    path: str
    """Tags from the top, items counted from 1, such as `(0040,A730)[2].(0008,0100)`."""
    keyword: str = ""
    bytes: int | None = None
    """Of a value."""
    elements: int | None = None
    """In the items of a sequence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DumpDocument:
    """A file in the DICOM JSON Model (PS3.18 annex F)."""

    transfer_syntax_uid: str
    file_meta: dict[str, object]
    data_set: dict[str, object]
    left_out: tuple[LeftOut, ...] = ()
    damage: str = ""
    """What is wrong with a file whose data set could not be read to its end; '' for one that is whole."""
