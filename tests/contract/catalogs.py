"""Where catalogs and node repositories keep what they are told, and the back door to it."""

import sqlite3
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from fileroom.adapters.catalog.memory.catalog import MemoryCatalog
from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.adapters.catalog.sql.node_repository import SqlNodeRepository
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.filing import Durability
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Attributes, Query, QueryLevel, QueryModel
from fileroom.domain.records import CatalogEntry
from tests.builders import CT_IMAGE_STORAGE, a_record, an_entry
from tests.contract.suite import ContractSuite

ALL = LocalFilter()
FIRST_PAGE = Page(limit=1000)


def entries(
    instances: int = 1,
    *,
    series: int = 1,
    study: int = 1,
    sop_class_uid: str = CT_IMAGE_STORAGE,
    **attributes: str,
) -> list[CatalogEntry]:
    """Instances 1 to n of a series."""
    return [
        an_entry(a_record(number, series=series, study=study, sop_class_uid=sop_class_uid, **attributes))
        for number in range(1, instances + 1)
    ]


def ask(catalog: Catalog, level: QueryLevel, **keys: str) -> list[Attributes]:
    """The answers to a query."""
    return list(catalog.find(Query(level=level, model=QueryModel.PATIENT_ROOT, keys=keys)))


class Backend(ABC):
    """Where a catalog and a node repository keep what they are told, and the back door to it."""

    @abstractmethod
    def open(self) -> Catalog:
        """A catalog as a new process would open it."""

    @abstractmethod
    def open_nodes(self) -> NodeRepository:
        """A node repository as a new process would open it."""

    @abstractmethod
    def column(self, table: str, column: str) -> list[str]:
        """What is stored, in order: `sop_instance_uid` of `instances`, `name` of `nodes` and so on."""

    def count(self) -> tuple[int, int, int, int]:
        """How many patients, studies, series and instances are stored."""
        return (
            len(self.column("patients", "patient_id")),
            len(self.column("studies", "study_instance_uid")),
            len(self.column("series", "series_instance_uid")),
            len(self.column("instances", "sop_instance_uid")),
        )


class SqlBackend(Backend):
    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: list[SqlCatalog | SqlNodeRepository] = []

    def open(self) -> SqlCatalog:
        catalog = SqlCatalog(open_catalog_engine(self.url, durability=Durability.RELAXED))
        self._opened.append(catalog)
        return catalog

    def open_nodes(self) -> SqlNodeRepository:
        nodes = SqlNodeRepository(open_catalog_engine(self.url, durability=Durability.RELAXED))
        self._opened.append(nodes)
        return nodes

    def close(self) -> None:
        for one in self._opened:
            one.close()


class SqliteBackend(SqlBackend):
    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = path

    def column(self, table: str, column: str) -> list[str]:
        connection = sqlite3.connect(self.path)
        try:
            found = connection.execute(f"SELECT {column} FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - ours
        finally:
            connection.close()
        return [str(value) for (value,) in found]


class PostgresqlBackend(SqlBackend):
    def __init__(self, server: Path) -> None:
        name = f"catalog_{uuid.uuid4().hex}"
        self._where = f"host={server} user=fileroom"
        with psycopg.connect(f"{self._where} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        self._name = name
        super().__init__(f"postgresql://fileroom@/{name}?host={server}")

    def column(self, table: str, column: str) -> list[str]:
        with psycopg.connect(f"{self._where} dbname={self._name}") as connection:
            found = connection.execute(f"SELECT {column} FROM {table} ORDER BY 1".encode()).fetchall()  # noqa: S608
        return [str(value) for (value,) in found]

    def close(self) -> None:
        super().close()
        with psycopg.connect(f"{self._where} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self._name}".encode())


class MemoryBackend(Backend):
    def __init__(self) -> None:
        self.catalog = MemoryCatalog()
        self.nodes = MemoryNodeRepository()

    def open(self) -> MemoryCatalog:
        return self.catalog

    def open_nodes(self) -> MemoryNodeRepository:
        return self.nodes

    def column(self, table: str, column: str) -> list[str]:
        studies = self.catalog._studies.values()
        match table, column:
            case "nodes", "name":
                values: Sequence[str] = [node.name for node in self.nodes._nodes.values()]
            case "patients", "patient_id":
                values = [patient.shown["PatientID"] for patient in self.catalog._patients.values()]
            case "studies", "study_instance_uid":
                values = [study.uid for study in studies]
            case "series", "series_instance_uid":
                values = [one.uid for study in studies for one in study.series.values()]
            case "instances", "sop_instance_uid":
                values = list(self.catalog._places)
            case _:
                raise NotImplementedError(table, column)
        return sorted(values)


class CatalogSuite(ContractSuite):
    """Fixtures of the suites."""

    @pytest.fixture
    def catalog(self, backend: Backend) -> Iterator[Catalog]:
        catalog = backend.open()
        yield catalog
        catalog.close()

    @pytest.fixture
    def nodes(self, backend: Backend) -> NodeRepository:
        return backend.open_nodes()


class SqliteCases:
    """Mixed into a suite: SQLite, in a folder that is not there yet."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Backend]:
        backend = SqliteBackend(tmp_path / "new folder" / "catalog.sqlite3")
        yield backend
        backend.close()


class PostgresqlCases:
    """Mixed into a suite: PostgreSQL, in an empty database."""

    @pytest.fixture
    def backend(self, postgresql_server: Path) -> Iterator[Backend]:
        backend = PostgresqlBackend(postgresql_server)
        yield backend
        backend.close()


class MemoryCases:
    """Mixed into a suite: dictionaries."""

    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend()
