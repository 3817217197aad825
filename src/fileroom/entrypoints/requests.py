"""Requests from texts as people type them: the same fields, spellings and errors at every door."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import QueryLevel, QueryModel
from fileroom.entrypoints.values import date_range, join_dates, moment_range, words

if TYPE_CHECKING:
    from fileroom.application.use_cases.query_node import QueryRequest
    from fileroom.domain.local_filter import LocalFilter
    from fileroom.domain.node import Node
    from fileroom.domain.query import Selection


class Truth(StrEnum):
    """A filter that may hold, or not hold."""

    TRUE = "true"
    FALSE = "false"


def local_filter(
    *,
    patient_name: str | None = None,
    patient_id: str | None = None,
    accession_number: str | None = None,
    modality: str | None = None,
    study_date: str | None = None,
    study_description: str | None = None,
    imported_at: str | None = None,
    duplicate: Truth | None = None,
) -> "LocalFilter":
    """Return the filter of a local list.

    Raises:
        InvalidInput: a date, a range or a moment is none.
    """
    from fileroom.domain.local_filter import LocalFilter

    first, last = moment_range(imported_at) if imported_at else (None, None)
    return LocalFilter(
        patient_name=patient_name or "",
        patient_id=patient_id or "",
        accession_number=accession_number or "",
        modalities=words(modality and modality.upper()),  # a CS has no other letters (PS3.5 6.2)
        study_date=date_range(study_date) if study_date else "",
        study_description=study_description or "",
        imported_from=first,
        imported_to=last,
        duplicate=None if duplicate is None else duplicate is Truth.TRUE,
    )


QUERY_TEXTS: Final = (
    "patient_name", "patient_id", "accession_number", "study_instance_uid", "series_instance_uid",
    "sop_instance_uid", "study_date_from", "study_date_to", "modality", "study_description",
)  # fmt: skip
"""What `query_request` takes as text, by name."""


def query_request(
    node: str,
    *,
    model: QueryModel = QueryModel.STUDY_ROOT,
    level: QueryLevel = QueryLevel.STUDY,
    patient_name: str | None = None,
    patient_id: str | None = None,
    accession_number: str | None = None,
    study_instance_uid: str | None = None,
    series_instance_uid: str | None = None,
    sop_instance_uid: str | None = None,
    study_date_from: str | None = None,
    study_date_to: str | None = None,
    modality: str | None = None,
    study_description: str | None = None,
    key: Iterable[str] = (),
    limit: int | None = None,
) -> "QueryRequest":
    """Return the request of a query; `key` are `KEYWORD` or `KEYWORD=VALUE`.

    Raises:
        InvalidInput: a UID, a date or a key is none.
    """
    from fileroom.application.use_cases.query_node import QueryRequest

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
    return QueryRequest(
        target=node,
        level=level,
        model=model,
        keys={keyword: value for keyword, value in keys.items() if value} | further_keys(key),
        modalities=words(modality and modality.upper()),  # a CS has no other letters (PS3.5 6.2)
        limit=limit,
    )


def further_keys(texts: Iterable[str]) -> dict[str, str]:
    """Return keywords and values from `KEYWORD` or `KEYWORD=VALUE`.

    Raises:
        InvalidInput: one is neither.
    """
    return dict(_key(text) for text in texts)


def _uids(text: str) -> str:
    from fileroom.domain.uid import parse_uid

    return "\\".join(parse_uid(uid) for uid in text.replace("\\", ",").split(","))


def _key(text: str) -> tuple[str, str]:
    keyword, _, value = text.partition("=")
    keyword = keyword.strip().replace(",", "")
    if not keyword.isalnum():
        raise InvalidInput(
            f"--key {text!r} is not KEYWORD or KEYWORD=VALUE", hint="for instance PatientSex=F"
        )
    return keyword, value


def new_node(
    *,
    name: str,
    ae_title: str,
    host: str,
    port: int,
    move_destination: str | None = None,
    notes: str | None = None,
    character_set: str | None = None,
) -> "Node":
    """Return a node to register.

    Raises:
        InvalidInput: a field cannot be used; the message names it.
    """
    from fileroom.domain.ae_title import AeTitle
    from fileroom.domain.node import Node

    return Node(
        name=name,
        ae_title=AeTitle(ae_title),
        host=host,
        port=port,
        move_destination=AeTitle(move_destination) if move_destination else None,
        notes=notes or "",
        character_set=character_set or "",
    )


def selection_of(level: QueryLevel, uids: Sequence[str]) -> "Selection":
    """Return the selection of objects by their UIDs."""
    from fileroom.domain.query import Selection

    empty = Selection(level=level)
    if level is QueryLevel.STUDY:
        return replace(empty, study_instance_uids=tuple(uids))
    if level is QueryLevel.SERIES:
        return replace(empty, series_instance_uids=tuple(uids))
    return replace(empty, sop_instance_uids=tuple(uids))
