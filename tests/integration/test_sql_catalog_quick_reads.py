"""Looking instances up on connections that stay open: none is left behind, and none that broke is used again."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.domain.errors import StorageError
from tests.builders import a_record, an_entry

UID = a_record().sop_instance_uid
THREADS = 40


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_catalog_engine(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.fixture
def catalog(engine: Engine) -> SqlCatalog:
    catalog = SqlCatalog(engine)
    catalog.record([an_entry()])
    return catalog


def test_threads_that_come_and_go_leave_few_connections(catalog: SqlCatalog) -> None:
    barrier = threading.Barrier(THREADS)
    found: list[bool] = []

    def look() -> None:
        barrier.wait()
        found.extend(catalog.instance(uid) is not None for uid in (UID, "1.2.3") * 20)

    for _ in range(2):
        crew = [threading.Thread(target=look) for _ in range(THREADS)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    assert found.count(True) == found.count(False) == THREADS * 40
    assert 1 <= len(catalog._quick._idle) <= 8


def test_connections_are_closed_with_the_engine_and_opened_anew_when_it_is_used_again(
    engine: Engine, catalog: SqlCatalog
) -> None:
    assert catalog.instance(UID) is not None
    (connection,) = catalog._quick._idle
    engine.dispose()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    assert catalog.instance(UID) is not None


def test_connection_that_broke_is_replaced(catalog: SqlCatalog) -> None:
    assert catalog.instance(UID) is not None
    (connection,) = catalog._quick._idle
    connection.close()
    assert catalog.instance(UID) is not None
    assert connection not in catalog._quick._idle


def test_connection_keeps_no_old_sight_of_the_catalog(catalog: SqlCatalog) -> None:
    assert catalog.instance("1.2.3") is None
    catalog.record([an_entry(a_record(2))])
    assert catalog.instance(a_record(2).sop_instance_uid) is not None
    catalog.remove([UID])
    assert catalog.instance(UID) is None


def test_failure_is_told_as_by_any_other_read(tmp_path: Path, catalog: SqlCatalog) -> None:
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite3")) as other:
        other.execute("ALTER TABLE instances RENAME TO elsewhere")
    with pytest.raises(StorageError, match="could not be read"):
        catalog.instance(UID)


def test_fork_opens_connections_of_its_own(catalog: SqlCatalog) -> None:
    assert catalog.instance(UID) is not None
    (connection,) = catalog._quick._idle

    def look() -> None:
        assert catalog.instance(UID) is not None
        assert connection not in catalog._quick._idle

    child = multiprocessing.get_context("fork").Process(target=look)
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert catalog.instance(UID) is not None
    assert list(catalog._quick._idle) == [connection]
