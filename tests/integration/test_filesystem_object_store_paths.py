"""Names and links that would lead out of the store, and who may read what is in it."""

import os
import stat
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.application.ports.object_store import ObjectExists
from fileroom.domain.errors import NotFound, StorageError
from fileroom.domain.filing import Durability, InstanceKey, NamingScheme
from tests.builders import a_uid
from tests.contract.object_stores import HEADER, a_key, filed, run_together, written

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")

ODD = [
    *("../../etc/passwd", "/etc/passwd", "", ".", "..", "a\\b", "C:x"),
    *("1" * 300, "CON", "nul", "1.2\0", "\ud800", "1.2."),
]
odd_uids = st.one_of(
    st.sampled_from(ODD), st.text(max_size=80), st.from_regex(r"[0-9.]{1,70}", fullmatch=True)
)


@pytest.fixture
def store(tmp_path: Path) -> FilesystemObjectStore:
    return FilesystemObjectStore(tmp_path / "store")


@pytest.mark.parametrize("naming", NamingScheme)
@given(study=odd_uids, series=odd_uids, sop=odd_uids, study_date=st.text(max_size=12))
@example(study="..", series="..", sop="../../etc/passwd", study_date="../../..")
@settings(max_examples=60)
def test_odd_uids_stay_inside_the_root(
    naming: NamingScheme, study: str, series: str, sop: str, study_date: str
) -> None:
    key = InstanceKey(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=sop,
        study_date=study_date,
        filed_on=date(2026, 3, 1),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "above", "store")
        store = FilesystemObjectStore(root, naming=naming, durability=Durability.RELAXED)
        stored = written(store).commit(key)
        assert list(store.walk()) == [stored.location]
        assert store.describe(stored.location) == stored
        assert store.delete(stored.location) is True
        store.close()
        assert [path.name for path in Path(folder).iterdir()] == ["above"]
        assert [path.name for path in root.parent.iterdir()] == ["store"]


@given(location=st.one_of(st.text(max_size=60), st.text(max_size=60).map("store:".__add__)))
def test_no_location_leads_out_of_the_root(location: str) -> None:
    store = FilesystemObjectStore(Path("/nowhere/store"))
    try:
        content = store.content(location)
    except NotFound:
        return
    with pytest.raises(NotFound):
        content.open()
    inside = Path(os.path.normpath(content._path))  # type: ignore[attr-defined]
    assert inside.is_relative_to("/nowhere/store")


@posix_only
def test_files_and_folders_are_private(store: FilesystemObjectStore, tmp_path: Path) -> None:
    received = tmp_path / "received"
    received.write_bytes(HEADER)
    received.chmod(0o666)
    filed(store, a_key(1))
    store.adopt(received, 0).commit(a_key(2))
    partial = written(store)
    root = tmp_path / "store"
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
    everything = [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in [root, *root.rglob("*")]]
    partial.abort()
    store.close()
    assert modes == {True: 0o700, False: 0o600}
    assert set(everything) == {0}


@posix_only
def test_commit_refuses_a_study_folder_that_is_a_link(store: FilesystemObjectStore, tmp_path: Path) -> None:
    filed(store)
    elsewhere, study = tmp_path / "elsewhere", tmp_path / "store" / a_uid(1)
    study.rename(elsewhere)
    study.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    writer = written(store)
    with pytest.raises(StorageError, match="links are not followed"):
        writer.commit(a_key(2))
    writer.abort()
    store.close()
    assert sorted(elsewhere.rglob("*")) == before


@posix_only
def test_linked_folder_is_neither_read_nor_walked_nor_deleted_from(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    location = filed(store).location
    elsewhere, study = tmp_path / "elsewhere", tmp_path / "store" / a_uid(1)
    study.rename(elsewhere)
    study.symlink_to(elsewhere)
    with pytest.raises(NotFound, match="leads out"):
        store.content(location)
    with pytest.raises(NotFound, match="leads out"):
        store.delete(location)
    assert list(store.walk()) == []
    assert len(list(elsewhere.rglob("*.dcm"))) == 1
    store.close()


@posix_only
def test_linked_object_is_never_written_through(store: FilesystemObjectStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("untouched")
    location = filed(store).location
    (place,) = (tmp_path / "store").rglob("*.dcm")
    place.unlink()
    place.symlink_to(secret)
    with pytest.raises(NotFound):
        store.content(location)
    assert list(store.walk()) == []
    writer = written(store)
    with pytest.raises(StorageError, match="link"):
        writer.commit(a_key())
    writer.abort()
    written(store).commit(a_key(), replace=True)
    assert secret.read_text() == "untouched"
    assert place.is_symlink()
    store.close()


@posix_only
def test_link_that_appears_after_content_was_asked_for_is_not_followed(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    content = store.content(filed(store).location)
    (place,) = (tmp_path / "store").rglob("*.dcm")
    place.unlink()
    place.symlink_to(secret)
    with pytest.raises(NotFound):
        content.open()
    assert content.path is None
    store.close()


@posix_only
def test_adopt_refuses_a_link(store: FilesystemObjectStore, tmp_path: Path) -> None:
    secret, link = tmp_path / "secret", tmp_path / "link"
    secret.write_text("untouched")
    link.symlink_to(secret)
    with pytest.raises(StorageError, match="regular file"):
        store.adopt(link, 0)
    assert secret.read_text() == "untouched"
    assert not link.is_symlink()
    store.close()


@posix_only
def test_pipe_in_the_place_of_an_object_does_not_block(store: FilesystemObjectStore, tmp_path: Path) -> None:
    location = filed(store).location
    (place,) = (tmp_path / "store").rglob("*.dcm")
    place.unlink()
    os.mkfifo(place)
    writer = written(store)
    with pytest.raises(StorageError):
        writer.commit(a_key())
    writer.abort()
    assert list(store.walk()) == []
    assert store.delete(location) is False
    store.close()


def test_walk_skips_what_is_hidden_or_has_no_name_for_a_database(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    location = filed(store).location
    root = tmp_path / "store"
    (root / ".DS_Store").write_text("")
    (root / ".trash").mkdir()
    (root / ".trash" / "1.dcm").write_text("")
    if os.name == "posix":
        Path(os.fsdecode(os.fsencode(root) + b"/\xff.dcm")).write_text("")
        (root / "a:b.dcm").write_text("")
    assert list(store.walk()) == [location]
    store.close()


def test_delete_removes_folders_that_it_leaves_empty_but_not_the_root(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    first, second = filed(store, a_key(1)), filed(store, a_key(1, series=2))
    store.delete(first.location)
    root = tmp_path / "store"
    assert [path.name for path in (root / a_uid(1)).iterdir()] == [a_uid(1, 2)]
    store.delete(second.location)
    assert [path.name for path in root.iterdir()] == [".incoming"]
    store.close()
    (root / ".incoming" / "sessions.lock").unlink()
    (root / ".incoming").rmdir()
    filed(store := FilesystemObjectStore(root))
    store.close()


def test_commit_makes_its_folder_anew_when_somebody_removed_it(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    first = filed(store)
    (tmp_path / "store" / first.location.removeprefix("store:")).unlink()
    (tmp_path / "store" / a_uid(1) / a_uid(1, 1)).rmdir()
    (tmp_path / "store" / a_uid(1)).rmdir()
    assert filed(store) == first
    store.close()


def test_commit_makes_its_folder_anew_when_somebody_moved_it_away(
    store: FilesystemObjectStore, tmp_path: Path
) -> None:
    filed(store, a_key(1))
    (tmp_path / "store" / a_uid(1)).rename(tmp_path / "archive")
    stored = filed(store, a_key(2))
    assert list(store.walk()) == [stored.location]
    assert len(list((tmp_path / "archive").rglob("*.dcm"))) == 1
    store.close()


def test_stores_that_share_a_root_race_for_a_place_and_one_wins(tmp_path: Path) -> None:
    stores = [FilesystemObjectStore(tmp_path) for _ in range(4)]
    outcomes: list[bool] = []

    def compete(number: int) -> None:
        for instance in range(20):
            writer = written(stores[number], bytes([number]) * 1000)
            try:
                writer.commit(a_key(instance))
                outcomes.append(True)
            except ObjectExists:
                writer.abort()
                outcomes.append(False)

    run_together(compete, threads=4)
    assert (outcomes.count(True), outcomes.count(False)) == (20, 60)
    for each in stores:
        each.close()
    assert [path.name for path in (tmp_path / ".incoming").iterdir()] == ["sessions.lock"]
