"""Tells how the values of images are distributed: in numbers, and as bars."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fileroom.domain.pixel_values import PERCENTILES, ModalityLut
from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.pixel_values import (
        ChannelStatistics,
        MeasuredImage,
        PixelHistogram,
        PixelStatistics,
    )
    from fileroom.entrypoints.container import Container

Bar = Callable[[float, int], str]
"""Draws a part, from 0 to 1, of so many places."""
_DIGITS = 6
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEAST_BAR = 10


def measure(
    container: "Container",
    selection: "FileSelection",
    *,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Measure the values of images.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    from fileroom.application.use_cases.measure_pixels import MeasurePixelsRequest

    result = container.measure_pixels().execute(
        MeasurePixelsRequest(selection=selection), progress=progress, cancel=cancel
    )
    many = not result.is_single
    return report(
        result,
        _statistics_fields,
        show=lambda output, outcome: _show_statistics(output, outcome, many=many),
    )


def count(
    container: "Container",
    selection: "FileSelection",
    *,
    bins: int,
    width: int,
    bar: Bar,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Count the values of images in bins, and show them as bars in lines of a width.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    from fileroom.application.use_cases.measure_pixels import CountPixelsRequest

    result = container.count_pixels().execute(
        CountPixelsRequest(selection=selection, bins=bins), progress=progress, cancel=cancel
    )
    many = not result.is_single
    return report(
        result,
        _histogram_fields,
        show=lambda output, outcome: _show_histogram(output, outcome, width=width, bar=bar, many=many),
    )


def _image_fields(image: "MeasuredImage") -> dict[str, object]:
    """Return what is told of every image that is measured, by key."""
    told: dict[str, object] = {
        "rows": image.rows,
        "columns": image.columns,
        "frames": image.frames,
        "modality_lut": image.modality_lut.value,
        "ignored": image.ignored,
    }
    return told | ({"unit": image.unit} if image.unit else {})


def _heading(name: str, image: "MeasuredImage") -> str:
    """Return the same in words."""
    values = "stored values" if image.modality_lut is ModalityLut.NONE else "values after the modality LUT"
    if image.unit:
        values = f"values in {image.unit}"
    left_out = f", {counted(image.ignored, 'value')} left out" if image.ignored else ""
    return f"{name}: {counted(image.frames, 'frame')} of {image.columns}x{image.rows}, {values}{left_out}"


def _number(value: float) -> int | float | None:
    """Return a number as JSON should have it: whole ones without a fraction, and None for what JSON cannot say."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _statistics_fields(result: "PixelStatistics") -> dict[str, object]:
    return {
        **_image_fields(result.image),
        "overall": _channels(result.overall),
        "percentiles_exact": result.is_exact,
        "by_frame": [
            {"frame": index, **_channels(channels)} for index, channels in enumerate(result.by_frame, start=1)
        ],
    }


def _channels(channels: "Sequence[ChannelStatistics]") -> dict[str, object]:
    return {found.channel: _statistics(found) for found in channels}


def _statistics(found: "ChannelStatistics") -> dict[str, object]:
    if not found.count:
        return {"count": 0}
    told: dict[str, object] = {
        "count": found.count,
        "min": _number(found.minimum),
        "max": _number(found.maximum),
        "mean": _number(found.mean),
        "std": _number(found.standard_deviation),
    }
    told |= {
        f"p{per_cent}": _number(value) for per_cent, value in zip(PERCENTILES, found.percentiles, strict=True)
    }
    return {key: value for key, value in told.items() if value is not None}


def _show_statistics(output: Printer, outcome: "FileOutcome[PixelStatistics]", *, many: bool) -> None:
    result = outcome.result
    if result is None:
        return
    output.line(_heading(outcome.name, result.image))
    columns = [_texts(found) for found in result.overall]
    names = ("count", "min", *(f"{per_cent} %" for per_cent in PERCENTILES), "max", "mean", "std")
    output.table(("", *(found.channel for found in result.overall)), list(zip(names, *columns, strict=True)))
    if not result.is_exact:
        output.line("percentiles are right to a millionth of the range")
    if len(result.by_frame) > 1:
        output.table(
            ("frame", "channel", *names),
            [
                (str(index), found.channel, *_texts(found))
                for index, channels in enumerate(result.by_frame, start=1)
                for found in channels
            ],
        )
    if many:
        output.line("")


def _texts(found: "ChannelStatistics") -> tuple[str, ...]:
    """Return the statistics of a channel in the order of their names."""
    if not found.count:
        return ("0", *("-" for _ in range(len(PERCENTILES) + 4)))
    values = (found.minimum, *found.percentiles, found.maximum, found.mean, found.standard_deviation)
    return (str(found.count), *map(_brief, values))


def _brief(value: float) -> str:
    """Write a number for people: a whole one as it is, another with six digits."""
    return str(int(value)) if value.is_integer() else f"{value:.{_DIGITS}g}"


def _histogram_fields(result: "PixelHistogram") -> dict[str, object]:
    return {
        **_image_fields(result.image),
        "bins": len(result.edges) - 1,
        "bin_edges": [_number(edge) for edge in result.edges],
        "counts": {channel: list(counts) for channel, counts in result.counts},
    }


def _show_histogram(
    output: Printer,
    outcome: "FileOutcome[PixelHistogram]",
    *,
    width: int,
    bar: Bar,
    many: bool,
) -> None:
    result = outcome.result
    if result is None:
        return
    output.line(_heading(outcome.name, result.image))
    for channel, counts in result.counts:
        if len(result.counts) > 1:
            output.line(channel)
        for line in _lines(result.edges, counts, width, bar):
            output.line(line)
    if many:
        output.line("")


def _lines(edges: Sequence[float], counts: Sequence[int], width: int, bar: Bar) -> list[str]:
    """Return a line for each bin: where it begins, how many it holds, and a bar of that length."""
    starts = [_brief(edge) for edge in edges[:-1]]
    numbers = [str(count) for count in counts]
    start_width, number_width = max(map(len, starts)), max(map(len, numbers))
    room = max(width - start_width - number_width - 5, _LEAST_BAR)
    most = max(counts) or 1
    return [
        f"{start.rjust(start_width)}  {text.rjust(number_width)}  {bar(count / most, room)}".rstrip()
        for start, text, count in zip(starts, numbers, counts, strict=True)
    ]


def block_bar(part: float, room: int) -> str:
    """Draw a bar of up to `room` places in eighths of them; what is there shows."""
    eighths = max(round(part * room * 8), 1 if part else 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def ascii_bar(part: float, room: int) -> str:
    """Draw the same in ASCII."""
    return "#" * max(round(part * room), 1 if part else 0)
