"""`fileroom local`: what is here."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json, Limit
from fileroom.entrypoints.export import ExportFormat, Row, as_text, write_rows
from fileroom.entrypoints.operations.exporting import export_rows
from fileroom.entrypoints.requests import Truth, local_filter
from fileroom.entrypoints.rows import (
    INSTANCES,
    SERIES,
    STUDIES,
    RowKind,
    exported,
    instance_row,
    series_row,
    study_row,
)
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.use_cases.browse_local import BrowseLocal


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
        criteria = local_filter(
            patient_name=patient_name,
            patient_id=patient_id,
            accession_number=accession_number,
            modality=modality,
            study_date=study_date,
            study_description=study_description,
            imported_at=imported_at,
            duplicate=duplicate,
        )
        return (study_row(each) for each in browse.studies(criteria, limit=limit))

    _list(context, STUDIES, rows, export=export, out=out, json=json, limit=limit)


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
        criteria = local_filter(
            patient_name=patient_name,
            patient_id=patient_id,
            accession_number=accession_number,
            modality=modality,
            study_date=study_date,
            study_description=study_description,
            imported_at=imported_at,
            duplicate=duplicate,
        )
        return (series_row(each) for each in browse.series(parse_uid(study_uid), criteria, limit=limit))

    _list(context, SERIES, rows, export=export, out=out, json=json, limit=limit)


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
        criteria = local_filter(
            patient_name=patient_name,
            patient_id=patient_id,
            accession_number=accession_number,
            modality=modality,
            study_date=study_date,
            study_description=study_description,
            imported_at=imported_at,
            duplicate=duplicate,
        )
        return (instance_row(each) for each in browse.instances(parse_uid(series_uid), criteria, limit=limit))

    _list(context, INSTANCES, rows, export=export, out=out, json=json, limit=limit)


# Printing ------------------------------------------------------------------------------------------------------------


def _list(
    context: typer.Context,
    kind: RowKind,
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
            return _exported_to(operation, kind, found, export, out)
        if json:
            return Report(fields={kind.name: [_without_blanks(exported(kind, row)) for row in found]})
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
    operation: Operation, kind: RowKind, rows: Iterable[Row], export: ExportFormat, out: Path | None
) -> Report:
    found = (exported(kind, row) for row in rows)
    if out is not None:
        return export_rows(
            found, kind.exported, kind.noun, export, out, progress=operation.progress, cancel=operation.cancel
        )
    output = operation.output
    count = write_rows(export, kind.exported, found, output.raw, plain=output.is_terminal)
    return Report(
        fields={"exported": count, "format": export.value},
        show=lambda output: output.note(f"wrote {counted(count, *kind.noun)}"),
    )
