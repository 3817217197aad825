"""Brings store and catalog together again after a process died in the middle."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from fileroom.application.filing import read_stored
from fileroom.application.filing_decisions import LOOKS, is_whole
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.object_store import ObjectStore
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.streams import closing_stream
from fileroom.domain.errors import FileroomError, NotFound
from fileroom.domain.filing import probable_uid
from fileroom.domain.records import CatalogEntry, Origin, StoredObject

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecoverResult:
    """What was put right."""

    examined: int
    """Objects that a dead process may have left out."""
    catalogued: int
    """Objects that were in the store but not, or not as they are, in the catalog."""


class RecoverStore:
    """Catalogues what a dead process stored last; costs nothing where none died."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        catalog: Catalog,
        reader: HeaderReader,
        clock: Clock,
        settle: Callable[[], object],
    ) -> None:
        """Use these; `settle` brings into the catalog what this process itself has received since it began."""
        self._store = store
        self._catalog = catalog
        self._reader = reader
        self._clock = clock
        self._settle = settle

    def execute(self, *, progress: ProgressSink, cancel: CancelToken) -> RecoverResult:
        """Look at everything that is in doubt.

        Raises:
            StorageError: the catalog could not be written; the next start tries again.
            Cancelled: the next start tries again.
        """
        examined = catalogued = 0
        with closing_stream(self._store.recover()) as locations:
            # One by one: what was asked for is settled before the next, since the end of it closes the matter.
            for location in locations:
                cancel.raise_if_cancelled()
                examined += 1
                if not self._is_as_known(location) and not self._is_our_own(location):
                    catalogued += self._examine(location)
                progress.report(Progress(task="recovering", done=examined, item=location))
        if catalogued:
            log.info("catalogued %d of %d objects that a dead process had left out", catalogued, examined)
        return RecoverResult(examined=examined, catalogued=catalogued)

    def _is_as_known(self, location: str) -> bool:
        """Tell without reading it whether the catalog tells of an object: bytes never change where they are."""
        uid = probable_uid(location)
        known = self._catalog.stored([uid]).get(uid)
        if known is None or known.location != location:
            return False
        try:
            return self._store.content(location).size == known.size
        except FileroomError:
            return False

    def _is_our_own(self, location: str) -> bool:
        """Tell whether the catalog only had to be told what waits: it knows better where the object came from."""
        self._settle()
        return self._is_as_known(location)

    def _examine(self, location: str) -> bool:
        for _ in range(LOOKS):
            change = self._change_for(location)
            if change is None:
                return False
            if not self._catalog.exchange([change]):
                return True
        log.warning("%s could not be recovered: its instance is changed by others all the time", location)
        return False

    def _change_for(self, location: str) -> Change | None:
        """Return what the catalog is to be told about an object, None where that is nothing."""
        try:
            stored = self._store.describe(location)
            header = self._header(location, strict=False)
        except NotFound:
            return None  # whoever lives has replaced it meanwhile
        except FileroomError as error:
            log.warning("%s could not be recovered: %s", location, error.message)
            return None
        known = self._catalog.instance(header.record.sop_instance_uid)
        if known is not None and self._agrees(known, stored):
            return None
        if known is not None and known.stored.location == location:
            try:
                self._header(location, strict=True)
            except FileroomError as error:
                log.warning("%s is damaged: %s", location, error.message)
                return None
        entry = CatalogEntry(
            record=header.record,
            stored=stored,
            origin=known.origin if known else Origin.RECEIVED,
            source=known.source if known else "recovered",
            recorded_at=self._clock.now(),
        )
        return Change(entry=entry, seen=known.stored if known else None)

    def _header(self, location: str, *, strict: bool) -> Header:
        with self._store.content(location).open() as stream:
            return read_stored(self._reader, stream, strict=strict)

    def _agrees(self, known: CatalogEntry, found: StoredObject) -> bool:
        """The catalog tells of these very bytes, or of other bytes that are still there."""
        if known.stored.location == found.location:
            return known.stored == found
        try:
            whole = is_whole(self._store, known)
        except FileroomError:
            whole = True  # bytes that cannot be read today are no reason to forget them
        if whole:
            # Replaced, or on its way to replace, when its process died or right now: nobody leads to it.
            log.warning(
                "%s is left over: instance %s is catalogued elsewhere",
                found.location,
                known.record.sop_instance_uid,
            )
        return whole
