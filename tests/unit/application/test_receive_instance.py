"""Objects from the wire: filed, told apart from what is here, or refused without a trace."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fileroom.application.ports.dicom_server import Reception
from fileroom.application.use_cases.receive_instance import PREFIX_BYTES, Received, ReceptionObserver
from fileroom.domain.errors import (
    FileroomError,
    InvalidDicom,
    NotFound,
    StorageError,
    StorageFull,
    Unreadable,
)
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome
from fileroom.domain.records import Origin
from tests.builders import CT_IMAGE_STORAGE, SOME_TIME, a_record, a_uid
from tests.unit.application.rooms import SECRET_PATH, Room, a_request, data_of

IMPLICIT = "1.2.840.10008.1.2"
FULL = StorageFull(f"{SECRET_PATH}: no space left on device")


def test_object_is_stored_and_catalogued_as_it_came() -> None:
    room, record = Room(), a_record()
    reply = room.send_in(record)
    assert (reply.status, reply.error_comment) == (0, "")
    assert room.stored_data(record) == data_of(record)
    entry = room.entry(record)
    assert (entry.origin, entry.source) == (Origin.RECEIVED, "MODALITY@192.0.2.7")
    assert entry.recorded_at == SOME_TIME
    assert [one.outcome for one in room.heard.received_ones] == [FilingOutcome.STORED]
    assert room.heard.received_ones[0].size == len(data_of(record))
    room.assert_agrees()


def test_object_counts_as_retrieved_when_its_move_originator_is_us() -> None:
    room, record = Room(), a_record()
    room.send_in(record, request=a_request(record, originator="FILEROOM "))
    assert room.entry(record).origin is Origin.RETRIEVED


def test_object_counts_as_retrieved_from_a_node_when_it_comes_over_a_get() -> None:
    room, record = Room(), a_record()
    reception = room.receive.observed_by(ReceptionObserver(), retrieved_from="pacs").begin(a_request(record))
    reception.feed([memoryview(data_of(record))])
    assert reception.finish().status == 0
    assert (room.entry(record).origin, room.entry(record).source) == (Origin.RETRIEVED, "pacs")


@pytest.mark.parametrize("policy", DuplicatePolicy)
def test_identical_duplicate_is_answered_with_success_and_counted(policy: DuplicatePolicy) -> None:
    room, record = Room(policy=policy), a_record()
    assert [room.send_in(record).status for _ in range(3)] == [0, 0, 0]
    assert room.entry(record).duplicates == 2
    assert room.heard.received_ones[-1].outcome is FilingOutcome.DUPLICATE
    room.assert_agrees()


def test_identical_duplicate_is_answered_with_success_when_it_cannot_be_counted() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    room.catalog.count_fails = StorageError("database is locked")
    assert room.send_in(record).status == 0
    room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "status", "outcome", "kept_bytes"),
    [
        (DuplicatePolicy.REJECT, 0x0111, FilingOutcome.REJECTED, 512),
        (DuplicatePolicy.IGNORE, 0x0000, FilingOutcome.IGNORED, 512),
        (DuplicatePolicy.REPLACE, 0x0000, FilingOutcome.REPLACED, 1024),
    ],
)
def test_other_content_under_the_same_uid_is_decided_by_the_policy(
    policy: DuplicatePolicy, status: int, outcome: FilingOutcome, kept_bytes: int
) -> None:
    room, record = Room(policy=policy), a_record()
    room.send_in(record, pixel_bytes=512)
    assert room.send_in(record, pixel_bytes=1024).status == status
    assert room.heard.received_ones[-1].outcome is outcome
    assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
    room.assert_agrees()


def test_replacement_in_another_series_leaves_one_object() -> None:
    room = Room(policy=DuplicatePolicy.REPLACE)
    old = a_record(1, series=1)
    new = a_record(1, series=2)
    uid = old.sop_instance_uid
    room.send_in(old)
    moved = data_of(new).replace(new.sop_instance_uid.encode(), uid.encode())
    assert len(new.sop_instance_uid) == len(uid)
    assert room.send_in(new, data=moved, request=a_request(new, uid=uid)).status == 0
    assert len(room.locations()) == 1
    assert room.entry(old).record.series_instance_uid == new.series_instance_uid
    room.assert_agrees()


def test_same_object_in_another_transfer_syntax_is_a_conflict() -> None:
    room = Room()
    room.send_in(a_record())
    assert room.send_in(a_record(transfer_syntax_uid=IMPLICIT)).status == 0x0111
    room.assert_agrees()


def test_orphan_with_the_same_content_is_catalogued_and_answered_with_success() -> None:
    room, record = Room(), a_record()
    room.put_into_store(record)
    assert room.send_in(record).status == 0
    assert room.heard.received_ones[-1].outcome is FilingOutcome.DUPLICATE
    room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "status", "kept_bytes"),
    [
        (DuplicatePolicy.REJECT, 0x0111, 512),
        (DuplicatePolicy.IGNORE, 0x0000, 512),
        (DuplicatePolicy.REPLACE, 0x0000, 1024),
    ],
)
def test_orphan_with_other_content_is_catalogued_and_decided_by_the_policy(
    policy: DuplicatePolicy, status: int, kept_bytes: int
) -> None:
    room, record = Room(policy=policy), a_record()
    room.put_into_store(record, pixel_bytes=512)
    assert room.send_in(record, pixel_bytes=1024).status == status
    assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
    room.assert_agrees()


def test_orphan_that_is_no_object_is_replaced() -> None:
    room, record = Room(), a_record()
    room.put_into_store(record, data=b"")
    assert room.send_in(record).status == 0
    assert room.heard.received_ones[-1].outcome is FilingOutcome.STORED
    room.assert_agrees()


def test_orphan_that_is_another_instance_is_neither_overwritten_nor_catalogued() -> None:
    room, record, other = Room(policy=DuplicatePolicy.REPLACE), a_record(1), a_record(2)
    location = room.put_into_store(record, data=data_of(other))
    assert room.send_in(record).status == 0xA700
    assert room.catalog.totals().instances == 0
    with room.store.content(location).open() as stream:
        assert stream.read().endswith(data_of(other))


def test_object_is_filed_anew_when_its_catalogued_bytes_are_gone() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    room.store.delete(room.entry(record).stored.location)
    assert room.send_in(record).status == 0
    assert room.heard.received_ones[-1].outcome is FilingOutcome.STORED
    room.assert_agrees()


def test_object_is_filed_anew_when_its_catalogued_bytes_are_truncated() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    location = room.entry(record).stored.location
    room.store.delete(location)
    room.put_into_store(record, data=data_of(record)[:-100])
    assert room.send_in(record).status == 0
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_object_is_withdrawn_when_the_catalog_cannot_be_written() -> None:
    room = Room(at_once=True)
    room.catalog.record_fails = [StorageFull(f"{SECRET_PATH}: database or disk is full")]
    reply = room.send_in()
    assert reply.status == 0xA700
    assert SECRET_PATH not in reply.error_comment
    assert room.locations() == []
    room.assert_agrees()


def test_object_is_withdrawn_when_the_catalog_has_a_bug() -> None:
    room = Room(at_once=True)
    room.catalog.record_fails = [RuntimeError("a bug")]
    assert room.send_in().status == 0x0110
    assert room.locations() == []
    room.assert_agrees()


def test_object_that_cannot_be_withdrawn_is_met_again_as_an_orphan() -> None:
    room, record = Room(at_once=True), a_record()
    room.catalog.record_fails = [FULL]
    room.store.fails_at["delete"] = StorageError("read-only file system")
    assert room.send_in(record).status == 0xA700
    room.store.fails_at.clear()
    assert room.send_in(record).status == 0
    room.assert_agrees()


def test_old_object_stays_when_the_catalog_cannot_be_told_of_its_replacement() -> None:
    room, record = Room(policy=DuplicatePolicy.REPLACE), a_record()
    room.send_in(record, pixel_bytes=512)
    room.catalog.record_fails = [FULL]
    assert room.send_in(record, pixel_bytes=1024).status == 0xA700
    assert room.stored_data(record) == data_of(record, pixel_bytes=512)
    room.assert_agrees()
    assert room.send_in(record, pixel_bytes=1024).status == 0
    assert room.stored_data(record) == data_of(record, pixel_bytes=1024)
    room.assert_agrees()


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
@pytest.mark.parametrize(
    "error", [FULL, StorageError(f"{SECRET_PATH}: I/O error"), RuntimeError(SECRET_PATH)]
)
def test_object_is_refused_without_a_trace_when_the_store_fails(step: str, error: Exception) -> None:
    room = Room()
    room.store.fails_at[step] = error
    reply = room.send_in()
    assert reply.status == (0xA700 if isinstance(error, StorageError) else 0x0110)
    assert SECRET_PATH not in reply.error_comment
    assert [one.outcome for one in room.heard.received_ones] == [None]
    assert room.locations() == []
    room.assert_agrees()


def test_object_is_refused_when_it_is_another_than_was_announced() -> None:
    room = Room()
    reply = room.send_in(a_record(1), request=a_request(a_record(2)))
    assert (reply.status, room.locations()) == (0xA900, [])
    room.assert_agrees()


def test_object_is_refused_when_its_class_is_another_than_was_announced() -> None:
    room = Room()
    announced = a_request(a_record(sop_class_uid="1.2.840.10008.5.1.4.1.1.4"))
    reply = room.send_in(a_record(), request=announced)
    assert (reply.status, room.locations()) == (0xA900, [])
    assert "SOP Class UID" in reply.error_comment
    room.assert_agrees()


def test_object_is_taken_when_the_announced_class_is_padded() -> None:
    room = Room()
    announced = a_request(a_record(sop_class_uid=CT_IMAGE_STORAGE + "\0 "))
    assert room.send_in(a_record(), request=announced).status == 0
    room.assert_agrees()


def test_object_is_taken_when_the_announced_uid_is_padded() -> None:
    room, record = Room(), a_record()
    assert room.send_in(record, request=a_request(record, uid=record.sop_instance_uid + "\0 ")).status == 0
    room.assert_agrees()


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 40, b"no DICOM at all " * 10_000, data_of()[:20]],
    ids=["nothing", "zeros", "text", "truncated header"],
)
def test_object_is_refused_when_it_cannot_be_understood(data: bytes) -> None:
    room = Room()
    assert room.send_in(data=data).status == 0xC000
    assert room.locations() == []
    room.assert_agrees()


@pytest.mark.parametrize("over", [False, True])
def test_object_is_refused_only_when_it_is_over_the_limit(over: bool) -> None:
    size = len(data_of())
    room = Room(max_object_bytes=size - over)
    reply = room.send_in(slice_bytes=100)
    assert reply.status == (0xC000 if over else 0)
    assert len(room.locations()) == (0 if over else 1)
    room.assert_agrees()


def test_header_is_found_beyond_what_is_scanned_as_it_passes() -> None:
    room = Room()
    record = a_record()
    # A private element of group 0009 stands before the UIDs of group 0020.
    data = data_of(record)
    place = data.index(b"\x10\x00\x10\x00")
    filler = b"\x09\x00\x10\x10UN\0\0" + (2 * PREFIX_BYTES).to_bytes(4, "little") + bytes(2 * PREFIX_BYTES)
    assert room.send_in(record, data=data[:place] + filler + data[place:]).status == 0
    assert room.entry(record).record.get("PatientID") == "P1"
    room.assert_agrees()


# What a library wrote to a temporary file ----------------------------------------------------------------------------


def adopted(room: Room, path: Path, *, cut: int = 0) -> Reception:
    record = a_record()
    header = encode_file_meta(
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
    )
    whole = header + data_of(record)
    path.write_bytes(whole[: len(whole) - cut])
    reception = room.receive.begin(a_request(record))
    reception.adopt(path, len(header))
    return reception


def test_adopted_file_is_filed_and_taken_away(tmp_path: Path) -> None:
    room, path = Room(), tmp_path / "part"
    assert adopted(room, path).finish().status == 0
    assert room.stored_data(a_record()) == data_of()
    assert room.heard.received_ones[0].size == len(data_of())
    assert not path.exists()
    room.assert_agrees()


def test_adopted_file_is_taken_away_when_it_is_over_the_limit(tmp_path: Path) -> None:
    room, path = Room(max_object_bytes=10), tmp_path / "part"
    assert adopted(room, path).finish().status == 0xC000
    assert not path.exists()
    assert room.locations() == []


def test_adopted_file_is_taken_away_when_it_is_abandoned(tmp_path: Path) -> None:
    room, path = Room(), tmp_path / "part"
    adopted(room, path).abandon("silent")
    assert not path.exists()
    assert room.locations() == []


def test_adopting_a_file_that_is_gone_is_answered_with_a_failure(tmp_path: Path) -> None:
    room = Room()
    reception = room.receive.begin(a_request())
    reception.adopt(tmp_path / "gone", 0)
    reply = reception.finish()
    assert reply.status != 0
    assert str(tmp_path) not in reply.error_comment


# Ends that are no answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fed", [0, 1, 10_000])
def test_abandoned_object_leaves_nothing_behind(fed: int) -> None:
    room = Room()
    reception = room.receive.begin(a_request())
    if fed:
        reception.feed([memoryview(data_of(pixel_bytes=20_000)[:fed])])
    reception.abandon("aborted by peer")
    assert room.heard.abandoned_ones == ["aborted by peer"]
    assert room.locations() == []
    room.assert_agrees()


def test_abandoned_object_leaves_nothing_behind_when_it_had_failed_before() -> None:
    room = Room()
    room.store.fails_at["write"] = FULL
    reception = room.receive.begin(a_request())
    reception.feed([memoryview(data_of())])
    reception.feed([memoryview(data_of())])
    reception.abandon("silent")
    assert room.heard.abandoned_ones == ["silent"]
    room.assert_agrees()


class _Bug(ReceptionObserver):
    def received(self, received: Received) -> None:
        raise RuntimeError("a bug in an observer")

    def abandoned(self, request: object, why: str) -> None:
        raise RuntimeError("a bug in an observer")


def test_reception_answers_when_its_observer_has_a_bug() -> None:
    room = Room()
    receive = room.receive.observed_by(_Bug())
    reception = receive.begin(a_request())
    reception.feed([memoryview(data_of())])
    assert reception.finish().status == 0
    receive.begin(a_request()).abandon("aborted by peer")
    room.assert_agrees()


@pytest.mark.parametrize(
    "error",
    [
        NotFound(f"{SECRET_PATH} is gone"),
        Unreadable(f"{SECRET_PATH} cannot be read"),
        StorageError(SECRET_PATH),
        FileroomError(SECRET_PATH),
        OSError(2, "No such file", SECRET_PATH),
    ],
)
def test_reply_tells_no_path(error: Exception) -> None:
    room = Room()
    room.store.fails_at["commit"] = error
    reply = room.send_in()
    assert reply.status in {0xA700, 0x0110}
    assert SECRET_PATH not in reply.error_comment


def test_reply_tells_what_is_wrong_with_the_object() -> None:
    room = Room()
    room.store.fails_at["commit"] = InvalidDicom("no Study Instance UID")
    assert room.send_in().error_comment == "no Study Instance UID"


# Many at once --------------------------------------------------------------------------------------------------------


def _at_once(work: Callable[[int], object], threads: int = 8) -> None:
    barrier = threading.Barrier(threads)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    crew = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_many_identical_objects_at_once_is_stored(attempt: int) -> None:
    room = Room()
    _at_once(lambda _: room.send_in(a_record(attempt + 1)))
    outcomes = [one.outcome for one in room.heard.received_ones]
    assert outcomes.count(FilingOutcome.STORED) == 1
    assert outcomes.count(FilingOutcome.DUPLICATE) == 7
    assert room.entry(a_record(attempt + 1)).duplicates == 7
    room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "others"),
    [
        (DuplicatePolicy.REJECT, FilingOutcome.REJECTED),
        (DuplicatePolicy.IGNORE, FilingOutcome.IGNORED),
        (DuplicatePolicy.REPLACE, FilingOutcome.REPLACED),
    ],
)
def test_one_of_many_objects_with_the_same_uid_at_once_is_stored(
    policy: DuplicatePolicy, others: FilingOutcome
) -> None:
    room = Room(policy=policy)
    _at_once(lambda number: room.send_in(pixel_bytes=512 + 2 * number))
    outcomes = [one.outcome for one in room.heard.received_ones]
    assert outcomes.count(FilingOutcome.STORED) == 1
    assert outcomes.count(others) == 7
    assert len(room.locations()) == 1
    room.assert_agrees()


def test_many_different_objects_at_once_are_all_stored() -> None:
    room = Room()
    _at_once(lambda number: room.send_in(a_record(number + 1, series=number % 3 + 1)))
    assert {one.reply.status for one in room.heard.received_ones} == {0}
    assert room.catalog.totals().instances == 8
    room.assert_agrees()


def test_object_with_a_strange_uid_is_stored_under_a_safe_name() -> None:
    room = Room()
    record = a_record()
    strange = "../../" + "9" * (len(record.sop_instance_uid) - 6)
    data = data_of(record).replace(record.sop_instance_uid.encode(), strange.encode())
    assert room.send_in(record, data=data, request=a_request(record, uid=strange)).status == 0
    assert all(".." not in location for location in room.locations())
    assert room.catalog.present([strange, a_uid(9)]) == {strange}
