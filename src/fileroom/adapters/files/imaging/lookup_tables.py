"""Lookup tables in objects: modality and VOI LUTs, and those of palettes (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.attributes import integers, text
from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import Element, Item, value_bytes
from fileroom.adapters.files.tree_writing import swapped
from fileroom.domain.errors import InvalidDicom

DESCRIPTOR: Final = 0x00283002
EXPLANATION: Final = 0x00283003
DATA: Final = 0x00283006
_MAX_ENTRIES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookupTable:
    """What values become; those below the first and above the last become what these do."""

    first: int
    """The value that the first entry is for."""
    entries: NDArray[np.uint16]
    bits: int
    """Of an entry."""
    explanation: str = ""

    def apply(self, values: NDArray[np.generic]) -> NDArray[np.uint16]:
        """Look up values; those that are not whole numbers go to the nearest."""
        last = self.first + len(self.entries) - 1
        if values.dtype.kind == "f":
            values = np.rint(np.nan_to_num(values, nan=self.first))
        held = np.clip(values, self.first, last)
        found: NDArray[np.uint16] = self.entries[held.astype(np.int64) - self.first]
        return found


def table_of(item: Item, *, is_signed: bool) -> LookupTable:
    """Read the table of an item of a LUT sequence; `is_signed` tells of the values that it is for.

    Raises:
        InvalidDicom: it contradicts itself.
    """
    count, first, bits = descriptor_of(item, DESCRIPTOR, is_signed=is_signed)
    data = item.find(DATA)
    if data is None:
        raise InvalidDicom(f"a lookup table has no LUT Data {tag_text(DATA)} (PS3.3 C.11)")
    entries = entries_of(data, count, bits, is_little=item.encoding.is_little)
    return LookupTable(first=first, entries=entries, bits=bits, explanation=text(item, EXPLANATION))


def descriptor_of(item: Item, tag: int, *, is_signed: bool) -> tuple[int, int, int]:
    """Return number of entries, first value and bits of a LUT Descriptor; its VR need not be what it should.

    Raises:
        InvalidDicom: it is not three numbers, or no table has such.
    """
    numbers = integers(item, tag)
    if len(numbers) != 3:
        raise InvalidDicom(f"the LUT Descriptor {tag_text(tag)} has {len(numbers)} values of 3 (PS3.3 C.11)")
    count, first, bits = (number & 0xFFFF for number in numbers)
    if not 1 <= bits <= 16:
        raise InvalidDicom(f"the LUT Descriptor {tag_text(tag)} says {bits} bits (PS3.3 C.11.1.1)")
    if is_signed and first >= 1 << 15:
        first -= 1 << 16
    return count or _MAX_ENTRIES, first, bits


def entries_of(data: Element, count: int, bits: int, *, is_little: bool) -> NDArray[np.uint16]:
    """Return the entries of a table: words, or bytes where entries have 8 bits and there are no more than that.

    Raises:
        InvalidDicom: there are fewer than said.
    """
    content = value_bytes(data.value)
    if bits <= 8 and len(content) < 2 * count and len(content) >= count:
        if not is_little and data.vr != b"OB":
            content = swapped(content, 2)
        return np.frombuffer(content, np.uint8, count).astype(np.uint16)
    if len(content) < 2 * count:
        raise InvalidDicom(
            f"the lookup table {tag_text(data.tag)} has {len(content)} bytes for {count} entries (PS3.3 C.11)"
        )
    return np.frombuffer(content, "<u2" if is_little else ">u2", count).astype(np.uint16)
