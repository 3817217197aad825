"""The statements of a transaction that writes, compiled once for each database and run on the driver itself.

Recording one object takes a dozen of them, and a peer waits for it: built and run through SQLAlchemy they take four
times as long as the database does. Lists of keys travel as one JSON parameter, so that the text stays the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Dialect,
    Select,
    Table,
    UpdateBase,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.compiler import SQLCompiler

from fileroom.adapters.catalog.sql.conditions import listed
from fileroom.adapters.catalog.sql.rows import ENTRY_COLUMNS, STORED_COLUMNS
from fileroom.adapters.catalog.sql.schema import instances, patients, series, studies, totals

COUNTS: Final[Mapping[Table, tuple[str, ...]]] = {
    patients: ("study_count", "series_count", "instance_count"),
    studies: ("series_count", "instance_count", "modalities", "study_date_max", "imported_at_max"),
    series: ("instance_count", "study_date_max", "imported_at_min", "imported_at_max"),
}
"""Columns that every write may change."""
_KEPT: Final = {"pk", "sop_instance_uid", "duplicates"}
"""Columns that an instance keeps when it is replaced."""


class Statement:
    """One statement; parameters are given by name."""

    def __init__(
        self, statement: Select[Any] | UpdateBase, dialect: Dialect, names: Sequence[str] | None = None
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=names)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - the compiler of every statement
        self._text = str(compiled)
        self._order = compiled.positiontup
        self._in_order = itemgetter(*self._order) if self._order and len(self._order) > 1 else None
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self._columns = [column.name for column in columns]

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - parameters
        """Run a query and return its rows."""
        with _cursor(connection) as cursor:
            cursor.execute(self._text, self._arguments(values))
            return [dict(zip(self._columns, row, strict=True)) for row in cursor.fetchall()]

    def read(self, driver_connection: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ANN401 - any driver's
        """Run a query on a connection of the driver, outside a transaction, and return its rows."""
        found = driver_connection.execute(self._text, self._arguments(values)).fetchall()
        return [dict(zip(self._columns, row, strict=True)) for row in found] if found else []

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement once for each row of parameters."""
        arguments = [self._arguments(row) for row in rows]
        if not arguments:
            return
        with _cursor(connection) as cursor:
            if len(arguments) == 1:
                cursor.execute(self._text, arguments[0])
            else:
                cursor.executemany(self._text, arguments)

    def _arguments(self, values: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        if self._order is None:
            return values
        if self._in_order is not None:
            ordered: tuple[Any, ...] = self._in_order(values)
            return ordered
        return [values[name] for name in self._order]


def _cursor(connection: Connection) -> closing[Any]:
    return closing(connection.connection.cursor())


class Statements:
    """What is run for each object or batch, compiled once: what `writing` runs, and looking an instance up."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.totals = self._compiled(select(totals))
        self.write_totals = self._compiled(update(totals), [one.name for one in totals.c if one.name != "pk"])
        self.places = self._compiled(
            select(
                *(
                    instances.c[name]
                    for name in (
                        "pk", "series_pk", "sop_instance_uid", "size", "recorded_at", "study_date",
                        "location", "digest",
                    )
                )
            ).where(listed(dialect, instances.c.sop_instance_uid, "uids"))
        )  # fmt: skip
        of_instances = listed(dialect, instances.c.sop_instance_uid, "uids")
        self.present = self._compiled(select(instances.c.sop_instance_uid).where(of_instances))
        self.stored = self._compiled(
            select(instances.c.sop_instance_uid, *(instances.c[name] for name in STORED_COLUMNS)).where(
                of_instances
            )
        )
        self.instance = self._compiled(
            select(*ENTRY_COLUMNS)
            .join_from(instances, series, instances.c.series_pk == series.c.pk)
            .join(studies, series.c.study_pk == studies.c.pk)
            .where(instances.c.sop_instance_uid == bindparam("uid"))
        )
        self.series = self._holdings(series, "series_instance_uid")
        self.studies = self._holdings(studies, "study_instance_uid")
        self.patients = self._holdings(patients, "patient_key")
        self.series_extremes = self._compiled(
            select(
                instances.c.series_pk.label("pk"),
                func.min(instances.c.recorded_at).label("imported_at_min"),
                func.max(instances.c.recorded_at).label("imported_at_max"),
                func.max(instances.c.study_date).label("study_date_max"),
            )
            .where(listed(dialect, instances.c.series_pk, "pks"))
            .group_by(instances.c.series_pk)
        )
        self.study_extremes = self._compiled(
            select(
                series.c.study_pk.label("pk"),
                series.c.modality,
                func.max(series.c.imported_at_max).label("imported_at_max"),
                func.max(series.c.study_date_max).label("study_date_max"),
            )
            .where(listed(dialect, series.c.study_pk, "pks"))
            .group_by(series.c.study_pk, series.c.modality)
        )
        tables = (patients, studies, series, instances)
        self.insert = {
            table: self._compiled(insert(table), [one.name for one in table.c]) for table in tables
        }
        self.delete = {
            table: self._compiled(delete(table).where(listed(dialect, table.c.pk, "pks"))) for table in tables
        }
        self.change = {
            table: self._change(table, [one.name for one in table.c if one.name != "pk"])
            for table in (patients, studies, series)
        }
        self.change[instances] = self._change(
            instances, [one.name for one in instances.c if one.name not in _KEPT]
        )
        self.count = {table: self._change(table, names) for table, names in COUNTS.items()}

    def _compiled(self, statement: Select[Any] | UpdateBase, names: Sequence[str] | None = None) -> Statement:
        return Statement(statement, self._dialect, names)

    def _holdings(self, table: Table, key: str) -> Statement:
        """Select rows by their primary keys or by the keys that DICOM gives them."""
        return self._compiled(
            select(table).where(
                or_(listed(self._dialect, table.c.pk, "pks"), listed(self._dialect, table.c[key], "keys"))
            )
        )

    def _change(self, table: Table, names: Sequence[str]) -> Statement:
        return self._compiled(update(table).where(table.c.pk == bindparam("b_pk")), [*names, "b_pk"])


@lru_cache(maxsize=16)
def statements_for(dialect: Dialect) -> Statements:
    """Return the statements for a database."""
    return Statements(dialect)
