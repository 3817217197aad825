"""`fileroom anonymize`: files without what tells whose they are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fileroom.entrypoints.cli.file_options import (
    Files,
    Force,
    Jobs,
    OutputDir,
    OutputFile,
    Recursive,
    selection,
)
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json


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
    from fileroom.domain.confidentiality.options import ProfileOptions, Temporal
    from fileroom.entrypoints.operations import anonymizing
    from fileroom.entrypoints.operations.files import destination

    options = ProfileOptions(
        temporal=Temporal(retain_longitudinal.value) if retain_longitudinal else Temporal.REMOVED,
        retain_uids=retain_uids,
        retain_device=retain_device,
        retain_institution=retain_institution,
        retain_patient_characteristics=retain_patient_characteristics,
        retain_safe_private=retain_safe_private,
        clean_descriptors=clean_descriptors,
        clean_structured_content=clean_structured_content,
        clean_graphics=clean_graphics,
    )

    def work(operation: Operation) -> Report:
        return anonymizing.anonymize(
            operation.container,
            selection(files, recursive=recursive, jobs=jobs),
            destination(operation.container, output, output_dir, force=force),
            options=options,
            key=key,
            rules=rules,
            patient_id=patient_id,
            patient_name=patient_name,
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "anonymize", work, json=json)
