"""What a data set says of its pixels: Image Pixel Module (PS3.3 C.7.6.3), as rules need it."""

from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.tree import Element, Item
from fileroom.adapters.files.validating.attributes import number_of, word_of

SAMPLES_PER_PIXEL: Final = 0x00280002
PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
PLANAR_CONFIGURATION: Final = 0x00280006
NUMBER_OF_FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
BITS_STORED: Final = 0x00280101
HIGH_BIT: Final = 0x00280102
PIXEL_REPRESENTATION: Final = 0x00280103
PIXEL_DATA: Final = 0x7FE00010
FLOAT_PIXEL_DATA: Final = 0x7FE00008
DOUBLE_FLOAT_PIXEL_DATA: Final = 0x7FE00009

_SUBSAMPLED: Final = "YBR_FULL_422"
_SUBSAMPLED_PARTIAL: Final = "YBR_PARTIAL_422"


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelDescription:
    """The attributes that tell how pixels are laid out; None and '' where they are missing or not to be read."""

    rows: int | None
    columns: int | None
    samples: int | None
    photometric: str
    planar: int | None
    frames: int
    """1 where nothing is said."""
    allocated: int | None
    stored: int | None
    high_bit: int | None
    representation: int | None

    @property
    def native_bytes(self) -> int | None:
        """Bytes of all frames, as PS3.5 8.1 packs them, padded to even length; None where something is missing."""
        if None in {self.rows, self.columns, self.samples, self.allocated}:
            return None
        cells = (self.rows or 0) * (self.columns or 0) * self.frames
        # PS3.3 C.7.6.3.1.2: of four samples two are of luminance, and one of each colour.
        samples = 2 if self.photometric in {_SUBSAMPLED, _SUBSAMPLED_PARTIAL} else self.samples or 0
        size = (cells * samples * (self.allocated or 0) + 7) // 8
        return size + size % 2


def description_of(item: Item, *, has_frames: bool) -> PixelDescription:
    """Read the description; an item (an icon) is one frame, whatever else it says."""
    frames = number_of(item, NUMBER_OF_FRAMES) if has_frames else None
    return PixelDescription(
        rows=number_of(item, ROWS),
        columns=number_of(item, COLUMNS),
        samples=number_of(item, SAMPLES_PER_PIXEL),
        photometric=word_of(item, PHOTOMETRIC_INTERPRETATION),
        planar=number_of(item, PLANAR_CONFIGURATION),
        frames=frames if frames is not None and frames > 0 else 1,
        allocated=number_of(item, BITS_ALLOCATED),
        stored=number_of(item, BITS_STORED),
        high_bit=number_of(item, HIGH_BIT),
        representation=number_of(item, PIXEL_REPRESENTATION),
    )


def has_value(element: Element | None) -> bool:
    """Tell whether an attribute is there and not empty."""
    return element is not None and bool(element.size or element.items or element.fragments)
