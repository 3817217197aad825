"""Copies files without what tells whose they are, and tells what a person should look at."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Printer, Report
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fileroom.application.file_work import Destination, FileSelection, FileWorkResult
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.deidentifier import Deidentified
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.confidentiality.options import ProfileOptions
    from fileroom.entrypoints.container import Container

SHOWN_PATHS = 5
"""Attributes that are named for one file; more are counted."""
_FINDINGS = {
    "cut": "identifying words were found and cut out of",
    "replaced": "identifying words were found in, and replaced with all of",
    "left": "identifying words are still in",
}


def anonymize(
    container: "Container",
    selection: "FileSelection",
    destination: "Destination",
    *,
    options: "ProfileOptions",
    key: Path | None = None,
    rules: Path | None = None,
    patient_id: str | None = None,
    patient_name: str = "",
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """De-identify files by the profile with some of its options, and rules where there are any.

    Raises:
        NotFound: a path does not exist; nothing was done.
        InvalidInput: key or rules are none, or the destination does not fit the files; nothing was done.
    """
    from fileroom.application.use_cases.anonymize_files import AnonymizeFilesRequest

    request = AnonymizeFilesRequest(
        selection=selection,
        destination=destination,
        options=options,
        key=key,
        rules=rules,
        patient_id=patient_id,
        patient_name=patient_name,
    )
    result = container.anonymize_files().execute(request, progress=progress, cancel=cancel)
    told = report(result, _fields, summary="anonymized")
    return replace(told, show=lambda output: _show(output, told.show, result))


def _fields(done: "Deidentified") -> dict[str, object]:
    return {
        "sop_instance_uid": done.sop_instance_uid or None,
        "size_bytes": done.size,
        "removed": done.removed,
        "emptied": done.emptied,
        "replaced": done.replaced,
        "uids": done.uids,
        "shifted": done.shifted,
        "cleaned": done.cleaned,
        "claims_profile": done.claims_profile,
        "residues": [{"path": each.path, "finding": each.finding.value} for each in done.residues],
        "warnings": list(done.warnings),
    }


def _show(
    output: Printer, first: "Callable[[Printer], None] | None", result: "FileWorkResult[Deidentified]"
) -> None:
    """Tell what a person should look at, once for all files that share it."""
    if first is not None:
        first(output)
    names: dict[str, list[str]] = {}
    for outcome in result.outcomes:
        for text in _told_of(outcome.result) if outcome.result is not None else ():
            names.setdefault(text, []).append(outcome.name)
    for text, files in names.items():
        where = files[0] if len(files) == 1 else f"{files[0]} and {counted(len(files) - 1, 'other file')}"
        output.warning(f"{text} ({where})")


def _told_of(done: "Deidentified") -> "Iterator[str]":
    yield from done.warnings
    for finding, meaning in _FINDINGS.items():
        paths = [each.path for each in done.residues if each.finding.value == finding]
        if paths:
            more = f" and {len(paths) - SHOWN_PATHS} more" if len(paths) > SHOWN_PATHS else ""
            yield f"{meaning}: {', '.join(paths[:SHOWN_PATHS])}{more}"
    if not done.claims_profile:
        yield "rules keep what the profile removes: the result does not claim to conform to it"
