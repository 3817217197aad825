"""Answers to C-FIND queries and selections: keys are collected first, then rows are read in portions.

Nothing stays open between two portions, so that a peer that reads slowly, or an iterator that is left lying about,
holds neither a connection nor an old state of the database. The keys of a million instances take 8 MB.
"""

from array import array
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    FromClause,
    Select,
    Table,
    exists,
    literal,
    select,
)

from fileroom.adapters.catalog._shared.cleaning import clean_identifiers, clean_text
from fileroom.adapters.catalog._shared.queries import Question
from fileroom.adapters.catalog.sql.conditions import among, clause
from fileroom.adapters.catalog.sql.engine import translated
from fileroom.adapters.catalog.sql.rows import ENTRY_COLUMNS, entry_from
from fileroom.adapters.catalog.sql.schema import column_name, instances, patients, series, studies
from fileroom.domain.attributes import BY_KEYWORD, Attribute
from fileroom.domain.query import Attributes, QueryLevel, Selection
from fileroom.domain.records import CatalogEntry

_PORTION: Final = 500
_SOP_CLASSES: Final = "SOPClassesInStudy"
_FAILED: Final = "the catalog could not be read"
_TABLES: Final[Mapping[QueryLevel, Table]] = {
    QueryLevel.PATIENT: patients,
    QueryLevel.STUDY: studies,
    QueryLevel.SERIES: series,
    QueryLevel.IMAGE: instances,
}
_COMPUTED: Final[Mapping[str, Column[Any]]] = {
    "NumberOfPatientRelatedStudies": patients.c.study_count,
    "NumberOfPatientRelatedSeries": patients.c.series_count,
    "NumberOfPatientRelatedInstances": patients.c.instance_count,
    "ModalitiesInStudy": studies.c.modalities,
    "NumberOfStudyRelatedSeries": studies.c.series_count,
    "NumberOfStudyRelatedInstances": studies.c.instance_count,
    "NumberOfSeriesRelatedInstances": series.c.instance_count,
}
_ABOVE: Final = {
    instances: (series, instances.c.series_pk),
    series: (studies, series.c.study_pk),
    studies: (patients, studies.c.patient_pk),
}
_BELOW: Final = {above: (below, parent) for below, (above, parent) in _ABOVE.items()}


def find(engine: Engine, question: Question) -> Iterator[Attributes]:
    """Yield the answers to a question."""
    dialect, bottom = engine.dialect, _TABLES[question.level]
    with translated(_FAILED), engine.connect() as connection:
        keys = array("q", sorted(connection.execute(_matching(dialect, question)).scalars()))
    values = {
        **{one.keyword: _column(one, question.level) for one in question.catalogued},
        **{keyword: _COMPUTED[keyword] for keyword in question.computed if keyword in _COMPUTED},
    }
    tables = {column.table for column in values.values()}
    columns = [column.label(keyword) for keyword, column in values.items()]
    with_classes = _SOP_CLASSES in question.computed
    if with_classes:
        tables.add(studies)
        columns.append(studies.c.pk.label(_SOP_CLASSES))
    rows = select(*columns).select_from(_joined(bottom, tables)).order_by(bottom.c.pk)
    for start in range(0, len(keys), _PORTION):
        here = among(dialect, bottom.c.pk, keys[start : start + _PORTION].tolist())
        with translated(_FAILED), engine.connect() as connection:
            found = connection.execute(rows.where(here)).mappings().all()
            classes = _sop_classes(connection, {row[_SOP_CLASSES] for row in found}) if with_classes else {}
        for row in found:
            answer = question.blank | {keyword: str(value) for keyword, value in row.items()}
            if with_classes:
                answer[_SOP_CLASSES] = "\\".join(sorted(classes.get(row[_SOP_CLASSES], ())))
            yield answer


def choose(engine: Engine, selection: Selection) -> Iterator[CatalogEntry]:
    """Yield the entries that unique keys name, in the order of `Catalog.select`."""
    dialect = engine.dialect
    with translated(_FAILED), engine.connect() as connection:
        keys = array("q", connection.execute(_chosen(dialect, selection)).scalars())
    rows = select(*ENTRY_COLUMNS).add_columns(instances.c.pk).select_from(_joined(instances, {studies}))
    for start in range(0, len(keys), _PORTION):
        portion = keys[start : start + _PORTION].tolist()
        with translated(_FAILED), engine.connect() as connection:
            here = rows.where(among(dialect, instances.c.pk, portion))
            found = {row["pk"]: row for row in connection.execute(here).mappings()}
        yield from (entry_from(found[key]) for key in portion if key in found)


def _chosen(dialect: Dialect, selection: Selection) -> Select[Any]:
    """Select the keys of what a selection names."""
    conditions = [
        among(dialect, column, clean_identifiers(uids))
        for column, uids in (
            (studies.c.study_instance_uid, selection.study_instance_uids),
            (series.c.series_instance_uid, selection.series_instance_uids),
            (instances.c.sop_instance_uid, selection.sop_instance_uids),
        )
        if uids
    ]
    if patient_id := clean_text(selection.patient_id):
        conditions.append(studies.c.patient_id == patient_id)
    return (
        select(instances.c.pk)
        .select_from(_joined(instances, {studies}))
        .where(*conditions)
        .order_by(
            studies.c.study_instance_uid,
            series.c.series_instance_uid,
            instances.c.instance_number_value,
            instances.c.sop_instance_uid,
        )
    )


def _matching(dialect: Dialect, question: Question) -> Select[Any]:
    """Select the keys of what matches: those of studies lead to those of series, and these to instances."""
    conditions: dict[Table, list[ColumnElement[bool]]] = {table: [] for table in _TABLES.values()}
    for attribute, condition in question.conditions:
        table = _table_of(attribute, question.level)
        conditions[table].append(clause(dialect, table, attribute, condition))
    if question.modalities is not None:
        any_series = series.alias("any_series")
        conditions[studies].append(
            exists(
                select(literal(1))
                .select_from(any_series)
                .where(any_series.c.study_pk == studies.c.pk)
                .where(clause(dialect, any_series, BY_KEYWORD["Modality"], question.modalities))
                .correlate(studies)
            )
        )
    bottom = _TABLES[question.level]
    table, keys = studies, select(studies.c.pk).where(*conditions[studies])
    if bottom is patients:
        return select(patients.c.pk).where(*conditions[patients])
    restricted = bool(conditions[studies])
    while table is not bottom:
        below, parent = _BELOW[table]
        if restricted:
            conditions[below].append(parent.in_(keys))
        table, keys = below, select(below.c.pk).where(*conditions[below])
        restricted = bool(conditions[below])
    return keys


def _column(attribute: Attribute, level: QueryLevel) -> Column[Any]:
    return _table_of(attribute, level).c[column_name(attribute.keyword)]


def _table_of(attribute: Attribute, level: QueryLevel) -> Table:
    """Below the patient level, a patient's attributes are what the study shows."""
    if attribute.level is QueryLevel.PATIENT and level is not QueryLevel.PATIENT:
        return studies
    return _TABLES[attribute.level]


def _joined(bottom: Table, tables: Collection[FromClause]) -> FromClause:
    """Join a table with those above it, as far up as is needed."""
    remaining = set(tables) - {bottom}
    joined: FromClause = bottom
    while remaining:
        above, parent = _ABOVE[bottom]
        joined = joined.join(above, parent == above.c.pk)
        bottom = above
        remaining.discard(above)
    return joined


def _sop_classes(connection: Connection, study_pks: Collection[int]) -> dict[int, set[str]]:
    """Return the SOP classes of each of some studies."""
    found = connection.execute(
        select(series.c.study_pk, instances.c.sop_class_uid)
        .join_from(instances, series, instances.c.series_pk == series.c.pk)
        .where(among(connection.dialect, series.c.study_pk, study_pks), instances.c.sop_class_uid != "")
        .distinct()
    )
    classes: dict[int, set[str]] = {}
    for study_pk, sop_class_uid in found:
        classes.setdefault(study_pk, set()).add(sop_class_uid)
    return classes
