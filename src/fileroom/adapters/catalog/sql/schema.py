"""The tables: one column an attribute in the table of its level, search columns beside it, and counts kept by writes.

Values are stored as they are shown; what conditions compare (`fileroom.domain.matching`) stands in columns of its
own. Studies carry their patient's attributes as well, since lists and queries of studies restrict and show them.
Times are microseconds since 1970 (UTC). Nothing is NULL: an absent value is '', an absent number `NO_NUMBER`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    text,
)

from fileroom.adapters.catalog._shared.cleaning import MAX_VALUE_LENGTH
from fileroom.domain.attributes import ATTRIBUTES, BY_KEYWORD, Attribute, Matching, attributes_of
from fileroom.domain.matching import parse_number, search_form
from fileroom.domain.query import QueryLevel
from fileroom.domain.text import fold_name

NO_NUMBER: Final = 2**63 - 1
"""Stands for an absent number, so that it sorts last; larger than any number that is one."""

# Ordered and compared by code point everywhere: what SQLite does, what Python does, and what indexes can serve.
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
# Only INTEGER makes a primary key SQLite's own row number.
KEY: Final = BigInteger().with_variant(Integer(), "sqlite")

PATIENT_ATTRIBUTES: Final = attributes_of(QueryLevel.PATIENT)
STUDY_ATTRIBUTES: Final = PATIENT_ATTRIBUTES + attributes_of(QueryLevel.STUDY)
SERIES_ATTRIBUTES: Final = attributes_of(QueryLevel.SERIES)
INSTANCE_ATTRIBUTES: Final = attributes_of(QueryLevel.IMAGE)

_SUFFIXES: Final[Mapping[Matching, tuple[str, ...]]] = {
    Matching.NAME: ("_alphabetic", "_ideographic", "_phonetic"),
    Matching.TEXT: ("_folded",),
    Matching.DATE: ("_normal",),
    Matching.TIME: ("_normal",),
    Matching.NUMBER: ("_value",),
}


def column_name(keyword: str) -> str:
    """Return the column that holds an attribute's value: `SOPInstanceUID` is in `sop_instance_uid`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", keyword).lower()


def search_columns(attribute: Attribute) -> tuple[str, ...]:
    """Return the columns that conditions compare; the value's own where it is its search form."""
    name = column_name(attribute.keyword)
    suffixes = _SUFFIXES.get(attribute.matching)
    return tuple(name + suffix for suffix in suffixes) if suffixes else (name,)


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    one.keyword: tuple(dict.fromkeys((column_name(one.keyword), *search_columns(one)))) for one in ATTRIBUTES
}
"""All columns of an attribute, its value first, in the order of `column_values`."""


@lru_cache(maxsize=16384)
def column_values(keyword: str, value: str) -> tuple[str | int, ...]:
    """Return what an attribute's columns hold for a value."""
    attribute = BY_KEYWORD[keyword]
    match attribute.matching:
        case Matching.CODE | Matching.UID:
            return (value,)
        case Matching.NAME:
            return (value, *(group[:MAX_VALUE_LENGTH] for group in fold_name(value)))
        case Matching.NUMBER:
            number = parse_number(value)
            return (value, NO_NUMBER if number is None else number)
        case _:
            return (value, search_form(attribute.matching, value)[:MAX_VALUE_LENGTH])


def _attribute_columns(attributes: Iterable[Attribute]) -> list[Column[str] | Column[int]]:
    columns: list[Column[str] | Column[int]] = []
    for attribute in attributes:
        value, *search = COLUMNS[attribute.keyword]
        columns.append(_text(value))
        numeric = attribute.matching is Matching.NUMBER
        columns.extend(_number(name) if numeric else _text(name) for name in search)
    return columns


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _primary_key() -> Column[int]:
    return Column("pk", KEY, primary_key=True, autoincrement=False)


def _parent(name: str, target: str) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target), nullable=False)


metadata: Final = MetaData()

patients: Final = Table(
    "patients",
    metadata,
    _primary_key(),
    _text("patient_key"),
    *_attribute_columns(PATIENT_ATTRIBUTES),
    _number("study_count"),
    _number("series_count"),
    _number("instance_count"),
    Index("patients_by_key", "patient_key", unique=True),
    Index("patients_by_id", "patient_id"),
    Index("patients_by_alphabetic", "patient_name_alphabetic"),
    Index("patients_by_ideographic", "patient_name_ideographic"),
    Index("patients_by_phonetic", "patient_name_phonetic"),
)

studies: Final = Table(
    "studies",
    metadata,
    _primary_key(),
    _parent("patient_pk", "patients.pk"),
    *_attribute_columns(STUDY_ATTRIBUTES),
    _text("modalities"),
    _number("series_count"),
    _number("instance_count"),
    _text("study_date_max"),
    _number("imported_at_max"),
    Index("studies_by_uid", "study_instance_uid", unique=True),
    Index("studies_by_patient", "patient_pk"),
    Index("studies_by_latest", text("study_date_max DESC"), "study_instance_uid"),
    Index("studies_by_date", "study_date_normal"),
    Index("studies_by_patient_id", "patient_id"),
    Index("studies_by_accession", "accession_number"),
    Index("studies_by_alphabetic", "patient_name_alphabetic"),
    Index("studies_by_ideographic", "patient_name_ideographic"),
    Index("studies_by_phonetic", "patient_name_phonetic"),
    Index("studies_by_description", "study_description_folded"),
    Index("studies_by_import", "imported_at_max"),
)

series: Final = Table(
    "series",
    metadata,
    _primary_key(),
    _parent("study_pk", "studies.pk"),
    *_attribute_columns(SERIES_ATTRIBUTES),
    _number("instance_count"),
    _text("study_date_max"),
    _number("imported_at_min"),
    _number("imported_at_max"),
    Index("series_by_study", "study_pk", "series_instance_uid", unique=True),
    Index("series_by_uid", "series_instance_uid"),
    Index("series_by_modality", "modality", "study_pk"),
)

instances: Final = Table(
    "instances",
    metadata,
    _primary_key(),
    _parent("series_pk", "series.pk"),
    *_attribute_columns(INSTANCE_ATTRIBUTES),
    _text("study_date"),
    _text("transfer_syntax_uid"),
    _text("location"),
    _number("size"),
    _number("data_offset"),
    _text("digest"),
    _number("in_place"),
    _text("origin"),
    _text("source"),
    _number("recorded_at"),
    _number("duplicates"),
    Index("instances_by_uid", "sop_instance_uid", unique=True),
    # With the UID, so that a page far down a long series is counted to in the index alone.
    Index("instances_by_series", "series_pk", "instance_number_value", "sop_instance_uid"),
    Index("instances_with_duplicates", "series_pk"),
)


@event.listens_for(metadata, "before_create")
def _index_only_duplicates(target: MetaData, connection: Connection, **_: object) -> None:
    """Make an index partial in the words of the database at hand; to name a dialect here would load all of it."""
    for index in target.tables[instances.name].indexes:
        if index.name == "instances_with_duplicates":
            index.dialect_options[connection.dialect.name]["where"] = text("duplicates > 0")


totals: Final = Table(
    "totals",
    metadata,
    _primary_key(),
    _number("patients"),
    _number("studies"),
    _number("series"),
    _number("instances"),
    _number("bytes"),
    _number("last_patient"),
    _number("last_study"),
    _number("last_series"),
    _number("last_instance"),
)
"""One row: how much is here, and the last key that each table has given away, so that none is given twice."""

nodes: Final = Table(
    "nodes",
    metadata,
    Column("node_key", TEXT, primary_key=True),
    _text("name"),
    _text("ae_title"),
    _text("host"),
    _number("port"),
    _text("move_destination"),
    _text("notes"),
    _text("character_set"),
    _text("retrieve"),
)
