"""The catalog in a database."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, bindparam, select, update

from fileroom.adapters.catalog._shared.cleaning import clean_identifier, clean_identifiers
from fileroom.adapters.catalog._shared.queries import read_query
from fileroom.adapters.catalog.sql import finding, writing
from fileroom.adapters.catalog.sql.browsing import Browser
from fileroom.adapters.catalog.sql.conditions import among
from fileroom.adapters.catalog.sql.engine import is_busy, open_catalog_engine, translated
from fileroom.adapters.catalog.sql.engine import writing as for_writing
from fileroom.adapters.catalog.sql.group_commit import GroupCommit
from fileroom.adapters.catalog.sql.rows import (
    ENTRY_COLUMNS,
    entry_from,
    instance_summary,
    series_summary,
    study_summary,
)
from fileroom.adapters.catalog.sql.schema import instances, series, studies, totals
from fileroom.application.ports.catalog import Catalog
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.records import CatalogEntry, CatalogTotals, InstanceSummary, SeriesSummary, StudySummary

_UNREAD: Final = "the catalog could not be read"
_UNWRITTEN: Final = "the catalog could not be written"
_PORTION: Final = 5000


class SqlCatalog(Catalog):
    """A `Catalog` in SQLite or PostgreSQL.

    What several threads record at the same moment is written in one transaction. Above its own level, the header of an
    entry shows what its study and series show.
    """

    def __init__(self, database: str | Engine) -> None:
        """Use an engine of `open_catalog_engine`, or open one for a URL.

        Raises:
            ConfigurationError: the URL cannot be used.
            StorageError: the database cannot be opened.
        """
        self._engine = open_catalog_engine(database) if isinstance(database, str) else database
        self._writer = for_writing(self._engine)
        # Threads queue here, in their order, rather than in the polling of SQLite.
        self._one_writes = threading.Lock()
        self._recording: GroupCommit[Sequence[CatalogEntry], None] = GroupCommit(
            self._record, hopeless=is_busy
        )

    def record(self, entries: Sequence[CatalogEntry]) -> None:
        """See `Catalog.record`."""
        if entries:
            self._recording.run(entries)

    def _record(self, batches: Sequence[Sequence[CatalogEntry]]) -> Sequence[None]:
        with self._writing() as connection:
            writing.record(connection, (entry for batch in batches for entry in batch))
        return [None] * len(batches)

    def count_duplicates(self, sop_instance_uids: Iterable[str]) -> None:
        """See `Catalog.count_duplicates`."""
        offered = Counter(map(clean_identifier, sop_instance_uids))
        if not offered:
            return
        more = (
            update(instances)
            .where(instances.c.sop_instance_uid == bindparam("uid"))
            .values(duplicates=instances.c.duplicates + bindparam("times"))
        )
        with self._writing() as connection:
            connection.execute(more, [{"uid": uid, "times": times} for uid, times in sorted(offered.items())])

    def remove(self, sop_instance_uids: Iterable[str]) -> int:
        """See `Catalog.remove`."""
        uids = clean_identifiers(sop_instance_uids)
        if not uids:
            return 0
        with self._writing() as connection:
            return writing.remove(connection, uids)

    def instance(self, sop_instance_uid: str) -> CatalogEntry | None:
        """See `Catalog.instance`."""
        statement = (
            select(*ENTRY_COLUMNS)
            .join_from(instances, series, instances.c.series_pk == series.c.pk)
            .join(studies, series.c.study_pk == studies.c.pk)
            .where(instances.c.sop_instance_uid == clean_identifier(sop_instance_uid))
        )
        with translated(_UNREAD), self._engine.connect() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return entry_from(row) if row else None

    def present(self, sop_instance_uids: Iterable[str]) -> frozenset[str]:
        """See `Catalog.present`."""
        remaining, here = iter(sop_instance_uids), set[str]()
        with translated(_UNREAD), self._engine.connect() as connection:
            while asked := {uid: clean_identifier(uid) for uid in islice(remaining, _PORTION)}:
                listed = among(self._engine.dialect, instances.c.sop_instance_uid, set(asked.values()))
                found = set(connection.execute(select(instances.c.sop_instance_uid).where(listed)).scalars())
                here.update(uid for uid, cleaned in asked.items() if cleaned in found)
        return frozenset(here)

    def select(self, selection: Selection) -> Iterator[CatalogEntry]:
        """See `Catalog.select`."""
        return finding.choose(self._engine, selection)

    def find(self, query: Query) -> Iterator[Attributes]:
        """See `Catalog.find`."""
        return finding.find(self._engine, read_query(query))

    def studies(self, criteria: LocalFilter, page: Page) -> Sequence[StudySummary]:
        """See `Catalog.studies`."""
        return [study_summary(row) for row in self._rows(self._browse(criteria).studies(page))]

    def count_studies(self, criteria: LocalFilter) -> int:
        """See `Catalog.count_studies`."""
        return self._count(self._browse(criteria).count_studies())

    def series(self, study_instance_uid: str, criteria: LocalFilter, page: Page) -> Sequence[SeriesSummary]:
        """See `Catalog.series`."""
        statement = self._browse(criteria).series(study_instance_uid, page)
        return [series_summary(row) for row in self._rows(statement)]

    def count_series(self, study_instance_uid: str, criteria: LocalFilter) -> int:
        """See `Catalog.count_series`."""
        return self._count(self._browse(criteria).count_series(study_instance_uid))

    def instances(
        self, series_instance_uid: str, criteria: LocalFilter, page: Page
    ) -> Sequence[InstanceSummary]:
        """See `Catalog.instances`."""
        statement = self._browse(criteria).instances(series_instance_uid, page)
        return [instance_summary(row) for row in self._rows(statement)]

    def count_instances(self, series_instance_uid: str, criteria: LocalFilter) -> int:
        """See `Catalog.count_instances`."""
        return self._count(self._browse(criteria).count_instances(series_instance_uid))

    def totals(self) -> CatalogTotals:
        """See `Catalog.totals`."""
        (row,) = self._rows(select(totals))
        return CatalogTotals(
            patients=row["patients"],
            studies=row["studies"],
            series=row["series"],
            instances=row["instances"],
            bytes=row["bytes"],
        )

    def close(self) -> None:
        """See `Catalog.close`; an engine that was given is left without connections, and opens new ones if used."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._one_writes, translated(_UNWRITTEN), self._writer.begin() as connection:
            yield connection

    def _browse(self, criteria: LocalFilter) -> Browser:
        return Browser(self._engine.dialect, criteria)

    def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        with translated(_UNREAD), self._engine.connect() as connection:
            return connection.execute(statement).mappings().all()

    def _count(self, statement: Select[Any]) -> int:
        with translated(_UNREAD), self._engine.connect() as connection:
            return int(connection.execute(statement).scalar_one())
