"""Holds files against the standard, and tells what is not as it should be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report, Status
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.file_work import FileOutcome, FileSelection, FileWorkResult
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.validation import Finding, Validation
    from fileroom.entrypoints.container import Container


def validate(
    container: "Container",
    selection: "FileSelection",
    *,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Validate files.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    from fileroom.application.use_cases.validate_files import ValidateFilesRequest

    result = container.validate_files().execute(
        ValidateFilesRequest(selection=selection), progress=progress, cancel=cancel
    )
    return _report(result)


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
