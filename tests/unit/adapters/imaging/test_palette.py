"""Palettes give the colours that PS3.3 C.7.6.3.1.5 and C.7.9.2 give, worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from fileroom.adapters.files.imaging.palette import Palette
from fileroom.adapters.files.pixels.frames import Frames
from fileroom.domain.errors import InvalidDicom
from tests.images import Array, an_image, element, tree_of
from tests.strategies import BIG_ENDIAN, EXPLICIT, IMPLICIT, Element


def words(values: Sequence[int]) -> bytes:
    """Words in little endian."""
    return np.array(values, "<u2").tobytes()


def colours(pixels: Array, more: Sequence[Element], syntax: str = EXPLICIT) -> list[list[int]]:
    """What pixels look like."""
    tree = tree_of(an_image(pixels, photometric="PALETTE COLOR", more=more, syntax=syntax))
    frames = Frames(tree)
    found = Palette(tree.root, frames.description).apply(frames.read(0).pixels)
    return [[int(sample) for sample in pixel] for pixel in found.reshape(-1, 3)]


def plain(
    red: Sequence[int], green: Sequence[int], blue: Sequence[int], *, first: int = 0, bits: int = 16
) -> list[Element]:
    """Tables entry by entry, in words."""
    descriptors = [element(0x00281101 + n, "US", len(red), first, bits) for n in range(3)]
    tables = [Element(0x00281201 + n, "OW", words(values)) for n, values in enumerate((red, green, blue))]
    return descriptors + tables


def segmented(numbers: Sequence[int], *, count: int, bits: int = 16) -> list[Element]:
    """The same segments for all three tables."""
    content = words(numbers) if bits == 16 else bytes(numbers)
    return [element(0x00281101 + n, "US", count, 0, bits) for n in range(3)] + [
        Element(0x00281221 + n, "OW", content) for n in range(3)
    ]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_entries_of_16_bits_give_their_high_bytes(syntax: str) -> None:
    more = plain([0x1234, 0xFFFF, 0], [0x0100, 0x80FF, 0], [0, 0x0200, 0xFF00], first=5)
    found = colours(np.array([[4, 5, 6, 7, 8, 200]], np.uint8), more, syntax)
    assert found == [[0x12, 1, 0], [0x12, 1, 0], [255, 0x80, 2], [0, 0, 255], [0, 0, 255], [0, 0, 255]]


def test_entries_of_8_bits_in_words_are_taken_for_such_whatever_the_descriptor_says() -> None:
    for bits in (8, 16):
        assert colours(np.array([[0, 1]], np.uint8), plain([1, 2], [3, 4], [5, 255], bits=bits)) == [
            [1, 3, 5],
            [2, 4, 255],
        ]


def test_dark_channel_of_16_bits_stays_dark() -> None:
    assert colours(np.array([[0, 1]], np.uint8), plain([0, 0xFFFF], [0, 200], [0, 0])) == [
        [0, 0, 0],
        [255, 0, 0],
    ]


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN])
def test_entries_of_8_bits_may_be_packed_into_bytes(syntax: str) -> None:
    more = [element(0x00281101 + n, "US", 4, 0, 8) for n in range(3)]
    more += [Element(0x00281201 + n, "OW", bytes([n, 10, 20, 30])) for n in range(3)]
    assert colours(np.array([[0, 1, 2, 3]], np.uint8), more, syntax)[1:] == [[10] * 3, [20] * 3, [30] * 3]


def test_segments_are_lists_and_lines() -> None:
    # A list of two, a line of four up to 0x0A00, a list of one.
    numbers = [0, 2, 0x0100, 0x0200, 1, 4, 0x0A00, 0, 1, 0xFF00]
    found = colours(np.arange(7, dtype=np.uint8).reshape(1, 7), segmented(numbers, count=7))
    assert [pixel[0] for pixel in found] == [1, 2, 4, 6, 8, 10, 255]


def test_segments_may_repeat_others() -> None:
    # Twelve bytes: a list of one and a line of two; then the two segments from byte 0 on again; then a list.
    numbers = [0, 1, 0x0100, 1, 2, 0x0300, 2, 2, 0, 0, 0, 1, 0x0900]
    found = colours(np.arange(7, dtype=np.uint8).reshape(1, 7), segmented(numbers, count=7))
    assert [pixel[0] for pixel in found] == [1, 2, 3, 1, 2, 3, 9]


def test_segments_of_8_bits() -> None:
    numbers = [0, 2, 5, 7, 1, 3, 10, 2, 1, 0, 0, 0, 0, 0]
    found = colours(np.arange(7, dtype=np.uint8).reshape(1, 7), segmented(numbers, count=7, bits=8))
    assert [pixel[0] for pixel in found] == [5, 7, 8, 9, 10, 5, 7]


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ([], "end before"),
        ([0, 1, 5], "end before"),
        ([0, 9, 5], "end before"),
        ([1, 2, 5], "without a beginning"),
        ([0, 0, 5], "length 0"),
        ([3, 1, 5], "kind 3"),
        ([2, 1, 0, 0], "without a beginning"),
        ([2, 65535, 0xFFFF, 0xFFFF], "end before"),
        ([0, 1, 5, 2, 65535, 6, 0], "without a beginning"),
    ],
)
def test_segments_that_cannot_be_are_refused(numbers: list[int], why: str) -> None:
    with pytest.raises(InvalidDicom, match=why):
        colours(np.zeros((1, 2), np.uint8), segmented(numbers, count=7))


def test_palette_that_is_missing_is_refused() -> None:
    with pytest.raises(InvalidDicom, match="0 values of 3"):
        colours(np.zeros((1, 2), np.uint8), [])
    with pytest.raises(InvalidDicom, match="without the lookup table"):
        colours(np.zeros((1, 2), np.uint8), [element(0x00281101 + n, "US", 4, 0, 8) for n in range(3)])
