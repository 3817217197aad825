"""`fileroom query`: what does a node have?"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.query import QueryLevel, QueryModel
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json, Limit, NodeOption
from fileroom.entrypoints.operations.query import RunningQuery
from fileroom.entrypoints.requests import further_keys, query_request
from fileroom.entrypoints.rows import QUERY_COLUMNS

if TYPE_CHECKING:
    from fileroom.domain.query import Attributes


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "query",
        cls=Command,
        rich_help_panel="Nodes",
        help=with_examples(
            "Ask a node what it has (C-FIND). Values may hold * and ?; keys without a value are asked to be returned.",
            "fileroom query --node pacs --patient-name 'doe*' --study-date-from 2026-01-01",
            "fileroom query --node pacs --level series --study-instance-uid 1.2.3 --modality CT,MR --json",
            "fileroom query --node pacs --key ReferringPhysicianName='*' --key StudyComments --limit 20",
        ),
    )(query)


def query(
    context: typer.Context,
    node: NodeOption,
    model: Annotated[QueryModel, typer.Option("--model", help="Information model.")] = QueryModel.STUDY_ROOT,
    level: Annotated[
        QueryLevel, typer.Option("--level", help="What one match describes.")
    ] = QueryLevel.STUDY,
    patient_name: Annotated[
        str | None, typer.Option("--patient-name", help="FAMILY^GIVEN, * and ? allowed.")
    ] = None,
    patient_id: Annotated[
        str | None, typer.Option("--patient-id", help="Patient ID; * and ? allowed.")
    ] = None,
    accession_number: Annotated[
        str | None, typer.Option("--accession-number", help="Accession Number; * and ? allowed.")
    ] = None,
    study_instance_uid: Annotated[
        str | None, typer.Option("--study-instance-uid", help="One UID, or several with commas.")
    ] = None,
    series_instance_uid: Annotated[
        str | None, typer.Option("--series-instance-uid", help="One UID, or several with commas.")
    ] = None,
    sop_instance_uid: Annotated[
        str | None, typer.Option("--sop-instance-uid", help="One UID, or several with commas.")
    ] = None,
    study_date_from: Annotated[
        str | None, typer.Option("--study-date-from", metavar="DATE", help="YYYY-MM-DD or YYYYMMDD.")
    ] = None,
    study_date_to: Annotated[
        str | None, typer.Option("--study-date-to", metavar="DATE", help="That day included.")
    ] = None,
    modality: Annotated[str | None, typer.Option("--modality", metavar="CT,MR", help="Any of these.")] = None,
    study_description: Annotated[
        str | None, typer.Option("--study-description", help="* and ? allowed.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEYWORD[=VALUE]", help="A further key; may be repeated."),
    ] = None,
    limit: Limit = None,
    json: Json = False,
) -> None:
    """Ask a node what it has."""

    def work(operation: Operation) -> Report:
        request = query_request(
            node,
            model=model,
            level=level,
            patient_name=patient_name,
            patient_id=patient_id,
            accession_number=accession_number,
            study_instance_uid=study_instance_uid,
            series_instance_uid=series_instance_uid,
            sop_instance_uid=sop_instance_uid,
            study_date_from=study_date_from,
            study_date_to=study_date_to,
            modality=modality,
            study_description=study_description,
            key=key or (),
            limit=limit,
        )
        asked = RunningQuery(
            operation.container, request, progress=operation.progress, cancel=operation.cancel
        )
        if json:
            found = [_as_json(match) for match in asked.matches()]
            return asked.report({"matches": found})
        *usual, uid = QUERY_COLUMNS[level]
        columns = (
            *usual,
            *(keyword for keyword in further_keys(key or ()) if keyword not in QUERY_COLUMNS[level]),
            uid,
        )
        operation.output.table(columns, _rows(asked.matches(), columns), before=operation.progress.stop)
        return asked.report()

    run(context, "query", work, json=json)


def _rows(matches: Iterable["Attributes"], columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for match in matches:
        yield tuple(match.get(column, "") for column in columns)


def _as_json(match: "Attributes") -> dict[str, str]:
    return {keyword: value for keyword, value in match.items() if value}
