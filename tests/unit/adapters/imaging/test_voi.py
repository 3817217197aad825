"""Gray is what the formulas of PS3.3 C.11.2 give, worked out by hand."""

import math

import numpy as np
import pytest

from fileroom.adapters.files.imaging.voi import RangeTransform, TableTransform, WindowTransform, voi_of_frame
from fileroom.domain.errors import InvalidInput
from fileroom.domain.rendering import Contrast, Window
from tests.images import an_image, element, sequence, tree_of
from tests.strategies import Element

CENTER, WIDTH, FUNCTION, EXPLANATION = 0x00281050, 0x00281051, 0x00281056, 0x00281055
VOI_LUT, FRAME_VOI_LUT, PER_FRAME = 0x00283010, 0x00289132, 0x52009230


def gray(center: float, width: float, function: str, *values: float, top: int = 255) -> list[float]:
    """The output of a window."""
    transform = WindowTransform(window=Window(center=center, width=width), function=function)
    return [float(one) for one in transform.apply(np.array(values), top)]


def test_linear_is_the_formula_of_c_11_2_1_2_1() -> None:
    # The examples of the standard: c=2048, w=4096 maps 0 to 0 and 4095 to 255.
    assert gray(2048, 4096, "LINEAR", 0, 4095) == [0, 255]
    assert gray(2048, 4096, "LINEAR", -1, 5000) == [0, 255]
    x, c, w = 1000.0, 2048.0, 4096.0
    assert gray(c, w, "LINEAR", x) == pytest.approx([((x - (c - 0.5)) / (w - 1) + 0.5) * 255])
    # c=0, w=100: -50 and below is the least, 49 and above the greatest.
    assert gray(0, 100, "LINEAR", -51, -50, 49, 50) == [0, 0, 255, 255]
    assert 0 < gray(0, 100, "LINEAR", -49)[0] < 3
    # c=0, w=1 is a threshold between -1 and 0.
    assert gray(0, 1, "LINEAR", -1, -0.5, 0, 1) == [0, 0, 255, 255]


def test_linear_exact_is_the_formula_of_c_11_2_1_3_2() -> None:
    assert gray(50, 100, "LINEAR_EXACT", -1, 0, 25, 50, 75, 100, 101) == pytest.approx(
        [0, 0, 63.75, 127.5, 191.25, 255, 255]
    )
    assert gray(0.5, 0.5, "LINEAR_EXACT", 0.25, 0.5, 0.75) == pytest.approx([0, 127.5, 255])


def test_linear_below_a_width_of_1_is_exact() -> None:
    assert gray(0.5, 0.5, "LINEAR", 0.25, 0.5, 0.75) == pytest.approx([0, 127.5, 255])


def test_sigmoid_is_the_formula_of_c_11_2_1_3_1() -> None:
    assert gray(100, 40, "SIGMOID", 100) == [127.5]
    assert gray(100, 40, "SIGMOID", 110) == pytest.approx([255 / (1 + math.exp(-1))])
    assert gray(0, 1, "SIGMOID", -1e6, 1e6) == [0, 255]


def test_window_of_16_bits_reaches_65535() -> None:
    assert gray(2048, 4096, "LINEAR", 0, 4095, top=65535) == [0, 65535]


@pytest.mark.parametrize(
    ("center", "width"), [(0, 0), (0, -1), (math.nan, 1), (0, math.inf), (math.inf, 1), (0, math.nan)]
)
def test_window_without_width_is_none(center: float, width: float) -> None:
    with pytest.raises(InvalidInput, match="a window has"):
        Window(center=center, width=width)


def test_range_goes_from_end_to_end() -> None:
    transform = RangeTransform(low=-10, high=10, contrast=Contrast.MIN_MAX)
    assert transform.apply(np.array([-10, 0, 10, 20]), 255).tolist() == [0, 127.5, 255, 255]
    assert transform.window == Window(center=0, width=20)
    flat = RangeTransform(low=5, high=5, contrast=Contrast.MIN_MAX)
    assert flat.apply(np.array([5, 5]), 255).tolist() == [0, 0]
    assert flat.window is None


def voi(*more: Element, is_signed: bool = False) -> WindowTransform | TableTransform | RangeTransform | None:
    """What an image with these elements goes by."""
    return voi_of_frame(
        tree_of(an_image(np.zeros((2, 2), np.uint16), more=more)).root, 0, is_signed=is_signed
    )


def test_first_window_is_taken_with_its_function_and_name() -> None:
    found = voi(
        element(CENTER, "DS", "40", "400"),
        element(WIDTH, "DS", "80", "2000"),
        element(FUNCTION, "CS", "SIGMOID"),
        element(EXPLANATION, "LO", "BRAIN", "BONE"),
    )
    assert found == WindowTransform(
        window=Window(center=40, width=80), function="SIGMOID", explanation="BRAIN"
    )


@pytest.mark.parametrize("width", ["0", "-5", ""])
def test_window_that_cannot_be_is_passed_over(width: str) -> None:
    assert voi(element(CENTER, "DS", "40"), element(WIDTH, "DS", width)) is None
    assert voi(element(CENTER, "DS", "40")) is None


def test_table_counts_more_than_a_window() -> None:
    data = Element(0x00283006, "OW", np.array([0, 100, 4095], "<u2").tobytes())
    lut = sequence(VOI_LUT, [element(0x00283002, "US", 3, 10, 12), element(0x00283003, "LO", "SOFT"), data])
    found = voi(lut, element(CENTER, "DS", "40"), element(WIDTH, "DS", "80"))
    assert isinstance(found, TableTransform)
    assert found.explanation == "SOFT"
    assert found.apply(np.array([0, 10, 11, 12, 99]), 255).tolist() == pytest.approx(
        [0, 0, 100 * 255 / 4095, 255, 255]
    )
    assert found.apply(np.array([10.4, 10.6]), 255).tolist() == pytest.approx([0, 100 * 255 / 4095])


def test_table_for_values_below_zero_may_begin_there() -> None:
    data = Element(0x00283006, "OW", np.array([1, 2, 3], "<u2").tobytes())
    lut = sequence(VOI_LUT, [element(0x00283002, "US", 3, 0xFFFF, 8), data])
    found = voi(lut, is_signed=True)
    assert isinstance(found, TableTransform)
    assert found.apply(np.array([-1, 0, 1]), 255).tolist() == [1, 2, 3]


def test_frame_has_a_window_of_its_own() -> None:
    own = sequence(FRAME_VOI_LUT, [element(CENTER, "DS", "1"), element(WIDTH, "DS", "2")])
    found = voi(sequence(PER_FRAME, [own]), element(CENTER, "DS", "40"), element(WIDTH, "DS", "80"))
    assert isinstance(found, WindowTransform)
    assert found.window == Window(center=1, width=2)
