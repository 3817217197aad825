"""Tells of the values in images: statistics, or a histogram."""

from dataclasses import dataclass

from fileroom.application.file_work import FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.pixel_measurer import PixelMeasurer
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.pixel_values import PixelHistogram, PixelStatistics, check_bins


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasurePixelsRequest:
    """Which files to measure."""

    selection: FileSelection


@dataclass(frozen=True, kw_only=True, slots=True)
class CountPixelsRequest:
    """Which files to make histograms of."""

    selection: FileSelection
    bins: int
    """Of the same width, from the least value to the greatest."""


class MeasurePixels:
    """Measures files one by one."""

    def __init__(self, *, files: FileWork, measurer: PixelMeasurer) -> None:
        """Use these."""
        self._files = files
        self._measurer = measurer

    def execute(
        self, request: MeasurePixelsRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[PixelStatistics]:
        """Work out the statistics of every file; what cannot be decoded is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Statistics(self._measurer),
            title="measuring",
            progress=progress,
            cancel=cancel,
        )


class CountPixels:
    """Makes histograms of files one by one."""

    def __init__(self, *, files: FileWork, measurer: PixelMeasurer) -> None:
        """Use these."""
        self._files = files
        self._measurer = measurer

    def execute(
        self, request: CountPixelsRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[PixelHistogram]:
        """Count the values of every file; what cannot be decoded is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was done.
            InvalidInput: there cannot be that many bins; nothing was done.
        """
        return self._files.run(
            request.selection,
            _Histogram(self._measurer, check_bins(request.bins)),
            title="counting",
            progress=progress,
            cancel=cancel,
        )


@dataclass(frozen=True, slots=True)
class _Statistics:
    measurer: PixelMeasurer

    def __call__(self, job: FileJob) -> PixelStatistics:
        return self.measurer.statistics(job.source)


@dataclass(frozen=True, slots=True)
class _Histogram:
    measurer: PixelMeasurer
    bins: int

    def __call__(self, job: FileJob) -> PixelHistogram:
        return self.measurer.histogram(job.source, self.bins)
