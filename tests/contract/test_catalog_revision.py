"""What every catalog promises of its revision: a word that tells whether there is anything new to read."""

from fileroom.application.ports.catalog import Catalog, Change
from tests.builders import a_uid, an_entry
from tests.contract.catalogs import (
    Backend,
    CatalogSuite,
    MemoryCases,
    PostgresqlCases,
    SqliteCases,
    entries,
)
from tests.contract.object_stores import run_together


class CatalogRevisionContract(CatalogSuite):
    """The promises of `Catalog.revision`."""

    def test_revision_stays_while_nothing_is_written(self, catalog: Catalog) -> None:
        catalog.record(entries(2))
        before = catalog.revision()
        catalog.totals()
        catalog.instance(a_uid(1, 1, 1))
        assert catalog.revision() == before
        assert catalog.revision() == before

    def test_revision_is_another_after_each_writing(self, catalog: Catalog) -> None:
        seen = [catalog.revision()]
        catalog.record(entries(2))
        seen.append(catalog.revision())
        catalog.record(entries(2))
        seen.append(catalog.revision())
        catalog.exchange([Change(entry=an_entry(), seen=catalog.stored([a_uid(1, 1, 1)])[a_uid(1, 1, 1)])])
        seen.append(catalog.revision())
        catalog.remove([a_uid(1, 1, 2)])
        seen.append(catalog.revision())
        catalog.remove([a_uid(1, 1, 1)])
        seen.append(catalog.revision())
        catalog.record(entries(2))
        seen.append(catalog.revision())
        assert len(set(seen)) == len(seen)

    def test_revision_is_another_after_another_catalog_has_written(
        self, catalog: Catalog, backend: Backend
    ) -> None:
        before = catalog.revision()
        other = backend.open()
        other.record(entries(1))
        after = catalog.revision()
        assert after != before
        other.remove([a_uid(1, 1, 1)])
        assert catalog.revision() not in {before, after}

    def test_revision_can_be_asked_for_by_many_threads(self, catalog: Catalog) -> None:
        def look(number: int) -> None:
            for instance in range(5):
                before = catalog.revision()
                catalog.record(entries(instance + 1, series=number + 1))
                assert catalog.revision() != before

        run_together(look, threads=4)

    def test_revision_can_be_asked_for_after_the_catalog_was_closed_and_is_used_again(
        self, catalog: Catalog
    ) -> None:
        catalog.revision()
        catalog.close()
        catalog.record(entries(1))
        before = catalog.revision()
        catalog.record(entries(2))
        assert catalog.revision() != before


class TestSqlCatalogOnSqlite(SqliteCases, CatalogRevisionContract):
    """SQLite."""


class TestSqlCatalogOnPostgresql(PostgresqlCases, CatalogRevisionContract):
    """PostgreSQL."""


class TestMemoryCatalog(MemoryCases, CatalogRevisionContract):
    """Dictionaries."""
