"""What an object says of its image, checked before anything is done about it (PS3.3 C.7.6.3, PS3.5 8.1)."""

from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.pixels.attributes import integer, text
from fileroom.adapters.files.tree import Element, Item, Tree
from fileroom.domain.errors import InvalidDicom, LimitExceeded

SAMPLES: Final = 0x00280002
PHOTOMETRIC: Final = 0x00280004
PLANAR: Final = 0x00280006
FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
BITS_STORED: Final = 0x00280101
HIGH_BIT: Final = 0x00280102
REPRESENTATION: Final = 0x00280103
FLOAT_PIXELS: Final = 0x7FE00008
DOUBLE_PIXELS: Final = 0x7FE00009
PIXELS: Final = 0x7FE00010

MAX_FRAME_BYTES: Final = 1 << 30
"""Memory that one frame may take."""
MAX_FRAMES: Final = 1_000_000

SUBSAMPLED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Two pixels share their colour: where they are not compressed, four samples stand for two pixels (C.7.6.3.1.2)."""
_GRAY: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_COLOUR: Final = frozenset(
    ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "HSV"]
)
_FLOATS: Final = {FLOAT_PIXELS: 32, DOUBLE_PIXELS: 64}
_CELLS: Final = frozenset({1, 8, 16, 32, 64})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDescription:
    """The image of an object: its size and how samples are written."""

    rows: int
    columns: int
    samples: int
    """For each pixel: 1 or 3."""
    frames: int
    bits_allocated: int
    """Of a sample: 1, 8, 16, 32 or 64."""
    bits_stored: int
    high_bit: int
    is_signed: bool
    """Single bits never are."""
    is_float: bool
    """Float or Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25)."""
    photometric: str
    """Photometric Interpretation, as written."""
    is_planar: bool
    """Each colour stands for itself (Planar Configuration 1); matters in uncompressed data."""

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return self.rows * self.columns * self.samples

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample in memory."""
        return max(self.bits_allocated // 8, 1)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame in memory."""
        return self.frame_samples * self.sample_bytes

    @property
    def native_frame_bits(self) -> int:
        """Bits of one frame in uncompressed Pixel Data: frames of single bits need not begin with a byte."""
        written = self.frame_samples * self.bits_allocated
        return written // 3 * 2 if self.photometric in SUBSAMPLED and self.samples == 3 else written

    @property
    def is_colour(self) -> bool:
        """Several samples a pixel."""
        return self.samples > 1


def pixel_element(tree: Tree) -> Element:
    """Return the element that holds the pixels.

    Raises:
        InvalidDicom: there is none, or more than one.
    """
    found = [element for element in tree.root.elements if element.tag in {PIXELS, *_FLOATS}]
    if not found:
        raise InvalidDicom("it has no pixels")
    if len(found) > 1:
        raise InvalidDicom("it has more than one of Pixel Data, Float Pixel Data and Double Float Pixel Data")
    if found[0].items is not None:
        raise InvalidDicom("its Pixel Data is a sequence of items")
    return found[0]


def describe(tree: Tree, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> ImageDescription:
    """Read what an object says of its image.

    Raises:
        InvalidDicom: it has no pixels, something is missing, or it contradicts itself.
        LimitExceeded: a frame takes more than `max_frame_bytes`, or there are more than `MAX_FRAMES`.
    """
    root, element = tree.root, pixel_element(tree)
    rows, columns = _required(root, ROWS, "Rows"), _required(root, COLUMNS, "Columns")
    samples = integer(root, SAMPLES) or 1
    photometric = text(root, PHOTOMETRIC).upper()
    allocated = integer(root, BITS_ALLOCATED) or _FLOATS.get(element.tag) or 0
    stored = integer(root, BITS_STORED) or allocated
    high_bit = integer(root, HIGH_BIT)
    representation = integer(root, REPRESENTATION) or 0
    planar = integer(root, PLANAR) or 0
    found = ImageDescription(
        rows=rows,
        columns=columns,
        samples=samples,
        frames=integer(root, FRAMES) or 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        is_signed=representation == 1 and allocated > 1,
        is_float=element.tag in _FLOATS,
        photometric=photometric or ("MONOCHROME2" if element.tag in _FLOATS else ""),
        is_planar=planar == 1,
    )
    if representation not in {0, 1}:
        raise _contradiction(f"Pixel Representation is {representation}", "C.7.6.3")
    if samples > 1 and planar not in {0, 1}:
        raise _contradiction(f"Planar Configuration is {planar}", "C.7.6.3.1.3")
    _check_colour(found)
    _check_bits(found, element)
    _check_size(found, max_frame_bytes)
    return found


def _required(root: Item, tag: int, name: str) -> int:
    value = integer(root, tag)
    if not value or value < 0:
        raise _contradiction(f"{name} is {'missing' if value is None else value}", "C.7.6.3")
    return value


def _check_colour(found: ImageDescription) -> None:
    if found.samples not in {1, 3}:
        raise _contradiction(f"Samples per Pixel is {found.samples}", "C.7.6.3.1.1")
    if not found.photometric:
        raise _contradiction("Photometric Interpretation is missing", "C.7.6.3.1.2")
    if found.photometric not in _GRAY | _COLOUR:
        raise _contradiction(f"Photometric Interpretation is {found.photometric[:16]!r}", "C.7.6.3.1.2")
    if (found.photometric in _COLOUR) != found.is_colour:
        raise _contradiction(f"{found.photometric} with {found.samples} samples a pixel", "C.7.6.3.1.2")


def _check_bits(found: ImageDescription, element: Element) -> None:
    allocated, stored, high_bit = found.bits_allocated, found.bits_stored, found.high_bit
    if found.is_float:
        if allocated != _FLOATS[element.tag]:
            raise _contradiction(f"Bits Allocated of {allocated} for floating point pixels", "C.7.6.24")
        return
    if allocated not in _CELLS:
        raise _contradiction(f"Bits Allocated is {allocated or 'missing'}", "C.7.6.3; PS3.5 8.1.1")
    if not 1 <= stored <= allocated:
        raise _contradiction(f"Bits Stored of {stored} in {allocated} allocated", "C.7.6.3")
    if element.fragments is None and not stored - 1 <= high_bit < allocated:
        raise _contradiction(f"High Bit of {high_bit} with {stored} bits stored in {allocated}", "C.7.6.3")


def _check_size(found: ImageDescription, max_frame_bytes: int) -> None:
    if found.frames < 1:
        raise _contradiction(f"Number of Frames is {found.frames}", "C.7.6.6")
    if found.frames > MAX_FRAMES:
        raise LimitExceeded(f"it has {found.frames} frames, more than {MAX_FRAMES}")
    if found.frame_bytes > max_frame_bytes:
        raise LimitExceeded(f"a frame of it takes {found.frame_bytes} bytes, more than {max_frame_bytes}")


def _contradiction(what: str, clause: str) -> InvalidDicom:
    return InvalidDicom(f"its image cannot be: {what} (PS3.3 {clause})")
