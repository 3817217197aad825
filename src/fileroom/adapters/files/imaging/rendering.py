"""One frame made an image of 8 or 16 bits: modality LUT, VOI, presentation (PS3.4 N.2)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from fileroom.adapters.files.imaging.colour import of_8_bits, rgb_of
from fileroom.adapters.files.imaging.modality import IDENTITY, ModalityStage, ModalityTransform, padding_of
from fileroom.adapters.files.imaging.palette import Palette
from fileroom.adapters.files.imaging.voi import RangeTransform, VoiTransform, WindowTransform, voi_of_frame
from fileroom.adapters.files.pixels.frames import Frame, Frames
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.adapters.files.tree import Tree
from fileroom.domain.errors import InvalidInput
from fileroom.domain.rendering import Contrast, RenderingOptions, Window

_SMALL: Final = 2
"""Bytes of samples up to which all values are worked out once, not for each pixel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An image ready to be written."""

    samples: Pixels
    """Of 8 or 16 bits, by rows, columns and, of colour images, red, green and blue."""
    contrast: Contrast
    window: Window | None = None
    explanation: str = ""


class FrameRenderer:
    """Renders frames of one object."""

    def __init__(self, tree: Tree, frames: Frames, options: RenderingOptions) -> None:
        """Read what holds for all frames.

        Raises:
            InvalidDicom: tables or numbers of the object contradict themselves.
            InvalidInput: the image cannot be shown as is asked.
        """
        description = frames.description
        self._root = tree.root
        self._description = description
        self._options = options
        self._palette = (
            Palette(tree.root, description) if description.photometric == "PALETTE COLOR" else None
        )
        self._is_gray = self._palette is None and not description.is_colour
        if not self._is_gray and options.bits == 16:
            raise InvalidInput(f"{description.photometric} is written with 8 bits, 16 are for gray images")
        self._modality = ModalityStage(tree.root, description)
        self._padding = padding_of(tree.root, description)
        self._top = (1 << (options.bits or 8)) - 1

    def render(self, frame: Frame, index: int) -> Picture:
        """Render a frame; frames count from 0 here.

        Raises:
            InvalidDicom: tables or numbers of the object contradict themselves.
            InvalidInput: its colours cannot be shown.
        """
        with np.errstate(all="ignore"):
            return self._picture(frame, index)

    def _picture(self, frame: Frame, index: int) -> Picture:
        if self._palette is not None:
            return Picture(samples=self._palette.apply(frame.pixels), contrast=Contrast.NONE)
        if not self._is_gray:
            rgb = rgb_of(frame, self._description)
            return Picture(samples=of_8_bits(rgb, self._description.bits_stored), contrast=Contrast.NONE)
        modality = self._modality.of_frame(index) if self._options.modality_lut else IDENTITY
        voi = self._voi(frame.pixels, index, modality)
        return Picture(
            samples=self._gray(frame.pixels, modality, voi),
            contrast=voi.contrast,
            window=voi.window,
            explanation=voi.explanation,
        )

    def _voi(self, pixels: Pixels, index: int, modality: ModalityTransform) -> VoiTransform:
        options = self._options
        if options.window is not None:
            return WindowTransform(window=options.window, contrast=Contrast.GIVEN_WINDOW)
        if not options.normalize:
            if not options.voi_lut:
                return self._full_range(pixels, modality)
            least = min(_ends(modality.apply(self._representable(pixels))))
            found = voi_of_frame(self._root, index, is_signed=least < 0)
            if found is not None:
                return found
        return self._min_max(pixels, modality)

    def _min_max(self, pixels: Pixels, modality: ModalityTransform) -> VoiTransform:
        """Go from the least to the greatest value of the frame, without padding and what is no number."""
        values = pixels
        if self._padding is not None:
            values = pixels[~self._padding.covers(pixels)]
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)]
        if not values.size:
            return RangeTransform(low=0.0, high=0.0, contrast=Contrast.MIN_MAX)
        if modality.is_monotonic:
            values = np.array([values.min(), values.max()])
        low, high = _ends(modality.apply(values))
        return RangeTransform(low=low, high=high, contrast=Contrast.MIN_MAX)

    def _full_range(self, pixels: Pixels, modality: ModalityTransform) -> VoiTransform:
        """Go over all values that the stored bits can hold; floating point ones have no such range."""
        if self._description.is_float:
            return self._min_max(pixels, modality)
        if modality.table is not None:
            return RangeTransform(
                low=0.0, high=float((1 << modality.table.bits) - 1), contrast=Contrast.FULL_RANGE
            )
        low, high = _ends(modality.apply(self._representable(pixels)))
        return RangeTransform(low=low, high=high, contrast=Contrast.FULL_RANGE)

    def _representable(self, pixels: Pixels) -> Pixels:
        """Return the least and the greatest value that the stored bits can hold."""
        description = self._description
        if description.is_float:
            return np.array([0.0, 0.0])
        bits = description.bits_stored
        low, high = (
            (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if description.is_signed else (0, (1 << bits) - 1)
        )
        return np.array([low, high], pixels.dtype)

    def _gray(self, pixels: Pixels, modality: ModalityTransform, voi: VoiTransform) -> Pixels:
        if pixels.dtype.kind == "f" or pixels.dtype.itemsize > _SMALL:
            return self._output(modality.apply(pixels), voi)
        low, high = int(pixels.min()), int(pixels.max())
        values = np.arange(low, high + 1).astype(pixels.dtype)
        outputs = self._output(modality.apply(values), voi)
        places = pixels.astype(np.intp)
        places -= low
        return np.take(outputs, places)

    def _output(self, values: Pixels, voi: VoiTransform) -> Pixels:
        gray = voi.apply(values, self._top)
        if self._description.photometric == "MONOCHROME1":
            gray = self._top - gray
        np.rint(gray, out=gray)
        return np.nan_to_num(gray, copy=False).astype(np.uint8 if self._top == 0xFF else np.uint16)


def _ends(values: Pixels) -> tuple[float, float]:
    """Return the least and the greatest of values."""
    return float(values.min()), float(values.max())
