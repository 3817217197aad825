"""Files what is in files, folders and archives."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fileroom.application.filing import Filed, FilingBatch, InstanceFiler, Provenance
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.application.ports.object_store import ObjectStore, ObjectWriter
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.domain.errors import (
    FileroomError,
    InvalidDicom,
    LimitExceeded,
    NotFound,
    StorageError,
    StorageFull,
    Unreadable,
)
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import FilingOutcome
from fileroom.domain.records import Origin

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
PREFIX_BYTES = 256 << 10
"""How much of a file is looked at before anything is written: what is no DICOM leaves no trace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRequest:
    """What to import."""

    paths: tuple[Path, ...]
    """Files, folders, ZIP archives."""
    in_place: bool = False
    """Index files where they are instead of copying them; entries of archives cannot be."""


class FailureKind(StrEnum):
    """Why one file was not filed."""

    INVALID_DICOM = "invalid_dicom"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    STORAGE = "storage"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportFailure:
    """One file that was not filed."""

    name: str
    kind: FailureKind
    why: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateCounts:
    """Duplicates by cause."""

    identical: int = 0
    """Here already with the same content."""
    conflict_rejected: int = 0
    """Here already with other content; refused."""
    conflict_replaced: int = 0
    """Here already with other content; the new one took its place."""
    conflict_ignored: int = 0
    """Here already with other content; the old one was kept."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.identical + self.conflict_rejected + self.conflict_replaced + self.conflict_ignored


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What became of it."""

    scanned_files: int
    """Everything that was looked at, refused names included."""
    accepted: int
    """Filed anew; replaced ones included."""
    duplicates: DuplicateCounts
    invalid_dicom: int
    unreadable: int
    skipped: int
    failed: int
    """Could not be written."""
    failed_cleanup: int
    """Temporary files that could not be removed."""
    bytes: int
    """Bytes of the files that were accepted."""
    seconds: float
    failures: tuple[ImportFailure, ...]
    """The first ones of each kind by name; the counters count all."""
    cancelled: bool
    stopped_by: str = ""
    """Why the import ended before its end: no room is left, or too many files."""


MAX_FAILURES_KEPT = 1000
_KEPT = {
    FilingOutcome.DUPLICATE: "identical",
    FilingOutcome.REJECTED: "conflict_rejected",
    FilingOutcome.REPLACED: "conflict_replaced",
    FilingOutcome.IGNORED: "conflict_ignored",
}


class _Ledger:
    """Counts what became of each file; entries that are not in the catalog yet are counted when they are."""

    def __init__(self) -> None:
        self.scanned = 0
        self.accepted = 0
        self.bytes = 0
        self.kinds: Counter[FailureKind] = Counter()
        self.duplicates: Counter[str] = Counter()
        self.failures: list[ImportFailure] = []
        self.stopped_by = ""
        self._unwritten: list[tuple[str, Filed]] = []

    def fail(self, name: str, kind: FailureKind, why: str, hint: str = "") -> None:
        self.kinds[kind] += 1
        if len(self.failures) < MAX_FAILURES_KEPT:
            self.failures.append(ImportFailure(name=name, kind=kind, why=why, hint=hint))
        log.info("%s: %s", name, why)

    def filed(self, name: str, filed: Filed) -> None:
        if cause := _KEPT.get(filed.outcome):
            self.duplicates[cause] += 1
        if filed.outcome is FilingOutcome.REJECTED:
            if len(self.failures) < MAX_FAILURES_KEPT:
                self.failures.append(
                    ImportFailure(
                        name=name,
                        kind=FailureKind.CONFLICT,
                        why=f"instance {filed.entry.record.sop_instance_uid} is here with other content",
                        hint="set [objects] duplicates to replace or ignore, or remove one of the two",
                    )
                )
        elif filed.outcome in (FilingOutcome.STORED, FilingOutcome.REPLACED):
            self.accepted += 1
            self.bytes += filed.entry.stored.size
            self._unwritten.append((name, filed))

    def written(self) -> None:
        self._unwritten.clear()

    def not_written(self, error: FileroomError) -> None:
        """The catalog could not be written: what was counted since the last time it could was not accepted."""
        for name, filed in self._unwritten:
            self.accepted -= 1
            self.bytes -= filed.entry.stored.size
            self.fail(name, FailureKind.STORAGE, error.message, error.hint)
        self._unwritten.clear()


class ImportFiles:
    """Copies (or refers to) DICOM objects and catalogues them; memory stays flat."""

    def __init__(
        self,
        *,
        source: ImportSource,
        store: ObjectStore,
        catalog: Catalog,
        reader: HeaderReader,
        filer: InstanceFiler,
        clock: Clock,
        max_object_bytes: int | None = None,
    ) -> None:
        """Use these."""
        self._source = source
        self._store = store
        self._catalog = catalog
        self._reader = reader
        self._filer = filer
        self._clock = clock
        self._max_object_bytes = max_object_bytes

    def execute(self, request: ImportRequest, *, progress: ProgressSink, cancel: CancelToken) -> ImportResult:
        """Import everything that can be; what cannot is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was imported.
        """
        for path in request.paths:
            if not path.exists():
                raise NotFound(f"{path} does not exist")
        started = self._clock.monotonic()
        ledger = _Ledger()
        batch = _WatchedBatch(FilingBatch(self._catalog, self._store), ledger)
        for found in self._candidates(request.paths):
            if cancel.is_cancelled():
                break
            ledger.scanned += 1
            self._take(found, request, batch, ledger)
            progress.report(
                Progress(
                    task="importing",
                    done=ledger.scanned,
                    failed=sum(ledger.kinds.values()),
                    bytes_done=ledger.bytes,
                    item=found.name,
                )
            )
            if ledger.stopped_by:
                break
        batch.flush()
        return ImportResult(
            scanned_files=ledger.scanned,
            accepted=ledger.accepted,
            duplicates=DuplicateCounts(**ledger.duplicates),
            invalid_dicom=ledger.kinds[FailureKind.INVALID_DICOM],
            unreadable=ledger.kinds[FailureKind.UNREADABLE],
            skipped=ledger.kinds[FailureKind.SKIPPED],
            failed=ledger.kinds[FailureKind.STORAGE],
            failed_cleanup=self._store.failed_cleanups(),
            bytes=ledger.bytes,
            seconds=self._clock.monotonic() - started,
            failures=tuple(ledger.failures),
            cancelled=cancel.is_cancelled(),
            stopped_by=ledger.stopped_by,
        )

    def _candidates(self, paths: tuple[Path, ...]) -> Iterator[Candidate | Refusal]:
        for path in paths:
            yield from self._source.candidates(path)

    def _take(
        self, found: Candidate | Refusal, request: ImportRequest, batch: "_WatchedBatch", ledger: _Ledger
    ) -> None:
        if isinstance(found, Refusal):
            kind = FailureKind.UNREADABLE if found.kind is RefusalKind.UNREADABLE else FailureKind.SKIPPED
            ledger.fail(found.name, kind, found.why)
            return
        try:
            with found.open() as stream:
                filed = (
                    self._refer(found, stream, batch)
                    if request.in_place
                    else self._copy(found, stream, batch)
                )
        except InvalidDicom as error:
            ledger.fail(found.name, FailureKind.INVALID_DICOM, error.message, error.hint)
        except LimitExceeded as error:
            ledger.fail(found.name, FailureKind.SKIPPED, error.message, error.hint)
        except (Unreadable, NotFound) as error:
            ledger.fail(found.name, FailureKind.UNREADABLE, error.message, error.hint)
        except StorageError as error:
            ledger.fail(found.name, FailureKind.STORAGE, error.message, error.hint)
            batch.note_lost_if_empty(error)
            if isinstance(error, StorageFull):
                ledger.stopped_by = error.message
        else:
            ledger.filed(found.name, filed)
            batch.note_written_if_empty()

    def _refer(self, found: Candidate, stream: BinaryIO, batch: "_WatchedBatch") -> Filed:
        if found.path is None:
            raise LimitExceeded(
                "an archive's entry cannot be indexed in place", hint="import it without --in-place"
            )
        header = self._whole(stream)
        stored = self._store.reference(found.path, header.data_offset)
        provenance = Provenance(origin=Origin.IMPORTED, source=found.name)
        return self._filer.refer(stored, header.record, provenance, batch.batch)

    def _whole(self, stream: BinaryIO) -> Header:
        header = self._reader.read(stream)
        if header is None:
            raise InvalidDicom("it ends before its identifiers")
        return header

    def _copy(self, found: Candidate, stream: BinaryIO, batch: "_WatchedBatch") -> Filed:
        prefix = _read_up_to(stream, PREFIX_BYTES)
        whole = len(prefix) < PREFIX_BYTES
        # Refuses what is no DICOM at all before a byte of it is written.
        header = self._reader.read(BytesIO(prefix), complete=whole)
        offset, meta = (header.data_offset, self._meta_of(header, prefix)) if header else (0, b"")
        writer = self._store.begin(meta)
        try:
            self._fill(writer, memoryview(prefix)[offset:], stream, found)
            if not whole:
                # The whole structure is checked on the stored bytes, so that a truncated file is refused.
                with writer.reread() as stored:
                    late = self._whole(stored)
                if header is None:
                    # It did not fit into the prefix: write again, now that is known where the data set begins.
                    header, writer = late, self._rewritten(writer, late)
            if header is None:
                raise InvalidDicom("it ends before its identifiers")
        except BaseException:
            writer.abort()
            raise
        provenance = Provenance(origin=Origin.IMPORTED, source=found.name)
        return self._filer.file(writer, header.record, provenance, batch.batch)

    def _meta_of(self, header: Header, prefix: bytes) -> bytes:
        """Return the file's own preamble and meta, or new ones where it has none."""
        if header.has_file_meta:
            return prefix[: header.data_offset]
        return encode_file_meta(
            sop_class_uid=header.record.sop_class_uid,
            sop_instance_uid=header.record.sop_instance_uid,
            transfer_syntax_uid=header.record.transfer_syntax_uid,
        )

    def _rewritten(self, writer: ObjectWriter, header: Header) -> ObjectWriter:
        with writer.reread() as stored:
            head = stored.read(header.data_offset)
            again = self._store.begin(self._meta_of(header, head))
            try:
                while chunk := stored.read(CHUNK_BYTES):
                    again.write([memoryview(chunk)])
            except BaseException:
                again.abort()
                raise
        writer.abort()
        return again

    def _fill(self, writer: ObjectWriter, start: memoryview, stream: BinaryIO, found: Candidate) -> None:
        limit = self._max_object_bytes
        size = start.nbytes
        writer.write([start])
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if limit is not None and size > limit:
                raise LimitExceeded(f"{found.name} is larger than the {limit} bytes that are taken here")
            writer.write([memoryview(chunk)])


class _WatchedBatch:
    """A batch whose success and failure the ledger hears of."""

    def __init__(self, batch: FilingBatch, ledger: _Ledger) -> None:
        self.batch = batch
        self._ledger = ledger

    def note_written_if_empty(self) -> None:
        if self.batch.is_empty:
            self._ledger.written()

    def note_lost_if_empty(self, error: StorageError) -> None:
        """A flush that failed has withdrawn its objects and left the batch empty."""
        if self.batch.is_empty:
            self._ledger.not_written(error)

    def flush(self) -> None:
        try:
            self.batch.flush()
        except StorageError as error:
            self._ledger.not_written(error)
            self._ledger.stopped_by = error.message
        else:
            self._ledger.written()


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end (a stream may give less than it was asked for)."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
