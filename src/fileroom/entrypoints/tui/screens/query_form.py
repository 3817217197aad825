"""Form of a query: what to ask which node."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import Query, QueryLevel, QueryModel
from fileroom.entrypoints.requests import QUERY_TEXTS, further_keys, query_request
from fileroom.entrypoints.tui.screens.completing import check_node, complete_node
from fileroom.entrypoints.tui.screens.fields import Field, Kind, Values
from fileroom.entrypoints.values import dicom_date

if TYPE_CHECKING:
    from fileroom.application.use_cases.query_node import QueryRequest
    from fileroom.domain.node import Node

_PATTERN = "* and ? stand for what is unknown"
_UIDS = "one, or several with commas"
_DAY = "YYYY-MM-DD"


def query_fields(nodes: "Sequence[Node]", node: str, before: Values | None = None) -> tuple[Field, ...]:
    """Return the fields, filled with what was asked before."""
    was = before or {}

    def text(key: str, label: str, placeholder: str = "", check: object = None) -> Field:
        return Field(
            key=key,
            label=label,
            placeholder=placeholder,
            value=was.get(key, ""),
            check=check if callable(check) else None,
        )

    return (
        Field(
            key="node", label="Node", required=True, value=node, check=check_node(nodes),
            complete=complete_node(nodes), is_quick=True, picks=True,
        ),
        Field(
            key="level", label="Level", kind=Kind.CHOICE, choices=tuple(QueryLevel),
            value=was.get("level", QueryLevel.STUDY),
        ),
        Field(
            key="model", label="Model", kind=Kind.CHOICE, choices=tuple(QueryModel),
            value=was.get("model", QueryModel.STUDY_ROOT),
        ),
        text("patient_name", "Patient name", "FAMILY^GIVEN; " + _PATTERN),
        text("patient_id", "Patient ID", _PATTERN),
        text("accession_number", "Accession number", _PATTERN),
        text("study_date_from", "Study date from", _DAY, dicom_date),
        text("study_date_to", "Study date to", _DAY + ", that day included", dicom_date),
        text("modality", "Modality", "any of CT,MR"),
        text("study_description", "Description", _PATTERN),
        text("study_instance_uid", "Study UID", _UIDS, _check_uids),
        text("series_instance_uid", "Series UID", _UIDS, _check_uids),
        text("sop_instance_uid", "SOP instance UID", _UIDS, _check_uids),
        text("key", "Further keys", "PatientSex=F StudyComments", lambda keys: further_keys(keys_in(keys))),
        text("limit", "Limit", "end after so many matches", limit_in),
    )  # fmt: skip


def adapt(changed: str, values: Values) -> Values:
    """Patients are asked for in their own model, and by study as by patient otherwise."""
    if changed == "level" and values["level"] == QueryLevel.PATIENT:
        return {"model": QueryModel.PATIENT_ROOT}
    if (
        changed == "model"
        and values["model"] == QueryModel.STUDY_ROOT
        and values["level"] == QueryLevel.PATIENT
    ):
        return {"level": QueryLevel.STUDY}
    return {}


def keys_in(text: str) -> list[str]:
    """Split further keys as a shell would.

    Raises:
        InvalidInput: a quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError:
        raise InvalidInput(
            "a quote is not closed", hint="""for instance StudyComments="a b" """.strip()
        ) from None


def limit_in(text: str) -> int:
    """Return a limit from what was typed.

    Raises:
        InvalidInput: it is none.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits)):
        raise InvalidInput(f"{digits!r} is not a limit", hint="use 1 or more")
    return int(digits)


def request_in(values: Values) -> "QueryRequest":
    """Return the request that a form describes.

    Raises:
        InvalidInput: a field cannot be used, or they do not go together.
    """
    given = {key: value.strip() or None for key, value in values.items()}
    request = query_request(
        values["node"].strip(),
        level=QueryLevel(values["level"]),
        model=QueryModel(values["model"]),
        key=keys_in(values["key"]),
        limit=limit_in(values["limit"]) if given["limit"] else None,
        **{key: given[key] for key in QUERY_TEXTS},
    )
    Query(level=request.level, model=request.model)
    if request.modalities and request.level is QueryLevel.PATIENT:
        raise InvalidInput("patients have no modality", hint="query studies by modality")
    return request


_OF_PERSONS = ("patient_name", "patient_id", "accession_number", "study_description", "key")
_KEPT = (
    "study_date_from",
    "study_date_to",
    "modality",
    *(key for key in QUERY_TEXTS if key.endswith("uid")),
    "limit",
)


def names_a_person(values: Values) -> bool:
    """Whether what is asked tells about a person, so that it has no place in a history."""
    return any(values.get(key, "").strip() for key in _OF_PERSONS)


def parts_in(values: Values) -> dict[str, str]:
    """Return what one would type to ask the same, by its keys; what is as usual is left out."""
    parts = {"node": values["node"].strip()}
    if values["level"] != QueryLevel.STUDY:
        parts["level"] = values["level"]
    if values["model"] != QueryModel.STUDY_ROOT:
        parts["model"] = values["model"]
    return parts | {key: values[key].strip() for key in _KEPT if values[key].strip()}


def _check_uids(text: str) -> None:
    from fileroom.domain.uid import parse_uid

    for uid in text.replace("\\", ",").split(","):
        parse_uid(uid)
