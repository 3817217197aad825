"""Tells what files are."""

from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import human_bytes

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.file_facts import Fact, FactValue, FileDescription
    from fileroom.entrypoints.container import Container


def describe(
    container: "Container",
    selection: "FileSelection",
    *,
    verbose: bool = False,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Describe files.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    from fileroom.application.use_cases.describe_files import DescribeFilesRequest

    result = container.describe_files().execute(
        DescribeFilesRequest(selection=selection), progress=progress, cancel=cancel
    )
    many = not result.is_single
    return report(
        result,
        lambda description: {
            fact.key: list(value) if isinstance(value, tuple) else value
            for fact, value in description.told(verbose=verbose)
        },
        show=lambda output, outcome: _show(output, outcome, verbose=verbose, many=many),
    )


def _show(output: Printer, outcome: "FileOutcome[FileDescription]", *, verbose: bool, many: bool) -> None:
    if outcome.result is None:
        return
    told = outcome.result.told(verbose=verbose)
    width = max(len(fact.label) for fact, _ in told) + 2
    output.line(outcome.name)
    section = None
    for fact, value in told:
        if fact.section is not section:
            section = fact.section
            output.line(f"  {section.value}")
        output.line(f"    {fact.label.ljust(width)}{_fact_text(fact, value)}")
    if many:
        output.line("")


def _fact_text(fact: "Fact", value: "FactValue") -> str:
    """Write a fact about a file for people."""
    return human_bytes(int(str(value))) if fact.key == "size_bytes" else _text(value)


def _text(value: "FactValue") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
