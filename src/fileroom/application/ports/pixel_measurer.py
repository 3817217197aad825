"""Numbers about the values in images."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from fileroom.domain.pixel_values import PixelHistogram, PixelStatistics


class PixelMeasurer(Protocol):
    """Goes over all frames, one at a time; stateless, and pickles.

    Values are those after the modality LUT; of colour images, red, green and blue; of PALETTE COLOR, the stored
    ones. Pixel padding (PS3.3 C.7.5.1.1.2) is left out.

    Every method raises:
        NotFound: there is no such file.
        Unreadable: it cannot be read.
        InvalidDicom: it is damaged, has no pixels, or (NotDicom) is no DICOM file.
        InvalidInput: its pixels cannot be decoded by any codec.
        LimitExceeded: a frame is larger than may be.
        ConfigurationError: the codecs that it needs are not installed.
    """

    @abstractmethod
    def statistics(self, path: Path) -> PixelStatistics:
        """Tell the distribution of values in each frame and over all."""

    @abstractmethod
    def histogram(self, path: Path, bins: int) -> PixelHistogram:
        """Count values in bins of the same width from the least to the greatest."""
