"""Frames of pixels that are not compressed (PS3.5 8.1, 8.2 and annex A), each read by itself."""

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.description import SUBSAMPLED, ImageDescription
from fileroom.adapters.files.tree import Element, Value
from fileroom.adapters.files.tree_writing import UNITS, swapped
from fileroom.domain.errors import InvalidDicom

Pixels = NDArray[np.generic]
"""Samples of one frame: rows, columns and, of colour images, samples of a pixel."""


class NativeFrames:
    """The frames in a value of Pixel Data, or in another of the kind."""

    def __init__(self, element: Element, description: ImageDescription, *, is_little: bool) -> None:
        """Compare what is there with what should be.

        Raises:
            InvalidDicom: the frames do not fit.
        """
        self._description = description
        self._value: Value = element.value
        # Words of OW are swapped as words, whatever the pixels in them (PS3.5 8.1.1, and 8.2 for those of 8 bits).
        self._unit = 1 if is_little else UNITS.get(element.vr, 1)
        if not is_little and element.vr in {b"UN", b""}:
            self._unit = 2
        needed = -(-description.native_frame_bits * description.frames // 8)
        if len(self._value) < needed:
            raise InvalidDicom(
                f"its pixels have {len(self._value)} bytes, {description.frames} frames of "
                f"{description.columns}x{description.rows} need {needed} (PS3.3 C.7.6.3)"
            )
        if description.photometric in SUBSAMPLED and len(self._value) >= needed // 2 * 3 > needed:
            raise InvalidDicom(f"its pixels are those of RGB or YBR_FULL, not {description.photometric}")

    def read(self, index: int) -> Pixels:
        """Return one frame; frames count from 0.

        Raises:
            InvalidDicom: there cannot be such a frame.
            Unreadable: it cannot be read any more.
        """
        bits = self._description.native_frame_bits
        start, stop = index * bits, (index + 1) * bits
        first = start // 8 // self._unit * self._unit
        last = min(-(-stop // 8 // self._unit) * self._unit, len(self._value))
        content = self._bytes(first, last - first)
        if self._unit > 1:
            content = swapped(content, self._unit)
        return native_pixels(content, start - 8 * first, self._description)

    def _bytes(self, start: int, count: int) -> bytes:
        if isinstance(self._value, bytes):
            return self._value[start : start + count]
        return self._value.read(count, start)


def native_pixels(content: bytes, first_bit: int, description: ImageDescription) -> Pixels:
    """Make an array of a frame in little endian that begins at a bit of `content`.

    Raises:
        InvalidDicom: there are fewer bytes than the frame needs, or there cannot be such frames.
    """
    bits = description.native_frame_bits
    if description.photometric in SUBSAMPLED and (description.columns % 2 or description.bits_allocated == 1):
        raise InvalidDicom(
            f"{description.photometric} with {description.columns} columns of {description.bits_allocated} bits a "
            "sample (PS3.3 C.7.6.3.1.2)"
        )
    if 8 * len(content) < first_bit + bits:
        raise InvalidDicom(f"a frame has {len(content)} bytes, {-(-bits // 8)} are needed")
    if description.bits_allocated == 1:
        packed = np.frombuffer(content, np.uint8)
        flat = np.unpackbits(packed, bitorder="little")[first_bit : first_bit + bits]
        return _shaped(flat, description)
    kind = "f" if description.is_float else "u"
    dtype = np.dtype(f"<{kind}{description.sample_bytes}")
    flat = np.frombuffer(content, dtype, bits // description.bits_allocated, first_bit // 8)
    flat = flat.astype(dtype.newbyteorder("="), copy=False)
    if description.photometric in SUBSAMPLED:
        return _upsampled(_stored_values(flat, description), description)
    return _shaped(_stored_values(flat, description), description)


def stored_values(pixels: Pixels, description: ImageDescription, *, high_bit: int | None = None) -> Pixels:
    """Take the stored bits out of samples in their cells, with their sign (PS3.5 8.1.1); other bits are no pixels."""
    if description.is_float or description.bits_allocated == 1:
        return pixels
    kind = "i" if description.is_signed else "u"
    values = pixels.view(f"{kind}{pixels.dtype.itemsize}")
    allocated = 8 * pixels.dtype.itemsize
    above = allocated - 1 - (description.bits_stored - 1 if high_bit is None else high_bit)
    unused = allocated - description.bits_stored
    if unused <= 0:
        return values
    if above:
        values = values << above
    shifted: Pixels = values >> unused
    return shifted


def _stored_values(flat: Pixels, description: ImageDescription) -> Pixels:
    return stored_values(flat, description, high_bit=description.high_bit)


def _shaped(flat: Pixels, description: ImageDescription) -> Pixels:
    rows, columns, samples = description.rows, description.columns, description.samples
    if samples == 1:
        return flat.reshape(rows, columns)
    if description.is_planar:
        return np.ascontiguousarray(flat.reshape(samples, rows, columns).transpose(1, 2, 0))
    return flat.reshape(rows, columns, samples)


def _upsampled(flat: Pixels, description: ImageDescription) -> Pixels:
    """Give each pixel the colour that two share: Y1 Y2 B R is Y1 B R, Y2 B R (PS3.3 C.7.6.3.1.2)."""
    pairs = flat.reshape(description.rows, description.columns // 2, 4)
    pixels = np.empty((description.rows, description.columns, 3), flat.dtype)
    pixels[:, 0::2, 0] = pairs[:, :, 0]
    pixels[:, 1::2, 0] = pairs[:, :, 1]
    for sample in (1, 2):
        pixels[:, 0::2, sample] = pixels[:, 1::2, sample] = pairs[:, :, sample + 1]
    return pixels
