"""Tells what files are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.report import Failure, Report, Status
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.file_facts import Fact, FactValue, FileDescription
    from fileroom.entrypoints.container import Container


def describe_files(
    container: "Container",
    paths: Sequence[Path],
    tell: "Callable[[str, FileDescription], object]",
    *,
    recursive: bool = False,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Describe files; `tell` gets the name and the description of each, so that the report names no patient.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    from fileroom.application.file_work import FileSelection
    from fileroom.application.use_cases.describe_files import DescribeFilesRequest

    selection = FileSelection(paths=tuple(paths), recursive=recursive)
    result = container.describe_files().execute(
        DescribeFilesRequest(selection=selection), progress=progress, cancel=cancel
    )
    done = 0
    failures: list[Failure] = []
    for each in result.outcomes:
        if each.error is not None:
            failures.append(
                Failure(what=each.name, why=each.error.message, hint=each.error.hint, kind=each.error.kind)
            )
        elif each.result is not None:
            done += 1
            tell(each.name, each.result)
    status = Status.SUCCESS
    if result.cancelled:
        status = Status.CANCELLED
    elif failures:
        status = Status.PARTIAL if done else Status.FAILED
    return Report(
        status=status,
        failures=failures,
        show=lambda output: output.note(f"{counted(done, 'file')} described"),
    )


def fact_text(fact: "Fact", value: "FactValue") -> str:
    """Write a fact about a file for people."""
    return human_bytes(int(str(value))) if fact.key == "size_bytes" else _text(value)


def _text(value: "FactValue") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
