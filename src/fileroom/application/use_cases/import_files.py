"""Files what is in files, folders and archives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fileroom.application.filing import InstanceFiler, Provenance
from fileroom.application.filing_batch import FilingBatch
from fileroom.application.filing_decisions import Filed
from fileroom.application.import_ledger import DuplicateCounts, FailureKind, ImportFailure, ImportLedger
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.application.ports.object_store import ObjectStore, ObjectWriter
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.domain.errors import (
    InvalidDicom,
    LimitExceeded,
    NotDicom,
    NotFound,
    StorageError,
    StorageFull,
    Unreadable,
)
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.records import Origin

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


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What became of it."""

    scanned_files: int
    """Everything that was looked at, refused names included."""
    accepted: int
    """Filed anew; replaced ones included."""
    duplicates: DuplicateCounts
    invalid_dicom: int
    """Damaged objects, and files that are no DICOM at all."""
    not_dicom: int
    """Those among them that are no DICOM at all and were found in a folder or an archive: expected company."""
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
    """Why the import ended before its end: no room is left."""

    @property
    def is_complete(self) -> bool:
        """Every DICOM object that was found is here now."""
        damaged = self.invalid_dicom - self.not_dicom
        failed = damaged + self.unreadable + self.skipped + self.failed + self.duplicates.conflict_rejected
        return not failed and not self.cancelled and not self.stopped_by


class ImportFiles:
    """Copies (or refers to) DICOM objects and catalogues them; memory stays flat."""

    def __init__(
        self,
        *,
        source: ImportSource,
        store: ObjectStore,
        reader: HeaderReader,
        filer: InstanceFiler,
        clock: Clock,
        max_object_bytes: int | None = None,
        max_total_files: int | None = None,
    ) -> None:
        """Use these."""
        self._source = source
        self._store = store
        self._reader = reader
        self._filer = filer
        self._clock = clock
        self._max_object_bytes = max_object_bytes
        self._max_total_files = max_total_files

    def execute(self, request: ImportRequest, *, progress: ProgressSink, cancel: CancelToken) -> ImportResult:
        """Import everything that can be; what cannot is told file by file.

        Raises:
            NotFound: a path does not exist; nothing was imported.
        """
        started = self._clock.monotonic()
        ledger = ImportLedger()
        # All sources are asked before the first one is read, so that a wrong path is told before anything is done.
        sources = [(path, self._source.candidates(path)) for path in request.paths]
        with self._batch(ledger) as batch:
            for found in self._each(sources):
                if cancel.is_cancelled():
                    break
                ledger.scanned += 1
                self._take(found, request, batch, ledger)
                progress.report(
                    Progress(
                        task="importing",
                        done=ledger.scanned,
                        failed=ledger.failed,
                        bytes_done=ledger.bytes,
                        item=found.name,
                    )
                )
                if ledger.stopped_by:
                    break
        kinds = ledger.kinds
        return ImportResult(
            scanned_files=ledger.scanned,
            accepted=ledger.accepted,
            duplicates=ledger.duplicates(),
            invalid_dicom=kinds[FailureKind.INVALID_DICOM] + ledger.not_dicom,
            not_dicom=ledger.not_dicom,
            unreadable=kinds[FailureKind.UNREADABLE],
            skipped=kinds[FailureKind.SKIPPED],
            failed=kinds[FailureKind.STORAGE],
            failed_cleanup=self._store.failed_cleanups(),
            bytes=ledger.bytes,
            seconds=self._clock.monotonic() - started,
            failures=tuple(ledger.failures),
            cancelled=cancel.is_cancelled(),
            stopped_by=ledger.stopped_by,
        )

    def _each(
        self, sources: list[tuple[Path, Iterator[Candidate | Refusal]]]
    ) -> Iterator[Candidate | Refusal]:
        """Yield what all sources hold, up to the limit on one import."""
        most, count = self._max_total_files, 0
        for path, candidates in sources:
            try:
                for found in candidates:
                    if most is not None and count >= most:
                        why = f"more than the {most} files of max_import_total_files; the rest was not looked at"
                        yield Refusal(name=str(path), kind=RefusalKind.SKIPPED, why=why)
                        return
                    count += 1
                    yield found
            except NotFound as error:  # it went away since it was asked
                yield Refusal(name=str(path), kind=RefusalKind.UNREADABLE, why=error.message)

    @contextmanager
    def _batch(self, ledger: ImportLedger) -> Iterator[FilingBatch]:
        """Have a batch that is written at the end, whatever ends the import: its objects are in the store already."""
        batch = self._filer.new_batch()
        try:
            yield batch
        finally:
            try:
                settled = batch.flush()
            except StorageError as error:
                ledger.not_written(error)
                ledger.stopped_by = error.message
            else:
                ledger.written(settled)

    def _take(
        self, found: Candidate | Refusal, request: ImportRequest, batch: FilingBatch, ledger: ImportLedger
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
        except (InvalidDicom, LimitExceeded, Unreadable, NotFound, StorageError) as error:
            if isinstance(error, NotDicom) and found.path not in request.paths:
                ledger.pass_over(found.name, error.message)
                return
            ledger.fail(found.name, FailureKind.of(error), error.message, error.hint)
            if isinstance(error, StorageError) and batch.is_empty:
                ledger.not_written(error)  # a batch that could not be written has withdrawn its objects
            if isinstance(error, StorageFull):
                ledger.stopped_by = error.message
        else:
            ledger.filed(found.name, filed)
            if batch.is_empty:
                ledger.written(batch.take_settled())

    def _refer(self, found: Candidate, stream: BinaryIO, batch: FilingBatch) -> Filed:
        if found.path is None:
            raise LimitExceeded(
                "an archive's entry cannot be indexed in place", hint="import it without --in-place"
            )
        header = self._whole(stream)
        stored = self._store.reference(found.path, header.data_offset)
        provenance = Provenance(origin=Origin.IMPORTED, source=found.name)
        return self._filer.refer(stored, header.record, provenance, batch)

    def _whole(self, stream: BinaryIO) -> Header:
        header = self._reader.read(stream)
        if header is None:
            raise InvalidDicom("it ends before its identifiers")
        return header

    def _copy(self, found: Candidate, stream: BinaryIO, batch: FilingBatch) -> Filed:
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
        return self._filer.file(writer, header.record, provenance, batch)

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
        size = 0
        chunk = start
        while chunk:
            size += chunk.nbytes
            if limit is not None and size > limit:
                raise LimitExceeded(
                    f"it is larger than the {limit} bytes that are taken here",
                    hint="raise [import] max_store_object_bytes",
                )
            writer.write([chunk])
            chunk = memoryview(stream.read(CHUNK_BYTES))


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end (a stream may give less than it was asked for)."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
