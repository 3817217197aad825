"""The database of the catalog: made, brought to the latest version, and refused where that cannot be."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.exc import DBAPIError

from fileroom.adapters.catalog.sql import migrations
from fileroom.adapters.catalog.sql.browsing import Browser
from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine, writing
from fileroom.adapters.catalog.sql.node_repository import SqlNodeRepository
from fileroom.adapters.catalog.sql.schema import COLUMNS, metadata
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.attributes import ATTRIBUTES
from fileroom.domain.errors import ConfigurationError
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.node import Node
from tests.builders import a_record, a_uid, an_entry
from tests.contract.catalogs import PostgresqlBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite3"


@pytest.fixture
def postgresql(postgresql_server: Path) -> Iterator[PostgresqlBackend]:
    backend = PostgresqlBackend(postgresql_server)
    yield backend
    backend.close()


def shape(engine: Engine) -> dict[str, Any]:
    """Everything that a database says about its tables."""
    inspector = inspect(engine)
    return {
        table: {
            # A migration appends its columns; where they stand makes no difference.
            "columns": sorted(
                (one["name"], repr(one["type"]), one["nullable"]) for one in inspector.get_columns(table)
            ),
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "parents": [
                (one["constrained_columns"], one["referred_table"], one["referred_columns"])
                for one in inspector.get_foreign_keys(table)
            ],
            "indexes": sorted(
                (
                    str(one["name"]),
                    str(one.get("expressions", one["column_names"])),
                    one["unique"],
                    str(one.get("column_sorting")),
                    sorted((name, str(value)) for name, value in one.get("dialect_options", {}).items()),
                )
                for one in inspector.get_indexes(table)
            ),
        }
        for table in inspector.get_table_names()
        if table != "schema_version"
    }


def statements(path: Path) -> dict[str, str]:
    """The definitions of indexes as SQLite keeps them, without their blanks."""
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        return {name: "".join(sql.split()) for name, sql in found}
    finally:
        connection.close()


def test_migrations_make_the_tables_that_the_program_uses_in_sqlite(path: Path, tmp_path: Path) -> None:
    migrated = open_catalog_engine(f"sqlite:///{path}")
    other = tmp_path / "other.sqlite3"
    direct = create_engine(f"sqlite:///{other}")
    metadata.create_all(direct)
    assert shape(migrated) == shape(direct)
    assert statements(path) == statements(other)
    migrated.dispose()
    direct.dispose()


def test_migrations_make_the_tables_that_the_program_uses_in_postgresql(
    postgresql: PostgresqlBackend, postgresql_server: Path
) -> None:
    migrated = open_catalog_engine(postgresql.url)
    other = PostgresqlBackend(postgresql_server)
    direct = create_engine(other.url.replace("postgresql:", "postgresql+psycopg:"))
    metadata.create_all(direct)
    assert shape(migrated) == shape(direct)
    migrated.dispose()
    direct.dispose()
    other.close()


def test_every_catalogued_attribute_has_columns() -> None:
    names = {column.name for table in metadata.tables.values() for column in table.columns}
    assert set(COLUMNS) == {attribute.keyword for attribute in ATTRIBUTES}
    assert {name for columns in COLUMNS.values() for name in columns} <= names


def test_database_is_made_with_its_folders_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "catalog.sqlite3"
    catalog = SqlCatalog(f"sqlite:///{path}")
    catalog.record([an_entry()])
    if os.name == "posix":
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
        assert modes.pop("catalog.sqlite3") == 0o600
        assert set(modes.values()) == {0o600}, "write-ahead log and shared memory"
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:2]} == {0o700}
    catalog.close()


def test_opening_again_keeps_what_is_there(path: Path) -> None:
    for expected in (0, 1):
        catalog = SqlCatalog(f"sqlite:///{path}")
        assert catalog.totals().instances == expected
        catalog.record([an_entry()])
        catalog.close()


def test_catalog_and_nodes_share_an_engine(path: Path) -> None:
    engine = open_catalog_engine(f"sqlite:///{path}")
    catalog, nodes = SqlCatalog(engine), SqlNodeRepository(engine)
    catalog.record([an_entry()])
    nodes.add(Node(name="pacs", ae_title=AeTitle("PACS"), host="h", port=104))
    assert catalog.totals().instances == len(nodes.list()) == 1
    nodes.close()
    catalog.close()


def test_sqlite_writes_ahead_and_checks_references(path: Path) -> None:
    engine = open_catalog_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    engine.dispose()


def test_newer_database_is_refused(path: Path) -> None:
    open_catalog_engine(f"sqlite:///{path}").dispose()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 1000")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match="1000") as caught:
        open_catalog_engine(f"sqlite:///{path}")
    assert "newer" in caught.value.hint


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be read as one" * 40, b"\0" * 4096]
)
def test_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        open_catalog_engine(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_database_of_another_program_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE studies (title TEXT)")
    connection.close()
    with pytest.raises(ConfigurationError, match="another program"):
        open_catalog_engine(f"sqlite:///{path}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "catalog.sqlite3",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/db",
        "x:/",
        "sqlite:///a?mode=ro",
    ],
)
def test_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_catalog_engine(url)


def test_failed_migration_leaves_the_version_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_catalog_engine(f"sqlite:///{path}")
    before = shape(engine)
    broken = "CREATE TABLE extra (pk {key}); CREATE TABLE extra (pk {key})"
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    with pytest.raises(DBAPIError):
        migrations.migrate(writing(engine), to=migrations.LATEST)
    assert shape(engine) == before
    monkeypatch.undo()
    migrations.migrate(writing(engine))
    engine.dispose()


def test_later_migration_is_applied_to_a_database_with_content(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = SqlCatalog(f"sqlite:///{path}")
    catalog.record([an_entry()])
    catalog.close()
    later = "ALTER TABLE instances ADD COLUMN extra TEXT DEFAULT 'x'; CREATE INDEX extra ON instances (extra)"
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, later))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    engine = open_catalog_engine(f"sqlite:///{path}")
    migrations.migrate(writing(engine), to=migrations.LATEST)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT extra FROM instances").scalar_one() == "x"
    engine.dispose()


def test_catalog_of_the_first_version_gets_the_index_that_pages_are_counted_in(path: Path) -> None:
    catalog = SqlCatalog(f"sqlite:///{path}")
    catalog.record([an_entry(a_record(number, InstanceNumber="1")) for number in (3, 1, 2)])
    catalog.close()
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP INDEX instances_by_series; UPDATE schema_version SET version = 1;"
        "CREATE INDEX instances_by_series ON instances (series_pk, instance_number_value)"
    )
    connection.close()
    engine = open_catalog_engine(f"sqlite:///{path}")
    browser, deep = Browser(engine.dialect, LocalFilter()), Page(limit=2, offset=1)
    query = browser.instances(a_uid(1, 1), deep, only=1).compile(
        engine, compile_kwargs={"literal_binds": True}
    )
    with engine.connect() as connected:
        plan = "\n".join(
            row[-1] for row in connected.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
        ).partition("SCAN")[0]
    assert "COVERING INDEX instances_by_series" in plan
    assert "TEMP B-TREE" not in plan
    found = [one.sop_instance_uid for one in SqlCatalog(engine).instances(a_uid(1, 1), LocalFilter(), deep)]
    assert found == [a_uid(1, 1, 2), a_uid(1, 1, 3)]
    engine.dispose()
