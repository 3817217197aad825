"""`fileroom validate`: files against the standard."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from fileroom.entrypoints.cli.file_options import Files, Jobs, Recursive, report, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, Status, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome, FileWorkResult
    from fileroom.domain.validation import Finding, Validation


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "validate",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Hold DICOM files against the standard, and tell what is not as it should be.",
            "fileroom validate slice.dcm",
            "fileroom validate --recursive /data/2026 --json",
        ),
    )(validate)


def validate(
    context: typer.Context,
    files: Files,
    recursive: Recursive = False,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Hold DICOM files against the standard."""
    from fileroom.application.use_cases.validate_files import ValidateFilesRequest

    def work(operation: Operation) -> Report:
        result = operation.container.validate_files().execute(
            ValidateFilesRequest(selection=selection(files, recursive=recursive, jobs=jobs)),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        return _report(result)

    run(context, "validate", work, json=json)


def _report(result: "FileWorkResult[Validation]") -> Report:
    done = [outcome.result for outcome in result.outcomes if outcome.result is not None]
    invalid = sum(not validation.is_valid for validation in done)
    totals: dict[str, object] = {"valid_files": len(done) - invalid, "invalid_files": invalid}
    return report(
        result,
        _fields,
        show=_show,
        summary=f"validated, {invalid} with errors,",
        totals=totals,
        status=Status.PARTIAL if invalid else None,
    )


def _fields(validation: "Validation") -> dict[str, object]:
    told: dict[str, object] = {"sop_class_uid": validation.sop_class_uid} if validation.sop_class_uid else {}
    return told | {
        "valid": validation.is_valid,
        "transfer_syntax_uid": validation.transfer_syntax_uid,
        "errors": validation.errors,
        "warnings": validation.warnings,
        "notes": validation.notes,
        "findings": [_finding(finding) for finding in validation.findings],
        "findings_left_out": validation.left_out,
    }


def _finding(finding: "Finding") -> dict[str, object]:
    told = {
        "severity": finding.severity.value,
        "rule": finding.rule,
        "path": finding.path,
        "keyword": finding.keyword,
        "message": finding.message,
        "clause": finding.clause,
    }
    return {key: value for key, value in told.items() if value}


def _show(output: Printer, outcome: "FileOutcome[Validation]") -> None:
    """Print the findings of a file, the most serious first, and how many there are."""
    validation = outcome.result
    if validation is None:
        return
    for line in (outcome.name, *_lines(validation.findings)):
        output.line(line)
    if validation.left_out:
        output.line(f"  and {counted(validation.left_out, 'finding')} more")
    counts = (
        counted(validation.errors, "error"),
        counted(validation.warnings, "warning"),
        counted(validation.notes, "note"),
    )
    output.line(f"  {'valid' if validation.is_valid else 'not valid'}: {', '.join(counts)}")


def _lines(findings: "Sequence[Finding]") -> list[str]:
    from fileroom.domain.validation import Severity

    lines = []
    for severity in Severity:
        for finding in findings:
            if finding.severity is severity:
                where = " ".join(part for part in (finding.path, finding.keyword) if part)
                told = f"{where}: {finding.message}" if where else finding.message
                lines.append(f"  {severity.value:7} {told} ({finding.clause})")
    return lines
