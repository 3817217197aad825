"""A file room in memory for the tests of use cases, and the faults that it can be given."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fileroom.adapters.catalog.memory.catalog import MemoryCatalog
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.objects.memory.object_store import MemoryObjectStore, MemoryObjectWriter
from fileroom.adapters.system.memory import FixedClock
from fileroom.application.filing import InstanceFiler, Provenance
from fileroom.application.filing_queue import FilingQueue
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Change
from fileroom.application.ports.dicom_server import Caller, StoreReply, StoreRequest
from fileroom.application.ports.object_store import ObjectContent, ObjectWriter
from fileroom.application.use_cases.receive_instance import Received, ReceiveInstance, ReceptionObserver
from fileroom.domain.errors import StorageError
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import DuplicatePolicy, InstanceKey
from fileroom.domain.records import CatalogEntry, InstanceRecord, Origin, StoredObject
from tests.builders import SOME_TIME, a_data_set, a_record, encoded

IMPORTED = Provenance(origin=Origin.IMPORTED, source="/data/in")
CALLER = Caller(calling_ae_title="MODALITY", called_ae_title="FILEROOM", address="192.0.2.7", port=50000)
SECRET_PATH = "/srv/secret/store"  # noqa: S105 - a path that a peer must not read


class FaultyCatalog(MemoryCatalog):
    """A catalog that cannot be written when it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.record_fails: list[Exception | None] = []
        """What the next calls of `exchange` raise, in order; None lets one pass."""
        self.fails: Exception | None = None
        """What every call of `exchange` raises until it is None again."""
        self.fails_for: set[str] = set()
        """SOP Instance UIDs with which every call fails."""
        self.count_fails: Exception | None = None
        self.batches: list[int] = []
        """How many changes each call of `exchange` had that did not fail."""

    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """Record, or fail as told."""
        failure = self.record_fails.pop(0) if self.record_fails else self.fails
        if failure is not None:
            raise failure
        if not self.fails_for.isdisjoint(change.entry.record.sop_instance_uid for change in changes):
            raise StorageError("this one cannot be recorded")
        self.batches.append(len(changes))
        return super().exchange(changes)

    def count_duplicates(self, sop_instance_uids: Iterable[str]) -> None:
        """Count, or fail as told."""
        if self.count_fails is not None:
            raise self.count_fails
        super().count_duplicates(sop_instance_uids)


class FaultyStore(MemoryObjectStore):
    """An object store that is full or broken at one step; it knows which writers were not ended."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_at: dict[str, Exception] = {}
        """What `begin`, `write`, `commit`, `delete` or `content` raise."""
        self.open_writers: set[ObjectWriter] = set()

    def begin(self, header: bytes) -> MemoryObjectWriter:
        """Begin, or fail as told."""
        self.check("begin")
        super().begin(header)
        writer = FaultyWriter(self, bytes(header), data_offset=len(header))
        self.open_writers.add(writer)
        return writer

    def delete(self, location: str) -> bool:
        """Delete, or fail as told."""
        self.check("delete")
        return super().delete(location)

    def content(self, location: str) -> ObjectContent:
        """Give access, or fail as told."""
        self.check("content")
        return super().content(location)

    def check(self, step: str) -> None:
        """Fail where that is told."""
        if step in self.fails_at:
            raise self.fails_at[step]


class FaultyWriter(MemoryObjectWriter):
    """A writer of the faulty store."""

    def __init__(self, store: FaultyStore, start: bytes, *, data_offset: int) -> None:
        super().__init__(store, start, data_offset=data_offset)
        self._faulty = store

    def write(self, parts: Sequence[memoryview]) -> None:
        """Write, or fail as told."""
        self._faulty.check("write")
        super().write(parts)

    def commit(self, key: InstanceKey, *, replace: bool = False) -> StoredObject:
        """Commit, or fail as told."""
        self._faulty.check("commit")
        stored = super().commit(key, replace=replace)
        self._faulty.open_writers.discard(self)
        return stored

    def abort(self) -> None:
        """Abort, and be known as ended."""
        super().abort()
        self._faulty.open_writers.discard(self)


class Heard(ReceptionObserver):
    """Keeps what a reception told."""

    def __init__(self) -> None:
        self.received_ones: list[Received] = []
        self.abandoned_ones: list[str] = []

    def received(self, received: Received) -> None:
        """Keep it."""
        self.received_ones.append(received)

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """Keep it."""
        self.abandoned_ones.append(why)


@dataclass
class Room:
    """Catalog, store and filer that belong together."""

    policy: DuplicatePolicy = DuplicatePolicy.REJECT
    max_object_bytes: int | None = None
    catalog: FaultyCatalog = field(default_factory=FaultyCatalog)
    store: FaultyStore = field(default_factory=FaultyStore)
    reader: ScannerHeaderReader = field(default_factory=ScannerHeaderReader)
    clock: FixedClock = field(default_factory=lambda: FixedClock(SOME_TIME))
    heard: Heard = field(default_factory=Heard)
    at_once: bool = False
    """Have the catalog written before the answer, as where a queue takes no more."""
    gather_seconds: float = 3600.0
    """By default only who settles has the queue written."""
    most_together: int = 500
    most_waiting: int = 5000

    def __post_init__(self) -> None:
        """Make what stands on the adapters."""
        self.queue = FilingQueue(
            catalog=self.catalog,
            store=self.store,
            policy=self.policy,
            gather_seconds=self.gather_seconds,
            most_together=self.most_together,
            most_waiting=self.most_waiting,
        )
        self.filer = InstanceFiler(
            catalog=self.catalog,
            store=self.store,
            reader=self.reader,
            clock=self.clock,
            policy=self.policy,
            queue=None if self.at_once else self.queue,
        )
        self.receive = ReceiveInstance(
            store=self.store,
            reader=self.reader,
            filer=self.filer,
            max_object_bytes=self.max_object_bytes,
            our_ae_titles=lambda: frozenset({"FILEROOM"}),
            observer=self.heard,
        )

    def send_in(
        self,
        record: InstanceRecord | None = None,
        *,
        pixel_bytes: int = 512,
        data: bytes | None = None,
        request: StoreRequest | None = None,
        slice_bytes: int = 1 << 14,
        releases: bool = True,
    ) -> StoreReply:
        """Have a peer send one object, as it comes from the wire, and end its association unless that is to go on."""
        record = record or a_record()
        reception = self.receive.begin(request or a_request(record))
        content = memoryview(data if data is not None else data_of(record, pixel_bytes=pixel_bytes))
        for start in range(0, len(content), slice_bytes):
            reception.feed([content[start : start + slice_bytes]])
        reply = reception.finish()
        if releases:
            self.receive.settle()
        return reply

    def put_into_store(
        self, record: InstanceRecord, *, pixel_bytes: int = 512, data: bytes | None = None
    ) -> str:
        """Leave an object in the store without a catalog entry, as a process that dies does; returns its location."""
        header = encode_file_meta(
            sop_class_uid=record.sop_class_uid,
            sop_instance_uid=record.sop_instance_uid,
            transfer_syntax_uid=record.transfer_syntax_uid,
        )
        writer = self.store.begin(header)
        writer.write([memoryview(data if data is not None else data_of(record, pixel_bytes=pixel_bytes))])
        return writer.commit(InstanceKey.of(record, SOME_TIME.date())).location

    def entry(self, record: InstanceRecord) -> CatalogEntry:
        """Return the catalog's entry, which must be there."""
        self.filer.settle()
        entry = self.catalog.instance(record.sop_instance_uid)
        assert entry is not None, "not catalogued"
        return entry

    def stored_data(self, record: InstanceRecord) -> bytes:
        """Return the data set that the catalog leads to."""
        entry = self.entry(record)
        with self.store.content(entry.stored.location).open() as stream:
            return stream.read()[entry.stored.data_offset :]

    def locations(self) -> list[str]:
        """Return what is in the store."""
        return sorted(self.store.walk())

    def assert_agrees(self) -> None:
        """Every object in the store is in the catalog as it is, and the other way round; no writer is left open."""
        self.filer.settle()
        found = {}
        for location in self.store.walk():
            with self.store.content(location).open() as stream:
                header = self.reader.read(stream)
            assert header is not None
            entry = self.catalog.instance(header.record.sop_instance_uid)
            assert entry is not None, f"{location} is not catalogued"
            assert self.store.describe(location).digest == entry.stored.digest
            assert header.data_offset == entry.stored.data_offset
            found[location] = entry
        assert self.catalog.totals().instances == len(found)
        assert not self.store.open_writers


def a_request(
    record: InstanceRecord | None = None, *, originator: str = "", uid: str | None = None
) -> StoreRequest:
    """Return the C-STORE request for a record."""
    record = record or a_record()
    return StoreRequest(
        caller=CALLER,
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid if uid is None else uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
        move_originator_ae_title=originator,
    )


def data_of(record: InstanceRecord | None = None, *, pixel_bytes: int = 512, **values: object) -> bytes:
    """Return a record's data set as it goes over the wire."""
    record = record or a_record()
    return encoded(a_data_set(record, pixel_bytes=pixel_bytes, **values), record.transfer_syntax_uid)


class PatientToken(CancelToken):
    """A token whose waits take no time and are kept; raised by the last of as many waits as it is told."""

    def __init__(self, *, cancel_after_waits: int | None = None) -> None:
        self.waits: list[float] = []
        self.cancelled = False
        self._cancel_after_waits = cancel_after_waits

    def is_cancelled(self) -> bool:
        """Tell whether it was raised."""
        return self.cancelled

    def wait(self, seconds: float) -> bool:
        """Take note of the wait."""
        self.waits.append(seconds)
        if self._cancel_after_waits is not None and len(self.waits) >= self._cancel_after_waits:
            self.cancelled = True
        return self.cancelled


class EventfulToken(PatientToken):
    """Has something happen at given waits, counted from 1; the last of them raises it."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__(cancel_after_waits=len(happens) + 1)
        self._happens = happens

    def wait(self, seconds: float) -> bool:
        """Let it happen."""
        cancelled = super().wait(seconds)
        if len(self.waits) <= len(self._happens):
            self._happens[len(self.waits) - 1]()
        return cancelled
