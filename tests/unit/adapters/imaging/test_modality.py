"""Values of the modality are those that PS3.3 C.11.1 gives, worked out by hand."""

import numpy as np
import pytest

from fileroom.adapters.files.imaging.modality import ModalityStage, padding_of
from fileroom.adapters.files.pixels.frames import Frames
from fileroom.domain.errors import InvalidDicom
from fileroom.domain.pixel_values import ModalityLut
from tests.images import Array, a_file, an_image, element, image_elements, sequence, tree_of
from tests.strategies import BIG_ENDIAN, EXPLICIT, IMPLICIT, Element

SLOPE, INTERCEPT, RESCALE_TYPE = 0x00281053, 0x00281052, 0x00281054
MODALITY_LUT, DESCRIPTOR, DATA = 0x00283000, 0x00283002, 0x00283006
SHARED, PER_FRAME, TRANSFORMATION = 0x52009229, 0x52009230, 0x00289145


def stage_of(data: bytes) -> tuple[ModalityStage, list[Array]]:
    """The modality stage of a file, and its frames."""
    tree = tree_of(data)
    frames = Frames(tree)
    return ModalityStage(tree.root, frames.description), [frame.pixels for frame in frames]


def words(*values: int, vr: str = "OW") -> Element:
    """LUT Data in words."""
    return Element(DATA, vr, np.array(values, "<u2").tobytes())


def a_lut(*values: int, first: int = 0, bits: int = 16, kind: str = "US") -> Element:
    """A Modality LUT Sequence."""
    if kind == "SS":
        descriptor = element(DESCRIPTOR, "SS", len(values), first, bits)
    else:
        descriptor = element(DESCRIPTOR, "US", len(values), first & 0xFFFF, bits)
    return sequence(MODALITY_LUT, [descriptor, element(0x00283004, "LO", "OD"), words(*values)])


def test_rescaling_multiplies_and_adds() -> None:
    data = an_image(
        np.array([[-2, 0], [1, 100]], np.int16),
        more=[
            element(INTERCEPT, "DS", "-1024.5"),
            element(SLOPE, "DS", "0.5"),
            element(RESCALE_TYPE, "LO", "HU"),
        ],
    )
    stage, (pixels,) = stage_of(data)
    transform = stage.of_frame(0)
    assert transform.apply(pixels).tolist() == [[-1025.5, -1024.5], [-1024.0, -974.5]]
    assert (transform.kind, transform.unit) == (ModalityLut.RESCALE, "HU")


def test_values_without_a_modality_lut_are_the_stored_ones() -> None:
    stage, (pixels,) = stage_of(an_image(np.array([[1, 2]], np.uint16)))
    assert stage.of_frame(0).apply(pixels) is pixels
    assert stage.of_frame(0).kind is ModalityLut.NONE


@pytest.mark.parametrize(
    ("modality", "more", "unit"),
    [("CT", [], "HU"), ("PT", [element(0x00541001, "CS", "BQML")], "BQML"), ("MR", [], "")],
)
def test_unit_is_told_where_the_modality_has_one(modality: str, more: list[Element], unit: str) -> None:
    told = [
        element(0x00080060, "CS", modality),
        element(SLOPE, "DS", "2"),
        element(INTERCEPT, "DS", "0"),
        *more,
    ]
    stage, _ = stage_of(an_image(np.zeros((2, 2), np.uint16), more=told))
    assert stage.of_frame(0).unit == unit


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_table_maps_values_and_holds_its_ends(syntax: str) -> None:
    pixels = np.array([[0, 9, 10, 11, 12, 13, 500]], np.uint16)
    stage, (found,) = stage_of(an_image(pixels, syntax=syntax, more=[a_lut(700, 5, 40000, first=10)]))
    transform = stage.of_frame(0)
    assert transform.apply(found).tolist() == [[700, 700, 700, 5, 40000, 40000, 40000]]
    assert (transform.kind, transform.unit) == (ModalityLut.LUT, "OD")


@pytest.mark.parametrize("kind", ["US", "SS"])
def test_table_of_signed_values_begins_below_zero(kind: str) -> None:
    pixels = np.array([[-3, -2, -1, 0]], np.int16)
    stage, (found,) = stage_of(an_image(pixels, more=[a_lut(7, 8, 9, first=-2, kind=kind)]))
    assert stage.of_frame(0).apply(found).tolist() == [[7, 7, 8, 9]]


def test_table_of_bytes_is_read_as_such() -> None:
    lut = sequence(
        MODALITY_LUT, [element(DESCRIPTOR, "US", 4, 0, 8), Element(DATA, "OB", bytes([9, 8, 7, 255]))]
    )
    stage, (found,) = stage_of(an_image(np.array([[0, 1, 2, 3]], np.uint8), more=[lut]))
    assert stage.of_frame(0).apply(found).tolist() == [[9, 8, 7, 255]]


def test_table_of_65536_entries_says_so_with_a_zero() -> None:
    entries = (np.arange(65536) * 7 % 65536).astype("<u2")
    lut = sequence(
        MODALITY_LUT, [element(DESCRIPTOR, "US", 0, 0, 16), Element(DATA, "OW", entries.tobytes())]
    )
    stage, (found,) = stage_of(an_image(np.array([[0, 3, 65535]], np.uint16), more=[lut]))
    assert stage.of_frame(0).apply(found).tolist() == [[0, 21, 65535 * 7 % 65536]]


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([element(DESCRIPTOR, "US", 4, 0), words(1, 2, 3, 4)], "2 values of 3"),
        ([words(1, 2, 3, 4)], "0 values of 3"),
        ([element(DESCRIPTOR, "US", 4, 0, 17), words(1, 2, 3, 4)], "17 bits"),
        ([element(DESCRIPTOR, "US", 4, 0, 16)], "no LUT Data"),
        ([element(DESCRIPTOR, "US", 4, 0, 16), words(1, 2, 3)], "6 bytes for 4 entries"),
    ],
)
def test_table_that_contradicts_itself_is_refused(items: list[Element], why: str) -> None:
    with pytest.raises(InvalidDicom, match=why):
        stage_of(an_image(np.zeros((2, 2), np.uint16), more=[sequence(MODALITY_LUT, items)]))


@pytest.mark.parametrize("number", ["NaN", "1e999", "abc", "--1"])
def test_slope_that_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidDicom, match="is not a"):
        stage_of(an_image(np.zeros((2, 2), np.uint16), more=[element(SLOPE, "DS", number)]))


def test_frames_have_rescaling_of_their_own_or_share_one() -> None:
    def group(slope: str) -> list[Element]:
        return [sequence(TRANSFORMATION, [element(INTERCEPT, "DS", "1"), element(SLOPE, "DS", slope)])]

    pixels = np.ones((3, 2, 2), np.uint16)
    more = [sequence(SHARED, group("10")), sequence(PER_FRAME, group("2"), [], group("3"))]
    stage, frames = stage_of(an_image(pixels, frames=3, more=more))
    found = [stage.of_frame(index).apply(frame)[0, 0] for index, frame in enumerate(frames)]
    assert found == [3, 11, 4]


@pytest.mark.parametrize(
    ("more", "covered"),
    [
        ([element(0x00280120, "US", 5)], [5]),
        ([element(0x00280120, "US", 5), element(0x00280121, "US", 7)], [5, 6, 7]),
        ([element(0x00280120, "US", 7), element(0x00280121, "US", 5)], [5, 6, 7]),
    ],
)
def test_padding_covers_its_range_in_either_direction(more: list[Element], covered: list[int]) -> None:
    tree = tree_of(an_image(np.arange(10, dtype=np.uint16).reshape(2, 5), more=more))
    frames = Frames(tree)
    padding = padding_of(tree.root, frames.description)
    assert padding is not None
    pixels = frames.read(0).pixels
    assert pixels[padding.covers(pixels)].tolist() == covered


@pytest.mark.parametrize("value", [element(0x00280120, "SS", -2000), element(0x00280120, "US", 63536)])
@pytest.mark.parametrize("stored", [12, 16])
def test_padding_of_signed_values_is_understood_in_either_sign(value: Element, stored: int) -> None:
    tree = tree_of(an_image(np.array([[-2000, 0]], np.int16), stored=stored, more=[value]))
    frames = Frames(tree)
    padding = padding_of(tree.root, frames.description)
    assert padding is not None
    assert padding.covers(frames.read(0).pixels).tolist() == [[True, False]]


def test_padding_of_floating_point_values_may_be_no_number() -> None:
    elements = image_elements(rows=1, columns=3, allocated=32)
    data = np.array([1.5, np.nan, 2.5], "<f4")
    file = a_file([*elements, element(0x00280122, "FL", np.nan), Element(0x7FE00008, "OF", data.tobytes())])
    tree = tree_of(file)
    frames = Frames(tree)
    padding = padding_of(tree.root, frames.description)
    assert padding is not None
    assert padding.covers(frames.read(0).pixels).tolist() == [[False, True, False]]
