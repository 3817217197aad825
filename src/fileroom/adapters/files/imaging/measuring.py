"""Statistics and histograms of one object: frame by frame, over all of them together at the end.

Over all frames percentiles and counts are exact as long as there are no more than `MAX_DISTINCT` different values, as
in all images of up to 16 bits that are rescaled alike. Beyond that the frames are gone over a second time, and values
are counted in a grid of `GRID` steps between the least and the greatest.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.imaging.colour import rgb_of
from fileroom.adapters.files.imaging.counting import (
    RunningCounts,
    ValueCounts,
    counts_of,
    merged,
    statistics_of,
)
from fileroom.adapters.files.imaging.modality import ModalityStage, padding_of
from fileroom.adapters.files.pixels.frames import Frames
from fileroom.adapters.files.tree import Tree
from fileroom.domain.pixel_values import ChannelStatistics, MeasuredImage, PixelHistogram, PixelStatistics

GRID: Final = 1 << 20
_COLOURS: Final = ("red", "green", "blue")


class Survey:
    """The values of one object; its tree has to be open."""

    def __init__(self, tree: Tree, frames: Frames) -> None:
        """Read what holds for all frames.

        Raises:
            InvalidDicom: tables or numbers of the object contradict themselves.
        """
        description = frames.description
        self._frames = frames
        self._modality = ModalityStage(tree.root, description)
        self._padding = padding_of(tree.root, description)
        self._channels = _COLOURS if description.is_colour else ("gray",)
        self._ignored = 0

    def statistics(self) -> PixelStatistics:
        """Work out the statistics of each frame and of all.

        Raises:
            InvalidDicom: a frame is damaged.
        """
        running, by_frame = self._first_pass()
        is_exact = all(counts.is_exact for counts in running)
        ignored = self._ignored
        grids: list[ValueCounts | None] = [None] * len(running)
        if not is_exact:
            grids = [self._grid(running, channel) for channel in range(len(running))]
        return PixelStatistics(
            image=self._image(ignored),
            overall=tuple(
                counts.statistics(channel, grid if not counts.is_exact else None)
                for channel, counts, grid in zip(self._channels, running, grids, strict=True)
            ),
            by_frame=by_frame,
            is_exact=is_exact,
        )

    def histogram(self, bins: int) -> PixelHistogram:
        """Count the values of all frames in bins.

        Raises:
            InvalidDicom: a frame is damaged.
        """
        running, _ = self._first_pass()
        ignored = self._ignored
        edges = _edges(running, bins)
        if all(counts.is_exact for counts in running):
            counted = [_binned(counts.counts(), edges) for counts in running]
        else:
            counted = self._second_pass(edges)
        return PixelHistogram(
            image=self._image(ignored),
            edges=tuple(map(float, edges)),
            counts=tuple(
                (channel, tuple(map(int, counts)))
                for channel, counts in zip(self._channels, counted, strict=True)
            ),
        )

    def _image(self, ignored: int) -> MeasuredImage:
        description, modality = self._frames.description, self._modality.of_frame(0)
        return MeasuredImage(
            rows=description.rows,
            columns=description.columns,
            frames=description.frames,
            modality_lut=modality.kind,
            unit=modality.unit,
            ignored=ignored,
        )

    def _first_pass(self) -> tuple[list[RunningCounts], tuple[tuple[ChannelStatistics, ...], ...]]:
        running = [RunningCounts() for _ in self._channels]
        by_frame = []
        for counted in self._counted_frames():
            found = tuple(map(statistics_of, self._channels, counted))
            for total, counts, statistics in zip(running, counted, found, strict=True):
                total.add(counts, statistics)
            by_frame.append(found)
        return running, tuple(by_frame)

    def _second_pass(self, edges: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        totals = [np.zeros(len(edges) - 1, np.int64) for _ in self._channels]
        for counted in self._counted_frames():
            for channel, counts in enumerate(counted):
                totals[channel] += _binned(counts, edges)
        return totals

    def _grid(self, running: list[RunningCounts], channel: int) -> ValueCounts:
        """Count one channel in steps, each of which stands for its middle."""
        edges = _edges([running[channel]], GRID)
        counts = self._second_pass(edges)[channel]
        return ValueCounts(values=(edges[:-1] + edges[1:]) / 2, counts=counts).without(counts == 0)

    def _counted_frames(self) -> Iterator[list[ValueCounts]]:
        """Count the values of each frame after the modality LUT, by channel."""
        self._ignored = 0
        description = self._frames.description
        for index, frame in enumerate(self._frames):
            if description.is_colour:
                rgb = rgb_of(frame, description)
                yield [counts_of(rgb[..., sample]) for sample in range(len(_COLOURS))]
                continue
            found = counts_of(frame.pixels)
            total = found.total
            if self._padding is not None:
                found = found.without(self._padding.covers(found.values))
            values = self._modality.of_frame(index).apply(found.values)
            found = ValueCounts(values=values, counts=found.counts)
            if values.dtype.kind == "f":
                found = found.without(~np.isfinite(values))
            self._ignored += total - found.total
            yield [merged([found])]


def _edges(running: list[RunningCounts], bins: int) -> NDArray[np.float64]:
    """Return edges from the least to the greatest value of all channels; around it where there is but one."""
    ends = [found for counts in running if (found := counts.ends()) is not None]
    low, high = min((end[0] for end in ends), default=0.0), max((end[1] for end in ends), default=0.0)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


def _binned(found: ValueCounts, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count in bins, the last of which holds its upper edge."""
    places = np.searchsorted(edges, found.values.astype(np.float64), side="right") - 1
    places = np.clip(places, 0, len(edges) - 2)
    totals = np.zeros(len(edges) - 1, np.int64)
    np.add.at(totals, places, found.counts)
    return totals
