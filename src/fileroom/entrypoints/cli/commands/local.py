"""`fileroom local`: what is here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.cli.export import ExportFormat, Row, as_text, whole_file, write_rows
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json, Limit, date_range, moment_range, words
from fileroom.entrypoints.cli.output import Output, counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.use_cases.browse_local import BrowseLocal
    from fileroom.domain.local_filter import LocalFilter
    from fileroom.domain.records import InstanceSummary, SeriesSummary, StudySummary


class Truth(StrEnum):
    """A filter that may hold, or not hold; Typer would make a flag of a boolean."""

    TRUE = "true"
    FALSE = "false"


PatientName = Annotated[
    str | None, typer.Option("--patient-name", help="Part of the name, or a pattern with * and ?.")
]
PatientId = Annotated[str | None, typer.Option("--patient-id", help="Exact, or a pattern.")]
AccessionNumber = Annotated[str | None, typer.Option("--accession-number", help="Exact, or a pattern.")]
Modality = Annotated[str | None, typer.Option("--modality", metavar="CT,MR", help="Any of these.")]
StudyDate = Annotated[
    str | None, typer.Option("--study-date", metavar="A..B", help="A day, or a range open at a side.")
]
StudyDescription = Annotated[
    str | None, typer.Option("--study-description", help="Part of it, or a pattern.")
]
ImportedAt = Annotated[
    str | None,
    typer.Option("--imported-at", metavar="A..B", help="Days or moments in local time; a side may be open."),
]
Duplicate = Annotated[
    Truth | None,
    typer.Option("--duplicate", metavar="true|false", case_sensitive=False, help="Offered again?"),
]
Export = Annotated[ExportFormat | None, typer.Option("--export", help="Write rows instead of a table.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the export there instead of stdout.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(
        cls=Group, no_args_is_help=True, help="List and export what is here: studies, series, instances."
    )
    app.add_typer(group, name="local", rich_help_panel="This file room")
    group.command(
        "studies",
        cls=Command,
        help=with_examples(
            "List studies, latest first.",
            "fileroom local studies --patient-name doe --modality CT,MR --study-date 2026-01-01..",
            "fileroom local studies --export csv --out studies.csv",
        ),
    )(studies)
    group.command(
        "series",
        cls=Command,
        help=with_examples("List the series of a study.", "fileroom local series 1.2.3"),
    )(series)
    group.command(
        "instances",
        cls=Command,
        help=with_examples("List the instances of a series.", "fileroom local instances 1.2.3.4 --json"),
    )(instances)


def studies(
    context: typer.Context,
    patient_name: PatientName = None,
    patient_id: PatientId = None,
    accession_number: AccessionNumber = None,
    modality: Modality = None,
    study_date: StudyDate = None,
    study_description: StudyDescription = None,
    imported_at: ImportedAt = None,
    duplicate: Duplicate = None,
    limit: Limit = None,
    export: Export = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """List studies."""

    def rows(browse: "BrowseLocal") -> Iterator[Row]:
        criteria = _criteria(
            patient_name,
            patient_id,
            accession_number,
            modality,
            study_date,
            study_description,
            imported_at,
            duplicate,
        )
        return (_study_row(each) for each in browse.studies(criteria, limit=limit))

    _list(context, _STUDIES, rows, export=export, out=out, json=json, limit=limit)


def series(
    context: typer.Context,
    study_uid: Annotated[str, typer.Argument(metavar="STUDY_UID", help="Study Instance UID.")],
    patient_name: PatientName = None,
    patient_id: PatientId = None,
    accession_number: AccessionNumber = None,
    modality: Modality = None,
    study_date: StudyDate = None,
    study_description: StudyDescription = None,
    imported_at: ImportedAt = None,
    duplicate: Duplicate = None,
    limit: Limit = None,
    export: Export = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """List the series of a study."""
    from fileroom.domain.uid import parse_uid

    def rows(browse: "BrowseLocal") -> Iterator[Row]:
        criteria = _criteria(
            patient_name,
            patient_id,
            accession_number,
            modality,
            study_date,
            study_description,
            imported_at,
            duplicate,
        )
        return (_series_row(each) for each in browse.series(parse_uid(study_uid), criteria, limit=limit))

    _list(context, _SERIES, rows, export=export, out=out, json=json, limit=limit)


def instances(
    context: typer.Context,
    series_uid: Annotated[str, typer.Argument(metavar="SERIES_UID", help="Series Instance UID.")],
    patient_name: PatientName = None,
    patient_id: PatientId = None,
    accession_number: AccessionNumber = None,
    modality: Modality = None,
    study_date: StudyDate = None,
    study_description: StudyDescription = None,
    imported_at: ImportedAt = None,
    duplicate: Duplicate = None,
    limit: Limit = None,
    export: Export = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """List the instances of a series."""
    from fileroom.domain.uid import parse_uid

    def rows(browse: "BrowseLocal") -> Iterator[Row]:
        criteria = _criteria(
            patient_name,
            patient_id,
            accession_number,
            modality,
            study_date,
            study_description,
            imported_at,
            duplicate,
        )
        return (
            _instance_row(each) for each in browse.instances(parse_uid(series_uid), criteria, limit=limit)
        )

    _list(context, _INSTANCES, rows, export=export, out=out, json=json, limit=limit)


def _criteria(
    patient_name: str | None,
    patient_id: str | None,
    accession_number: str | None,
    modality: str | None,
    study_date: str | None,
    study_description: str | None,
    imported_at: str | None,
    duplicate: Truth | None,
) -> "LocalFilter":
    from fileroom.domain.local_filter import LocalFilter

    first, last = moment_range(imported_at) if imported_at else (None, None)
    return LocalFilter(
        patient_name=patient_name or "",
        patient_id=patient_id or "",
        accession_number=accession_number or "",
        modalities=words(modality),
        study_date=date_range(study_date) if study_date else "",
        study_description=study_description or "",
        imported_from=first,
        imported_to=last,
        duplicate=None if duplicate is None else duplicate is Truth.TRUE,
    )


# Rows --------------------------------------------------------------------------------------------------------------


class _Kind:
    """One of the three lists: its name, the columns that an export has and those that a person sees."""

    def __init__(
        self, name: str, noun: tuple[str, str], exported: Sequence[str], shown: dict[str, str]
    ) -> None:
        self.name = name
        self.noun = noun
        self.exported = exported
        self.shown = shown


_STUDIES = _Kind(
    "studies",
    ("study", "studies"),
    (
        "study_instance_uid",
        "patient_name",
        "patient_id",
        "accession_number",
        "study_date_max",
        "study_description",
        "modalities",
        "series_count",
        "instance_count",
    ),
    {
        "DATE": "study_date_max",
        "PATIENT": "patient_name",
        "ID": "patient_id",
        "MODALITIES": "modalities",
        "DESCRIPTION": "study_description",
        "ACCESSION": "accession_number",
        "SERIES": "series_count",
        "INSTANCES": "instance_count",
        "STUDY INSTANCE UID": "study_instance_uid",
    },
)
_SERIES = _Kind(
    "series",
    ("series", "series"),
    (
        "study_instance_uid",
        "series_instance_uid",
        "series_number",
        "series_description",
        "modality",
        "instance_count",
        "imported_at_max",
    ),
    {
        "NUMBER": "series_number",
        "MODALITY": "modality",
        "DESCRIPTION": "series_description",
        "INSTANCES": "instance_count",
        "IMPORTED": "imported_at_max",
        "SERIES INSTANCE UID": "series_instance_uid",
    },
)
_INSTANCES = _Kind(
    "instances",
    ("instance", "instances"),
    (
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "sop_class_uid",
        "transfer_syntax_uid",
        "instance_number",
        "number_of_frames",
        "rows",
        "columns",
        "size",
        "location",
        "digest",
        "origin",
        "source",
        "imported_at",
        "duplicates",
    ),
    {
        "NUMBER": "instance_number",
        "SOP CLASS": "sop_class",
        "TRANSFER SYNTAX": "transfer_syntax",
        "SIZE": "human_size",
        "ORIGIN": "origin",
        "IMPORTED": "imported_at",
        "SOP INSTANCE UID": "sop_instance_uid",
    },
)


def _study_row(study: "StudySummary") -> Row:
    row: Row = {key: getattr(study, key) for key in _STUDIES.exported}
    return row | {"modalities": list(study.modalities)}


def _series_row(found: "SeriesSummary") -> Row:
    row: Row = {key: getattr(found, key) for key in _SERIES.exported}
    return row | {"imported_at_max": found.imported_at_max.isoformat(timespec="seconds")}


def _instance_row(instance: "InstanceSummary") -> Row:
    from fileroom.domain.sop_classes import sop_class_name
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    row: Row = {key: getattr(instance, key) for key in _INSTANCES.exported}
    return row | {
        "origin": instance.origin.value,
        "imported_at": instance.imported_at.isoformat(timespec="seconds"),
        "sop_class": sop_class_name(instance.sop_class_uid),
        "transfer_syntax": transfer_syntax(instance.transfer_syntax_uid).name,
        "human_size": human_bytes(instance.size),
    }


def _exported(kind: _Kind, row: Row) -> Row:
    return {key: row[key] for key in kind.exported}


# Printing ------------------------------------------------------------------------------------------------------------


def _list(
    context: typer.Context,
    kind: _Kind,
    rows: Callable[["BrowseLocal"], Iterator[Row]],
    *,
    export: ExportFormat | None,
    out: Path | None,
    json: bool,
    limit: int | None,
) -> None:
    def work(operation: Operation) -> Report:
        if out is not None and export is None:
            raise InvalidInput("--out needs --export json or --export csv")
        if json and export is not None and out is None:
            raise InvalidInput(
                "--json and --export both want stdout", hint="add --out FILE, or leave one away"
            )
        found = rows(operation.container.browse_local())
        if export is not None:
            return _exported_to(operation.output, kind, found, export, out)
        if json:
            return Report(fields={kind.name: [_without_blanks(_exported(kind, row)) for row in found]})
        cells = ([as_text(row[key]) for key in kind.shown.values()] for row in found)
        count = operation.output.table(tuple(kind.shown), cells, before=operation.progress.stop)
        nothing_here = not count and not operation.container.browse_local().totals().instances
        hint = "nothing is here yet: fileroom import PATH, or fileroom retrieve"
        more = " (the limit; there may be more)" if count == limit else ""
        told = hint if nothing_here else counted(count, *kind.noun) + more
        return Report(show=lambda output: output.note(told))

    run(context, f"local_{kind.name}", work, json=json)


def _without_blanks(row: Row) -> Row:
    return {key: value for key, value in row.items() if value not in ("", [])}


def _exported_to(
    output: Output, kind: _Kind, rows: Iterable[Row], export: ExportFormat, out: Path | None
) -> Report:
    exported = (_exported(kind, row) for row in rows)
    if out is None:
        count = write_rows(export, kind.exported, exported, output.raw, plain=output.is_terminal)
    else:
        with whole_file(out) as write:
            count = write_rows(export, kind.exported, exported, write)
    where = f" to {out}" if out is not None else ""
    return Report(
        fields={"exported": count, "format": export.value, "out": str(out) if out else None},
        show=lambda output: output.note(f"wrote {counted(count, *kind.noun)}{where}"),
    )
