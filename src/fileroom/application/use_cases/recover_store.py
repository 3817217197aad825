"""Brings store and catalog together again after a process died in the middle."""

import logging
from dataclasses import dataclass

from fileroom.application.filing import read_stored
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.object_store import ObjectStore
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.streams import closing_stream
from fileroom.domain.errors import FileroomError
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

    def __init__(self, *, store: ObjectStore, catalog: Catalog, reader: HeaderReader, clock: Clock) -> None:
        """Use these."""
        self._store = store
        self._catalog = catalog
        self._reader = reader
        self._clock = clock

    def execute(self, *, progress: ProgressSink, cancel: CancelToken) -> RecoverResult:
        """Look at everything that is in doubt.

        Raises:
            StorageError: the catalog could not be written; the next start tries again.
            Cancelled: the next start tries again.
        """
        examined = catalogued = 0
        with closing_stream(self._store.recover()) as locations:
            for location in locations:
                cancel.raise_if_cancelled()
                examined += 1
                catalogued += self._examine(location)
                progress.report(Progress(task="recovering", done=examined, item=location))
        if catalogued:
            log.info("catalogued %d of %d objects that a dead process had left out", catalogued, examined)
        return RecoverResult(examined=examined, catalogued=catalogued)

    def _examine(self, location: str) -> bool:
        try:
            stored = self._store.describe(location)
            header = self._header(location, strict=False)
        except FileroomError as error:
            log.warning("%s could not be recovered: %s", location, error.message)
            return False
        known = self._catalog.instance(header.record.sop_instance_uid)
        if known is not None and self._agrees(known.stored, stored):
            return False
        if known is not None and known.stored.location == location:
            try:
                self._header(location, strict=True)
            except FileroomError as error:
                log.warning("%s is damaged: %s", location, error.message)
                return False
        self._catalog.record(
            [
                CatalogEntry(
                    record=header.record,
                    stored=stored,
                    origin=known.origin if known else Origin.RECEIVED,
                    source=known.source if known else "recovered",
                    recorded_at=self._clock.now(),
                )
            ]
        )
        return True

    def _header(self, location: str, *, strict: bool) -> Header:
        with self._store.content(location).open() as stream:
            return read_stored(self._reader, stream, strict=strict)

    def _agrees(self, known: StoredObject, found: StoredObject) -> bool:
        """The catalog tells of these very bytes, or of other bytes that are still there."""
        if known.location == found.location:
            return known == found
        try:
            self._store.content(known.location).open().close()
        except FileroomError:
            return False
        return True
