"""How an image is made of an object's pixels: what may be asked for, and what was done."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from fileroom.domain.errors import InvalidInput

DEFAULT_QUALITY: Final = 90
"""Of JPEG; from 1 to 100."""


class ImageFormat(StrEnum):
    """What an image is written as."""

    PNG = "png"
    JPEG = "jpeg"

    @property
    def suffix(self) -> str:
        """Of the names of files."""
        return ".png" if self is ImageFormat.PNG else ".jpg"


_SUFFIXES: Final = {".png": ImageFormat.PNG, ".jpg": ImageFormat.JPEG, ".jpeg": ImageFormat.JPEG}


class Contrast(StrEnum):
    """What values were made gray by (the VOI stage of PS3.4 N.2.1.2)."""

    WINDOW = "window"
    """A window of the object's."""
    GIVEN_WINDOW = "given_window"
    """The window that was asked for."""
    VOI_LUT = "voi_lut"
    """The first VOI LUT of the object's."""
    MIN_MAX = "min_max"
    """From the least to the greatest value of the frame."""
    FULL_RANGE = "full_range"
    """All values that the stored bits can hold."""
    NONE = "none"
    """Colours are shown as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Window Center and Width (PS3.3 C.11.2.1.2), in the values that the modality LUT gives."""

    center: float
    width: float

    def __post_init__(self) -> None:
        """Refuse what is no window.

        Raises:
            InvalidInput: a number is not finite, or the width not positive.
        """
        if not (math.isfinite(self.center) and math.isfinite(self.width) and self.width > 0):
            raise InvalidInput("a window has a finite center and a width above 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderingOptions:
    """What is asked for. Options that contradict each other are refused here."""

    image_format: ImageFormat = ImageFormat.PNG
    frame: int | None = None
    """Counts from 1. Without it, and without `all_frames`, the first."""
    all_frames: bool = False
    window: Window | None = None
    """In the place of the object's."""
    normalize: bool = False
    """From the least to the greatest value of each frame, whatever window the object has."""
    modality_lut: bool = True
    voi_lut: bool = True
    """Without it the object's windows and VOI LUTs are passed over, and the full range is shown."""
    bits: int | None = None
    """8 or 16 for gray images; None: 8."""
    quality: int | None = None
    """Of JPEG."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            InvalidInput: these options do not go together, or are out of range.
        """
        if self.frame is not None and self.frame < 1:
            raise InvalidInput(f"there is no frame {self.frame}", hint="frames count from 1")
        if self.frame is not None and self.all_frames:
            raise InvalidInput("one frame and all of them cannot both be wanted")
        if self.normalize and self.window is not None:
            raise InvalidInput("a window and --normalize are two ways to the same gray: give one of them")
        if not self.voi_lut and self.window is not None:
            raise InvalidInput("a window is a VOI LUT: give the window or --disable-voi-lut")
        if self.bits not in {None, 8, 16}:
            raise InvalidInput(f"{self.bits} bits are not written: 8 or 16 are")
        if self.image_format is ImageFormat.JPEG and self.bits == 16:
            raise InvalidInput("JPEG images have 8 bits", hint="give --format=png for 16 bits")
        if self.quality is not None and self.image_format is not ImageFormat.JPEG:
            raise InvalidInput("--quality is for JPEG: PNG loses nothing")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise InvalidInput(f"a quality of {self.quality} is not from 1 to 100")


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedImage:
    """One image that was written."""

    path: Path
    frame: int
    """Counts from 1."""
    width: int
    height: int
    bits: int
    """Of a sample."""
    contrast: Contrast
    window: Window | None = None
    """What was applied, where that was a window or a range of values."""
    explanation: str = ""
    """What the object calls its window or VOI LUT."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedFile:
    """What was made of one object."""

    image_format: ImageFormat
    photometric_interpretation: str
    """Of the object."""
    frames: int
    """That the object has."""
    images: tuple[RenderedImage, ...]
    """Those that were written."""


def image_format_of(wanted: ImageFormat | None, output: Path | None) -> ImageFormat:
    """Return the format that is asked for by name, or by the suffix of an output; PNG without either.

    Raises:
        InvalidInput: the suffix is that of another format, or of none that is written.
    """
    suffix = output.suffix.lower() if output is not None else ""
    named = _SUFFIXES.get(suffix)
    if wanted is not None:
        if named is not None and named is not wanted:
            raise InvalidInput(f"{suffix} is no name for {wanted.value.upper()}", hint="leave --format out")
        return wanted
    if suffix and named is None:
        raise InvalidInput(
            f"which format {suffix} stands for is not known", hint="end it in .png or .jpg, or give --format"
        )
    return named or ImageFormat.PNG


def frame_path(path: Path, frame: int) -> Path:
    """Return the name of the image of one frame of several: `heart.png` gives `heart-0001.png`."""
    return path.with_name(f"{path.stem}-{frame:04}{path.suffix}")
