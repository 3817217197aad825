"""What every object store promises of the objects that it has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fileroom.application.ports.object_store import ObjectStore
from fileroom.domain.errors import NotFound, StorageError, Unreadable
from fileroom.domain.records import StoredObject
from tests.contract.object_stores import (
    DATA,
    HEADER,
    OTHER,
    Backend,
    FilesystemCases,
    FilesystemWithoutHardLinksCases,
    MemoryCases,
    StoreSuite,
    a_key,
    digest_of,
    filed,
    run_together,
    written,
)

OUTSIDE = (
    "",
    "store:",
    "store:/etc/passwd",
    "store:../secret",
    "store:1.2/../../secret",
    "store:1.2/./1.dcm",
    "store:1.2//1.dcm",
    "store:.incoming/1.part",
    "store:1.2\0.dcm",
    "store:C:/1.dcm",
    "store:..\\secret",
    "store:\ud800.dcm",
    "store:" + "1" * 5000,
    "file:relative.dcm",
    "file:",
    "file:/a\0b",
    "s3:bucket/1.dcm",
    "/etc/passwd",
)


class ObjectStoreContract(StoreSuite):
    """The promises of `ObjectStore` and `ObjectContent`."""

    # reference

    def test_reference_describes_the_file_in_place(
        self, store: ObjectStore, backend: Backend, file: Path
    ) -> None:
        stored = store.reference(file, len(HEADER))
        assert stored == StoredObject(
            location=f"file:{file}",
            size=len(HEADER + DATA),
            data_offset=len(HEADER),
            digest=digest_of(DATA),
            in_place=True,
        )
        assert backend.objects() == {}
        assert list(store.walk()) == []

    def test_reference_is_opened_but_not_deleted(self, store: ObjectStore, file: Path) -> None:
        location = store.reference(file, len(HEADER)).location
        content = store.content(location)
        with content.open() as stream:
            assert stream.read() == HEADER + DATA
        assert (content.path, content.size) == (file, len(HEADER + DATA))
        assert store.delete(location) is False
        assert file.exists()

    def test_reference_refuses_what_cannot_be_read(self, store: ObjectStore, file: Path) -> None:
        for path, offset in (
            (file.with_name("missing"), 0),
            (file.parent, 0),
            (file, len(HEADER + DATA) + 1),
        ):
            with pytest.raises(Unreadable):
                store.reference(path, offset)

    # content, describe

    def test_content_opens_the_bytes_anew_each_time(self, store: ObjectStore) -> None:
        content = store.content(filed(store).location)
        assert content.size == len(HEADER + DATA)
        with content.open() as first, content.open() as second:
            assert first.read() == HEADER + DATA
            second.seek(len(HEADER))
            assert second.read() == DATA

    def test_content_path_is_a_file_of_these_bytes_where_there_is_one(self, store: ObjectStore) -> None:
        path = store.content(filed(store).location).path
        assert path is None or path.read_bytes() == HEADER + DATA

    def test_content_tells_when_opened_that_the_object_is_gone(self, store: ObjectStore) -> None:
        location = filed(store).location
        content = store.content(location)
        store.delete(location)
        for late in (content, store.content(location)):
            with pytest.raises(NotFound):
                late.open()
            with pytest.raises(NotFound):
                _ = late.size
            assert late.path is None

    @pytest.mark.parametrize("location", OUTSIDE)
    def test_location_outside_the_store_is_not_found(self, store: ObjectStore, location: str) -> None:
        filed(store)
        refused: tuple[Callable[[str], object], ...] = (store.content, store.describe, store.delete)
        for use in refused:
            with pytest.raises(NotFound):
                use(location)

    def test_describe_tells_what_commit_told(self, store: ObjectStore) -> None:
        for number, header in enumerate((HEADER, b"")):
            stored = filed(store, a_key(number), header=header)
            assert store.describe(stored.location) == stored

    def test_describe_tells_what_reference_told(self, store: ObjectStore, file: Path) -> None:
        stored = store.reference(file, len(HEADER))
        assert store.describe(stored.location) == stored

    def test_describe_says_that_an_object_is_gone(self, store: ObjectStore, file: Path) -> None:
        locations = filed(store).location, store.reference(file, 0).location
        store.delete(locations[0])
        file.unlink()
        for location in locations:
            with pytest.raises(NotFound):
                store.describe(location)

    # delete, walk

    def test_delete_removes_one_object(self, store: ObjectStore, backend: Backend) -> None:
        first, second = filed(store, a_key(1)), filed(store, a_key(2))
        assert store.delete(first.location) is True
        assert store.delete(first.location) is False
        assert list(backend.objects()) == [second.location]

    def test_delete_makes_room_for_the_same_key(self, store: ObjectStore, backend: Backend) -> None:
        first = filed(store)
        store.delete(first.location)
        second = filed(store, data=OTHER)
        assert backend.objects() == {second.location: HEADER + OTHER}

    def test_walk_yields_every_whole_object(self, store: ObjectStore, backend: Backend) -> None:
        keys = [a_key(i, series=s, study=t) for i in (1, 2) for s in (1, 2) for t in (1, 2)]
        stored = {filed(store, key).location for key in keys}
        partial = written(store, bytes(500_000))
        found = list(store.walk())
        partial.abort()
        assert (len(found), set(found)) == (len(keys), stored)

    def test_walk_yields_nothing_when_nothing_was_filed(self, store: ObjectStore) -> None:
        assert list(store.walk()) == []

    # recover, close

    def test_recover_yields_nothing_when_nobody_died(self, store: ObjectStore, backend: Backend) -> None:
        filed(store)
        living = written(store, bytes(500_000))
        other = backend.open()
        assert list(other.recover()) == []
        stored = living.commit(a_key(2))
        assert stored.location in backend.objects()
        other.close()

    def test_recover_yields_what_a_dead_process_filed(self, backend: Backend) -> None:
        dead = backend.open()
        stored = {filed(dead, a_key(number)).location for number in (1, 2)}
        partial = written(dead, bytes(500_000))
        backend.crash(dead)
        heir = backend.open()
        assert set(heir.recover()) == stored == set(backend.objects())
        assert backend.partials() == 0
        assert list(heir.recover()) == []
        partial.abort()
        heir.close()

    def test_recover_begins_again_when_it_was_not_finished(self, backend: Backend) -> None:
        dead = backend.open()
        stored = {filed(dead, a_key(number)).location for number in (1, 2, 3)}
        backend.crash(dead)
        heir = backend.open()
        sweep = heir.recover()
        assert next(sweep) in stored
        del sweep
        assert set(heir.recover()) == stored
        heir.close()

    def test_recover_leaves_out_what_was_deleted_since(self, backend: Backend) -> None:
        dead = backend.open()
        first, second = filed(dead, a_key(1)), filed(dead, a_key(2))
        backend.crash(dead)
        heir = backend.open()
        heir.delete(first.location)
        assert list(heir.recover()) == [second.location]
        heir.close()

    def test_recover_has_nothing_to_do_after_close(self, backend: Backend) -> None:
        store = backend.open()
        stored = filed(store)
        written(store, bytes(500_000)).abort()
        store.close()
        store.close()
        assert list(backend.open().recover()) == []
        assert (list(backend.objects()), backend.partials()) == ([stored.location], 0)

    def test_close_gives_up_what_is_on_its_way_in(self, store: ObjectStore, backend: Backend) -> None:
        writer = written(store, bytes(500_000))
        store.close()
        with pytest.raises(StorageError):
            writer.commit(a_key())
        writer.abort()
        assert (backend.objects(), backend.partials()) == ({}, 0)

    def test_begin_fails_when_closed(self, store: ObjectStore, file: Path) -> None:
        store.close()
        with pytest.raises(StorageError):
            store.begin(HEADER)
        with pytest.raises(StorageError):
            store.adopt(file, 0)
        assert not file.exists()

    def test_failed_cleanups_are_none_when_all_went_well(self, store: ObjectStore) -> None:
        written(store).abort()
        filed(store)
        assert store.failed_cleanups() == 0

    # threads

    def test_store_serves_eight_threads_at_once(self, store: ObjectStore, backend: Backend) -> None:
        def work(thread: int) -> None:
            for number in range(20):
                data = bytes([thread, number]) * 5000
                stored = filed(store, a_key(number, series=thread), data)
                assert store.describe(stored.location) == stored
                if number % 2:
                    store.delete(stored.location)

        run_together(work, threads=8)
        kept = {bytes([thread, number]) * 5000 for thread in range(8) for number in range(0, 20, 2)}
        assert {whole[len(HEADER) :] for whole in backend.objects().values()} == kept
        assert len(backend.objects()) == 80

    def test_folders_come_and_go_under_writers(self, store: ObjectStore, backend: Backend) -> None:
        def work(thread: int) -> None:
            for _ in range(100):
                assert store.delete(filed(store, a_key(thread)).location)

        run_together(work, threads=4)
        assert backend.objects() == {}


class TestFilesystemObjectStore(FilesystemCases, ObjectStoreContract):
    pass


class TestFilesystemObjectStoreWithoutHardLinks(FilesystemWithoutHardLinksCases, ObjectStoreContract):
    pass


class TestMemoryObjectStore(MemoryCases, ObjectStoreContract):
    pass
