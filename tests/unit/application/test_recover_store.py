"""What a process that died left between store and catalog."""

import logging
from collections.abc import Sequence
from typing import NoReturn

import pytest

from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.filing_batch import FilingBatch
from fileroom.application.ports.catalog import Change
from fileroom.application.use_cases.recover_store import RecoverResult, RecoverStore
from fileroom.domain.errors import Cancelled, StorageFull
from fileroom.domain.filing import DuplicatePolicy
from fileroom.domain.records import InstanceRecord, Origin, StoredObject
from tests.builders import a_record
from tests.unit.application.rooms import Room, data_of


def recover(room: Room, cancel: ThreadCancelToken | None = None) -> RecoverResult:
    use_case = RecoverStore(
        store=room.store,
        catalog=room.catalog,
        reader=room.reader,
        clock=room.clock,
        settle=room.filer.settle,
    )
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


def test_object_that_waits_for_the_catalog_is_not_taken_for_one_of_a_dead_process() -> None:
    room, record = Room(), a_record()
    room.store.crash()
    room.send_in(record, releases=False)
    room.store.crash()  # another process, whose session began before
    assert recover(room) == RecoverResult(examined=1, catalogued=0)
    assert room.entry(record).source == "MODALITY@192.0.2.7"


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


def killed_before(room: Room, record: InstanceRecord, step: str) -> None:
    """Replace an object in a process that is killed before `step`."""
    faulty = {"exchange": room.catalog, "delete": room.store}[step]

    def die(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faulty, step, die)
        patch.setattr(FilingBatch, "_withdraw", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            room.send_in(record, pixel_bytes=1024)
    room.store.crash()


@pytest.mark.parametrize(("step", "kept_bytes"), [("exchange", 512), ("delete", 1024)])
def test_catalog_tells_of_whole_bytes_wherever_a_replacement_is_killed(
    step: str, kept_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record, pixel_bytes=512)
    killed_before(room, record, step)
    for _ in range(2):
        assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
        assert recover(room).catalogued == 0
    assert len(room.locations()) == 2
    assert caplog.text.count("is left over") == 1


def test_objects_that_the_catalog_knows_are_not_read() -> None:
    room = Room(policy=DuplicatePolicy.REPLACE)
    for number in (1, 2):
        room.send_in(a_record(number))
    room.send_in(a_record(2), pixel_bytes=1024)
    room.put_into_store(a_record(3))
    room.store.crash()
    described, describe = [], room.store.describe

    def counting(location: str) -> StoredObject:
        described.append(location)
        return describe(location)

    room.store.describe = counting  # type: ignore[method-assign]
    assert recover(room) == RecoverResult(examined=3, catalogued=1)
    assert described == [room.entry(a_record(3)).stored.location]


def test_what_a_living_process_replaces_meanwhile_stays() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.put_into_store(record)
    room.store.crash()
    exchange = room.catalog.exchange

    def late(changes: Sequence[Change]) -> frozenset[str]:
        room.catalog.exchange = exchange  # type: ignore[method-assign]
        assert room.send_in(record, pixel_bytes=1024).status == 0
        return exchange(changes)

    room.catalog.exchange = late  # type: ignore[method-assign]
    assert recover(room) == RecoverResult(examined=1, catalogued=0)
    assert room.stored_data(record) == data_of(record, pixel_bytes=1024)
    room.assert_agrees()
