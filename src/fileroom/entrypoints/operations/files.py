"""What all work on files shares: where results go, and its report for one file and for many."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fileroom.domain.errors import InvalidInput, NotFound
from fileroom.entrypoints.report import Failure, Printer, Report, Status, ended_by
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileOutcome, FileWorkResult
    from fileroom.domain.query import Selection
    from fileroom.entrypoints.container import Container

T = TypeVar("T")


def destination(
    container: "Container", output: Path | None, output_dir: Path | None, *, force: bool
) -> "Destination":
    """Return where results go.

    Raises:
        InvalidInput: files may not be written there.
    """
    from fileroom.application.file_work import Destination

    check_place(container, output, output_dir)
    return Destination(output=output, output_dir=output_dir, force=force)


def check_place(container: "Container", *paths: Path | None) -> None:
    """Look whether files may be written there; None is no place.

    Raises:
        InvalidInput: one is inside the store, or meant to be standard output.
    """
    for path in filter(None, paths):
        if str(path) == "-":
            raise InvalidInput("results go into files, not to standard output", hint="name a file")
        if any(path.resolve().is_relative_to(folder.resolve()) for folder in container.store_folders()):
            raise InvalidInput(
                f"{path} is inside the store, where objects stay as they came", hint="name another place"
            )


def stored_files(container: "Container", selection: "Selection") -> tuple[Path, ...]:
    """Return the files of objects that are here, in the catalog's order.

    Raises:
        NotFound: there are none, or one is gone.
        InvalidInput: the store does not keep them in files.
    """
    store = container.store()
    paths = [store.content(entry.stored.location).path for entry in container.catalog().select(selection)]
    if not paths:
        raise NotFound("there is nothing here by that UID", hint="see what is listed in Local")
    files = tuple(path for path in paths if path is not None)
    if len(files) < len(paths):
        raise InvalidInput("the store does not keep objects in files, which this works on")
    return files


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
        failed_as="bug" if any(_is_bug(outcome) for outcome in result.outcomes) else "",
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
