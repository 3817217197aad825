"""From stored values to values of the modality: rescaling or a table (PS3.3 C.11.1), and the padding around them."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.imaging.functional_groups import frame_item
from fileroom.adapters.files.imaging.lookup_tables import LookupTable, table_of
from fileroom.adapters.files.pixels.attributes import decimals, first_item, integer, text
from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.native import Pixels, stored_values
from fileroom.adapters.files.tree import Item
from fileroom.domain.pixel_values import ModalityLut

INTERCEPT: Final = 0x00281052
SLOPE: Final = 0x00281053
RESCALE_TYPE: Final = 0x00281054
MODALITY_LUT_SEQUENCE: Final = 0x00283000
MODALITY_LUT_TYPE: Final = 0x00283004
PIXEL_VALUE_TRANSFORMATION: Final = 0x00289145
MODALITY: Final = 0x00080060
UNITS: Final = 0x00541001
PADDING: Final = (0x00280120, 0x00280121)
"""Pixel Padding Value and Range Limit."""
FLOAT_PADDING: Final = {32: (0x00280122, 0x00280124), 64: (0x00280123, 0x00280125)}
"""The same for floating point pixels, by their bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalityTransform:
    """What stored values of one frame mean."""

    slope: float = 1.0
    intercept: float = 0.0
    table: LookupTable | None = None
    """In the place of slope and intercept."""
    unit: str = ""
    is_there: bool = False
    """The object says so."""

    @property
    def kind(self) -> ModalityLut:
        """What does it."""
        if self.table is not None:
            return ModalityLut.LUT
        return ModalityLut.RESCALE if self.is_there else ModalityLut.NONE

    @property
    def is_monotonic(self) -> bool:
        """The order of values stays, or turns round: the ends of a range become the ends of one."""
        return self.table is None

    def apply(self, values: Pixels) -> Pixels:
        """Transform values; what nothing is to be done about comes back as it is."""
        if self.table is not None:
            return self.table.apply(values)
        if (self.slope, self.intercept) == (1.0, 0.0):
            return values
        with np.errstate(over="ignore", invalid="ignore"):
            scaled: NDArray[np.float64] = values.astype(np.float64) * self.slope
            scaled += self.intercept
        return scaled


IDENTITY: Final = ModalityTransform()


class ModalityStage:
    """The modality LUT of an object, frame by frame."""

    def __init__(self, root: Item, description: ImageDescription) -> None:
        """Read what holds for all frames.

        Raises:
            InvalidDicom: a table contradicts itself.
        """
        self._root = root
        self._is_gray = not description.is_colour and description.photometric != "PALETTE COLOR"
        self._default = IDENTITY
        if not self._is_gray:
            return
        table = first_item(root, MODALITY_LUT_SEQUENCE)
        if table is not None:
            self._default = ModalityTransform(
                table=table_of(table, is_signed=description.is_signed),
                unit=text(table, MODALITY_LUT_TYPE),
                is_there=True,
            )
        else:
            self._default = _rescaling(root, root)

    def of_frame(self, index: int) -> ModalityTransform:
        """Return what holds for a frame; frames count from 0.

        Raises:
            InvalidDicom: a number is none.
        """
        own = frame_item(self._root, index, PIXEL_VALUE_TRANSFORMATION) if self._is_gray else None
        return _rescaling(own, self._root) if own is not None else self._default


def _rescaling(item: Item, root: Item) -> ModalityTransform:
    """Read slope and intercept; without a slope there is no rescaling."""
    slope, intercept = decimals(item, SLOPE), decimals(item, INTERCEPT)
    if not slope and not intercept:
        return IDENTITY
    unit = text(item, RESCALE_TYPE)
    if not unit:
        # PS3.3 C.8.2.1: other than HU, CT says what; PS3.3 C.8.9.1: PET has its own attribute for it.
        unit = "HU" if text(root, MODALITY) == "CT" else text(root, UNITS)
    return ModalityTransform(
        slope=slope[0] if slope else 1.0,
        intercept=intercept[0] if intercept else 0.0,
        unit=unit,
        is_there=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Padding:
    """Stored values that fill the frame around the image and are no part of it (PS3.3 C.7.5.1.1.2)."""

    low: float
    high: float

    def covers(self, values: Pixels) -> NDArray[np.bool_]:
        """Tell of each value whether it is padding; NaN pads with NaN."""
        if math.isnan(self.low):
            return np.isnan(values)
        found: NDArray[np.bool_] = (values >= self.low) & (values <= self.high)  # type: ignore[operator]
        return found


def padding_of(root: Item, description: ImageDescription) -> Padding | None:
    """Read the padding of an object, None where it has none; colours have none.

    Raises:
        InvalidDicom: a number is none.
    """
    if description.is_colour or description.photometric == "PALETTE COLOR":
        return None
    if description.is_float:
        value_tag, limit_tag = FLOAT_PADDING[description.bits_allocated]
        ends = decimals(root, value_tag)[:1] + decimals(root, limit_tag)[:1]
    else:
        values = [integer(root, tag) for tag in PADDING]
        if values[0] is None:
            return None
        ends = tuple(_as_stored(value, description) for value in values if value is not None)
    return Padding(low=min(ends), high=max(ends)) if ends else None


def _as_stored(value: int, description: ImageDescription) -> int:
    """Return a value as pixels have it, though it be written with another sign, or with bits that are not stored."""
    if description.bits_allocated > 16:
        return value
    cell = np.array([value & 0xFFFF], np.uint16).astype(f"u{description.sample_bytes}")
    return int(stored_values(cell, description)[0])
