"""What every writer of an object store promises, from `begin` or `adopt` to `commit` or `abort`."""

import os
import threading
from pathlib import Path

import pytest

from fileroom.application.ports.object_store import ObjectExists, ObjectStore
from fileroom.domain.errors import NotFound, StorageError
from fileroom.domain.filing import InstanceKey, NamingScheme
from fileroom.domain.records import StoredObject
from tests.builders import a_uid
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


class ObjectWriterContract(StoreSuite):
    """The promises of `ObjectWriter`."""

    # commit

    def test_commit_files_header_and_data(self, store: ObjectStore, backend: Backend) -> None:
        stored = filed(store)
        assert backend.objects() == {stored.location: HEADER + DATA}

    def test_commit_describes_the_object(self, store: ObjectStore) -> None:
        stored = filed(store)
        assert stored == StoredObject(
            location=stored.location,
            size=len(HEADER + DATA),
            data_offset=len(HEADER),
            digest=digest_of(DATA),
        )

    def test_commit_files_by_the_naming_scheme(self, store: ObjectStore, backend: Backend) -> None:
        study, series, sop = a_uid(1), a_uid(1, 1), a_uid(1, 1, 1)
        expected = {
            NamingScheme.HIERARCHICAL: f"store:{study}/{series}/{sop}.dcm",
            NamingScheme.DATE: f"store:2026/01/02/{study}/{sop}.dcm",
            NamingScheme.FLAT: f"store:{sop}.dcm",
        }
        assert filed(store).location == expected[backend.naming]

    def test_commit_takes_a_bare_data_set(self, store: ObjectStore, backend: Backend) -> None:
        stored = filed(store, header=b"")
        assert (stored.data_offset, backend.objects()) == (0, {stored.location: DATA})

    def test_commit_takes_an_empty_data_set(self, store: ObjectStore, backend: Backend) -> None:
        stored = store.begin(HEADER).commit(a_key())
        assert (stored.digest, backend.objects()) == (digest_of(b""), {stored.location: HEADER})

    def test_object_is_invisible_until_commit(self, store: ObjectStore, backend: Backend) -> None:
        filed(store, a_key(1))
        location = filed(store, a_key(2)).location
        store.delete(location)
        writer = written(store, bytes(1_000_000), HEADER)
        assert len(list(store.walk())) == len(backend.objects()) == 1
        with pytest.raises(NotFound):
            store.content(location).open()
        writer.abort()

    def test_digest_does_not_depend_on_the_header(self, store: ObjectStore) -> None:
        digests = {filed(store, a_key(number), header=bytes(number)).digest for number in (1, 2, 300)}
        assert digests == {digest_of(DATA)}

    def test_commit_says_what_is_in_the_way(self, store: ObjectStore, backend: Backend) -> None:
        first = filed(store)
        writer = written(store, OTHER)
        with pytest.raises(ObjectExists) as caught:
            writer.commit(a_key())
        writer.abort()
        assert caught.value.stored == first
        assert backend.objects() == {first.location: HEADER + DATA}

    def test_commit_says_that_a_bare_data_set_is_in_the_way(self, store: ObjectStore) -> None:
        first = filed(store, header=b"")
        writer = written(store)
        with pytest.raises(ObjectExists) as caught:
            writer.commit(a_key())
        writer.abort()
        assert caught.value.stored == first

    def test_commit_with_replace_goes_beside_what_is_there(
        self, store: ObjectStore, backend: Backend
    ) -> None:
        first = filed(store)
        writer = written(store, OTHER)
        with pytest.raises(ObjectExists):
            writer.commit(a_key())
        second = writer.commit(a_key(), replace=True)
        third = written(store, OTHER).commit(a_key(), replace=True)
        assert second.digest == digest_of(OTHER)
        assert len({first.location, second.location, third.location}) == 3
        assert backend.objects() == {
            first.location: HEADER + DATA,
            second.location: HEADER + OTHER,
            third.location: HEADER + OTHER,
        }
        assert set(store.walk()) == set(backend.objects())
        assert store.describe(second.location) == second
        assert backend.partials() == 0

    def test_commit_with_replace_is_deleted_and_recovered_like_any_other(self, backend: Backend) -> None:
        dead = backend.open()
        first = filed(dead)
        second = written(dead, OTHER).commit(a_key(), replace=True)
        assert dead.delete(first.location)
        backend.crash(dead)
        heir = backend.open()
        assert list(heir.recover()) == [second.location]
        heir.close()

    def test_commit_with_replace_leaves_the_place_free_where_nothing_was(
        self, store: ObjectStore, backend: Backend
    ) -> None:
        stored = written(store).commit(a_key(), replace=True)
        first = filed(store, data=OTHER)
        assert backend.objects() == {stored.location: HEADER + DATA, first.location: HEADER + OTHER}

    def test_commit_wins_once_when_writers_race(self, store: ObjectStore, backend: Backend) -> None:
        for round_number in range(10):
            outcomes = race(store, a_key(round_number), writers=4)
            winners = [outcome for outcome in outcomes if isinstance(outcome, StoredObject)]
            losers = [outcome for outcome in outcomes if isinstance(outcome, ObjectExists)]
            assert (len(winners), len(losers)) == (1, 3)
            assert {loser.stored.digest for loser in losers} == {winners[0].digest}
            assert digest_of(backend.objects()[winners[0].location][len(HEADER) :]) == winners[0].digest
        assert backend.partials() == 0

    # write, reread, digest

    def test_write_takes_parts_of_any_size(self, store: ObjectStore, backend: Backend) -> None:
        parts = [b"", b"a", b"bc" * 70_000, b"", *[b"d"] * 3000, b"e" * 200_000]
        writer = store.begin(HEADER)
        writer.write([])
        writer.write([memoryview(part) for part in parts])
        writer.write([memoryview(b"f")])
        writer.write([memoryview(part) for part in parts])
        whole = b"".join([*parts, b"f", *parts])
        stored = writer.commit(a_key())
        assert backend.objects() == {stored.location: HEADER + whole}
        assert (stored.digest, stored.size) == (digest_of(whole), len(HEADER + whole))

    @pytest.mark.parametrize("size", [100, 1_000_000])
    def test_write_keeps_no_view(self, store: ObjectStore, backend: Backend, size: int) -> None:
        buffer = bytearray(b"x" * size)
        writer = store.begin(HEADER)
        writer.write([memoryview(buffer)])
        buffer[:] = b"y" * size
        buffer.extend(b"more")  # raises where a view is still held
        stored = writer.commit(a_key())
        assert backend.objects()[stored.location] == HEADER + b"x" * size
        assert stored.digest == digest_of(b"x" * size)

    def test_digest_tells_what_was_written_so_far(self, store: ObjectStore) -> None:
        writer = store.begin(HEADER)
        seen = [writer.digest]
        for part in (b"small", bytes(300_000)):
            writer.write([memoryview(part)])
            seen.append(writer.digest)
        writer.abort()
        assert seen == [digest_of(b""), digest_of(b"small"), digest_of(b"small" + bytes(300_000))]

    def test_reread_shows_what_was_written_so_far(self, store: ObjectStore, backend: Backend) -> None:
        writer = store.begin(HEADER)
        for expected in (HEADER + b"ab", HEADER + b"abab"):
            writer.write([memoryview(b"a"), memoryview(b"b")])
            with writer.reread() as stream:
                assert stream.read() == expected
                stream.seek(-1, os.SEEK_END)
                assert stream.read() == b"b"
        stored = writer.commit(a_key())
        assert backend.objects() == {stored.location: HEADER + b"abab"}

    # abort

    def test_abort_leaves_nothing(self, store: ObjectStore, backend: Backend) -> None:
        writer = written(store, bytes(500_000))
        writer.abort()
        assert (backend.objects(), backend.partials()) == ({}, 0)

    def test_abort_does_nothing_after_commit_or_abort(self, store: ObjectStore, backend: Backend) -> None:
        committed, aborted = written(store), written(store)
        committed.commit(a_key())
        aborted.abort()
        for writer in (committed, aborted):
            writer.abort()
        assert list(backend.objects().values()) == [HEADER + DATA]

    def test_writer_is_of_no_use_once_it_ended(self, store: ObjectStore) -> None:
        writer = written(store)
        writer.abort()
        with pytest.raises(RuntimeError):
            writer.write([memoryview(b"more")])
        with pytest.raises(RuntimeError):
            writer.commit(a_key())

    # adopt

    def test_adopt_takes_the_file_over(self, store: ObjectStore, backend: Backend, file: Path) -> None:
        writer = store.adopt(file, len(HEADER))
        assert not file.exists()
        assert writer.digest == digest_of(DATA)
        stored = writer.commit(a_key())
        assert stored.data_offset == len(HEADER)
        assert stored.size == len(HEADER + DATA)
        assert backend.objects() == {stored.location: HEADER + DATA}

    def test_adopt_goes_on_like_any_other_writer(
        self, store: ObjectStore, backend: Backend, file: Path
    ) -> None:
        filed(store)
        writer = store.adopt(file, len(HEADER))
        writer.write([memoryview(b"more")])
        with writer.reread() as stream:
            assert stream.read() == HEADER + DATA + b"more"
        with pytest.raises(ObjectExists):
            writer.commit(a_key())
        stored = writer.commit(a_key(2))
        assert stored.digest == digest_of(DATA + b"more")
        assert backend.objects()[stored.location] == HEADER + DATA + b"more"

    def test_adopt_leaves_nothing_when_aborted(
        self, store: ObjectStore, backend: Backend, file: Path
    ) -> None:
        store.adopt(file, 0).abort()
        assert (backend.objects(), backend.partials(), file.exists()) == ({}, 0, False)

    def test_adopt_refuses_what_is_shorter_than_its_header(
        self, store: ObjectStore, backend: Backend, file: Path
    ) -> None:
        with pytest.raises(StorageError):
            store.adopt(file, len(HEADER + DATA) + 1)
        assert (backend.partials(), file.exists()) == (0, False)

    def test_adopt_refuses_what_is_not_there(self, store: ObjectStore, tmp_path: Path) -> None:
        with pytest.raises(StorageError):
            store.adopt(tmp_path / "missing", 0)


def race(store: ObjectStore, key: InstanceKey, *, writers: int) -> list[StoredObject | ObjectExists]:
    """Commit different data for one key from several threads at the same moment."""
    outcomes: list[StoredObject | ObjectExists] = []
    start = threading.Barrier(writers)

    def compete(number: int) -> None:
        writer = written(store, OTHER + bytes([number]) * 1000)
        start.wait()
        try:
            outcomes.append(writer.commit(key))
        except ObjectExists as error:
            outcomes.append(error)
            writer.abort()

    run_together(compete, threads=writers)
    return outcomes


class TestFilesystemObjectWriter(FilesystemCases, ObjectWriterContract):
    pass


class TestFilesystemObjectWriterWithoutHardLinks(FilesystemWithoutHardLinksCases, ObjectWriterContract):
    pass


class TestMemoryObjectWriter(MemoryCases, ObjectWriterContract):
    pass
