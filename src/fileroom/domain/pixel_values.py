"""What is told of the values of an image: statistics and histograms, after the modality LUT (PS3.3 C.11.1)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fileroom.domain.errors import InvalidInput

PERCENTILES: Final = (1, 5, 25, 50, 75, 95, 99)
DEFAULT_BINS: Final = 32
MAX_BINS: Final = 65_536


class ModalityLut(StrEnum):
    """How stored values became values of the modality."""

    RESCALE = "rescale"
    """By Rescale Slope and Intercept."""
    LUT = "lut"
    """By the table of a Modality LUT Sequence."""
    NONE = "none"
    """They are the stored values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelStatistics:
    """Of one channel: `gray`, or `red`, `green` and `blue`."""

    channel: str
    count: int
    """Values that were counted; where it is 0, nothing else is told."""
    minimum: float = 0.0
    maximum: float = 0.0
    mean: float = 0.0
    standard_deviation: float = 0.0
    """Of these values, not an estimate from a sample of more (the divisor is the count)."""
    percentiles: tuple[float, ...] = ()
    """At `PERCENTILES`, interpolated between neighbours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredImage:
    """What all results say of the image."""

    rows: int
    columns: int
    frames: int
    modality_lut: ModalityLut
    unit: str = ""
    """Rescale Type or what takes its place; '' where the object does not say."""
    ignored: int = 0
    """Values that were left out: pixel padding, and what is no number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelStatistics:
    """Statistics of an image."""

    image: MeasuredImage
    overall: tuple[ChannelStatistics, ...]
    """Over all frames, by channel."""
    by_frame: tuple[tuple[ChannelStatistics, ...], ...]
    """The same of each frame."""
    is_exact: bool = True
    """Whether the percentiles over all frames are; if not, they are right to a millionth of the range of values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelHistogram:
    """Counts of values over all frames."""

    image: MeasuredImage
    edges: tuple[float, ...]
    """One more than bins; a bin holds values from its edge on and below the next, the last its upper edge too."""
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    """Channels and their counts."""


def check_bins(bins: int) -> int:
    """Return a number of bins.

    Raises:
        InvalidInput: there are none, or too many.
    """
    if not 1 <= bins <= MAX_BINS:
        raise InvalidInput(f"{bins} bins are not from 1 to {MAX_BINS}")
    return bins
