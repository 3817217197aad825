"""`fileroom query`: what does a node have?"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.errors import Cancelled, InvalidInput, QueryCutShort
from fileroom.domain.query import QueryLevel, QueryModel
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Failure, Operation, Report, Status, run
from fileroom.entrypoints.cli.options import Json, Limit, NodeOption, join_dates, words
from fileroom.entrypoints.cli.output import Output

if TYPE_CHECKING:
    from fileroom.domain.query import Attributes

_COLUMNS = {
    QueryLevel.PATIENT: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    QueryLevel.STUDY: (
        "StudyDate",
        "PatientID",
        "PatientName",
        "ModalitiesInStudy",
        "StudyDescription",
        "AccessionNumber",
        "StudyInstanceUID",
    ),
    QueryLevel.SERIES: (
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    QueryLevel.IMAGE: ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}


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
    from fileroom.application.use_cases.query_node import QueryRequest

    def work(operation: Operation) -> Report:
        uids = {
            "StudyInstanceUID": study_instance_uid,
            "SeriesInstanceUID": series_instance_uid,
            "SOPInstanceUID": sop_instance_uid,
        }
        keys = {
            "PatientName": patient_name,
            "PatientID": patient_id,
            "AccessionNumber": accession_number,
            "StudyDate": join_dates(study_date_from, study_date_to),
            "StudyDescription": study_description,
            **{keyword: _uids(uid) for keyword, uid in uids.items() if uid},
        }
        extra = dict(_key(text) for text in key or ())
        request = QueryRequest(
            target=node,
            level=level,
            model=model,
            keys={keyword: value for keyword, value in keys.items() if value} | extra,
            modalities=words(modality),
            limit=limit,
        )
        stream = operation.container.query_node().stream(
            request, progress=operation.progress, cancel=operation.cancel
        )
        end = _End(node)
        matches = end.watch(stream)
        if json:
            found = [_as_json(match) for match in matches]
            return Report(fields={"matches": found}, status=end.status, failures=end.failures)
        *usual, uid = _COLUMNS[level]
        columns = (*usual, *(keyword for keyword in extra if keyword not in _COLUMNS[level]), uid)
        count = operation.output.table(columns, _rows(matches, columns), before=operation.progress.stop)
        return Report(
            show=lambda output: _summarize(output, count, limit), status=end.status, failures=end.failures
        )

    run(context, "query", work, json=json)


class _End:
    """How a query ended whose matches count in any case."""

    def __init__(self, node: str) -> None:
        self._node = node
        self.status = Status.SUCCESS
        self.failures: list[Failure] = []

    def watch(self, matches: Iterator["Attributes"]) -> Iterator["Attributes"]:
        try:
            yield from matches
        except QueryCutShort as error:
            self.status = Status.PARTIAL
            self.failures.append(
                Failure(what=self._node, why=error.message, hint=error.hint, kind=error.kind)
            )
        except Cancelled:
            self.status = Status.CANCELLED


def _summarize(output: Output, count: int, limit: int | None) -> None:
    more = " (the limit; there may be more)" if limit is not None and count >= limit else ""
    output.note(f"{count} {'match' if count == 1 else 'matches'}{more}")


def _rows(matches: Iterable["Attributes"], columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for match in matches:
        yield tuple(match.get(column, "") for column in columns)


def _as_json(match: "Attributes") -> dict[str, str]:
    return {keyword: value for keyword, value in match.items() if value}


def _uids(text: str) -> str:
    from fileroom.domain.uid import parse_uid

    return "\\".join(parse_uid(uid) for uid in text.replace("\\", ",").split(","))


def _key(text: str) -> tuple[str, str]:
    keyword, _, value = text.partition("=")
    keyword = keyword.strip().replace(",", "")
    if not keyword.isalnum():
        raise InvalidInput(
            f"--key {text!r} is not KEYWORD or KEYWORD=VALUE", hint="for instance --key PatientSex=F"
        )
    return keyword, value
