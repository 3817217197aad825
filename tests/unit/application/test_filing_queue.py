"""Entries that follow the answer: known meanwhile, there for who settles, and never dropped."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fileroom.application.filing_queue import FilingQueue
from fileroom.application.ports.catalog import Change
from fileroom.application.use_cases.answer_query import AnswerQuery
from fileroom.domain.errors import StorageError, StorageFull, Unreadable
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome, InstanceKey
from fileroom.domain.query import Query, QueryLevel
from fileroom.domain.records import InstanceRecord
from tests.builders import SOME_TIME, a_record, a_uid, an_entry
from tests.unit.application.rooms import CALLER, FaultyCatalog, Room, a_request, data_of
from tests.unit.application.test_filing import a_writer, file

FULL = StorageFull("database or disk is full")
REJECT, REPLACE, IGNORE = DuplicatePolicy.REJECT, DuplicatePolicy.REPLACE, DuplicatePolicy.IGNORE


class GatedCatalog(FaultyCatalog):
    """A catalog in which writing takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """Record in the end."""
        self.entered.set()
        assert self.let_go.wait(10)
        return super().exchange(changes)


class HeardCatalog(FaultyCatalog):
    """A catalog that tells when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """Record, and tell."""
        refused = super().exchange(changes)
        self.written.set()
        return refused


def answer(room: Room, *records: InstanceRecord, pixel_bytes: int = 512) -> list[int]:
    """Have a peer send objects over an association that goes on; returns the statuses."""
    return [room.send_in(record, pixel_bytes=pixel_bytes, releases=False).status for record in records]


def catalogued(room: Room) -> int:
    return room.catalog.totals().instances


# What waits is known -------------------------------------------------------------------------------------------------


def test_instance_is_answered_before_the_catalog_knows_it() -> None:
    room, record = Room(), a_record()
    assert answer(room, record) == [0]
    assert (catalogued(room), len(room.locations())) == (0, 1)
    assert room.queue.waiting(record.sop_instance_uid) is not None
    room.assert_agrees()
    assert room.queue.waiting(record.sop_instance_uid) is None


def test_copies_of_what_waits_are_duplicates_and_counted_with_it() -> None:
    room, record = Room(), a_record()
    assert answer(room, record, record, record) == [0, 0, 0]
    assert [one.outcome for one in room.heard.received_ones[1:]] == [FilingOutcome.DUPLICATE] * 2
    assert catalogued(room) == 0
    assert room.entry(record).duplicates == 2
    room.assert_agrees()


def test_copies_of_what_is_catalogued_are_counted_later() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    assert answer(room, record, record) == [0, 0]
    known = room.catalog.instance(record.sop_instance_uid)
    assert known is not None
    assert known.duplicates == 0
    assert room.entry(record).duplicates == 2


@pytest.mark.parametrize(
    ("policy", "status", "kept_bytes"), [(REJECT, 0x0111, 512), (IGNORE, 0, 512), (REPLACE, 0, 1024)]
)
def test_other_content_is_decided_when_the_first_has_been_catalogued(
    policy: DuplicatePolicy, status: int, kept_bytes: int
) -> None:
    room, record = Room(policy=policy), a_record()
    answer(room, record)
    assert answer(room, record, pixel_bytes=1024) == [status]
    assert catalogued(room) == 1
    assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
    room.assert_agrees()


def test_instance_whose_bytes_went_while_it_waited_is_filed_anew() -> None:
    room, record = Room(), a_record()
    answer(room, record)
    room.store.delete(room.locations()[0])
    assert answer(room, record) == [0]
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_import_of_what_waits_is_a_duplicate() -> None:
    room, record = Room(), a_record()
    answer(room, record)
    batch = room.filer.new_batch()
    assert file(room, batch, record).outcome is FilingOutcome.DUPLICATE
    assert catalogued(room) == 1
    batch.flush()
    assert room.entry(record).source == "MODALITY@192.0.2.7"
    room.assert_agrees()


# When it is written --------------------------------------------------------------------------------------------------


def test_what_waits_is_written_as_one_batch() -> None:
    room = Room()
    answer(room, *(a_record(number) for number in range(1, 11)))
    assert room.queue.settle()
    assert room.catalog.batches == [10]


def test_batch_is_written_without_anybody_waiting_when_it_is_full() -> None:
    catalog = HeardCatalog()
    room = Room(catalog=catalog, most_together=3)
    answer(room, *(a_record(number) for number in range(1, 4)))
    assert catalog.written.wait(10)
    assert catalog.batches == [3]


def test_batch_is_written_without_anybody_waiting_after_a_while() -> None:
    catalog = HeardCatalog()
    answer(Room(catalog=catalog, gather_seconds=0.01), a_record())
    assert catalog.written.wait(10)


def test_settling_returns_at_once_when_nothing_waits() -> None:
    room = Room()
    assert room.queue.settle(0.0)
    room.send_in()
    assert room.queue.settle(0.0)


def test_settling_waits_for_what_is_being_written() -> None:
    catalog = GatedCatalog()
    room = Room(catalog=catalog)
    answer(room, a_record())
    settled: list[int] = []

    def settle() -> None:
        room.queue.settle()
        settled.append(catalogued(room))

    crew = [threading.Thread(target=settle) for _ in range(3)]
    for thread in crew:
        thread.start()
    assert catalog.entered.wait(10)
    assert not settled
    assert answer(room, a_record()) == [0]  # being written counts as known
    catalog.let_go.set()
    for thread in crew:
        thread.join()
    assert settled == [1, 1, 1]
    room.assert_agrees()


def test_settling_ends_in_time_when_writing_hangs() -> None:
    catalog = GatedCatalog()
    room = Room(catalog=catalog)
    answer(room, a_record())
    assert not room.queue.settle(0.01)
    catalog.let_go.set()
    assert room.queue.settle()


def test_settling_takes_all_batches_that_it_needs() -> None:
    room = Room(most_together=2)
    for number in range(1, 8):
        answer(room, a_record(number))
    assert room.queue.settle()
    assert catalogued(room) == 7
    assert max(room.catalog.batches) == 2


def test_query_finds_what_was_answered_before() -> None:
    room = Room()
    answer(room, a_record())
    query = AnswerQuery(catalog=room.catalog, settle=room.filer.settle)
    (match,) = query.find(CALLER, Query(level=QueryLevel.STUDY, keys={"StudyInstanceUID": ""}))
    assert match["StudyInstanceUID"] == a_uid(1)


def test_copies_are_counted_when_the_catalog_knows_their_instance() -> None:
    catalog = GatedCatalog()
    room = Room(catalog=catalog, most_together=1)
    answer(room, a_record(1), a_record(2), a_record(2))
    assert catalog.entered.wait(10)
    catalog.let_go.set()  # the first is written, while the second and its copy wait
    assert room.entry(a_record(2)).duplicates == 1


# Others who were quicker ---------------------------------------------------------------------------------------------


def elsewhere(room: Room, record: InstanceRecord, *, pixel_bytes: int) -> str:
    """Have another process file an instance in another place; returns its location."""
    writer = a_writer(room, record, pixel_bytes=pixel_bytes)
    key = InstanceKey.of(replace(record, series_instance_uid=a_uid(9, 9)), SOME_TIME.date())
    stored = writer.commit(key)
    room.catalog.record([replace(an_entry(record), stored=stored)])
    return stored.location


def test_same_content_that_another_process_filed_elsewhere_makes_ours_superfluous() -> None:
    room, record = Room(), a_record()
    answer(room, record)
    place = elsewhere(room, record, pixel_bytes=512)
    assert room.queue.settle()
    assert room.locations() == [place]
    assert room.entry(record).duplicates == 1
    room.assert_agrees()


@pytest.mark.parametrize(("policy", "kept_bytes"), [(IGNORE, 1024), (REPLACE, 512)])
def test_other_content_of_another_process_is_decided_by_the_policy(
    policy: DuplicatePolicy, kept_bytes: int
) -> None:
    room, record = Room(policy=policy), a_record()
    answer(room, record)
    elsewhere(room, record, pixel_bytes=1024)
    assert room.queue.settle()
    assert len(room.locations()) == 1
    assert room.stored_data(record) == data_of(record, pixel_bytes=kept_bytes)
    assert room.entry(record).duplicates == (1 if policy is IGNORE else 0)
    room.assert_agrees()


def test_acknowledged_object_stays_on_disk_and_is_named_when_the_policy_keeps_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room, record = Room(policy=REJECT), a_record(PatientName="Secretive^Sybil")
    answer(room, record)
    (ours,) = room.locations()
    theirs = elsewhere(room, record, pixel_bytes=1024)
    assert room.queue.settle()
    assert room.locations() == sorted([ours, theirs])
    assert room.entry(record).stored.location == theirs
    (told,) = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert record.sop_instance_uid in told.getMessage()
    assert ours in told.getMessage()
    assert "Sybil" not in caplog.text
    with room.store.content(ours).open() as stream:
        assert stream.read().endswith(data_of(record))


def test_object_stays_on_disk_when_the_other_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    room, record = Room(policy=IGNORE), a_record()
    answer(room, record)
    elsewhere(room, record, pixel_bytes=1024)
    room.store.fails_at["content"] = Unreadable("I/O error")
    assert room.queue.settle()
    room.store.fails_at.clear()
    assert len(room.locations()) == 2
    assert "stays without an entry" in caplog.text


@pytest.mark.parametrize("policy", DuplicatePolicy)
def test_object_that_another_process_took_in_is_as_good_as_ours(policy: DuplicatePolicy) -> None:
    room, record = Room(policy=policy), a_record()
    other = Room(catalog=room.catalog, store=room.store, at_once=True)
    answer(room, record)
    assert other.send_in(record).status == 0
    assert room.queue.settle()
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


@pytest.mark.parametrize("policy", DuplicatePolicy)
def test_object_that_another_process_took_in_and_replaced_is_not_brought_back(
    policy: DuplicatePolicy,
) -> None:
    room, record = Room(policy=policy), a_record()
    other = Room(catalog=room.catalog, store=room.store, policy=REPLACE, at_once=True)
    answer(room, record)
    assert other.send_in(record, pixel_bytes=1024).status == 0
    assert room.queue.settle()
    assert room.stored_data(record) == data_of(record, pixel_bytes=1024)
    room.assert_agrees()


def test_rest_of_a_batch_is_written_when_another_process_was_quicker_with_one() -> None:
    room = Room(policy=IGNORE)
    records = [a_record(number) for number in range(1, 6)]
    answer(room, *records)
    elsewhere(room, records[2], pixel_bytes=1024)
    assert room.queue.settle()
    assert catalogued(room) == 5
    assert len(room.locations()) == 5
    room.assert_agrees()


# Catalogs that fail --------------------------------------------------------------------------------------------------


def test_entries_are_kept_while_the_catalog_cannot_be_written() -> None:
    room = Room()
    answer(room, a_record(1), a_record(2))
    room.catalog.fails = FULL
    assert not room.queue.settle()
    assert (catalogued(room), len(room.locations())) == (0, 2)
    room.catalog.fails = None
    assert room.queue.settle()
    assert catalogued(room) == 2
    room.assert_agrees()


def test_new_instances_are_refused_while_the_catalog_cannot_be_written() -> None:
    room = Room()
    answer(room, a_record(1))
    room.catalog.fails = FULL
    room.queue.settle()
    assert answer(room, a_record(2)) == [0xA700]
    assert len(room.locations()) == 1
    room.catalog.fails = None
    assert answer(room, a_record(2)) == [0]
    assert room.queue.settle()
    assert answer(room, a_record(3)) == [0]
    assert catalogued(room) == 2  # and entries follow the answer again
    room.assert_agrees()


def test_other_content_of_what_cannot_be_written_is_refused() -> None:
    room, record = Room(policy=REPLACE), a_record()
    answer(room, record)
    room.catalog.fails = FULL
    assert answer(room, record, pixel_bytes=1024) == [0xA700]
    room.catalog.fails = None
    assert room.stored_data(record) == data_of(record)
    room.assert_agrees()


def test_same_content_of_what_cannot_be_written_is_safe_already() -> None:
    room, record = Room(), a_record()
    answer(room, record)
    room.catalog.fails = FULL
    room.queue.settle()
    assert answer(room, record) == [0]
    room.catalog.fails = None
    assert room.queue.settle()
    assert room.entry(record).duplicates == 1
    room.assert_agrees()


def test_pauses_grow_while_the_catalog_cannot_be_written() -> None:
    room = Room()
    answer(room, a_record())
    room.catalog.fails = FULL
    pauses = []
    for _ in range(8):
        room.queue.settle()
        pauses.append(room.queue._pause)
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= 5.0


def test_entry_that_cannot_be_written_is_in_nobodys_way() -> None:
    room, records = Room(), [a_record(number) for number in range(1, 6)]
    room.catalog.fails_for = {records[0].sop_instance_uid}
    answer(room, *records)
    while not room.queue.settle() and catalogued(room) < 4:
        pass
    assert catalogued(room) == 4
    assert answer(room, a_record(6)) == [0]
    room.catalog.fails_for.clear()
    assert room.queue.settle()
    assert catalogued(room) == 6
    room.assert_agrees()


def test_duplicates_that_cannot_be_counted_are_told_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    for failure in (FULL, RuntimeError("a bug")):
        room, record = Room(), a_record()
        answer(room, record, record)
        room.catalog.count_fails = failure
        assert room.queue.settle()
        assert "1 duplicates could not be counted" in caplog.text
        caplog.clear()
        room.assert_agrees()


# How much waits, and the end -----------------------------------------------------------------------------------------


def test_entries_are_written_at_once_when_too_much_waits() -> None:
    room = Room(most_waiting=2)
    answer(room, a_record(1), a_record(2))
    assert answer(room, a_record(3)) == [0]
    assert room.catalog.batches == [1]
    room.assert_agrees()


def test_closing_writes_what_waits_and_ends_the_thread() -> None:
    room = Room()
    answer(room, a_record(1), a_record(2))
    assert room.queue.close()
    assert catalogued(room) == 2
    assert room.queue._thread is None
    assert room.queue.close()


def test_entries_are_written_at_once_when_the_queue_is_closed() -> None:
    room = Room()
    room.queue.close()
    assert answer(room, a_record(), a_record()) == [0, 0]
    assert room.catalog.batches == [1]
    assert room.entry(a_record()).duplicates == 1


def test_entry_that_comes_while_the_queue_closes_is_written_at_once() -> None:
    class Late(FilingQueue):
        """Closes when somebody has just asked whether it takes more."""

        def takes_more(self) -> bool:
            self.close()
            return True

    room = Room()
    room.filer._queue = Late(catalog=room.catalog, store=room.store, policy=REJECT)
    assert answer(room, a_record()) == [0]
    assert catalogued(room) == 1


def test_closing_tells_what_the_next_start_must_recover(caplog: pytest.LogCaptureFixture) -> None:
    room = Room()
    answer(room, a_record(1), a_record(2))
    room.catalog.fails = FULL
    assert not room.queue.close()
    assert "2 objects that are safe are not in the catalog" in caplog.text
    assert room.queue._thread is None
    assert len(room.locations()) == 2


def test_closing_tells_of_what_met_a_bug_and_was_left_out(caplog: pytest.LogCaptureFixture) -> None:
    class Buggy(FaultyCatalog):
        def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
            if a_record(2).sop_instance_uid in {change.entry.record.sop_instance_uid for change in changes}:
                raise RuntimeError("a bug")
            return super().exchange(changes)

    room = Room(catalog=Buggy())
    answer(room, a_record(1), a_record(2), a_record(3))
    while not room.queue.settle():
        pass
    assert catalogued(room) == 2
    assert answer(room, a_record(4)) == [0]
    assert not room.queue.close()
    assert a_record(2).sop_instance_uid in caplog.text
    assert len(room.locations()) == 4


# All at once ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", DuplicatePolicy)
def test_threads_that_send_the_same_objects_in_two_versions_leave_one_of_each(
    policy: DuplicatePolicy,
) -> None:
    room = Room(policy=policy, gather_seconds=0.001, most_together=4, most_waiting=12)
    records = [a_record(number) for number in range(1, 31)]
    barrier = threading.Barrier(6)
    statuses: set[int] = set()

    def send(pixel_bytes: int, *, settles: bool) -> None:
        barrier.wait()
        for record in records:
            reception = room.receive.begin(a_request(record))
            reception.feed([memoryview(data_of(record, pixel_bytes=pixel_bytes))])
            statuses.add(reception.finish().status)
            if settles:
                room.queue.settle()

    crew = [
        threading.Thread(target=send, args=(pixel_bytes,), kwargs={"settles": settles})
        for pixel_bytes in (512, 1024)
        for settles in (False, False, True)
    ]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert statuses <= {0, 0x0111}
    assert room.queue.close()
    assert catalogued(room) == len(room.locations()) == len(records)
    room.assert_agrees()


def test_storage_error_names_the_instance_that_waits() -> None:
    room, record = Room(), a_record()
    answer(room, record)
    room.catalog.fails = FULL
    with pytest.raises(StorageError, match=record.sop_instance_uid):
        room.queue.settle_instance(record.sop_instance_uid)
    room.catalog.fails = None
    room.queue.settle_instance(record.sop_instance_uid)
    assert catalogued(room) == 1
