"""PALETTE COLOR: stored values looked up in tables of red, green and blue (PS3.3 C.7.6.3.1.5, C.7.9, C.7.9.2)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.imaging.lookup_tables import LookupTable, descriptor_of, entries_of
from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import Element, Item, value_bytes
from fileroom.adapters.files.tree_writing import swapped
from fileroom.domain.errors import InvalidDicom

DESCRIPTORS: Final = (0x00281101, 0x00281102, 0x00281103)
TABLES: Final = (0x00281201, 0x00281202, 0x00281203)
SEGMENTED_TABLES: Final = (0x00281221, 0x00281222, 0x00281223)
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


class Palette:
    """The three tables of an object."""

    def __init__(self, root: Item, description: ImageDescription) -> None:
        """Read them.

        Raises:
            InvalidDicom: one is missing or contradicts itself.
        """
        tables = [
            _table(root, *tags, is_signed=description.is_signed)
            for tags in zip(DESCRIPTORS, TABLES, SEGMENTED_TABLES, strict=True)
        ]
        # Descriptors are known that speak of 16 bits, the size of a word, where entries have 8.
        has_bytes = all(int(table.entries.max(initial=0)) < 1 << 8 for table in tables)
        self._tables = [_of_8_bits(table, 8 if has_bytes else table.bits) for table in tables]

    def apply(self, pixels: Pixels) -> NDArray[np.uint8]:
        """Return colours of 8 bits a sample; of deeper ones the high bits."""
        colours = np.empty((*pixels.shape, 3), np.uint8)
        for sample, table in enumerate(self._tables):
            colours[..., sample] = table.apply(pixels)
        return colours


def _of_8_bits(table: LookupTable, bits: int) -> LookupTable:
    entries = table.entries >> np.uint16(max(bits - 8, 0))
    return LookupTable(first=table.first, entries=entries, bits=8)


def _table(root: Item, descriptor: int, plain: int, segmented: int, *, is_signed: bool) -> LookupTable:
    count, first, bits = descriptor_of(root, descriptor, is_signed=is_signed)
    data, segments = root.find(plain), root.find(segmented)
    is_little = root.encoding.is_little
    if data is not None and data.size:
        entries = entries_of(data, count, bits, is_little=is_little)
    elif segments is not None:
        entries = _Segments(segments, bits, is_little=is_little).entries(count)
    else:
        raise InvalidDicom(f"PALETTE COLOR without the lookup table {tag_text(plain)} (PS3.3 C.7.9)")
    return LookupTable(first=first, entries=entries, bits=bits)


class _Segments:
    """A table written as lists, lines, and repetitions of these (C.7.9.2)."""

    def __init__(self, data: Element, bits: int, *, is_little: bool) -> None:
        """Read bytes where entries have 8 bits, words otherwise."""
        content = value_bytes(data.value)
        self._name = tag_text(data.tag)
        self._bytes = 1 if bits <= 8 else 2
        if self._bytes == 1:
            self._numbers = list(swapped(content, 2) if not is_little and data.vr != b"OB" else content)
        else:
            words = np.frombuffer(content, "<u2" if is_little else ">u2", len(content) // 2)
            self._numbers = [int(word) for word in words]

    def entries(self, count: int) -> NDArray[np.uint16]:
        """Unfold the segments.

        Raises:
            InvalidDicom: they do not make as many entries as the descriptor says.
        """
        entries: list[int] = []
        at = 0
        while len(entries) < count:
            kind, length = self._head(at)
            if kind == _INDIRECT:
                offset, at = self._offset(at + 2)
                for _ in range(length):
                    if len(entries) < count:
                        offset = self._unfold(offset, entries)
            else:
                at = self._unfold(at, entries)
        return np.array(entries[:count], np.uint16)

    def _head(self, at: int) -> tuple[int, int]:
        if at + 2 > len(self._numbers):
            raise InvalidDicom(f"the segments of {self._name} end before the table does (PS3.3 C.7.9.2)")
        kind, length = self._numbers[at : at + 2]
        if kind > _INDIRECT or not length:
            raise InvalidDicom(
                f"{self._name} has a segment of kind {kind} and length {length} (PS3.3 C.7.9.2)"
            )
        return kind, length

    def _offset(self, at: int) -> tuple[int, int]:
        """Return the place in a byte offset of 32 bits, low half first, and where it ends (C.7.9.2.3)."""
        end = at + 4 // self._bytes
        parts = self._numbers[at:end]
        offset = sum(part << (8 * self._bytes * place) for place, part in enumerate(parts))
        return offset // self._bytes, end

    def _unfold(self, at: int, entries: list[int]) -> int:
        """Add the entries of a list or a line, and return where the next segment begins."""
        kind, length = self._head(at)
        if kind == _DISCRETE:
            end = at + 2 + length
            entries.extend(self._numbers[at + 2 : end])
        else:
            end = at + 3
            if kind != _LINEAR or not entries or end > len(self._numbers):
                raise InvalidDicom(f"{self._name} has a line without a beginning (PS3.3 C.7.9.2.2)")
            start, stop = entries[-1], self._numbers[at + 2]
            entries.extend(round(start + (stop - start) * step / length) for step in range(1, length + 1))
        if end > len(self._numbers):
            raise InvalidDicom(f"the segments of {self._name} end before the table does (PS3.3 C.7.9.2)")
        return end
