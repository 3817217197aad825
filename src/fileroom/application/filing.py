"""Files one object: duplicate check, place in the store and catalog entry, in an order that survives a crash.

Bytes are durable in the store before the catalog tells of them. What a crash leaves between the two is found by
`RecoverStore`; what is met here before that (an object in the store that the catalog does not know) is taken into
the catalog first and then treated as any other.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from fileroom.application.keyed_lock import KeyedLock
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import HeaderReader
from fileroom.application.ports.object_store import ObjectExists, ObjectStore, ObjectWriter
from fileroom.domain.errors import FileroomError, InvalidDicom, NotFound, Unreadable
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome, InstanceKey, resolve_conflict
from fileroom.domain.records import CatalogEntry, InstanceRecord, Origin, StoredObject

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Entries that an import collects before it writes them to the catalog in one go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How and from where an object came."""

    origin: Origin
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """What became of one object."""

    outcome: FilingOutcome
    entry: CatalogEntry
    """The entry that stands in the catalog (or in the batch) now: the new one, or the one that was kept."""


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
    ) -> None:
        """Use these; `policy` decides on the same SOP Instance UID with other content."""
        self._catalog = catalog
        self._store = store
        self._reader = reader
        self._clock = clock
        self._policy = policy
        self._locks = KeyedLock()

    def file(
        self,
        writer: ObjectWriter,
        record: InstanceRecord,
        provenance: Provenance,
        batch: "FilingBatch | None" = None,
    ) -> Filed:
        """End the writer by commit or abort, and catalogue the object at once, or with `batch`.

        Raises:
            StorageError: store or catalog could not be written; nothing of the object remains.
        """
        try:
            with self._locks.hold(record.sop_instance_uid):
                return self._file(writer, record, provenance, batch)
        except BaseException:
            writer.abort()
            raise

    def refer(
        self, stored: StoredObject, record: InstanceRecord, provenance: Provenance, batch: "FilingBatch"
    ) -> Filed:
        """Catalogue a file that stays where it is."""
        with self._locks.hold(record.sop_instance_uid):
            existing = self._existing(record.sop_instance_uid, batch)
            if existing is not None and existing.stored.location == stored.location:
                outcome = (
                    FilingOutcome.DUPLICATE
                    if existing.stored.digest == stored.digest
                    else FilingOutcome.REPLACED
                )
            else:
                outcome = self._compare(existing, record, stored.digest)
            return self._record(outcome, existing, record, stored, provenance, batch)

    def _file(
        self,
        writer: ObjectWriter,
        record: InstanceRecord,
        provenance: Provenance,
        batch: "FilingBatch | None",
    ) -> Filed:
        existing = self._existing(record.sop_instance_uid, batch)
        outcome = self._compare(existing, record, writer.digest)
        if outcome in _KEEPS_OLD:
            writer.abort()
            return self._record(outcome, existing, record, None, provenance, batch)
        key = InstanceKey.of(record, self._clock.now().date())
        try:
            stored = writer.commit(key, replace=outcome is FilingOutcome.REPLACED)
        except ObjectExists as taken:
            existing = self._take_in(taken.stored, provenance)
            outcome = self._compare(existing, record, writer.digest)
            if outcome in _KEEPS_OLD:
                writer.abort()
                return self._record(outcome, existing, record, None, provenance, batch)
            stored = writer.commit(key, replace=True)
        return self._record(outcome, existing, record, stored, provenance, batch)

    def _existing(self, sop_instance_uid: str, batch: "FilingBatch | None") -> CatalogEntry | None:
        """Return the entry whose bytes are still there; an entry without bytes is as good as none."""
        pending = batch.pending(sop_instance_uid) if batch is not None else None
        entry = pending or self._catalog.instance(sop_instance_uid)
        if entry is None:
            return None
        try:
            self._store.content(entry.stored.location).open().close()
        except (NotFound, Unreadable):
            log.warning("the object of instance %s is gone from %s", sop_instance_uid, entry.stored.location)
            return None
        return entry

    def _compare(self, existing: CatalogEntry | None, record: InstanceRecord, digest: str) -> FilingOutcome:
        if existing is None:
            return FilingOutcome.STORED
        same_syntax = existing.record.transfer_syntax_uid == record.transfer_syntax_uid
        if existing.stored.digest == digest and same_syntax:
            return FilingOutcome.DUPLICATE
        return resolve_conflict(self._policy)

    def _take_in(self, stored: StoredObject, provenance: Provenance) -> CatalogEntry | None:
        """Catalogue an object that is in the store without an entry; None where it is no object at all."""
        try:
            with self._store.content(stored.location).open() as stream:
                header = self._reader.read(stream)
        except (InvalidDicom, Unreadable, NotFound):
            header = None
        if header is None:
            return None
        entry = self._entry(header.record, stored, provenance)
        self._catalog.record([entry])
        return entry

    def _entry(self, record: InstanceRecord, stored: StoredObject, provenance: Provenance) -> CatalogEntry:
        return CatalogEntry(
            record=record,
            stored=stored,
            origin=provenance.origin,
            source=provenance.source,
            recorded_at=self._clock.now(),
        )

    def _record(
        self,
        outcome: FilingOutcome,
        existing: CatalogEntry | None,
        record: InstanceRecord,
        stored: StoredObject | None,
        provenance: Provenance,
        batch: "FilingBatch | None",
    ) -> Filed:
        single = batch if batch is not None else FilingBatch(self._catalog, self._store, size=1)
        if existing is not None and (stored is None or outcome in _KEEPS_OLD):
            single.note_duplicate(existing.record.sop_instance_uid)
            return Filed(outcome=outcome, entry=existing)
        if stored is None:
            raise AssertionError("an object without an entry has no bytes")
        entry = self._entry(record, stored, provenance)
        single.add(Filed(outcome=outcome, entry=entry), replaced=existing)
        return Filed(outcome=outcome, entry=entry)


_KEEPS_OLD = frozenset({FilingOutcome.DUPLICATE, FilingOutcome.IGNORED, FilingOutcome.REJECTED})


class FilingBatch:
    """Entries on their way to the catalog; used by one thread, and flushed at its end."""

    def __init__(self, catalog: Catalog, store: ObjectStore, *, size: int = BATCH_SIZE) -> None:
        """Collect up to `size` entries before they are written."""
        self._catalog = catalog
        self._store = store
        self._size = size
        self._entries: dict[str, Filed] = {}
        self._outdated: list[str] = []
        self._duplicates: list[str] = []

    def pending(self, sop_instance_uid: str) -> CatalogEntry | None:
        """Return an entry that is not written yet."""
        filed = self._entries.get(sop_instance_uid)
        return filed.entry if filed else None

    @property
    def is_empty(self) -> bool:
        """Whether everything is in the catalog, or was withdrawn."""
        return not self._entries and not self._duplicates

    def add(self, filed: Filed, replaced: CatalogEntry | None) -> None:
        """Take an entry; `replaced` is the one whose bytes it makes superfluous.

        Raises:
            StorageError: the catalog could not be written; see `flush`.
        """
        if replaced is not None and replaced.stored.location != filed.entry.stored.location:
            self._outdated.append(replaced.stored.location)
        self._entries[filed.entry.record.sop_instance_uid] = filed
        self._flush_when_full()

    def note_duplicate(self, sop_instance_uid: str) -> None:
        """Count another copy of an instance.

        Raises:
            StorageError: the catalog could not be written; see `flush`.
        """
        self._duplicates.append(sop_instance_uid)
        self._flush_when_full()

    def _flush_when_full(self) -> None:
        if len(self._entries) + len(self._duplicates) >= self._size:
            self.flush()

    def flush(self) -> None:
        """Write everything to the catalog, then remove what was replaced.

        Raises:
            StorageError: nothing was written; the objects that were new are removed from the store again, so that
                store and catalog agree.
        """
        entries, self._entries = self._entries, {}
        duplicates, self._duplicates = self._duplicates, []
        outdated, self._outdated = self._outdated, []
        try:
            if entries:
                self._catalog.record([filed.entry for filed in entries.values()])
        except FileroomError:
            self._withdraw(filed for filed in entries.values() if filed.outcome is FilingOutcome.STORED)
            raise
        if duplicates:
            self._catalog.count_duplicates(duplicates)
        for location in outdated:
            self._remove(location)

    def _withdraw(self, filed: Iterable[Filed]) -> None:
        for each in filed:
            if not each.entry.stored.in_place:
                self._remove(each.entry.stored.location)

    def _remove(self, location: str) -> None:
        try:
            self._store.delete(location)
        except FileroomError as error:
            log.warning("%s could not be removed: %s", location, error.message)
