"""Where object stores keep their objects, and the back door to it."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from blake3 import blake3

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.adapters.objects.memory.object_store import MemoryObjectStore
from fileroom.application.ports.object_store import ObjectStore, ObjectWriter
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import Durability, InstanceKey, NamingScheme
from fileroom.domain.records import StoredObject
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_uid
from tests.contract.suite import ContractSuite

HEADER = encode_file_meta(
    sop_class_uid=CT_IMAGE_STORAGE,
    sop_instance_uid=a_uid(1, 1, 1),
    transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
)
DATA = b"\x08\x00\x16\x00UI\x02\x001\x00" + bytes(range(256)) * 40
OTHER = b"\x08\x00\x16\x00UI\x02\x002\x00" + bytes(100)


def a_key(
    instance: int = 1,
    *,
    series: int = 1,
    study: int = 1,
    study_date: str = "20260102",
    sop_instance_uid: str = "",
) -> InstanceKey:
    """The key of an instance; its UIDs follow from the numbers."""
    return InstanceKey(
        study_instance_uid=a_uid(study),
        series_instance_uid=a_uid(study, series),
        sop_instance_uid=sop_instance_uid or a_uid(study, series, instance),
        study_date=study_date,
        filed_on=date(2026, 3, 1),
    )


def digest_of(data: bytes) -> str:
    return f"blake3:{blake3(data).hexdigest()}"


def written(store: ObjectStore, data: bytes = DATA, header: bytes = HEADER) -> ObjectWriter:
    """A writer that has taken `data`."""
    writer = store.begin(header)
    writer.write([memoryview(data)])
    return writer


def filed(
    store: ObjectStore, key: InstanceKey | None = None, data: bytes = DATA, header: bytes = HEADER
) -> StoredObject:
    """An object that was written and committed."""
    return written(store, data, header).commit(key or a_key())


class Backend(ABC):
    """Where stores keep their objects, and the back door to it."""

    naming: NamingScheme = NamingScheme.HIERARCHICAL

    @abstractmethod
    def open(self) -> ObjectStore:
        """A store as a new process would open it."""

    @abstractmethod
    def objects(self) -> dict[str, bytes]:
        """Everything that is visible, by location."""

    @abstractmethod
    def partials(self) -> int:
        """How many objects on their way in there are on the disk."""

    @abstractmethod
    def crash(self, store: ObjectStore) -> None:
        """End the process that has `store`, without a word."""


class FilesystemBackend(Backend):
    def __init__(self, root: Path, naming: NamingScheme, durability: Durability) -> None:
        self.root = root
        self.naming = naming
        self.durability = durability

    def open(self) -> FilesystemObjectStore:
        return FilesystemObjectStore(self.root, naming=self.naming, durability=self.durability)

    def objects(self) -> dict[str, bytes]:
        return {
            f"store:{path.relative_to(self.root).as_posix()}": path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and ".incoming" not in path.parts
        }

    def partials(self) -> int:
        return len(list(self.root.rglob("*.part")))

    def crash(self, store: ObjectStore) -> None:
        assert isinstance(store, FilesystemObjectStore)
        if store._session is not None:
            store._session._owner_lock.release()  # as the system does when a process dies
            store._session = None


class MemoryBackend(Backend):
    def __init__(self, naming: NamingScheme = NamingScheme.HIERARCHICAL) -> None:
        self.naming = naming
        self._store = MemoryObjectStore(naming=naming)

    def open(self) -> MemoryObjectStore:
        return self._store

    def objects(self) -> dict[str, bytes]:
        return dict(self._store._objects)

    def partials(self) -> int:
        return 0

    def crash(self, store: ObjectStore) -> None:
        self._store.crash()


class StoreSuite(ContractSuite):
    """Fixtures of the suites."""

    @pytest.fixture
    def store(self, backend: Backend) -> Iterator[ObjectStore]:
        store = backend.open()
        yield store
        store.close()

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "mine.dcm"
        path.write_bytes(HEADER + DATA)
        return path


class FilesystemCases:
    """Mixed into a suite: the filesystem's store, with each naming scheme and both kinds of durability."""

    settings: ClassVar = [
        (NamingScheme.HIERARCHICAL, Durability.STRICT),
        (NamingScheme.DATE, Durability.RELAXED),
        (NamingScheme.FLAT, Durability.STRICT),
    ]

    @pytest.fixture(params=settings, ids="-".join)
    def backend(self, request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
        return FilesystemBackend(tmp_path / "store", *request.param)


class FilesystemWithoutHardLinksCases:
    """Mixed into a suite: as on FAT and on some network file systems."""

    @pytest.fixture
    def backend(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        return FilesystemBackend(tmp_path / "store", NamingScheme.HIERARCHICAL, Durability.RELAXED)


class MemoryCases:
    """Mixed into a suite: the store in memory, with each naming scheme."""

    @pytest.fixture(params=NamingScheme)
    def backend(self, request: pytest.FixtureRequest) -> Backend:
        return MemoryBackend(request.param)


def run_together(task: Callable[[int], None], *, threads: int) -> None:
    """Run a task in several threads, each with its number; the first failure is raised here."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            task(number)
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's thread
            failures.append(error)

    running = [threading.Thread(target=guarded, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
