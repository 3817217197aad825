"""`fileroom stats`: how the values of images are distributed."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from fileroom.domain.pixel_values import PERCENTILES, ModalityLut
from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, report, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.domain.pixel_values import ChannelStatistics, MeasuredImage, PixelStatistics

_DIGITS = 6


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "stats",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Tell least, greatest and mean value, standard deviation and percentiles of images, in each frame and in "
            "all of them. Values are those after the modality LUT; pixel padding is left out.",
            "fileroom stats slice.dcm",
            "fileroom stats --recursive /data/2026 --json",
        ),
    )(stats)


def stats(
    context: typer.Context,
    files: Files,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Tell how the values of images are distributed."""
    from fileroom.application.use_cases.measure_pixels import MeasurePixelsRequest

    def work(operation: Operation) -> Report:
        result = operation.container.measure_pixels().execute(
            MeasurePixelsRequest(selection=selection(files, recursive=recursive, jobs=jobs)),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        many = not result.is_single
        return report(result, _fields, show=lambda output, outcome: _show(output, outcome, many=many))

    run(context, "stats", work, json=json)


def image_fields(image: "MeasuredImage") -> dict[str, object]:
    """Return what is told of every image that is measured, by key."""
    told: dict[str, object] = {
        "rows": image.rows,
        "columns": image.columns,
        "frames": image.frames,
        "modality_lut": image.modality_lut.value,
        "ignored": image.ignored,
    }
    return told | ({"unit": image.unit} if image.unit else {})


def heading(name: str, image: "MeasuredImage") -> str:
    """Return the same in words."""
    values = "stored values" if image.modality_lut is ModalityLut.NONE else "values after the modality LUT"
    if image.unit:
        values = f"values in {image.unit}"
    left_out = f", {counted(image.ignored, 'value')} left out" if image.ignored else ""
    return f"{name}: {counted(image.frames, 'frame')} of {image.columns}x{image.rows}, {values}{left_out}"


def number(value: float) -> int | float | None:
    """Return a number as JSON should have it: whole ones without a fraction, and None for what JSON cannot say."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _fields(result: "PixelStatistics") -> dict[str, object]:
    return {
        **image_fields(result.image),
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
        "min": number(found.minimum),
        "max": number(found.maximum),
        "mean": number(found.mean),
        "std": number(found.standard_deviation),
    }
    told |= {
        f"p{per_cent}": number(value) for per_cent, value in zip(PERCENTILES, found.percentiles, strict=True)
    }
    return {key: value for key, value in told.items() if value is not None}


def _show(output: Printer, outcome: "FileOutcome[PixelStatistics]", *, many: bool) -> None:
    result = outcome.result
    if result is None:
        return
    output.line(heading(outcome.name, result.image))
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
    return (str(found.count), *map(brief, values))


def brief(value: float) -> str:
    """Write a number for people: a whole one as it is, another with six digits."""
    return str(int(value)) if value.is_integer() else f"{value:.{_DIGITS}g}"
