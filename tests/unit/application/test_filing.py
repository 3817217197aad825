"""Batches of entries, files in place, and what is undone when the catalog cannot be written."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from fileroom.adapters.objects.memory.object_store import MemoryObjectWriter
from fileroom.application.filing_batch import FilingBatch
from fileroom.application.filing_decisions import Filed
from fileroom.application.ports.catalog import Change
from fileroom.domain.errors import StorageError, StorageFull, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome
from fileroom.domain.records import InstanceRecord
from tests.builders import a_dicom_file, a_record
from tests.unit.application.rooms import IMPORTED, Room, data_of

FULL = StorageFull("database or disk is full")


def a_writer(room: Room, record: InstanceRecord, *, pixel_bytes: int = 512) -> MemoryObjectWriter:
    writer = room.store.begin(
        encode_file_meta(
            sop_class_uid=record.sop_class_uid,
            sop_instance_uid=record.sop_instance_uid,
            transfer_syntax_uid=record.transfer_syntax_uid,
        )
    )
    writer.write([memoryview(data_of(record, pixel_bytes=pixel_bytes))])
    return writer


def file(room: Room, batch: FilingBatch, record: InstanceRecord, *, pixel_bytes: int = 512) -> Filed:
    return room.filer.file(a_writer(room, record, pixel_bytes=pixel_bytes), record, IMPORTED, batch)


def test_batch_is_written_each_time_that_it_is_full() -> None:
    room = Room()
    batch = room.filer.new_batch(size=3)
    seen = []
    for number in range(1, 8):
        file(room, batch, a_record(number))
        seen.append(room.catalog.totals().instances)
    assert seen == [0, 0, 3, 3, 3, 6, 6]
    batch.flush()
    assert batch.is_empty
    room.assert_agrees()


def test_copy_of_an_object_that_is_not_catalogued_yet_is_a_duplicate() -> None:
    room, record = Room(), a_record()
    batch = room.filer.new_batch()
    outcomes = [file(room, batch, record).outcome for _ in range(3)]
    batch.flush()
    assert outcomes == [FilingOutcome.STORED, FilingOutcome.DUPLICATE, FilingOutcome.DUPLICATE]
    assert room.entry(record).duplicates == 2
    room.assert_agrees()


def test_batch_withdraws_what_is_new_when_the_catalog_fails() -> None:
    room = Room()
    room.send_in(a_record(1))
    batch = room.filer.new_batch(size=3)
    room.catalog.record_fails = [FULL]
    file(room, batch, a_record(1))
    file(room, batch, a_record(2))
    with pytest.raises(StorageFull):
        file(room, batch, a_record(3))
    assert batch.is_empty
    assert room.catalog.present([a_record(n).sop_instance_uid for n in (1, 2, 3)]) == {
        a_record(1).sop_instance_uid
    }
    room.assert_agrees()


def test_batch_keeps_what_a_peer_was_told_is_safe_when_the_catalog_fails() -> None:
    room, record = Room(), a_record()
    batch = room.filer.new_batch()
    file(room, batch, record)
    assert room.send_in(record).status == 0
    room.catalog.record_fails = [FULL]
    with pytest.raises(StorageFull):
        batch.flush()
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_batch_keeps_an_object_that_was_replaced_in_the_same_batch_out_when_the_catalog_fails() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    batch = room.filer.new_batch()
    file(room, batch, record)
    assert file(room, batch, record, pixel_bytes=1024).outcome is FilingOutcome.REPLACED
    room.catalog.record_fails = [FULL]
    with pytest.raises(StorageFull):
        batch.flush()
    assert room.locations() == []
    room.assert_agrees()


def test_replaced_object_in_another_place_stays_when_the_catalog_fails() -> None:
    room = Room(policy=DuplicatePolicy.REPLACE)
    old, new = a_record(1, series=1), a_record(1, series=2)
    new = InstanceRecord(
        sop_instance_uid=old.sop_instance_uid,
        sop_class_uid=new.sop_class_uid,
        series_instance_uid=new.series_instance_uid,
        study_instance_uid=new.study_instance_uid,
        transfer_syntax_uid=new.transfer_syntax_uid,
    )
    room.send_in(old)
    batch = room.filer.new_batch()
    file(room, batch, new, pixel_bytes=1024)
    room.catalog.record_fails = [FULL]
    with pytest.raises(StorageFull):
        batch.flush()
    assert room.stored_data(old) == data_of(old)
    room.assert_agrees()


def test_batch_goes_on_when_a_replaced_object_cannot_be_removed(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(policy=DuplicatePolicy.REPLACE)
    room.send_in(a_record(1, series=1))
    data = data_of(a_record(1, series=2)).replace(
        a_record(1, series=2).sop_instance_uid.encode(), a_record(1, series=1).sop_instance_uid.encode()
    )
    room.store.fails_at["delete"] = StorageError("permission denied")
    moved = a_record(1, series=2)
    request_uid = a_record(1, series=1).sop_instance_uid
    assert room.send_in(InstanceRecord(
        sop_instance_uid=request_uid,
        sop_class_uid=moved.sop_class_uid,
        series_instance_uid=moved.series_instance_uid,
        study_instance_uid=moved.study_instance_uid,
        transfer_syntax_uid=moved.transfer_syntax_uid,
    ), data=data).status == 0  # fmt: skip
    assert "could not be removed" in caplog.text


def test_two_batches_and_peers_agree_when_they_file_the_same_objects_at_once() -> None:
    room = Room()
    records = [a_record(number) for number in range(1, 21)]
    barrier = threading.Barrier(4)

    def import_all() -> None:
        batch = room.filer.new_batch(size=3)
        barrier.wait()
        for record in records:
            try:
                file(room, batch, record)
            except StorageError:
                continue
        batch.flush()

    def send_all() -> None:
        barrier.wait()
        for record in records:
            room.send_in(record)

    room.catalog.record_fails = [None, FULL, None, FULL, None, None, FULL]
    crew = [threading.Thread(target=work) for work in (import_all, import_all, send_all, send_all)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    room.assert_agrees()


# Others who write at the same time -----------------------------------------------------------------------------------


def another_process(room: Room, policy: DuplicatePolicy) -> Room:
    """Who uses the same catalog and store, but other locks."""
    return Room(policy=policy, catalog=room.catalog, store=room.store)


def test_batch_does_not_undo_what_another_process_replaced_meanwhile() -> None:
    for policy in DuplicatePolicy:
        room, record = Room(policy=policy), a_record()
        other = another_process(room, DuplicatePolicy.REPLACE)
        batch = room.filer.new_batch()
        file(room, batch, record, pixel_bytes=512)
        assert other.send_in(record, pixel_bytes=1024).status == 0
        batch.flush()
        assert room.stored_data(record) == data_of(record, pixel_bytes=1024)
        room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "outcome", "kept_bytes"),
    [
        (DuplicatePolicy.REJECT, FilingOutcome.REJECTED, 2048),
        (DuplicatePolicy.IGNORE, FilingOutcome.IGNORED, 2048),
        (DuplicatePolicy.REPLACE, FilingOutcome.REPLACED, 1024),
    ],
)
def test_policy_decides_anew_when_another_process_was_quicker(
    policy: DuplicatePolicy, outcome: FilingOutcome, kept_bytes: int
) -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record, pixel_bytes=512)
    late, other = (
        another_process(room, DuplicatePolicy.REPLACE),
        another_process(room, DuplicatePolicy.REPLACE),
    )
    batch = late.filer.new_batch()
    file(late, batch, record, pixel_bytes=1024)
    batch._policy = policy
    assert other.send_in(record, pixel_bytes=2048).status == 0
    assert {uid: filed.outcome for uid, filed in batch.flush().items()} == {record.sop_instance_uid: outcome}
    assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
    assert len(room.locations()) == 1
    room.assert_agrees()


def test_object_that_another_process_took_in_stays_when_the_batch_is_written() -> None:
    room, record = Room(), a_record()
    other = another_process(room, DuplicatePolicy.REJECT)
    batch = room.filer.new_batch()
    file(room, batch, record)
    assert other.send_in(record).status == 0
    (settled,) = batch.flush().values()
    assert settled.outcome is FilingOutcome.STORED
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_others_of_a_batch_are_written_when_one_was_changed_meanwhile() -> None:
    room, records = Room(), [a_record(number) for number in range(1, 6)]
    other = another_process(room, DuplicatePolicy.REPLACE)
    batch = room.filer.new_batch()
    for record in records:
        file(room, batch, record)
    other.send_in(records[2], pixel_bytes=1024)
    assert set(batch.flush()) == {records[2].sop_instance_uid}
    assert room.catalog.totals().instances == 5
    room.assert_agrees()


def test_object_that_was_replaced_between_look_and_entry_is_not_brought_back() -> None:
    room, record = Room(), a_record()
    other = another_process(room, DuplicatePolicy.REPLACE)
    exchange = room.catalog.exchange

    def late(changes: Sequence[Change]) -> frozenset[str]:
        room.catalog.exchange = exchange  # type: ignore[method-assign]
        assert other.send_in(record, pixel_bytes=1024).status == 0
        assert other.send_in(record, pixel_bytes=2048).status == 0
        return exchange(changes)

    room.catalog.exchange = late  # type: ignore[method-assign]
    assert room.send_in(record, pixel_bytes=512).status == 0
    assert room.stored_data(record) == data_of(record, pixel_bytes=2048)
    room.assert_agrees()


def test_old_object_and_its_entry_stay_when_replacements_in_a_batch_cannot_be_written() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record)
    before = room.entry(record)
    batch = room.filer.new_batch()
    for size in (1024, 2048):
        assert file(room, batch, record, pixel_bytes=size).outcome is FilingOutcome.REPLACED
    assert len(room.locations()) == 3
    room.catalog.record_fails = [FULL]
    with pytest.raises(StorageFull):
        batch.flush()
    assert (room.entry(record), room.locations()) == (before, [before.stored.location])
    room.assert_agrees()


def test_replaced_objects_go_when_the_batch_is_written() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record)
    batch = room.filer.new_batch()
    for size in (1024, 2048):
        file(room, batch, record, pixel_bytes=size)
    batch.flush()
    assert room.stored_data(record) == data_of(record, pixel_bytes=2048)
    assert len(room.locations()) == 1
    room.assert_agrees()


# Files that stay where they are --------------------------------------------------------------------------------------


def refer(room: Room, path: Path, record: InstanceRecord) -> FilingOutcome:
    with path.open("rb") as stream:
        header = room.reader.read(stream)
    assert header is not None
    stored = room.store.reference(path, header.data_offset)
    batch = room.filer.new_batch()
    outcome = room.filer.refer(stored, record, IMPORTED, batch).outcome
    batch.flush()
    return outcome


def test_file_in_place_is_catalogued_and_not_copied(tmp_path: Path) -> None:
    room, record, path = Room(), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record))
    assert refer(room, path, record) is FilingOutcome.STORED
    assert room.entry(record).stored.in_place
    assert room.locations() == []
    assert refer(room, path, record) is FilingOutcome.DUPLICATE
    assert room.entry(record).duplicates == 1


@pytest.mark.parametrize("pixel_bytes", [512, 1024])
def test_file_in_place_is_catalogued_anew_when_it_was_edited(tmp_path: Path, pixel_bytes: int) -> None:
    room, record, path = Room(), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record, pixel_bytes=512))
    refer(room, path, record)
    path.write_bytes(a_dicom_file(record, pixel_bytes=pixel_bytes).replace(b"Doe", b"Roe"))
    assert refer(room, path, record) is FilingOutcome.REPLACED
    assert room.entry(record).stored == room.store.describe(room.entry(record).stored.location)


def test_file_in_place_is_never_deleted_when_a_received_object_replaces_it(tmp_path: Path) -> None:
    room, record, path = Room(policy=DuplicatePolicy.REPLACE), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record))
    refer(room, path, record)
    assert room.send_in(record, pixel_bytes=1024).status == 0
    assert path.exists()
    assert not room.entry(record).stored.in_place
    room.assert_agrees()


def test_file_in_place_is_never_deleted_when_the_catalog_fails(tmp_path: Path) -> None:
    room, record, path = Room(), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record))
    room.catalog.record_fails = [FULL]
    with pytest.raises(StorageFull):
        refer(room, path, record)
    assert path.exists()


def test_object_is_stored_when_the_file_in_place_is_gone(tmp_path: Path) -> None:
    room, record, path = Room(), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record))
    refer(room, path, record)
    path.unlink()
    assert room.send_in(record).status == 0
    room.assert_agrees()


def test_object_that_cannot_be_read_is_not_overwritten() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record)
    room.store.fails_at["content"] = Unreadable("too many open files")
    assert room.send_in(record, pixel_bytes=1024).status == 0xA700
    room.store.fails_at.clear()
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_orphan_that_cannot_be_read_is_not_overwritten() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.put_into_store(record)
    room.store.fails_at["content"] = Unreadable("too many open files")
    assert room.send_in(record, pixel_bytes=1024).status == 0xA700
    room.store.fails_at.clear()
    assert room.send_in(record).status == 0
    room.assert_agrees()


def test_copy_is_filed_when_the_file_in_place_cannot_be_read_any_more(tmp_path: Path) -> None:
    room, record, path = Room(), a_record(), tmp_path / "a.dcm"
    path.write_bytes(a_dicom_file(record))
    refer(room, path, record)
    path.unlink()
    path.mkdir()  # a file that is none any more
    assert room.send_in(record).status == 0
    assert not room.entry(record).stored.in_place
    room.assert_agrees()
