"""What is made durable, and in which order: a loss of power must never show a name without its bytes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.domain.errors import StorageError, StorageFull
from fileroom.domain.filing import Durability, NamingScheme
from tests.builders import a_uid
from tests.contract.object_stores import HEADER, a_key, filed, written

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks up what is synced in /proc")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The calls that matter, in their order, with the path below the root or the suffix of a partial file."""
    seen: list[tuple[str, str]] = []

    def name_of(path: str) -> str:
        if ".incoming" in path:
            return Path(path).suffix or "session"
        return str(Path(path).relative_to(tmp_path))

    def recorded(name: str, path_of: Callable[..., str]) -> None:
        original: Callable[..., Any] = getattr(os, name)

        def call(*arguments: Any) -> Any:
            seen.append((name, name_of(path_of(*arguments))))
            return original(*arguments)

        monkeypatch.setattr(os, name, call)

    recorded("fsync", lambda descriptor: str(Path(f"/proc/self/fd/{descriptor}").readlink()))
    recorded("link", lambda _, target: str(target))
    recorded("replace", lambda _, target: str(target))
    return seen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "above" / "store"


def test_strict_commit_syncs_bytes_before_the_name_and_folders_after(
    root: Path, calls: list[tuple[str, str]]
) -> None:
    store = FilesystemObjectStore(root)
    study, series = f"above/store/{a_uid(1)}", f"above/store/{a_uid(1)}/{a_uid(1, 1)}"
    writer = written(store)
    assert [call for call in calls if call[0] == "fsync"] == [
        ("fsync", "."),
        ("fsync", "above"),
        ("fsync", "session"),
        ("fsync", "session"),
        ("fsync", "above/store"),
    ]
    calls.clear()
    writer.commit(a_key(1))
    assert calls == [
        ("fsync", ".part"),
        ("link", f"{series}/{a_uid(1, 1, 1)}.dcm"),
        ("fsync", series),
        ("fsync", study),
        ("fsync", "above/store"),
    ]
    calls.clear()
    filed(store, a_key(2))
    assert calls == [("fsync", ".part"), ("link", f"{series}/{a_uid(1, 1, 2)}.dcm"), ("fsync", series)]
    store.close()


def test_strict_replacement_is_synced_likewise(root: Path, calls: list[tuple[str, str]]) -> None:
    store = FilesystemObjectStore(root, naming=NamingScheme.FLAT)
    filed(store)
    calls.clear()
    stored = written(store).commit(a_key(), replace=True)
    place = f"above/store/{stored.location.removeprefix('store:')}"
    assert calls == [("fsync", ".part"), ("link", place), ("fsync", "above/store")]
    store.close()


def test_strict_commit_syncs_folders_that_another_process_made(
    root: Path, calls: list[tuple[str, str]]
) -> None:
    other, store = FilesystemObjectStore(root, durability=Durability.RELAXED), FilesystemObjectStore(root)
    filed(other, a_key(1))
    assert [call for call in calls if call[0] == "fsync"] == []
    writer = written(store)
    calls.clear()
    writer.commit(a_key(2))
    assert ("fsync", "above/store") in calls
    assert ("fsync", f"above/store/{a_uid(1)}") in calls
    other.close()
    store.close()


def test_relaxed_store_never_syncs(root: Path, tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    received = tmp_path / "received"
    received.write_bytes(HEADER)
    store = FilesystemObjectStore(root, durability=Durability.RELAXED)
    filed(store, a_key(1))
    store.adopt(received, 0).commit(a_key(2))
    store.close()
    assert {name for name, _ in calls} == {"link"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [(OSError(28, "No space left on device"), StorageFull), (OSError(5, "I/O error"), StorageError)],
)
@pytest.mark.parametrize("failing_call", range(1, 5), ids=[".part", "series", "study", "root"])
def test_commit_that_cannot_be_made_durable_fails_and_leaves_nothing(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: list[tuple[str, str]],
    *,
    failing_call: int,
    error: OSError,
    kind: type[StorageError],
) -> None:
    store = FilesystemObjectStore(root)
    writer, sync = written(store), os.fsync
    calls.clear()

    def fail(descriptor: int) -> None:
        sync(descriptor)
        if len([call for call in calls if call[0] == "fsync"]) == failing_call:
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(kind):
            writer.commit(a_key(1))
    assert len([call for call in calls if call[0] == "fsync"]) == failing_call
    writer.abort()
    assert list(store.walk()) == []
    assert list(root.rglob("*.part")) == []
    calls.clear()
    filed(store, a_key(1))
    above = [("fsync", f"above/store/{a_uid(1)}"), ("fsync", "above/store")]
    assert calls[3:] == above[failing_call == 4 :]
    store.close()
