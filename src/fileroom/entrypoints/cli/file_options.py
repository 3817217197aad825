"""What the commands that work on files share: their options, and their report for one file and for many."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.operation import Failure, Report, Status, ended_by
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileSelection, FileWorkResult

T = TypeVar("T")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files, or folders with --recursive.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        metavar="N",
        help="Files worked on at once. Default: one for each processor where there are many files.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where the result of a single file goes."),
]
OutputDir = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Where results go, one for each file, in folders like those below what was named.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Let a result replace the file that it was made from.")]


def selection(paths: Sequence[Path], *, recursive: bool, jobs: int | None = None) -> "FileSelection":
    """Return what the options select."""
    from fileroom.application.file_work import FileSelection

    return FileSelection(paths=tuple(paths), recursive=recursive, jobs=jobs)


def destination(output: Path | None, output_dir: Path | None, *, force: bool) -> "Destination":
    """Return where the options send outputs."""
    from fileroom.application.file_work import Destination

    return Destination(output=output, output_dir=output_dir, force=force)


def report(
    result: "FileWorkResult[T]",
    fields: Callable[[T], dict[str, object]],
    *,
    show: Callable[[Printer, "FileOutcome[T]"], None] | None = None,
    summary: str = "",
    totals: dict[str, object] | None = None,
    status: Status | None = None,
) -> Report:
    """Return the report of work on files.

    The JSON document of a single file that was named is flat: what `fields` makes of its result. Otherwise there is a
    list, `files`, with the same of each, and counters. `show` prints one file that succeeded; `summary` is what was
    done to files (`converted`), for the last line of many. `status` is for work that was done and still is no
    success.
    """
    if result.is_single and result.outcomes:
        return _single(result.outcomes[0], fields, show, totals or {}, status)
    done = [outcome for outcome in result.outcomes if outcome.error is None]
    counters: dict[str, object] = {
        "processed": len(done),
        "failed": result.failed,
        "not_dicom": result.not_dicom,
        **(totals or {}),
    }

    def show_all(output: Printer) -> None:
        for outcome in done if show is not None else ():
            show(output, outcome)  # type: ignore[misc]  # there is one if there is anything to go over
        if summary:
            output.note(f"{counted(len(done), 'file')} {summary} in {result.seconds:.1f} s")
        if result.failed:
            output.note(f"{result.failed} failed")
        if result.not_dicom:
            output.note(f"{result.not_dicom} not DICOM, passed over")
        if result.cancelled:
            output.note("cancelled: what was finished until then stays")

    return Report(
        status=_status(result, status, done=len(done)),
        code=failures.BUG if any(_is_bug(outcome) for outcome in result.outcomes) else None,
        fields={"files": [_flat(outcome, fields) for outcome in done], **counters},
        failures=[
            Failure(
                what=outcome.name,
                why=outcome.error.message,
                hint=outcome.error.hint,
                kind=outcome.error.kind,
            )
            for outcome in result.outcomes
            if outcome.error is not None
        ],
        show=show_all,
    )


def _single(
    outcome: "FileOutcome[T]",
    fields: Callable[[T], dict[str, object]],
    show: Callable[[Printer, "FileOutcome[T]"], None] | None,
    totals: dict[str, object],
    status: Status | None,
) -> Report:
    if outcome.error is not None:
        error = outcome.error
        error.message = (
            f"{outcome.name}: {error.message}" if outcome.name not in error.message else error.message
        )
        return ended_by(error, {"file": outcome.name})
    return Report(
        status=status or Status.SUCCESS,
        fields={**_flat(outcome, fields), **totals},
        show=(lambda output: show(output, outcome)) if show is not None else None,
    )


def _flat(outcome: "FileOutcome[T]", fields: Callable[[T], dict[str, object]]) -> dict[str, object]:
    told: dict[str, object] = {"file": outcome.name}
    if outcome.output is not None:
        told["output"] = str(outcome.output)
    if outcome.result is not None:
        told |= fields(outcome.result)
    return told


def _status(result: "FileWorkResult[T]", wanted: Status | None, *, done: int) -> Status:
    if result.cancelled:
        return Status.CANCELLED
    if not result.failed:
        return wanted or Status.SUCCESS
    return Status.PARTIAL if done else Status.FAILED


def _is_bug(outcome: "FileOutcome[T]") -> bool:
    return outcome.error is not None and outcome.error.kind == "bug"
