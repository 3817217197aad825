"""Values and how often each occurs: what statistics and histograms are worked out from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.native import Pixels
from fileroom.domain.pixel_values import PERCENTILES, ChannelStatistics

_MAX_SPREAD: Final = 1 << 16
"""Of whole numbers that are counted in places of their own, without sorting them."""
MAX_DISTINCT: Final = 1 << 20
"""Values up to which those of all frames are kept apart."""
_MERGE_AT: Final = 4 * MAX_DISTINCT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValueCounts:
    """Values in ascending order, each once."""

    values: Pixels
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many values there are, each as often as it occurs."""
        return int(self.counts.sum())

    def without(self, mask: NDArray[np.bool_]) -> "ValueCounts":
        """Leave values out."""
        return ValueCounts(values=self.values[~mask], counts=self.counts[~mask])


def counts_of(pixels: Pixels) -> ValueCounts:
    """Count the values of an array."""
    if not pixels.size:
        return ValueCounts(values=pixels.ravel(), counts=np.zeros(0, np.int64))
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 4:
        low, high = int(pixels.min()), int(pixels.max())
        if high - low < _MAX_SPREAD:
            places = pixels.ravel().astype(np.intp)
            places -= low
            counts = np.bincount(places)
            (there,) = np.nonzero(counts)
            return ValueCounts(values=(there + low).astype(pixels.dtype), counts=counts[there])
    values, counts = np.unique(pixels, return_counts=True, equal_nan=True)
    return ValueCounts(values=values, counts=counts.astype(np.int64))


def merged(parts: Iterable[ValueCounts]) -> ValueCounts:
    """Count together what was counted apart; values that transforms made the same are one."""
    several = list(parts)
    values = np.concatenate([part.values for part in several])
    counts = np.concatenate([part.counts for part in several])
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    if not len(values):
        return ValueCounts(values=values, counts=counts)
    (firsts,) = np.nonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return ValueCounts(values=values[firsts], counts=np.add.reduceat(counts, firsts))


def statistics_of(channel: str, found: ValueCounts) -> ChannelStatistics:
    """Work out the statistics of a channel."""
    total = found.total
    if not total:
        return ChannelStatistics(channel=channel, count=0)
    values = found.values.astype(np.float64)
    with np.errstate(all="ignore"):
        mean = float((values * (found.counts / total)).sum())
        variance = float((np.square(values - mean) * (found.counts / total)).sum())
    return ChannelStatistics(
        channel=channel,
        count=total,
        minimum=float(values[0]),
        maximum=float(values[-1]),
        mean=mean,
        standard_deviation=variance**0.5,
        percentiles=tuple(percentile(values, found.counts, per_cent) for per_cent in PERCENTILES),
    )


def percentile(values: NDArray[np.float64], counts: NDArray[np.int64], per_cent: float) -> float:
    """Return a percentile, on the straight line between the two values around it (method 7 of Hyndman and Fan)."""
    ends = np.cumsum(counts)
    place = (int(ends[-1]) - 1) * per_cent / 100
    below = int(place)
    low, high = np.searchsorted(ends, [below, min(below + 1, int(ends[-1]) - 1)], side="right")
    start, stop, part = float(values[low]), float(values[high]), place - below
    return start + (stop - start) * part if part < 0.5 else stop - (stop - start) * (1 - part)


class RunningCounts:
    """The counts of all frames together, as long as there are not too many different values."""

    def __init__(self) -> None:
        self._parts: list[ValueCounts] = []
        self._held = 0
        self._statistics: list[ChannelStatistics] = []
        self.is_exact = True
        """Whether all values are still kept apart."""

    def add(self, found: ValueCounts, statistics: ChannelStatistics) -> None:
        """Take the counts of a frame."""
        self._statistics.append(statistics)
        if not self.is_exact:
            return
        self._parts.append(found)
        self._held += len(found.values)
        if self._held > _MERGE_AT:
            self._merge()

    def _merge(self) -> None:
        self._parts = [merged(self._parts)]
        self._held = len(self._parts[0].values)
        if self._held > MAX_DISTINCT:
            self._parts, self.is_exact = [], False

    def counts(self) -> ValueCounts:
        """Return the counts of all frames; only while they are exact."""
        return merged(self._parts)

    def ends(self) -> tuple[float, float] | None:
        """Return the least and the greatest value, None where there are none."""
        seen = [frame for frame in self._statistics if frame.count]
        if not seen:
            return None
        return min(frame.minimum for frame in seen), max(frame.maximum for frame in seen)

    def statistics(self, channel: str, grid: ValueCounts | None) -> ChannelStatistics:
        """Return the statistics of all frames; where counts are not exact, percentiles are those of a grid."""
        if grid is None:
            return statistics_of(channel, self.counts())
        seen = [frame for frame in self._statistics if frame.count]
        total = sum(frame.count for frame in seen)
        mean = sum(frame.mean * (frame.count / total) for frame in seen)
        variance = sum(
            (frame.standard_deviation**2 + (frame.mean - mean) ** 2) * (frame.count / total) for frame in seen
        )
        ends = self.ends() or (0.0, 0.0)
        rough = statistics_of(channel, grid)
        return ChannelStatistics(
            channel=channel,
            count=total,
            minimum=ends[0],
            maximum=ends[1],
            mean=mean,
            standard_deviation=variance**0.5,
            percentiles=rough.percentiles,
        )
