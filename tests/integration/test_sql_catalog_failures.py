"""What callers are told when the database of the catalog cannot be used."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.adapters.catalog.sql.node_repository import SqlNodeRepository
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import ConfigurationError, StorageError, StorageFull
from fileroom.domain.node import Node
from tests.builders import a_record, a_uid, an_entry
from tests.contract.catalogs import ALL, FIRST_PAGE, entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite3"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_catalog_engine(f"sqlite:///{path}", busy_seconds=0.05)
    yield engine
    engine.dispose()


def with_pragma(engine: Engine, pragma: str) -> SqlCatalog:
    """A catalog whose connections have a setting that makes writing fail."""

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute(f"PRAGMA {pragma}").close()

    engine.dispose()
    return SqlCatalog(engine)


def test_full_disk_is_told_and_nothing_is_lost(engine: Engine) -> None:
    SqlCatalog(engine).record(entries(1))
    catalog = with_pragma(engine, "max_page_count=90")
    with pytest.raises(StorageFull) as caught:
        catalog.record([one for study in range(2, 400) for one in entries(study=study)])
    assert caught.value.hint
    assert catalog.totals().instances == len(catalog.studies(ALL, FIRST_PAGE)) == 1


def test_read_only_database_is_told(engine: Engine) -> None:
    SqlCatalog(engine).record(entries(1))
    catalog, nodes = with_pragma(engine, "query_only=ON"), SqlNodeRepository(engine)
    node = Node(name="pacs", ae_title=AeTitle("PACS"), host="h", port=104)
    with pytest.raises(StorageError, match="could not be written"):
        catalog.record(entries(2))
    with pytest.raises(StorageError, match="could not be written"):
        catalog.count_duplicates([a_uid(1, 1, 1)])
    with pytest.raises(StorageError, match="could not be written"):
        catalog.remove([a_uid(1, 1, 1)])
    with pytest.raises(StorageError, match="could not be written"):
        nodes.add(node)
    assert catalog.totals().instances == 1


def test_locked_database_is_told_to_each_thread_that_waited(path: Path, engine: Engine) -> None:
    catalog = SqlCatalog(engine)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    errors: list[StorageError] = []

    def write(study: int) -> None:
        try:
            catalog.record(entries(study=study))
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(study,)) for study in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 4
    assert all("another program" in error.hint for error in errors)
    assert catalog.totals().instances == 0, "readers do not wait"
    other.execute("ROLLBACK")
    other.close()
    catalog.record(entries())
    assert catalog.totals().instances == 1


def test_locked_database_is_told_when_it_is_opened(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError) as caught:
        open_catalog_engine(f"sqlite:///{path}", busy_seconds=0.05)
    assert "another program" in caught.value.hint
    other.execute("ROLLBACK")
    other.close()


def test_damaged_database_is_told(path: Path) -> None:
    catalog = SqlCatalog(f"sqlite:///{path}")
    catalog.record([an_entry(a_record(number)) for number in range(1, 500)])
    catalog.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises((StorageError, ConfigurationError)):
        SqlCatalog(f"sqlite:///{path}").studies(ALL, FIRST_PAGE)


def test_folder_in_the_place_of_the_database_is_told(tmp_path: Path) -> None:
    with pytest.raises((StorageError, ConfigurationError)):
        open_catalog_engine(f"sqlite:///{tmp_path}")


def test_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        open_catalog_engine(f"sqlite:///{tmp_path}/file/catalog.sqlite3")


def test_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_catalog_engine(f"postgresql://somebody:secret@/nowhere?host={tmp_path}")
    assert "secret" not in caught.value.message
