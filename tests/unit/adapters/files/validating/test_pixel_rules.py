"""Pixels against their description."""

import struct

import pytest

from fileroom.adapters.files.tree import Element, Tree
from fileroom.adapters.files.validating.pixel_rules import pixel_findings
from fileroom.adapters.files.validating.places import place_of
from fileroom.domain.validation import Finding
from tests.strategies import EXPLICIT
from tests.unit.adapters.files.validating.trees import (
    a_sequence,
    a_tree,
    an_element,
    an_item,
    messages_of,
    rules_of,
    some_fragments,
)

RLE = "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
MPEG_2 = "1.2.840.10008.1.2.4.100"


def us(tag: int, *values: int) -> Element:
    """An element of unsigned numbers."""
    return an_element(tag, "US", struct.pack(f"<{len(values)}H", *values))


def described(
    *others: Element,
    pixels: Element | None = None,
    rows: int = 4,
    columns: int = 3,
    samples: int = 1,
    photometric: str = "MONOCHROME2",
    allocated: int = 16,
    stored: int = 16,
    high: int = 15,
    frames: str = "",
) -> list[Element]:
    """A description with its pixels, in the order of tags."""
    elements = [
        us(0x00280002, samples), an_element(0x00280004, "CS", photometric), us(0x00280010, rows),
        us(0x00280011, columns),
        us(0x00280100, allocated), us(0x00280101, stored), us(0x00280102, high), us(0x00280103, 0),
        pixels or an_element(0x7FE00010, "OW", bytes(24)), *others,
    ]  # fmt: skip
    if frames:
        elements.append(an_element(0x00280008, "IS", frames))
    return sorted(elements, key=lambda element: element.tag)


def found_in(tree: Tree) -> list[Finding]:
    """What is found in the data set of a file."""
    return list(pixel_findings(place_of(tree.root), tree))


def found(elements: list[Element], syntax: str = EXPLICIT) -> list[str]:
    """The rules that are broken."""
    return rules_of(found_in(a_tree(*elements, syntax=syntax)))


PLANAR = us(0x00280006, 0)


@pytest.mark.parametrize(
    "elements",
    [
        described(),
        described(frames="1"),
        described(pixels=an_element(0x7FE00010, "OW", bytes(48)), frames="2"),
        described(allocated=8, stored=8, high=7, pixels=an_element(0x7FE00010, "OB", bytes(12))),
        described(allocated=8, stored=8, high=7, rows=1, pixels=an_element(0x7FE00010, "OB", bytes(4))),
        described(allocated=1, stored=1, high=0, pixels=an_element(0x7FE00010, "OB", bytes(2))),
        described(allocated=1, stored=1, high=0, frames="3", pixels=an_element(0x7FE00010, "OB", bytes(6))),
        described(
            PLANAR, samples=3, photometric="RGB", allocated=8, stored=8, high=7,
            pixels=an_element(0x7FE00010, "OB", bytes(36)),
        ),
        described(
            PLANAR, samples=3, photometric="YBR_FULL_422", allocated=8, stored=8, high=7, columns=4,
            pixels=an_element(0x7FE00010, "OB", bytes(32)),
        ),
    ],
)  # fmt: skip
def test_pixels_as_described_are_no_finding(elements: list[Element]) -> None:
    assert found(elements) == []


@pytest.mark.parametrize(
    ("elements", "rules"),
    [
        (described(pixels=an_element(0x7FE00010, "OW", bytes(22))), ["pixel_length"]),
        (described(pixels=an_element(0x7FE00010, "OW", bytes(26))), ["pixel_length"]),
        (described(frames="0"), ["frames"]),
        (described(high=14), ["pixel_bits"]),
        (described(stored=17, high=16), ["pixel_bits"]),
        (described(allocated=12, stored=12, high=11, pixels=an_element(0x7FE00010, "OW", bytes(18))), ["pixel_bits"]),
        (described(photometric="RGB"), ["photometric"]),
        (described(photometric="GREY"), ["photometric"]),
        (described(PLANAR), ["planar"]),
        (described(samples=3, photometric="RGB", pixels=an_element(0x7FE00010, "OW", bytes(72))), ["required"]),
        (described(pixels=an_element(0x7FE00010, "OB", bytes(24))), ["vr"]),
        (
            described(photometric="YBR_RCT", samples=3, pixels=an_element(0x7FE00010, "OW", bytes(72))),
            ["required", "photometric"],
        ),
    ],
)  # fmt: skip
def test_pixels_other_than_described_are_found(elements: list[Element], rules: list[str]) -> None:
    assert found(elements) == rules


def test_native_pixels_in_an_encapsulating_syntax_are_found() -> None:
    assert found(described(), RLE) == ["pixel_data"]


def test_icons_are_looked_at_with_one_frame() -> None:
    icon = an_item(*described(frames="5", pixels=an_element(0x7FE00010, "OW", bytes(22))))
    tree = a_tree(a_sequence(0x00880200, icon))
    (place,) = place_of(tree.root).within(tree.root.elements[0])

    (finding,) = pixel_findings(place, tree)

    assert finding.path == "(0088,0200)[1].(7FE0,0010)"
    assert "less than the 24" in finding.message


def test_floating_point_pixels_have_their_length() -> None:
    def elements(size: int) -> list[Element]:
        return [us(0x00280010, 4), us(0x00280011, 3), an_element(0x7FE00008, "OF", bytes(size))]

    assert found(elements(48)) == []
    assert found(elements(44)) == ["pixel_length"]


# ------------------------------------------------------------------------------------------------- palettes

DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
TABLES = (0x00281201, 0x00281202, 0x00281203)


def a_palette(*descriptor: int, size: int) -> list[Element]:
    """Three tables with their descriptors, and pixels."""
    tables = [
        *(us(tag, *descriptor) for tag in DESCRIPTORS),
        *(an_element(tag, "OW", bytes(size)) for tag in TABLES),
    ]
    return described(*tables, photometric="PALETTE COLOR")


def test_palette_needs_tables_as_long_as_described() -> None:
    assert found(a_palette(256, 0, 16, size=512)) == []
    assert found(a_palette(256, 0, 8, size=256)) == []
    assert found(a_palette(0, 0, 16, size=131072)) == []
    assert found(a_palette(256, 0, 16, size=510)) == ["palette"] * 3
    assert found(a_palette(256, 0, 12, size=512)) == ["palette"] * 3
    assert found(described(photometric="PALETTE COLOR")) == ["palette"] * 6


# ------------------------------------------------------------------------------------------------- fragments


def an_rle_frame(size: int = 100) -> bytes:
    """What begins as RLE does."""
    return b"\1\0\0\0".ljust(size, b"\0")


def offsets(*values: int) -> bytes:
    """A Basic Offset Table."""
    return struct.pack(f"<{len(values)}I", *values)


def jpeg(rows: int, columns: int, samples: int, bits: int) -> bytes:
    """The beginning of a JPEG frame: a comment, then the header of the frame."""
    frame = struct.pack(">BHHB", bits, rows, columns, samples)
    return b"\xff\xd8\xff\xfe\0\4ab\xff\xc0" + struct.pack(">H", 8 + 3 * samples) + frame + bytes(40)


def jpeg_2000(rows: int, columns: int, samples: int, bits: int) -> bytes:
    """The beginning of a JPEG 2000 codestream."""
    size = struct.pack(">HHIIIIIIIIHB", 0x29, 0, columns, rows, 0, 0, columns, rows, 0, 0, samples, bits - 1)
    return b"\xff\x4f\xff\x51" + size + bytes(41)


@pytest.mark.parametrize(
    ("pixels", "frames", "syntax"),
    [
        (some_fragments(b"", an_rle_frame()), "", RLE),
        (some_fragments(offsets(0), an_rle_frame()), "1", RLE),
        (some_fragments(offsets(0, 108), an_rle_frame(), an_rle_frame()), "2", RLE),
        (some_fragments(b"", jpeg(4, 3, 1, 8)), "", JPEG_BASELINE),
        (some_fragments(b"", jpeg(0, 3, 1, 8)), "", JPEG_BASELINE),  # lines are told later (DNL)
        (some_fragments(b"", jpeg(4, 3, 1, 8), bytes(10)), "", JPEG_BASELINE),
        (some_fragments(b"", jpeg_2000(4, 3, 1, 12)), "", JPEG_2000),
        (some_fragments(b"", bytes(1000)), "50", MPEG_2),
    ],
)
def test_fragments_as_described_are_no_finding(pixels: Element, frames: str, syntax: str) -> None:
    assert found(described(pixels=pixels, frames=frames), syntax) == []


@pytest.mark.parametrize(
    ("pixels", "frames", "syntax", "message"),
    [
        (some_fragments(), "", RLE, "without an item for the offset table"),
        (some_fragments(b""), "", RLE, "0 fragments, and 1 frames"),
        (some_fragments(b""), "", MPEG_2, "no fragments"),
        (some_fragments(b"", an_rle_frame()), "2", RLE, "1 fragments, and 2 frames"),
        (some_fragments(b"", an_rle_frame(), an_rle_frame()), "1", RLE, "RLE has one for each"),
        (some_fragments(b"", an_rle_frame(99)), "", RLE, "item 2 has an odd length, 99 bytes"),
        (some_fragments(b"", an_rle_frame(), vr="OW"), "", RLE, "must be OB"),
        (some_fragments(b"", an_rle_frame()), "", EXPLICIT, "which Explicit VR Little Endian does not have"),
        (some_fragments(b"", jpeg(4, 3, 1, 8)), "", RLE, "does not begin as RLE Lossless does"),
        (
            some_fragments(offsets(0), an_rle_frame(), an_rle_frame()),
            "2",
            RLE,
            "4 bytes of Basic Offset Table",
        ),
        (
            some_fragments(offsets(8, 108), an_rle_frame(), an_rle_frame()),
            "2",
            RLE,
            "the first offset is not 0",
        ),
        (
            some_fragments(offsets(0, 100), an_rle_frame(), an_rle_frame()),
            "2",
            RLE,
            "frame 2 begins where no",
        ),
        (some_fragments(offsets(0, 0), an_rle_frame(), an_rle_frame()), "2", RLE, "do not ascend"),
        (some_fragments(b"", jpeg(5, 3, 1, 8)), "", JPEG_BASELINE, "compressed frame has 5 rows"),
        (some_fragments(b"", jpeg(4, 3, 3, 8)), "", JPEG_BASELINE, "compressed frame has 3 samples"),
        (some_fragments(b"", jpeg_2000(4, 9, 1, 12)), "", JPEG_2000, "compressed frame has 9 columns"),
        (some_fragments(b"", jpeg_2000(4, 3, 1, 20)), "", JPEG_2000, "samples of 20 bits"),
    ],
)
def test_fragments_other_than_described_are_found(
    pixels: Element, frames: str, syntax: str, message: str
) -> None:
    tree = a_tree(*described(pixels=pixels, frames=frames), syntax=syntax)
    assert message in messages_of(found_in(tree))


def test_extended_offset_table_goes_with_an_empty_one_and_with_lengths() -> None:
    table = an_element(0x7FE00001, "OV", struct.pack("<QQ", 0, 108))
    lengths = an_element(0x7FE00002, "OV", struct.pack("<QQ", 100, 100))
    frames = (an_rle_frame(), an_rle_frame())

    def said(*elements: Element, basic: bytes = b"") -> list[str]:
        return found(described(*elements, pixels=some_fragments(basic, *frames), frames="2"), RLE)

    assert said(table, lengths) == []
    assert said(table) == ["required"]
    assert said(table, lengths, basic=offsets(0, 108)) == ["offset_table"]
    assert said(an_element(0x7FE00001, "OV", bytes(8)), lengths) == ["offset_table"]
