"""Files one object: duplicate check, place in the store and catalog entry, in an order that survives a crash.

Bytes are durable in the store before the catalog tells of them. What a crash leaves between the two is found by
`RecoverStore`; what is met here before that (an object in the store that the catalog does not know) is taken into
the catalog first and then treated as any other. What replaces an object is put beside it, and the old one goes when
the catalog tells of the new one; an entry is written only where the catalog still is as it was when that was decided.

The entry of an instance that is simply new, and of which nobody waits for others in a batch, goes to a `FilingQueue`
where there is one: the caller may answer before the catalog has it.
"""

import logging
from dataclasses import dataclass
from typing import BinaryIO

from fileroom.application.filing_batch import BATCH_SIZE, FilingBatch
from fileroom.application.filing_decisions import KEEPS_OLD, LOOKS, Filed, compare, is_whole
from fileroom.application.filing_queue import FilingQueue
from fileroom.application.keyed_lock import KeyedLock
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.object_store import ObjectExists, ObjectStore, ObjectWriter
from fileroom.domain.errors import InvalidDicom, NotFound, StorageError, Unreadable
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome, InstanceKey
from fileroom.domain.records import CatalogEntry, InstanceRecord, Origin, StoredObject

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How and from where an object came."""

    origin: Origin
    source: str


class InstanceFiler:
    """Decides on duplicates and files objects; safe to use from several threads."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ObjectStore,
        reader: HeaderReader,
        clock: Clock,
        policy: DuplicatePolicy,
        queue: FilingQueue | None = None,
    ) -> None:
        """Use these; `policy` decides on the same SOP Instance UID with other content.

        Without a `queue` each entry that is in no batch is written at once.
        """
        self._catalog = catalog
        self._store = store
        self._reader = reader
        self._clock = clock
        self._policy = policy
        self._queue = queue
        self._locks = KeyedLock()

    def settle(self) -> None:
        """Have readers of the catalog find all that was filed; see `FilingQueue.settle`."""
        if self._queue is not None:
            self._queue.settle()

    def new_batch(self, size: int = BATCH_SIZE) -> FilingBatch:
        """Return a batch that is written each time that `size` entries have come together."""
        return FilingBatch(self._catalog, self._store, self._locks, policy=self._policy, size=size)

    def file(
        self,
        writer: ObjectWriter,
        record: InstanceRecord,
        provenance: Provenance,
        batch: FilingBatch | None = None,
    ) -> Filed:
        """End the writer by commit or abort, and catalogue the object with `batch`, or soon, or at once.

        Raises:
            StorageError: store or catalog could not be written; nothing of the object remains.
        """
        try:
            with self._locks.hold(record.sop_instance_uid):
                if batch is None:
                    return self._put_off(writer, record, provenance) or self._file_at_once(
                        writer, record, provenance
                    )
                self._settle(record.sop_instance_uid)
                filed = self._file(writer, record, provenance, batch)
        except BaseException:
            writer.abort()
            raise
        batch.flush_when_full()
        return filed

    def refer(
        self, stored: StoredObject, record: InstanceRecord, provenance: Provenance, batch: FilingBatch
    ) -> Filed:
        """Catalogue a file that stays where it is.

        Raises:
            StorageError: the catalog could not be written.
        """
        with self._locks.hold(record.sop_instance_uid):
            self._settle(record.sop_instance_uid)
            filed = self._refer(stored, record, provenance, batch)
        batch.flush_when_full()
        return filed

    def _settle(self, sop_instance_uid: str) -> None:
        if self._queue is not None:
            self._queue.settle_instance(sop_instance_uid)

    def _put_off(self, writer: ObjectWriter, record: InstanceRecord, provenance: Provenance) -> Filed | None:
        """File what is new or the same once more, and leave its entry to the queue; None where that is not so easy."""
        queue, uid = self._queue, record.sop_instance_uid
        if queue is None:
            return None
        existing = queue.waiting(uid)
        if existing is None:
            if not queue.takes_more():
                return None
            existing = self._catalog.instance(uid)
        if existing is not None:
            outcome = compare(existing, record, writer.digest, self._policy)
            if outcome is not FilingOutcome.DUPLICATE or not is_whole(self._store, existing):
                queue.settle_instance(uid)
                return None
            writer.abort()
            queue.note_duplicate(uid)
            return Filed(outcome=outcome, entry=existing)
        try:
            stored = writer.commit(InstanceKey.of(record, self._clock.now().date()))
        except ObjectExists:
            return None
        filed = Filed(outcome=FilingOutcome.STORED, entry=self._entry(record, stored, provenance))
        if queue.put(filed.entry):
            return filed
        single = self.new_batch(size=1)
        single.add(filed, None)
        return single.flush().get(uid, filed)

    def _file_at_once(self, writer: ObjectWriter, record: InstanceRecord, provenance: Provenance) -> Filed:
        single = self.new_batch(size=1)
        filed = self._file(writer, record, provenance, single)
        return single.flush().get(record.sop_instance_uid, filed)

    def _refer(
        self, stored: StoredObject, record: InstanceRecord, provenance: Provenance, batch: FilingBatch
    ) -> Filed:
        known, seen = self._known(record.sop_instance_uid, batch)
        if known is not None and known.stored.location == stored.location:
            # The same file once more: what it holds now is what counts.
            same = known.stored == stored and known.record.transfer_syntax_uid == record.transfer_syntax_uid
            if same:
                return self._keep(FilingOutcome.DUPLICATE, known, batch)
            return self._add(FilingOutcome.REPLACED, seen, record, stored, provenance, batch)
        existing, seen = self._existing(record.sop_instance_uid, batch)
        outcome = compare(existing, record, stored.digest, self._policy)
        if existing is not None and outcome in KEEPS_OLD:
            return self._keep(outcome, existing, batch)
        return self._add(outcome, seen, record, stored, provenance, batch)

    def _file(
        self,
        writer: ObjectWriter,
        record: InstanceRecord,
        provenance: Provenance,
        batch: FilingBatch,
    ) -> Filed:
        key = InstanceKey.of(record, self._clock.now().date())
        for _ in range(LOOKS):
            existing, seen = self._existing(record.sop_instance_uid, batch)
            outcome = compare(existing, record, writer.digest, self._policy)
            if existing is not None and outcome in KEEPS_OLD:
                writer.abort()
                return self._keep(outcome, existing, batch)
            superfluous: tuple[str, ...] = ()
            try:
                stored = writer.commit(key, replace=outcome is FilingOutcome.REPLACED)
            except ObjectExists as taken:
                if self._take_in(taken.stored, record.sop_instance_uid, provenance):
                    continue  # it is an object like any other now
                stored = writer.commit(key, replace=True)
                superfluous = (taken.stored.location,)
            return self._add(outcome, seen, record, stored, provenance, batch, superfluous)
        raise StorageError(f"instance {record.sop_instance_uid} is changed by others all the time")

    def _known(
        self, sop_instance_uid: str, batch: FilingBatch
    ) -> tuple[CatalogEntry | None, StoredObject | None]:
        """Return the entry in the batch or else in the catalog, and the bytes that the catalog was seen to tell of."""
        if pending := batch.pending(sop_instance_uid):
            return pending.filed.entry, pending.seen
        entry = self._catalog.instance(sop_instance_uid)
        return entry, entry.stored if entry else None

    def _existing(
        self, sop_instance_uid: str, batch: FilingBatch
    ) -> tuple[CatalogEntry | None, StoredObject | None]:
        """Return as `_known` does, but only an entry whose bytes are still there; one without is as good as none.

        Raises:
            StorageError: there are bytes, which cannot be read and so must not be replaced.
        """
        pending = batch.pending(sop_instance_uid)
        if pending is not None and is_whole(self._store, pending.filed.entry):
            return pending.filed.entry, pending.seen
        # What waited in the batch may have been taken into the catalog, and replaced there, by another process.
        entry = self._catalog.instance(sop_instance_uid)
        if entry is None:
            return None, None
        if is_whole(self._store, entry):
            return entry, entry.stored
        log.warning("the object of instance %s is gone from %s", sop_instance_uid, entry.stored.location)
        return None, entry.stored

    def _take_in(self, stored: StoredObject, sop_instance_uid: str, provenance: Provenance) -> bool:
        """Catalogue an object that is in the store without an entry, unless another does; False where it is none.

        Raises:
            StorageError: it cannot be read, or is another instance; neither must be replaced.
        """
        known = self._catalog.instance(sop_instance_uid)
        damaged = known is not None and known.stored.location == stored.location
        try:
            with self._store.content(stored.location).open() as stream:
                header = read_stored(self._reader, stream, strict=damaged)
        except InvalidDicom:
            return False
        except NotFound:
            return True  # whoever took it away knows more: look again
        except Unreadable as error:
            raise StorageError(error.message, hint=error.hint) from error
        if header.record.sop_instance_uid != sop_instance_uid:
            raise StorageError(
                f"the place of instance {sop_instance_uid} is taken by instance {header.record.sop_instance_uid}",
                hint=f"move {stored.location} out of the store and import it",
            )
        entry = self._entry(header.record, stored, provenance)
        self._catalog.exchange([Change(entry=entry, seen=known.stored if known else None)])
        return True

    def _entry(self, record: InstanceRecord, stored: StoredObject, provenance: Provenance) -> CatalogEntry:
        return CatalogEntry(
            record=record,
            stored=stored,
            origin=provenance.origin,
            source=provenance.source,
            recorded_at=self._clock.now(),
        )

    def _keep(self, outcome: FilingOutcome, existing: CatalogEntry, batch: FilingBatch) -> Filed:
        batch.note_duplicate(existing.record.sop_instance_uid)
        return Filed(outcome=outcome, entry=existing)

    def _add(  # noqa: PLR0917 - all of it is what is known by then
        self,
        outcome: FilingOutcome,
        seen: StoredObject | None,
        record: InstanceRecord,
        stored: StoredObject,
        provenance: Provenance,
        batch: FilingBatch,
        superfluous: tuple[str, ...] = (),
    ) -> Filed:
        filed = Filed(outcome=outcome, entry=self._entry(record, stored, provenance))
        batch.add(filed, seen, superfluous)
        return filed


def read_stored(reader: HeaderReader, stream: BinaryIO, *, strict: bool) -> Header:
    """Read the header of an object that was filed before.

    `strict` is for one that the catalog knows with other content, so that it may have been damaged since. Otherwise
    it is read as leniently as objects from peers are.

    Raises:
        InvalidDicom: this is no object.
        Unreadable: the stream failed.
    """
    try:
        header = reader.read(stream)
    except InvalidDicom as error:
        if strict:
            raise
        # What a peer sent is kept as it came, also where its structure is odd after the identifiers.
        stream.seek(0)
        header = reader.read(stream, complete=False)
        if header is None:
            raise
        log.info("instance %s is not quite in order: %s", header.record.sop_instance_uid, error.message)
    if header is None:
        raise InvalidDicom("it ends before its identifiers")
    return header
