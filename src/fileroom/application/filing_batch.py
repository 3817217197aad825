"""Entries on their way to the catalog, and what is undone where it cannot be written."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from fileroom.application.keyed_lock import KeyedLock
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.object_store import ObjectStore
from fileroom.domain.errors import FileroomError, StorageError
from fileroom.domain.filing import FilingOutcome
from fileroom.domain.records import CatalogEntry

log = logging.getLogger(__name__)

BATCH_SIZE = 500
"""Entries that an import collects before it writes them to the catalog in one go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """What became of one object."""

    outcome: FilingOutcome
    entry: CatalogEntry
    """The entry that stands in the catalog (or in the batch) now: the new one, or the one that was kept."""


class FilingBatch:
    """Entries on their way to the catalog; used by one thread, and flushed at its end."""

    def __init__(self, catalog: Catalog, store: ObjectStore, locks: KeyedLock, *, size: int) -> None:
        """Collect `size` entries before they are written; `locks` are the filer's, by SOP Instance UID."""
        self._catalog = catalog
        self._store = store
        self._locks = locks
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
        """Take an entry; `replaced` is the one whose bytes it makes superfluous."""
        if replaced is not None and replaced.stored.location != filed.entry.stored.location:
            self._outdated.append(replaced.stored.location)
        self._entries[filed.entry.record.sop_instance_uid] = filed

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
        except BaseException:
            self._withdraw(entries.values())
            raise
        self._count(duplicates)
        for location in outdated:
            self._remove(location)

    def _count(self, duplicates: list[str]) -> None:
        if not duplicates:
            return
        try:
            self._catalog.count_duplicates(duplicates)
        except StorageError as error:  # the objects are here and safe all the same
            log.warning("%d duplicates could not be counted: %s", len(duplicates), error.message)

    def _withdraw(self, entries: Iterable[Filed]) -> None:
        for filed in entries:
            with self._locks.hold(filed.entry.record.sop_instance_uid):
                try:
                    self._undo(filed.entry)
                except FileroomError as error:
                    log.warning("%s could not be removed: %s", filed.entry.stored.location, error.message)

    def _undo(self, entry: CatalogEntry) -> None:
        """Take an object out of the store, unless the catalog tells of it: another who met it has taken it in."""
        if entry.stored.in_place:
            return
        known = self._catalog.instance(entry.record.sop_instance_uid)
        if known is None or known.stored.location != entry.stored.location:
            self._store.delete(entry.stored.location)
        elif known.stored != entry.stored:
            # The entry tells of bytes that were replaced. Without an entry the new ones are met when they come again.
            self._catalog.remove([entry.record.sop_instance_uid])

    def _remove(self, location: str) -> None:
        try:
            self._store.delete(location)
        except FileroomError as error:
            log.warning("%s could not be removed: %s", location, error.message)
