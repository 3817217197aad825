"""Takes one object from the wire: bytes to the store as they come, then the duplicate check, then the answer.

Success is answered only when the object is in its place, durable as configured. Its entry in the catalog may follow,
within a moment or at the next start; `settle` waits for it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from fileroom.application.filing import InstanceFiler, Provenance
from fileroom.application.ports.dicom_server import Reception, StoreHandler, StoreReply, StoreRequest
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.object_store import ObjectStore, ObjectWriter
from fileroom.domain.errors import (
    FileroomError,
    InvalidDicom,
    LimitExceeded,
    NotFound,
    StorageError,
    Unreadable,
)
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import FilingOutcome
from fileroom.domain.records import Origin
from fileroom.domain.uid import clean_uid

log = logging.getLogger(__name__)

PREFIX_BYTES = 16 << 10
"""How much of a data set is kept to be scanned for its header while it passes; where that is not enough, the stored
file is read."""

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
OUT_OF_RESOURCES = 0xA700
DATA_SET_MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000


_FILED = StoreReply(status=SUCCESS)


class _DataSetMismatch(InvalidDicom):
    """The data set is not the object that the request announced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What became of one incoming object."""

    request: StoreRequest
    reply: StoreReply
    outcome: FilingOutcome | None
    """None where it could not be filed at all."""
    size: int
    """Bytes of the data set."""


class ReceptionObserver:
    """Hears of every object that ended, however it ended. Does nothing by itself; called from many threads."""

    def received(self, received: Received) -> None:
        """An object was answered."""

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """An object did not arrive whole."""


class ReceiveInstance(StoreHandler):
    """Files what peers send; safe to use from many associations at once."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        reader: HeaderReader,
        filer: InstanceFiler,
        max_object_bytes: int | None,
        our_ae_titles: Callable[[], frozenset[str]] = frozenset,
        observer: ReceptionObserver | None = None,
        retrieved_from: str = "",
    ) -> None:
        """Use these.

        `our_ae_titles` tells the titles under which we ask: an object that a C-MOVE of one of them brought was
        retrieved, not just received.
        `retrieved_from`: all that comes was retrieved from this node (C-GET).
        """
        self._store = store
        self._reader = reader
        self._filer = filer
        self._max_object_bytes = max_object_bytes
        self._our_ae_titles = our_ae_titles
        self._observer = observer or ReceptionObserver()
        self._retrieved_from = retrieved_from

    def observed_by(self, observer: ReceptionObserver, *, retrieved_from: str = "") -> "ReceiveInstance":
        """Return the same with an observer (and provenance) of its own."""
        return ReceiveInstance(
            store=self._store,
            reader=self._reader,
            filer=self._filer,
            max_object_bytes=self._max_object_bytes,
            our_ae_titles=self._our_ae_titles,
            observer=observer,
            retrieved_from=retrieved_from,
        )

    def settle(self) -> None:
        """See `StoreHandler.settle`."""
        self._filer.settle()

    def begin(self, request: StoreRequest) -> Reception:
        """Start to take an object."""
        return _Reception(request, self._store, self._reader, self._filer, self._max_object_bytes, self)

    def provenance(self, request: StoreRequest) -> Provenance:
        """Tell how the object of a request comes here."""
        if self._retrieved_from:
            return Provenance(origin=Origin.RETRIEVED, source=self._retrieved_from)
        originator = request.move_originator_ae_title.strip(" ")
        asked_for = bool(originator) and originator in self._our_ae_titles()
        return Provenance(
            origin=Origin.RETRIEVED if asked_for else Origin.RECEIVED,
            source=f"{request.caller.calling_ae_title}@{request.caller.address}",
        )

    @property
    def observer(self) -> ReceptionObserver:
        """Who hears of every object."""
        return self._observer


class _Reception(Reception):
    """One incoming object."""

    def __init__(  # noqa: PLR0917 - made in one place only
        self,
        request: StoreRequest,
        store: ObjectStore,
        reader: HeaderReader,
        filer: InstanceFiler,
        max_object_bytes: int | None,
        parent: ReceiveInstance,
    ) -> None:
        self._request = request
        self._store = store
        self._reader = reader
        self._filer = filer
        self._limit = max_object_bytes
        self._parent = parent
        self._prefix: list[bytes] = []
        self._prefix_size = 0
        self._size = 0
        self._header_size = 0
        self._failure: Exception | None = None
        self._writer: ObjectWriter | None = None

    def feed(self, parts: Sequence[memoryview]) -> None:
        if self._failure is not None:
            return
        try:
            size = self._size
            for part in parts:
                size += part.nbytes
                if (room := PREFIX_BYTES - self._prefix_size) > 0:
                    start = bytes(part[:room])
                    self._prefix.append(start)
                    self._prefix_size += len(start)
            self._check_size(size)
            self._open_writer().write(parts)
        except Exception as error:  # noqa: BLE001 - kept until finish() answers it
            self._fail(error)

    def _open_writer(self) -> ObjectWriter:
        if self._writer is None:
            header = encode_file_meta(
                sop_class_uid=self._request.sop_class_uid,
                sop_instance_uid=self._request.sop_instance_uid,
                transfer_syntax_uid=self._request.transfer_syntax_uid,
                source_ae_title=self._request.caller.calling_ae_title,
            )
            self._header_size = len(header)
            self._writer = self._store.begin(header)
        return self._writer

    def adopt(self, path: Path, data_offset: int) -> None:
        try:
            size = path.stat().st_size - data_offset
            self._writer = self._store.adopt(path, data_offset)
            self._header_size = data_offset
            self._check_size(size)
        except Exception as error:  # noqa: BLE001 - kept until finish() answers it
            self._fail(error)

    def _check_size(self, size: int) -> None:
        self._size = size
        if self._limit is not None and size > self._limit:
            raise LimitExceeded(f"the object is larger than the {self._limit} bytes that are taken here")

    def _fail(self, error: Exception) -> None:
        self._failure = error
        if self._writer is not None:
            self._writer.abort()

    def finish(self) -> StoreReply:
        outcome: FilingOutcome | None = None
        try:
            if self._failure is not None:
                raise self._failure
            outcome = self._file()
            reply = _FILED
            if outcome is FilingOutcome.REJECTED:
                reply = StoreReply(
                    status=DUPLICATE_SOP_INSTANCE,
                    error_comment="this SOP Instance UID is here with other content",
                )
        except Exception as error:  # noqa: BLE001 - every failure becomes a status
            reply = self._refuse(error)
        received = Received(request=self._request, reply=reply, outcome=outcome, size=self._size)
        self._tell(lambda observer: observer.received(received))
        return reply

    def _tell(self, news: Callable[[ReceptionObserver], None]) -> None:
        """Tell the observer; its bugs must not change what is answered."""
        try:
            news(self._parent.observer)
        except Exception:
            log.exception("the end of instance %s was not noted", self._request.sop_instance_uid)

    def _file(self) -> FilingOutcome:
        writer = self._open_writer()
        try:
            header = self._read_header(writer)
            _check_announced("SOP Instance", header.record.sop_instance_uid, self._request.sop_instance_uid)
            _check_announced("SOP Class", header.record.sop_class_uid, self._request.sop_class_uid)
        except BaseException:
            writer.abort()
            raise
        return self._filer.file(writer, header.record, self._parent.provenance(self._request)).outcome

    def _read_header(self, writer: ObjectWriter) -> Header:
        syntax = self._request.transfer_syntax_uid
        if self._prefix_size:
            whole = self._size <= self._prefix_size
            header = self._reader.read_data_set(BytesIO(b"".join(self._prefix)), syntax, complete=whole)
            if header is not None:
                return header
        with writer.reread() as stream:
            stream.seek(self._header_size)
            header = self._reader.read_data_set(stream, syntax)
        if header is None:
            raise InvalidDicom("the data set ends before its identifiers")
        return header

    def _refuse(self, error: Exception) -> StoreReply:
        # A path or a system's message is nothing that a peer should read: only what is about its object is told.
        match error:
            case _DataSetMismatch():
                reply = StoreReply(status=DATA_SET_MISMATCH, error_comment=error.message)
            case InvalidDicom() | LimitExceeded():
                reply = StoreReply(status=CANNOT_UNDERSTAND, error_comment=error.message)
            case StorageError() | NotFound() | Unreadable():
                reply = StoreReply(status=OUT_OF_RESOURCES, error_comment="storage is not available")
            case _:
                reply = StoreReply(status=PROCESSING_FAILURE, error_comment="internal error, see the log")
        uid, status = self._request.sop_instance_uid, reply.status
        if isinstance(error, FileroomError):
            log.warning("instance %s was refused with %04XH: %s", uid, status, error.message)
        else:
            log.error("instance %s was refused with %04XH", uid, status, exc_info=error)
        return reply

    def abandon(self, why: str) -> None:
        if self._writer is not None:
            self._writer.abort()
        log.warning("instance %s did not arrive whole: %s", self._request.sop_instance_uid, why)
        self._tell(lambda observer: observer.abandoned(self._request, why))


def _check_announced(what: str, found: str, announced: str) -> None:
    """Check a UID of the data set against that of the request; what either of them lacks cannot differ."""
    if found == announced:
        return
    found, announced = clean_uid(found), clean_uid(announced)
    if found and announced and found != announced:
        raise _DataSetMismatch(f"the data set has another {what} UID than the request")
