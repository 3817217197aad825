"""From values of the modality to gray: windows, VOI LUTs and ranges (PS3.3 C.11.2), exactly as the formulas say."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.imaging.functional_groups import frame_item
from fileroom.adapters.files.imaging.lookup_tables import LookupTable, table_of
from fileroom.adapters.files.pixels.attributes import decimals, first_item, text, texts
from fileroom.adapters.files.tree import Item
from fileroom.domain.rendering import Contrast, Window

CENTER: Final = 0x00281050
WIDTH: Final = 0x00281051
WINDOW_EXPLANATION: Final = 0x00281055
FUNCTION: Final = 0x00281056
VOI_LUT_SEQUENCE: Final = 0x00283010
FRAME_VOI_LUT: Final = 0x00289132

Gray = NDArray[np.float64]
"""From 0 to the top of the output, not yet rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTransform:
    """Window Center and Width with a VOI LUT Function (C.11.2.1.2, C.11.2.1.3)."""

    window: Window
    function: str = "LINEAR"
    contrast: Contrast = Contrast.WINDOW
    explanation: str = ""

    def apply(self, values: NDArray[np.generic], top: int) -> Gray:
        """Apply the function; one that the standard does not know is LINEAR."""
        center, width = self.window.center, self.window.width
        numbers = values.astype(np.float64)
        if self.function == "SIGMOID":
            with np.errstate(over="ignore"):
                return top / (1.0 + np.exp(-4.0 * (numbers - center) / width))
        if self.function == "LINEAR_EXACT" or width < 1:  # LINEAR has no width below 1
            return _line(numbers, center - width / 2, width, top)
        if width == 1:
            return np.where(numbers > center - 0.5, float(top), 0.0)
        return _line(numbers, center - 0.5 - (width - 1) / 2, width - 1, top)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTransform:
    """An item of a VOI LUT Sequence (C.11.2.1.1)."""

    table: LookupTable
    contrast: Contrast = Contrast.VOI_LUT
    window: None = None

    @property
    def explanation(self) -> str:
        """Its LUT Explanation."""
        return self.table.explanation

    def apply(self, values: NDArray[np.generic], top: int) -> Gray:
        """Look up, and stretch what the bits of the table can say over the output."""
        full = (1 << self.table.bits) - 1
        return np.minimum(self.table.apply(values), full) * (top / full)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTransform:
    """A straight line from the least value to the greatest."""

    low: float
    high: float
    contrast: Contrast
    explanation: str = ""

    @property
    def window(self) -> Window | None:
        """What would be given as LINEAR_EXACT; None where all values are one, or there are no ends."""
        width = self.high - self.low
        if not (width > 0 and math.isfinite(width)):
            return None
        return Window(center=self.low / 2 + self.high / 2, width=width)

    def apply(self, values: NDArray[np.generic], top: int) -> Gray:
        """Make black of the least; of all where they are the same."""
        numbers = values.astype(np.float64)
        if not self.high > self.low:
            return np.zeros_like(numbers)
        return _line(numbers, self.low, self.high - self.low, top)


VoiTransform = WindowTransform | TableTransform | RangeTransform


def _line(numbers: Gray, start: float, width: float, top: int) -> Gray:
    """Go from 0 at `start` to `top` at `start + width`, and stay there."""
    gray = numbers - start
    gray *= top
    gray /= width
    return np.clip(gray, 0, top, out=gray)


def voi_of_frame(root: Item, index: int, *, is_signed: bool) -> VoiTransform | None:
    """Return the first VOI LUT or window of a frame; frames count from 0. None where there is none to go by.

    What a frame has of its own counts more than what the object has, a table more than a window. `is_signed` tells of
    the values that a table is for.

    Raises:
        InvalidDicom: a table or a number contradicts itself.
    """
    for item in (frame_item(root, index, FRAME_VOI_LUT), root):
        if item is None:
            continue
        table = first_item(item, VOI_LUT_SEQUENCE)
        if table is not None:
            return TableTransform(table=table_of(table, is_signed=is_signed))
        if (window := _window_of(item)) is not None:
            return window
    return None


def _window_of(item: Item) -> WindowTransform | None:
    """Return the first window; one whose width the standard does not allow is none."""
    centers, widths = decimals(item, CENTER), decimals(item, WIDTH)
    if (
        not centers
        or not widths
        or not (widths[0] > 0 and math.isfinite(centers[0]) and math.isfinite(widths[0]))
    ):
        return None
    return WindowTransform(
        window=Window(center=centers[0], width=widths[0]),
        function=text(item, FUNCTION).upper() or "LINEAR",
        explanation=next(iter(texts(item, WINDOW_EXPLANATION)), ""),
    )
