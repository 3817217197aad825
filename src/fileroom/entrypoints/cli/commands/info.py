"""`fileroom info`: what files are, in short."""

from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.operations.describing import fact_text
from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome
    from fileroom.domain.file_facts import FileDescription


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "info",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Tell what DICOM files are: patient, study, series, image and encoding.",
            "fileroom info slice.dcm",
            "fileroom info --recursive /data/2026 --json",
        ),
    )(info)


def info(
    context: typer.Context,
    files: Files,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more.")] = False,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Tell what DICOM files are."""
    from fileroom.application.use_cases.describe_files import DescribeFilesRequest

    def work(operation: Operation) -> Report:
        result = operation.container.describe_files().execute(
            DescribeFilesRequest(selection=selection(files, recursive=recursive, jobs=jobs)),
            progress=operation.progress,
            cancel=operation.cancel,
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

    run(context, "info", work, json=json)


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
        output.line(f"    {fact.label.ljust(width)}{fact_text(fact, value)}")
    if many:
        output.line("")
