"""Measures pixels with NumPy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.adapters.files.pixels.description import MAX_FRAME_BYTES
from fileroom.adapters.files.pydicom_guard import require_numpy
from fileroom.adapters.files.tree import open_tree
from fileroom.application.ports.pixel_measurer import PixelMeasurer
from fileroom.domain.pixel_values import PixelHistogram, PixelStatistics, check_bins

if TYPE_CHECKING:
    from fileroom.adapters.files.imaging.measuring import Survey


class NumpyPixelMeasurer(PixelMeasurer):
    """Measures frame by frame: one is in memory."""

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """Refuse frames that take more than `max_frame_bytes`."""
        self._max_frame_bytes = max_frame_bytes

    def statistics(self, path: Path) -> PixelStatistics:
        """Count the values of each frame and work out the rest from that."""
        with self._survey(path) as survey:
            return survey.statistics()

    def histogram(self, path: Path, bins: int) -> PixelHistogram:
        """Count the values of each frame and put them into bins in the end."""
        check_bins(bins)
        with self._survey(path) as survey:
            return survey.histogram(bins)

    @contextmanager
    def _survey(self, path: Path) -> Iterator["Survey"]:
        require_numpy()
        from fileroom.adapters.files.imaging.measuring import Survey
        from fileroom.adapters.files.pixels.frames import Frames

        with open_tree(path) as tree:
            yield Survey(tree, Frames(tree, max_frame_bytes=self._max_frame_bytes))
