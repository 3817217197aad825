"""Between records of the domain and rows of the tables."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping

from fileroom.adapters.catalog.sql.schema import (
    COLUMNS,
    INSTANCE_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    STUDY_ATTRIBUTES,
    column_name,
    column_values,
    instances,
    series,
    studies,
)
from fileroom.domain.attributes import IDENTIFYING
from fileroom.domain.records import (
    CatalogEntry,
    InstanceRecord,
    InstanceSummary,
    Origin,
    SeriesSummary,
    StoredObject,
    StudySummary,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ESCAPED: Final = "\x01"
_INSTANCE_COLUMNS: Final = {
    one.keyword: COLUMNS[one.keyword] for one in INSTANCE_ATTRIBUTES if one.keyword not in IDENTIFYING
}
_ABSENT: Final = {
    column: value
    for keyword, columns in _INSTANCE_COLUMNS.items()
    for column, value in zip(columns, column_values(keyword, ""), strict=True)
}
"""The columns of an instance that its header may leave empty, as they are then."""
_DESCRIPTIVE: Final = tuple(
    (one.keyword, column_name(one.keyword))
    for one in STUDY_ATTRIBUTES + SERIES_ATTRIBUTES + INSTANCE_ATTRIBUTES
    if one.keyword not in IDENTIFYING
)

STORED_COLUMNS: Final = ("location", "size", "data_offset", "digest", "in_place")
"""What `stored_from` reads, in the table of instances."""

ENTRY_COLUMNS: Final = (
    *(studies.c[column_name(one.keyword)] for one in STUDY_ATTRIBUTES),
    *(series.c[column_name(one.keyword)] for one in SERIES_ATTRIBUTES),
    *(instances.c[column_name(one.keyword)] for one in INSTANCE_ATTRIBUTES),
    *(
        instances.c[name]
        for name in (
            "transfer_syntax_uid", "location", "size", "data_offset", "digest", "in_place", "origin", "source",
            "recorded_at", "duplicates", "instance_number_value",
        )
    ),
)  # fmt: skip
"""What `entry_from` reads, from a join of the three tables."""


def to_microseconds(moment: datetime) -> int:
    """Return a moment as the tables hold it."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """Return a moment from a table."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_lossless(text: str) -> str:
    """Return a form of any string that a database can hold; names of files may be no Unicode at all."""
    if text.isascii() and "\0" not in text and not text.startswith(_ESCAPED):
        return text
    try:
        text.encode()
        encodable = "\0" not in text and not text.startswith(_ESCAPED)
    except UnicodeEncodeError:
        encodable = False
    return text if encodable else _ESCAPED + json.dumps(text)


def from_lossless(stored: str) -> str:
    """Return the string that `to_lossless` was given."""
    return str(json.loads(stored[1:])) if stored.startswith(_ESCAPED) else stored


def instance_row(entry: CatalogEntry, record: InstanceRecord) -> dict[str, Any]:
    """Return the columns of an instance that follow from its entry; `record` is the cleaned header."""
    stored, given = entry.stored, record.attributes
    row: dict[str, Any] = {
        **_ABSENT,
        "sop_instance_uid": record.sop_instance_uid,
        "sop_class_uid": record.sop_class_uid,
        "transfer_syntax_uid": record.transfer_syntax_uid,
        "study_date": column_values("StudyDate", given.get("StudyDate", ""))[1],
        "location": to_lossless(stored.location),
        "size": stored.size,
        "data_offset": stored.data_offset,
        "digest": stored.digest,
        "in_place": int(stored.in_place),
        "origin": entry.origin.value,
        "source": to_lossless(entry.source),
        "recorded_at": to_microseconds(entry.recorded_at),
    }
    for keyword in _INSTANCE_COLUMNS.keys() & given.keys():
        row.update(zip(_INSTANCE_COLUMNS[keyword], column_values(keyword, given[keyword]), strict=True))
    return row


def attribute_row(shown: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns of the attributes that a patient, study or series shows."""
    row: dict[str, Any] = {}
    for keyword, value in shown.items():
        row.update(zip(COLUMNS[keyword], column_values(keyword, value), strict=True))
    return row


def stored_from(row: RowMapping | Mapping[str, Any]) -> StoredObject:
    """Return where the bytes of an instance are."""
    return StoredObject(
        location=from_lossless(row["location"]),
        size=row["size"],
        data_offset=row["data_offset"],
        digest=row["digest"],
        in_place=bool(row["in_place"]),
    )


def entry_from(row: RowMapping | Mapping[str, Any]) -> CatalogEntry:
    """Return the entry of an instance, its header with what its study and series show."""
    return CatalogEntry(
        record=InstanceRecord(
            sop_instance_uid=row["sop_instance_uid"],
            sop_class_uid=row["sop_class_uid"],
            series_instance_uid=row["series_instance_uid"],
            study_instance_uid=row["study_instance_uid"],
            transfer_syntax_uid=row["transfer_syntax_uid"],
            attributes={keyword: value for keyword, column in _DESCRIPTIVE if (value := row[column])},
        ),
        stored=stored_from(row),
        origin=Origin(row["origin"]),
        source=from_lossless(row["source"]),
        recorded_at=to_moment(row["recorded_at"]),
        duplicates=row["duplicates"],
    )


def study_summary(row: RowMapping) -> StudySummary:
    """Return a study for a list, from a row of its table."""
    modalities = row["modalities"]
    return StudySummary(
        study_instance_uid=row["study_instance_uid"],
        patient_name=row["patient_name"],
        patient_id=row["patient_id"],
        accession_number=row["accession_number"],
        study_date_max=row["study_date_max"],
        study_description=row["study_description"],
        modalities=tuple(modalities.split("\\")) if modalities else (),
        series_count=row["series_count"],
        instance_count=row["instance_count"],
        imported_at_max=to_moment(row["imported_at_max"]),
    )


def series_summary(row: RowMapping) -> SeriesSummary:
    """Return a series for a list, from a row of its table and its study's UID."""
    return SeriesSummary(
        study_instance_uid=row["study_instance_uid"],
        series_instance_uid=row["series_instance_uid"],
        series_number=row["series_number"],
        series_description=row["series_description"],
        modality=row["modality"],
        instance_count=row["instance_count"],
        imported_at_max=to_moment(row["imported_at_max"]),
    )


def instance_summary(row: RowMapping) -> InstanceSummary:
    """Return an instance for a list, from a row of its table and the UIDs above."""
    return InstanceSummary(
        study_instance_uid=row["study_instance_uid"],
        series_instance_uid=row["series_instance_uid"],
        sop_instance_uid=row["sop_instance_uid"],
        sop_class_uid=row["sop_class_uid"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        instance_number=row["instance_number"],
        number_of_frames=row["number_of_frames"],
        rows=row["rows"],
        columns=row["columns"],
        size=row["size"],
        location=from_lossless(row["location"]),
        in_place=bool(row["in_place"]),
        digest=row["digest"],
        origin=Origin(row["origin"]),
        source=from_lossless(row["source"]),
        imported_at=to_moment(row["recorded_at"]),
        duplicates=row["duplicates"],
    )
