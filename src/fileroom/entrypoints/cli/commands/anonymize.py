"""`fileroom anonymize`: files without what tells whose they are."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    destination,
    report,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fileroom.application.file_work import FileWorkResult
    from fileroom.application.ports.deidentifier import Deidentified

SHOWN_PATHS = 5
"""Attributes that are named for one file; more are counted."""
_FINDINGS = {
    "cut": "identifying words were found and cut out of",
    "replaced": "identifying words were found in, and replaced with all of",
    "left": "identifying words are still in",
}


class Dates(StrEnum):
    """What --retain-longitudinal keeps."""

    FULL = "full"
    SHIFTED = "shifted"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "anonymize",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Copy DICOM files without what tells whose they are, by the Basic Application Level Confidentiality "
            "Profile of PS3.15. Pixels are not looked at.",
            "fileroom anonymize slice.dcm --output anonymous.dcm",
            "fileroom anonymize --recursive /data/study --output-dir /data/out --retain-longitudinal shifted",
            "fileroom anonymize -r /data/study --output-dir /data/out --rules rules.toml --key project.key --json",
        ),
    )(anonymize)


def anonymize(
    context: typer.Context,
    files: Files,
    output: OutputFile = None,
    output_dir: OutputDir = None,
    retain_longitudinal: Annotated[
        Dates | None,
        typer.Option(
            "--retain-longitudinal",
            help="Keep dates and times as they are, or shift all dates of a patient by the same number of days. "
            "Default: they go.",
        ),
    ] = None,
    retain_uids: Annotated[bool, typer.Option("--retain-uids", help="Keep UIDs as they are.")] = False,
    retain_device: Annotated[
        bool, typer.Option("--retain-device", help="Keep what tells which device it was.")
    ] = False,
    retain_institution: Annotated[
        bool, typer.Option("--retain-institution", help="Keep names and addresses of institutions.")
    ] = False,
    retain_patient_characteristics: Annotated[
        bool,
        typer.Option(
            "--retain-patient-characteristics",
            help="Keep sex, age, size, weight and the like of the patient.",
        ),
    ] = False,
    retain_safe_private: Annotated[
        bool,
        typer.Option(
            "--retain-safe-private",
            help="Keep private attributes that the standard or the object itself calls safe. Default: all go.",
        ),
    ] = False,
    clean_descriptors: Annotated[
        bool,
        typer.Option(
            "--clean-descriptors", help="Keep short descriptions, without what identifies anybody in them."
        ),
    ] = False,
    clean_structured_content: Annotated[
        bool,
        typer.Option(
            "--clean-structured-content", help="Keep the content of reports, without persons and narrative."
        ),
    ] = False,
    clean_graphics: Annotated[
        bool,
        typer.Option(
            "--clean-graphics",
            help="Keep graphic annotations, their text cleaned. Overlays and curves go always.",
        ),
    ] = False,
    patient_id: Annotated[
        str | None,
        typer.Option(
            "--patient-id", metavar="ID", help="Patient ID for all. Default: a pseudonym for each patient."
        ),
    ] = None,
    patient_name: Annotated[
        str, typer.Option("--patient-name", metavar="NAME", help="Patient's name for all. Default: empty.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Secret key of pseudonyms, UIDs and shifts. Default: one that is kept in the data directory.",
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help="TOML file with exceptions for single attributes."),
    ] = None,
    recursive: Recursive = False,
    jobs: Jobs = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Copy files without what tells whose they are."""
    from fileroom.application.use_cases.anonymize_files import AnonymizeFilesRequest
    from fileroom.domain.confidentiality.options import ProfileOptions, Temporal

    def work(operation: Operation) -> Report:
        result = operation.container.anonymize_files().execute(
            AnonymizeFilesRequest(
                selection=selection(files, recursive=recursive, jobs=jobs),
                destination=destination(output, output_dir, force=force),
                options=ProfileOptions(
                    temporal=Temporal(retain_longitudinal.value) if retain_longitudinal else Temporal.REMOVED,
                    retain_uids=retain_uids,
                    retain_device=retain_device,
                    retain_institution=retain_institution,
                    retain_patient_characteristics=retain_patient_characteristics,
                    retain_safe_private=retain_safe_private,
                    clean_descriptors=clean_descriptors,
                    clean_structured_content=clean_structured_content,
                    clean_graphics=clean_graphics,
                ),
                key=key,
                rules=rules,
                patient_id=patient_id,
                patient_name=patient_name,
            ),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        told = report(result, _fields, summary="anonymized")
        return replace(told, show=lambda output: _show(output, told.show, result))

    run(context, "anonymize", work, json=json)


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
