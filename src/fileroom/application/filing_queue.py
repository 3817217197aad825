"""Entries of objects that were answered with success, on their way to the catalog in batches.

An object in the store survives the death of the process, and the next start catalogues it (`RecoverStore`), so a peer
need not wait for its entry. What waits here counts as known to this process; who reads the catalog settles first. What
was acknowledged is never dropped: while the catalog cannot be written, entries wait, and objects that come are filed at
once or refused; what is left at the end is left to the next start.
"""

import logging
import threading
from dataclasses import dataclass
from itertools import islice
from typing import Final

from fileroom.application.filing_decisions import LOOKS, Filed, look_again
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.application.ports.object_store import ObjectStore
from fileroom.domain.errors import FileroomError, StorageError
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome
from fileroom.domain.records import CatalogEntry

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.05
MOST_TOGETHER: Final = 500
MOST_WAITING: Final = 5000
SETTLE_SECONDS: Final = 10.0
"""How long a reader waits at most for what was answered before it."""
_IDLE_SECONDS: Final = 2.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


@dataclass(slots=True)
class _Waiting:
    """Something on its way, with its number in the order of the answers."""

    number: int
    entry: CatalogEntry


@dataclass(slots=True)
class _Copies:
    """Further copies of one instance that were offered."""

    number: int = 0
    times: int = 0


class FilingQueue:
    """Writes what waits from a thread of its own, which runs while something waits; safe to use from many threads."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ObjectStore,
        policy: DuplicatePolicy,
        gather_seconds: float = GATHER_SECONDS,
        most_together: int = MOST_TOGETHER,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Use these; `policy` decides where another process filed the same instance meanwhile.

        `gather_seconds`: how long a batch waits for more, unless `most_together` have come or somebody settles.
        `most_waiting`: how much may wait (some more where many threads file); beyond it nothing is put off.
        """
        self._catalog = catalog
        self._store = store
        self._policy = policy
        self._gather_seconds = gather_seconds
        self._most_together = most_together
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        """Heard by the thread that writes."""
        self._news = threading.Condition(self._lock)
        """Heard by those who wait for it."""
        self._entries: dict[str, _Waiting] = {}
        self._copies: dict[str, _Copies] = {}
        self._thread: threading.Thread | None = None
        self._last_number = 0
        self._hurry_up_to = 0
        self._attempts = 0
        self._last_failed = 0
        self._is_failing = False
        self._together = most_together
        self._pause = 0.0
        self._left_out = 0
        self._closed = self._ended = False

    # -- those who file -----------------------------------------------------------------------------------------

    def takes_more(self) -> bool:
        """Whether entries may be put off now: otherwise they are to be written at once, by whoever has them."""
        waiting = len(self._entries) + len(self._copies)
        return not self._closed and not self._is_failing and waiting < self._most_waiting

    def waiting(self, sop_instance_uid: str) -> CatalogEntry | None:
        """Return the entry of an instance that is not in the catalog yet."""
        waiting = self._entries.get(sop_instance_uid)
        return waiting.entry if waiting else None

    def put(self, entry: CatalogEntry) -> bool:
        """Take the entry of an instance that neither the catalog nor this queue knows; False where that is too late."""
        with self._lock:
            if not self._is_served():
                return False
            self._last_number = number = self._last_number + 1
            self._entries[entry.record.sop_instance_uid] = _Waiting(number, entry)
            self._announce()
            return True

    def note_duplicate(self, sop_instance_uid: str) -> None:
        """Count another copy of an instance that is here, or waits."""
        with self._lock:
            if self._is_served():
                self._last_number += 1
                copies = self._copies.setdefault(sop_instance_uid, _Copies())
                copies.number, copies.times = self._last_number, copies.times + 1
                self._announce()
                return
        self._count({sop_instance_uid: 1})

    def _is_served(self) -> bool:
        """Have a thread that writes, where that is possible; called with the lock."""
        if self._closed:
            return False
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="filing", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                return False
            self._thread = thread
        return True

    def _announce(self) -> None:
        if len(self._entries) + len(self._copies) in (1, self._together):
            self._wake.notify()

    # -- those who read -----------------------------------------------------------------------------------------

    def settle(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Return when all that was put before is in the catalog; False where that failed, or took too long."""
        with self._lock:
            last, attempts = self._last_number, self._attempts
            if not self._waits(last) or self._thread is None:
                return not self._waits(last)

            def is_over() -> bool:
                if not self._waits(last) or self._last_failed > attempts:
                    return True
                self._hurry_up_to = max(self._hurry_up_to, last)
                self._wake.notify()
                return False

            self._news.wait_for(is_over, seconds)
            return not self._waits(last)

    def settle_instance(self, sop_instance_uid: str) -> None:
        """Return when an instance does not wait (any more).

        Raises:
            StorageError: it still does.
        """
        if sop_instance_uid in self._entries and not self.settle() and sop_instance_uid in self._entries:
            raise StorageError(f"instance {sop_instance_uid} waits for the catalog, which cannot be written")

    def _waits(self, last: int) -> bool:
        return any(one.number <= last for one in self._entries.values()) or any(
            one.number <= last for one in self._copies.values()
        )

    def close(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Write what waits and take no more; False where not all came into the catalog, and is to be recovered."""
        with self._lock:
            self._closed = True
        self.settle(seconds)
        with self._lock:
            self._ended = True
            self._wake.notify()
            thread, left = self._thread, len(self._entries) + self._left_out
        if thread is not None:
            thread.join(seconds)
        if left:
            log.error("%d objects that are safe are not in the catalog: the next start catalogues them", left)
        return not left

    # -- the thread that writes ---------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._gather():
            self._attempt()

    def _gather(self) -> bool:
        """Wait until something is to be written; False, and the thread is gone, where nothing came for a while."""
        with self._lock:
            if self._wake.wait_for(self._has_work, _IDLE_SECONDS):
                self._wake.wait_for(self._is_time, self._pause or self._gather_seconds)
            if self._ended or not self._has_work():
                self._thread = None
                return False
            return True

    def _has_work(self) -> bool:
        return self._ended or bool(self._entries) or bool(self._copies)

    def _is_time(self) -> bool:
        is_full = not self._is_failing and len(self._entries) + len(self._copies) >= self._together
        return is_full or self._ended or self._waits(self._hurry_up_to)

    def _attempt(self) -> None:
        """Write one batch, and count the copies of what the catalog knows by then."""
        with self._lock:
            self._attempts += 1
            batch = [waiting.entry for waiting in islice(self._entries.values(), self._together)]
        try:
            if batch:
                self._write(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, entries wait
            self._failed(batch, error)
        else:
            self._succeeded()

    def _write(self, batch: list[CatalogEntry]) -> None:
        refused = self._catalog.exchange([Change(entry=entry, seen=None) for entry in batch])
        here = (entry for entry in batch if entry.record.sop_instance_uid not in refused)
        with self._lock:
            for entry in here:
                del self._entries[entry.record.sop_instance_uid]
        for entry in batch:
            if entry.record.sop_instance_uid in refused:
                self._reconcile(entry)
                with self._lock:
                    del self._entries[entry.record.sop_instance_uid]

    def _succeeded(self) -> None:
        with self._lock:
            copies = {uid: one for uid, one in self._copies.items() if uid not in self._entries}
            counted = {uid: one.times for uid, one in copies.items()}
        self._count(counted)
        with self._lock:
            for uid, times in counted.items():
                copies[uid].times -= times
                if not copies[uid].times:
                    del self._copies[uid]
            if self._is_failing:
                log.info("the catalog is written again")
            self._is_failing, self._pause = False, 0.0
            self._together = min(2 * self._together, self._most_together)
            self._news.notify_all()

    def _failed(self, batch: list[CatalogEntry], error: Exception) -> None:
        """Keep what could not be written, and try it one by one, so that none is in the way of the others."""
        first = batch[0].record.sop_instance_uid
        alone = len(batch) == 1
        with self._lock:
            if not self._is_failing:
                log.warning("the catalog cannot be written, %d objects wait: %s", len(self._entries), error)
            self._is_failing, self._last_failed, self._together = True, self._attempts, 1
            self._hurry_up_to = 0  # who waits for another attempt says so again
            self._pause = min(max(_FIRST_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
            waiting = self._entries.pop(first, None) if alone else None
            if waiting is not None and isinstance(error, FileroomError):
                self._entries[first] = waiting
            elif waiting is not None:  # no failure of the catalog, and so none that would pass
                self._left_out += 1
                self._is_failing, self._pause = False, 0.0
            self._news.notify_all()
        if not isinstance(error, FileroomError):
            told = f"instance {first} at {batch[0].stored.location}" if alone else f"{len(batch)} objects"
            log.error("%s could not be catalogued", told, exc_info=error)

    def _reconcile(self, mine: CatalogEntry) -> None:
        """Decide again about an object whose instance others have catalogued meanwhile, until that holds.

        Raises:
            StorageError: the catalog could not be written.
        """
        uid, location = mine.record.sop_instance_uid, mine.stored.location
        for _ in range(LOOKS):
            known = self._catalog.instance(uid)
            try:
                filed = look_again(
                    self._store, self._policy, Filed(outcome=FilingOutcome.STORED, entry=mine), known
                )
            except StorageError as error:
                why = f"instance {uid} is here, and {error.message}"
                log.error("%s stays without an entry: %s", location, why)  # noqa: TRY400 - nothing is wrong in the code
                return
            if known is not None and filed.entry is known:
                self._give_way(mine, filed.outcome)
                return
            change = Change(entry=mine, seen=known.stored if known else None)
            if not self._catalog.exchange([change]):
                if known is not None and known.stored.location != location:
                    self._remove(known.stored.location)
                return
        log.error("%s stays without an entry: instance %s is changed by others all the time", location, uid)

    def _give_way(self, mine: CatalogEntry, outcome: FilingOutcome) -> None:
        uid, location = mine.record.sop_instance_uid, mine.stored.location
        if outcome is FilingOutcome.STORED:
            return  # another has taken our bytes in
        if outcome is FilingOutcome.REJECTED:
            # Its sender was told that it is safe.
            log.error(
                "%s stays without an entry: instance %s came with other content elsewhere", location, uid
            )
            return
        self._remove(location)
        self._count({uid: 1})

    def _remove(self, location: str) -> None:
        try:
            self._store.delete(location)
        except FileroomError as error:
            log.warning("%s could not be removed: %s", location, error.message)

    def _count(self, times: dict[str, int]) -> None:
        if not times:
            return
        try:
            self._catalog.count_duplicates(uid for uid, number in times.items() for _ in range(number))
        except Exception as error:  # the objects are here and safe all the same
            is_bug = not isinstance(error, FileroomError)
            log.warning("%d duplicates could not be counted: %s", sum(times.values()), error, exc_info=is_bug)
