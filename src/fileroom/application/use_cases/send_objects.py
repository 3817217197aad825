"""Sends instances of the catalog, or files, to a node (C-STORE)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from fileroom.application.outgoing import Holdings, SyntaxChoice, plan_shipments
from fileroom.application.peers import find_peer
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.header_reader import HeaderReader
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.ports.transcoder import Transcoder
from fileroom.application.sending import SendOptions, ShipmentSender, not_attempted
from fileroom.application.streams import closing_stream
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import (
    FileroomError,
    InvalidDicom,
    NoAcceptedContext,
    NotDicom,
    NotFound,
    PeerError,
)
from fileroom.domain.query import Selection
from fileroom.domain.transfer import Transcoding, TransferLine, TransferOutcome, TransferReport


@dataclass(frozen=True, kw_only=True, slots=True)
class SendRequest:
    """What to send, and whereto: either a selection of the catalog or paths."""

    target: str
    """A node's name, or HOST:PORT."""
    called_ae_title: AeTitle | None = None
    """Instead of the node's; for HOST:PORT the default is ANY-SCP."""
    selection: Selection | None = None
    """Instances of the catalog."""
    paths: tuple[Path, ...] = ()
    """Files, or folders where `recursive` is set."""
    recursive: bool = False
    """Look into folders and what lies below them."""
    jobs: int = 1
    """Associations in parallel."""
    retries: int = 2
    """Further attempts for an object that may succeed later."""
    preferred_transfer_syntax: str = ""
    """UID to convert to where the peer takes it; '' sends objects as they are."""
    transcoding: Transcoding = Transcoding.FALLBACK


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOver:
    """A file that was found but cannot be sent."""

    name: str
    why: str
    named: bool
    """It is a failure and is named: the caller named this very file, or it is damaged or unreadable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SendResult:
    """What became of it."""

    name: str
    """The target as it was asked for."""
    peer: Peer
    report: TransferReport
    passed_over: tuple[PassedOver, ...] = ()


class _FileContent(ObjectContent):
    """A candidate that is a regular file, as something to send."""

    def __init__(self, candidate: Candidate, size: int) -> None:
        self._candidate = candidate
        self._size = size

    @property
    def path(self) -> Path | None:
        return self._candidate.path

    @property
    def size(self) -> int:
        return self._size

    def open(self) -> BinaryIO:
        return self._candidate.open()


@dataclass(frozen=True, slots=True)
class _Scan:
    objects: list[OutgoingObject] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


class _Ledger:
    """The lines so far, and the progress that they make."""

    def __init__(self, total: int, progress: ProgressSink) -> None:
        self.lines: list[TransferLine] = []
        self.associations = 0
        self._total = total
        self._progress = progress
        self._done = 0
        self._failed = 0
        self._bytes = 0

    def note(self, lines: Iterable[TransferLine]) -> None:
        for line in lines:
            self.lines.append(line)
            if line.outcome is TransferOutcome.NOT_ATTEMPTED:  # it is told at the end, and was no progress
                continue
            self._done += 1
            self._failed += line.outcome is TransferOutcome.FAILED
            self._bytes += line.bytes
            self._progress.report(
                Progress(
                    task="sending",
                    done=self._done,
                    total=self._total,
                    failed=self._failed,
                    bytes_done=self._bytes,
                    item=line.sop_instance_uid,
                )
            )


class SendObjects:
    """Sends objects and keeps a line for each."""

    def __init__(
        self,
        *,
        nodes: NodeRepository,
        holdings: Holdings,
        source: ImportSource,
        reader: HeaderReader,
        client: DicomClient,
        transcoder: Transcoder,
        clock: Clock,
    ) -> None:
        """Use these."""
        self._nodes = nodes
        self._holdings = holdings
        self._source = source
        self._reader = reader
        self._client = client
        self._transcoder = transcoder
        self._clock = clock

    def execute(self, request: SendRequest, *, progress: ProgressSink, cancel: CancelToken) -> SendResult:
        """Send everything, in parallel where that is asked for.

        Raises:
            NotFound: no such node; nothing here by that UID; a path that does not exist; no DICOM file found.
            PeerError: no association could be opened at all.
        """
        peer, name = find_peer(self._nodes, request.target, request.called_ae_title)
        scan = self._scan(request, progress, cancel)
        started = self._clock.monotonic()
        ledger = _Ledger(len(scan.objects), progress)
        syntaxes = SyntaxChoice(
            transcoder=self._transcoder,
            preferred=request.preferred_transfer_syntax,
            transcoding=request.transcoding,
        )
        lost: PeerError | None = None
        for shipment in plan_shipments(scan.objects, syntaxes):
            if lost is not None and not isinstance(lost, NoAcceptedContext):
                # The peer is gone: one attempt tells as much as many.
                ledger.note(not_attempted(each, lost) for each in shipment.objects)
                continue
            sender = ShipmentSender(
                client=self._client,
                syntaxes=syntaxes,
                peer=peer,
                options=SendOptions(jobs=request.jobs, retries=request.retries),
                cancel=cancel,
            )
            try:
                with closing_stream(sender.send(shipment)) as sent:
                    ledger.note(sent)
            except PeerError as error:
                lost = error
                ledger.note(not_attempted(each, error) for each in shipment.objects)
            ledger.associations += sender.associations
        if lost is not None and not ledger.associations:
            raise lost
        report = TransferReport(
            lines=tuple(ledger.lines),
            seconds=self._clock.monotonic() - started,
            associations=ledger.associations,
            cancelled=cancel.is_cancelled(),
        )
        return SendResult(name=name, peer=peer, report=report, passed_over=tuple(scan.passed_over))

    def _scan(self, request: SendRequest, progress: ProgressSink, cancel: CancelToken) -> _Scan:
        if request.selection is not None:
            objects = list(self._holdings.select(request.selection))
            if not objects:
                level, uids = request.selection.level, request.selection.keys()
                raise NotFound(
                    f"there is no {level.entity} {uids.get(level.unique_key, '')} here",
                    hint="see `fileroom local studies`",
                )
            return _Scan(objects)
        scan = _Scan()
        for path in request.paths:
            if path.is_dir() and not request.recursive:
                scan.passed_over.append(
                    PassedOver(
                        name=str(path),
                        why="it is a folder: add --recursive to send what it holds",
                        named=True,
                    )
                )
                continue
            for found in self._look(path):
                cancel.raise_if_cancelled()
                if isinstance(found, PassedOver):
                    scan.passed_over.append(found)
                else:
                    scan.objects.append(found)
                progress.report(
                    Progress(task="scanning", done=len(scan.objects) + len(scan.passed_over), item=str(path))
                )
        if not scan.objects:
            why = f": {scan.passed_over[0].name}: {scan.passed_over[0].why}" if scan.passed_over else ""
            raise NotFound(f"no DICOM file to send was found{why}")
        return scan

    def _look(self, path: Path) -> Iterator[OutgoingObject | PassedOver]:
        named = not path.is_dir()
        for candidate in self._source.candidates(path):
            if isinstance(candidate, Refusal):
                unreadable = candidate.kind is RefusalKind.UNREADABLE
                yield PassedOver(name=candidate.name, why=candidate.why, named=named or unreadable)
                continue
            if candidate.path is None:
                why = "it is inside an archive: import that first"
                yield PassedOver(name=candidate.name, why=why, named=named)
                continue
            try:
                with candidate.open() as stream:
                    header = self._reader.read(stream)
                    size = stream.seek(0, SEEK_END)
                if header is None:
                    raise InvalidDicom("it ends before its identifiers")
            except FileroomError as error:
                yield PassedOver(
                    name=candidate.name, why=error.message, named=named or not isinstance(error, NotDicom)
                )
                continue
            yield OutgoingObject(
                sop_class_uid=header.record.sop_class_uid,
                sop_instance_uid=header.record.sop_instance_uid,
                study_instance_uid=header.record.study_instance_uid,
                transfer_syntax_uid=header.record.transfer_syntax_uid,
                data_offset=header.data_offset,
                content=_FileContent(candidate, size),
                name=candidate.name,
            )
