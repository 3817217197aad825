"""Entries on their way to the catalog, and what is undone where it cannot be written."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fileroom.application.filing_decisions import KEEPS_OLD, LOOKS, Filed, look_again
from fileroom.application.keyed_lock import KeyedLock
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.application.ports.object_store import ObjectStore
from fileroom.domain.errors import FileroomError, StorageError
from fileroom.domain.filing import DuplicatePolicy
from fileroom.domain.records import StoredObject

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Entries that an import collects before it writes them to the catalog in one go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """One object whose bytes are in the store and whose entry is not in the catalog yet."""

    filed: Filed
    seen: StoredObject | None
    """The bytes that the catalog told of when this was decided; None where it did not know the instance."""
    outdated: frozenset[str]
    """Locations to which nothing leads when the entry is written."""
    earlier: frozenset[str] = frozenset()
    """Locations of what waited for the same instance before: no catalog ever led there on our word."""


class FilingBatch:
    """Entries on their way to the catalog; used by one thread, and flushed at its end."""

    def __init__(
        self, catalog: Catalog, store: ObjectStore, locks: KeyedLock, *, policy: DuplicatePolicy, size: int
    ) -> None:
        """Collect `size` entries before they are written; `locks` are the filer's, by SOP Instance UID.

        `policy` decides where another process filed the same instance before the batch was written.
        """
        self._catalog = catalog
        self._store = store
        self._locks = locks
        self._policy = policy
        self._size = size
        self._entries: dict[str, Pending] = {}
        self._duplicates: list[str] = []
        self._settled: dict[str, Filed] = {}

    def pending(self, sop_instance_uid: str) -> Pending | None:
        """Return an object whose entry is not written yet."""
        return self._entries.get(sop_instance_uid)

    @property
    def is_empty(self) -> bool:
        """Whether everything is in the catalog, or was withdrawn."""
        return not self._entries and not self._duplicates

    def add(self, filed: Filed, seen: StoredObject | None, superfluous: Iterable[str] = ()) -> None:
        """Take an entry, in place of one that waits for the same instance; `seen` is what the catalog told of.

        `superfluous` are locations of what is no object, and goes with the old ones.
        """
        uid, mine = filed.entry.record.sop_instance_uid, {filed.entry.stored.location}
        outdated, earlier = frozenset(superfluous), frozenset[str]()
        if seen is not None:
            outdated |= {seen.location}
        if (waiting := self._entries.get(uid)) is not None:
            outdated |= waiting.outdated
            earlier = waiting.earlier | {waiting.filed.entry.stored.location}
        self._entries[uid] = Pending(filed=filed, seen=seen, outdated=outdated - mine, earlier=earlier - mine)

    def note_duplicate(self, sop_instance_uid: str) -> None:
        """Count another copy of an instance."""
        self._duplicates.append(sop_instance_uid)

    def flush_when_full(self) -> None:
        """Write to the catalog once enough has come together; not while a lock of the filer is held.

        Raises:
            StorageError: the catalog could not be written; see `flush`.
        """
        if len(self._entries) + len(self._duplicates) >= self._size:
            self.flush()

    def flush(self) -> Mapping[str, Filed]:
        """Write everything to the catalog, then remove what was replaced.

        Returns what became of the objects that ended otherwise than it seemed when they were added, by SOP Instance
        UID: another process filed the same instance meanwhile.

        Raises:
            StorageError: nothing was written, or not all; the objects that were new and have no entry are removed
                from the store again, so that store and catalog agree.
        """
        entries, self._entries = self._entries, {}
        duplicates, self._duplicates = self._duplicates, []
        self._settled = settled = {}
        try:
            refused = self._write(entries) if entries else frozenset[str]()
            entries = {uid: entries[uid] for uid in refused}
            for uid in refused:
                with self._locks.hold(uid):
                    settled[uid] = self._settle(entries.pop(uid), duplicates)
        except BaseException:
            self._withdraw(entries.values())
            raise
        self._count(duplicates)
        return settled

    def take_settled(self) -> Mapping[str, Filed]:
        """Return once what the last `flush` returned, for whoever had it done by `flush_when_full`."""
        settled, self._settled = self._settled, {}
        return settled

    def _write(self, entries: Mapping[str, Pending]) -> frozenset[str]:
        """Write what still holds, and remove what that replaces; returns the rest."""
        refused = self._catalog.exchange(
            [Change(entry=one.filed.entry, seen=one.seen) for one in entries.values()]
        )
        for uid, one in entries.items():
            if uid not in refused:
                for location in one.outdated | one.earlier:
                    self._remove(location)
        return refused

    def _settle(self, pending: Pending, duplicates: list[str]) -> Filed:
        """Decide again about an object whose instance others have changed since, until that holds."""
        entry = pending.filed.entry
        uid = entry.record.sop_instance_uid
        for _ in range(LOOKS):
            try:
                known = self._catalog.instance(uid)
                filed = look_again(self._store, self._policy, pending.filed, known)
                if filed.entry is known:
                    if filed.outcome in KEEPS_OLD:
                        duplicates.append(uid)
                    self._withdraw([pending])
                    return filed
                old = {known.stored.location} if known else frozenset[str]()
                pending = replace(
                    pending,
                    filed=filed,
                    seen=known.stored if known else None,
                    outdated=(pending.outdated | old) - {entry.stored.location},
                )
                if not self._write({uid: pending}):
                    return filed
            except BaseException:
                self._withdraw([pending])
                raise
        self._withdraw([pending])
        raise StorageError(f"instance {uid} is changed by others all the time")

    def _count(self, duplicates: list[str]) -> None:
        if not duplicates:
            return
        try:
            self._catalog.count_duplicates(duplicates)
        except StorageError as error:  # the objects are here and safe all the same
            log.warning("%d duplicates could not be counted: %s", len(duplicates), error.message)

    def _withdraw(self, entries: Iterable[Pending]) -> None:
        for one in entries:
            entry = one.filed.entry
            with self._locks.hold(entry.record.sop_instance_uid):
                try:
                    self._undo(one)
                except FileroomError as error:
                    log.warning("%s could not be removed: %s", entry.stored.location, error.message)

    def _undo(self, pending: Pending) -> None:
        """Take an object out of the store again, and what waited in the batch before it.

        What the catalog tells of stays: the old object, or this one where another who met it has taken it in.
        """
        entry = pending.filed.entry
        known = self._catalog.instance(entry.record.sop_instance_uid)
        kept = {one.location for one in (pending.seen, known.stored if known else None) if one is not None}
        for location in ({entry.stored.location} | pending.earlier) - kept:
            self._store.delete(location)

    def _remove(self, location: str) -> None:
        try:
            self._store.delete(location)
        except FileroomError as error:
            log.warning("%s could not be removed: %s", location, error.message)
