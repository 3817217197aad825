"""The catalog in a database."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, bindparam, select, update

from fileroom.adapters.catalog._shared.cleaning import clean_identifier, clean_identifiers
from fileroom.adapters.catalog._shared.queries import read_query
from fileroom.adapters.catalog.sql import finding, writing
from fileroom.adapters.catalog.sql.browsing import Browser
from fileroom.adapters.catalog.sql.engine import is_busy, open_catalog_engine, translated
from fileroom.adapters.catalog.sql.engine import writing as for_writing
from fileroom.adapters.catalog.sql.group_commit import GroupCommit
from fileroom.adapters.catalog.sql.quick_reads import QuickReads
from fileroom.adapters.catalog.sql.revisions import Revisions
from fileroom.adapters.catalog.sql.rows import (
    entry_from,
    instance_summary,
    series_summary,
    stored_from,
    study_summary,
)
from fileroom.adapters.catalog.sql.schema import instances, totals
from fileroom.adapters.catalog.sql.statements import Statements, statements_for
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.records import (
    CatalogEntry,
    CatalogTotals,
    InstanceSummary,
    SeriesSummary,
    StoredObject,
    StudySummary,
)

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
        self._quick = QuickReads(self._engine)
        self._revisions = Revisions(self._engine)
        # Threads queue here, in their order, rather than in the polling of SQLite.
        self._one_writes = threading.Lock()
        self._recording: GroupCommit[Sequence[CatalogEntry | Change], Sequence[bool]] = GroupCommit(
            self._record, hopeless=is_busy
        )

    @property
    def _statements(self) -> Statements:
        """Compiled when the first is run: a list of studies needs none of them."""
        return statements_for(self._engine.dialect)

    def record(self, entries: Sequence[CatalogEntry]) -> None:
        """See `Catalog.record`."""
        if entries:
            self._recording.run(entries)

    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """See `Catalog.exchange`."""
        if not changes:
            return frozenset()
        done = self._recording.run(changes)
        return frozenset(
            change.entry.record.sop_instance_uid
            for change, recorded in zip(changes, done, strict=True)
            if not recorded
        )

    def _record(self, batches: Sequence[Sequence[CatalogEntry | Change]]) -> Sequence[Sequence[bool]]:
        with self._writing() as connection:
            done = iter(writing.record(connection, (one for batch in batches for one in batch)))
        return [list(islice(done, len(batch))) for batch in batches]

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
        uid = clean_identifier(sop_instance_uid)
        found = self._quick.rows(self._statements.instance, uid=uid)
        if found is None:
            with translated(_UNREAD), self._engine.connect() as connection:
                found = self._statements.instance.rows(connection, uid=uid)
        return entry_from(found[0]) if found else None

    def stored(self, sop_instance_uids: Iterable[str]) -> Mapping[str, StoredObject]:
        """See `Catalog.stored`."""
        here: dict[str, StoredObject] = {}
        with translated(_UNREAD), self._engine.connect() as connection:
            for asked, listed in _portions(sop_instance_uids):
                rows = self._statements.stored.rows(connection, uids=listed)
                found = {row["sop_instance_uid"]: stored_from(row) for row in rows}
                here |= {uid: found[cleaned] for uid, cleaned in asked.items() if cleaned in found}
        return here

    def present(self, sop_instance_uids: Iterable[str]) -> frozenset[str]:
        """See `Catalog.present`."""
        here = set[str]()
        with translated(_UNREAD), self._engine.connect() as connection:
            for asked, listed in _portions(sop_instance_uids):
                rows = self._statements.present.rows(connection, uids=listed)
                found = {row["sop_instance_uid"] for row in rows}
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
        browser = self._browse(criteria)
        keys = self._rows(browser.series_keys(series_instance_uid))
        only = int(keys[0]["pk"]) if len(keys) == 1 else None
        statement = browser.instances(series_instance_uid, page, only=only)
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

    def revision(self) -> str:
        """See `Catalog.revision`."""
        with translated(_UNREAD):
            return self._revisions.current()

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


def _portions(uids: Iterable[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield UIDs in portions, each with what is looked for, and that as a list in JSON."""
    remaining = iter(uids)
    while asked := {uid: clean_identifier(uid) for uid in islice(remaining, _PORTION)}:
        yield asked, json.dumps(list(set(asked.values())))
