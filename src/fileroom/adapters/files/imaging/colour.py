"""Colours as decoders leave them made red, green and blue (PS3.3 C.7.6.3.1.2)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.frames import Frame
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.domain.errors import InvalidInput

# Rows: red, green, blue; columns: Y, CB, CR. Of YBR_FULL the inverse of the equations in C.7.6.3.1.2, which are those
# of ITU-R BT.601 over all values; of YBR_PARTIAL those for 16 to 235 (CB and CR 240) of 8 bits.
_FULL: Final = ((1.0, 0.0, 1.402), (1.0, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587), (1.0, 1.772, 0.0))
_LUMA: Final = 255 / 219
_CHROMA: Final = 255 / 224
_PARTIAL: Final = tuple((row[0] * _LUMA, row[1] * _CHROMA, row[2] * _CHROMA) for row in _FULL)
_BLACK: Final = 16


def rgb_of(frame: Frame, description: ImageDescription) -> Pixels:
    """Return red, green and blue in the bits in which they are stored.

    Raises:
        InvalidInput: these colours cannot be converted.
    """
    photometric = frame.photometric
    if photometric == "RGB":
        return frame.pixels
    if photometric == "YBR_FULL":
        return _converted(frame.pixels, description.bits_stored, _FULL, black=0)
    if photometric.startswith("YBR_PARTIAL"):
        return _converted(frame.pixels, description.bits_stored, _PARTIAL, black=_BLACK)
    raise InvalidInput(f"colours in {photometric} cannot be shown")


def _converted(
    pixels: Pixels, bits: int, matrix: tuple[tuple[float, ...], ...], *, black: int
) -> NDArray[np.unsignedinteger]:
    """Multiply with a matrix around black and around gray, and round."""
    top = (1 << bits) - 1
    centers = np.array([black * top / 255, 1 << (bits - 1), 1 << (bits - 1)], np.float32)
    colours = (pixels.astype(np.float32) - centers) @ np.array(matrix, np.float32).T
    np.rint(colours, out=colours)
    np.clip(colours, 0, top, out=colours)
    rgb: NDArray[np.unsignedinteger] = colours.astype(f"u{pixels.dtype.itemsize}")
    return rgb


def of_8_bits(rgb: Pixels, bits: int) -> NDArray[np.uint8]:
    """Return the high 8 bits of samples, or stretch shorter ones over 8."""
    if bits > 8:
        high: Pixels = rgb >> (bits - 8)  # type: ignore[operator]
        return high.astype(np.uint8)
    if bits < 8:
        return (rgb.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    return rgb.astype(np.uint8, copy=False)
