"""`fileroom histogram`: how often which values occur in images."""

import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.pixel_values import DEFAULT_BINS, MAX_BINS
from fileroom.entrypoints.cli.commands.stats import brief, heading, image_fields, number
from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, report, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.domain.pixel_values import PixelHistogram

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PIPE_WIDTH = 80
_LEAST_BAR = 10


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "histogram",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Count the values of images, in all frames together, in bins of the same width. Values are those after "
            "the modality LUT; pixel padding is left out.",
            "fileroom histogram slice.dcm",
            "fileroom histogram --bins 256 --json slice.dcm",
        ),
    )(histogram)


def histogram(
    context: typer.Context,
    files: Files,
    bins: Annotated[
        int,
        typer.Option("--bins", min=1, max=MAX_BINS, metavar="N", help=f"How many. Default: {DEFAULT_BINS}."),
    ] = DEFAULT_BINS,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Count the values of images."""
    from fileroom.application.use_cases.measure_pixels import CountPixelsRequest

    def work(operation: Operation) -> Report:
        result = operation.container.count_pixels().execute(
            CountPixelsRequest(selection=selection(files, recursive=recursive, jobs=jobs), bins=bins),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        width, bar = _PIPE_WIDTH, ascii_bar
        if operation.output.is_terminal:
            width, bar = shutil.get_terminal_size().columns, block_bar
        many = not result.is_single
        return report(
            result,
            _fields,
            show=lambda output, outcome: _show(output, outcome, width=width, bar=bar, many=many),
        )

    run(context, "histogram", work, json=json)


def _fields(result: "PixelHistogram") -> dict[str, object]:
    return {
        **image_fields(result.image),
        "bins": len(result.edges) - 1,
        "bin_edges": [number(edge) for edge in result.edges],
        "counts": {channel: list(counts) for channel, counts in result.counts},
    }


def _show(
    output: Printer,
    outcome: "FileOutcome[PixelHistogram]",
    *,
    width: int,
    bar: Callable[[float, int], str],
    many: bool,
) -> None:
    result = outcome.result
    if result is None:
        return
    output.line(heading(outcome.name, result.image))
    for channel, counts in result.counts:
        if len(result.counts) > 1:
            output.line(channel)
        for line in _lines(result.edges, counts, width, bar):
            output.line(line)
    if many:
        output.line("")


def _lines(
    edges: Sequence[float], counts: Sequence[int], width: int, bar: Callable[[float, int], str]
) -> list[str]:
    """Return a line for each bin: where it begins, how many it holds, and a bar of that length."""
    starts = [brief(edge) for edge in edges[:-1]]
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
