"""The store on disks that are full, read-only or another file system's, and with objects of any size."""

import errno
import gc
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.adapters.objects.filesystem.failures import storage_error
from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.application.ports.object_store import ObjectExists, ObjectStore
from fileroom.domain.errors import StorageError, StorageFull
from fileroom.domain.filing import Durability, NamingScheme
from fileroom.domain.records import StoredObject
from tests.contract.object_stores import DATA, HEADER, FilesystemBackend, a_key, filed, written

SMALL_DISK_BYTES = 1 << 20
BIG = 300 << 20
MOST_GROWTH_BYTES = 64 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def used(disk: Path) -> int:
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def fill(store: ObjectStore, size: int, committed: list[StoredObject]) -> None:
    """File objects until that fails."""
    for number in itertools.count(1):
        writer = store.begin(HEADER)
        try:
            writer.write([memoryview(bytes(size))])
            committed.append(writer.commit(a_key(number)))
        finally:
            writer.abort()


@pytest.mark.parametrize("size", [100_000, SMALL_DISK_BYTES * 2])
def test_full_disk_is_told_and_leaves_nothing_half_written(small_disk: Path, size: int) -> None:
    store = FilesystemObjectStore(small_disk / "store")
    filed(store, a_key(0), bytes(1000))
    before = used(small_disk)
    committed: list[StoredObject] = []
    with pytest.raises(StorageFull, match="No space left"):
        fill(store, size, committed)
    objects = list(store.walk())
    assert len(objects) == len(committed) + 1
    assert list(small_disk.rglob("*.part")) == []
    for location in objects:
        assert store.describe(location).size in {len(HEADER) + 1000, len(HEADER) + size}
        store.delete(location)
    assert used(small_disk) <= before
    filed(store, a_key(1), bytes(1000))
    store.close()


def test_writer_can_only_be_aborted_when_a_write_failed(small_disk: Path) -> None:
    store = FilesystemObjectStore(small_disk / "store")
    writer = store.begin(HEADER)
    with pytest.raises(StorageFull):
        writer.write([memoryview(bytes(SMALL_DISK_BYTES * 2))])
    with pytest.raises(StorageError):
        writer.write([memoryview(b"more")])
    with pytest.raises(StorageError):
        writer.commit(a_key())
    with pytest.raises(StorageError):
        writer.reread()
    writer.abort()
    assert list(small_disk.rglob("*.part")) == []
    store.close()


def test_adopt_tells_that_the_disk_is_full(small_disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(bytes(SMALL_DISK_BYTES * 2))
    store = FilesystemObjectStore(small_disk / "store")
    with pytest.raises(StorageFull):
        store.adopt(path, 0)
    assert not path.exists()
    assert list(small_disk.rglob("*.part")) == []
    store.close()


def test_adopt_copies_from_another_file_system(small_disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(HEADER + DATA)
    store = FilesystemObjectStore(small_disk / "store")
    stored = store.adopt(path, len(HEADER)).commit(a_key())
    assert not path.exists()
    assert store.describe(stored.location) == stored
    with store.content(stored.location).open() as stream:
        assert stream.read() == HEADER + DATA
    store.close()


def test_read_only_store_can_be_read_but_not_written(small_disk: Path) -> None:
    root = small_disk / "store"
    writing = FilesystemObjectStore(root)
    stored = filed(writing)
    writing.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = FilesystemObjectStore(root)
    assert list(store.recover()) == []
    assert list(store.walk()) == [stored.location]
    assert store.describe(stored.location) == stored
    for refused in (lambda: store.begin(HEADER), lambda: store.delete(stored.location)):
        with pytest.raises(StorageError, match="Read-only file system") as caught:
            refused()
        assert not isinstance(caught.value, StorageFull)
        assert str(root) in caught.value.message
        assert "permission" in caught.value.hint
    store.close()


def test_store_that_does_not_exist_can_be_read(tmp_path: Path) -> None:
    store = FilesystemObjectStore(tmp_path / "missing")
    assert (list(store.walk()), list(store.recover())) == ([], [])
    assert store.delete("store:1.dcm") is False
    store.close()
    assert not (tmp_path / "missing").exists()


def test_begin_fails_when_the_root_is_a_file(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.write_text("not a folder")
    store = FilesystemObjectStore(root)
    with pytest.raises(StorageError, match="store"):
        store.begin(HEADER)
    store.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_storage_error_tells_a_full_disk_or_quota(code: int) -> None:
    error = storage_error(OSError(code, os.strerror(code)), "write", "/srv/1.dcm")
    assert isinstance(error, StorageFull)
    assert "/srv/1.dcm" in error.message
    assert os.strerror(code) in error.message


def test_storage_error_names_action_path_and_reason() -> None:
    error = storage_error(OSError(errno.EIO, "Input/output error"), "write", "/srv/1.dcm")
    assert error.message == "cannot write /srv/1.dcm: Input/output error"
    assert not isinstance(error, StorageFull)


def test_failed_cleanups_counts_what_could_not_be_removed(tmp_path: Path) -> None:
    store = FilesystemObjectStore(tmp_path)
    writer = written(store)
    (part,) = tmp_path.rglob("*.part")
    part.unlink()
    part.mkdir()
    writer.abort()
    assert store.failed_cleanups() == 1
    part.rmdir()
    store.close()


def test_commit_fails_and_leaves_nothing_when_the_partial_file_was_taken_away(tmp_path: Path) -> None:
    backend = FilesystemBackend(tmp_path, NamingScheme.FLAT, Durability.STRICT)
    store = backend.open()
    writer = written(store)
    (part,) = tmp_path.rglob("*.part")
    part.unlink()
    with pytest.raises(StorageError):
        writer.commit(a_key())
    writer.abort()
    assert backend.objects() == {}
    store.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_no_writer_keeps_its_descriptor_however_it_ends(tmp_path: Path) -> None:
    store = FilesystemObjectStore(tmp_path, durability=Durability.RELAXED)
    filed(store, a_key(0))
    before = len(list(Path("/proc/self/fd").iterdir()))
    filed(store, a_key(1))
    aborted, forgotten, refused = written(store), written(store), written(store)
    aborted.abort()
    with pytest.raises(ObjectExists):
        refused.commit(a_key(1))
    del forgotten
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    refused.abort()
    store.close()


MEASURED = """
import resource, sys
from pathlib import Path
from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from tests.contract.object_stores import HEADER, a_key

root, size = Path(sys.argv[1]), int(sys.argv[2])
store = FilesystemObjectStore(root, durability="relaxed")
chunk = memoryview(bytes(1 << 20))
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
writer = store.begin(HEADER)
for _ in range(size >> 20):
    writer.write([chunk])
stored = writer.commit(a_key(1))
described = store.describe(stored.location)
sparse = root / "sparse"
with sparse.open("wb") as file:
    file.truncate(size)
adopted = store.adopt(sparse, 0).commit(a_key(2))
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) << 10
same = described.digest == stored.digest == adopted.digest
for location in (stored.location, adopted.location):
    store.delete(location)
store.close()
sys.stdout.write(f"{grown} {same} {adopted.size}")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_large_objects_leave_memory_flat(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]
    paths = os.pathsep.join([str(repository / "src"), str(repository)])
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "store"), str(BIG)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    ).stdout
    grown, same, size = told.split()
    assert int(grown) < MOST_GROWTH_BYTES
    assert (same, int(size)) == ("True", BIG)
