"""What a process that died left between store and catalog."""

import logging

import pytest

from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.use_cases.recover_store import RecoverResult, RecoverStore
from fileroom.domain.errors import Cancelled, StorageFull
from fileroom.domain.filing import DuplicatePolicy
from fileroom.domain.records import Origin
from tests.builders import a_record
from tests.unit.application.rooms import Room, data_of


def recover(room: Room, cancel: ThreadCancelToken | None = None) -> RecoverResult:
    use_case = RecoverStore(store=room.store, catalog=room.catalog, reader=room.reader, clock=room.clock)
    return use_case.execute(progress=RecordingProgress(), cancel=cancel or ThreadCancelToken())


def test_nothing_is_done_when_nothing_is_in_doubt() -> None:
    room = Room()
    room.send_in()
    assert recover(room) == RecoverResult(examined=0, catalogued=0)


def test_object_without_an_entry_is_catalogued() -> None:
    room, record = Room(), a_record()
    location = room.put_into_store(record)
    room.store.crash()
    assert recover(room) == RecoverResult(examined=1, catalogued=1)
    entry = room.entry(record)
    assert (entry.stored.location, entry.origin, entry.source) == (location, Origin.RECEIVED, "recovered")
    assert entry.record.get("PatientID") == "P1"
    room.assert_agrees()
    assert recover(room) == RecoverResult(examined=0, catalogued=0)


def test_object_that_the_catalog_knows_is_left_alone() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    before = room.entry(record)
    room.store.crash()
    assert recover(room) == RecoverResult(examined=1, catalogued=0)
    assert room.entry(record) == before


def test_entry_is_corrected_when_the_bytes_were_replaced_just_before() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record)
    room.send_in(record)
    room.store.delete(room.entry(record).stored.location)
    room.put_into_store(record, pixel_bytes=1024)
    room.store.crash()
    assert recover(room).catalogued == 1
    entry = room.entry(record)
    assert (entry.source, entry.duplicates) == ("MODALITY@192.0.2.7", 1)
    assert room.stored_data(record) == data_of(pixel_bytes=1024)
    room.assert_agrees()


def test_damaged_file_is_passed_over_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    room, record = Room(), a_record(2)
    damaged = room.put_into_store(a_record(1), data=b"no data set at all")
    room.put_into_store(record)
    room.store.crash()
    assert recover(room) == RecoverResult(examined=2, catalogued=1)
    assert room.catalog.totals().instances == 1
    assert [message.levelno for message in caplog.records if damaged in message.getMessage()] == [
        logging.WARNING
    ]


def test_entry_is_kept_when_its_bytes_were_damaged(caplog: pytest.LogCaptureFixture) -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    before = room.entry(record)
    room.store.delete(before.stored.location)
    room.put_into_store(record, data=data_of()[:-100])
    room.store.crash()
    assert recover(room) == RecoverResult(examined=1, catalogued=0)
    assert room.entry(record) == before
    assert "is damaged" in caplog.text


def test_object_with_an_odd_end_is_catalogued_since_it_was_taken_as_it_came() -> None:
    room, record = Room(), a_record()
    odd = data_of() + b"\0\0\0"
    assert room.send_in(record, data=odd).status == 0
    room.catalog.remove([record.sop_instance_uid])
    room.store.crash()
    assert recover(room).catalogued == 1
    assert room.stored_data(record) == odd


def test_second_copy_in_another_place_is_left_alone_when_the_known_one_is_there() -> None:
    room, record = Room(), a_record(1, series=1)
    room.send_in(record)
    moved = a_record(1, series=2)
    stray = data_of(moved).replace(moved.sop_instance_uid.encode(), record.sop_instance_uid.encode())
    room.put_into_store(moved, data=stray)
    room.store.crash()
    assert recover(room).catalogued == 0
    assert room.entry(record).record.series_instance_uid == record.series_instance_uid


def test_copy_in_another_place_is_catalogued_when_the_known_one_is_gone() -> None:
    room, record = Room(), a_record(1, series=1)
    room.send_in(record)
    moved = a_record(1, series=2)
    stray = data_of(moved).replace(moved.sop_instance_uid.encode(), record.sop_instance_uid.encode())
    room.put_into_store(moved, data=stray)
    room.store.delete(room.entry(record).stored.location)
    room.store.crash()
    assert recover(room).catalogued == 1
    assert room.entry(record).record.series_instance_uid == moved.series_instance_uid
    room.assert_agrees()


def test_next_start_tries_again_when_the_catalog_cannot_be_written() -> None:
    room = Room()
    room.put_into_store(a_record())
    room.store.crash()
    room.catalog.record_fails = [StorageFull("disk full")]
    with pytest.raises(StorageFull):
        recover(room)
    assert recover(room).catalogued == 1
    room.assert_agrees()


def test_next_start_tries_again_when_it_was_cancelled() -> None:
    room, cancel = Room(), ThreadCancelToken()
    room.put_into_store(a_record())
    room.store.crash()
    cancel.cancel()
    with pytest.raises(Cancelled):
        recover(room, cancel)
    assert recover(room).catalogued == 1
