"""Sending: every object gets its line, and what may succeed later is tried again."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import AcceptorEnd, MemoryNetwork, Proposal, rejection
from fileroom.adapters.dicom.memory.script import BytesContent, Fault
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.adapters.files.transcoding.transcoder import TreeTranscoder
from fileroom.adapters.sources.memory import MemoryCandidate, MemorySource
from fileroom.adapters.sources.source import AutoSource
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.outgoing import Holdings, Shipment, SyntaxChoice, outgoing, plan_shipments
from fileroom.application.ports.cancellation import NEVER, CancelToken
from fileroom.application.ports.dicom_client import DicomClient, Peer, ProposedContext, StoreSession
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.ports.transcoder import Transcoder
from fileroom.application.sending import SendOptions, ShipmentSender
from fileroom.application.use_cases.send_objects import SendObjects, SendRequest, SendResult
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import (
    AssociationRejected,
    Cancelled,
    InvalidDicom,
    NoAcceptedContext,
    NotFound,
    PeerUnreachable,
    Unreadable,
)
from fileroom.domain.node import Node
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.transfer import Transcoding, TransferOutcome
from tests.builders import CT_IMAGE_STORAGE, a_dicom_file, a_record, a_uid
from tests.unit.application.rooms import PatientToken, Room, data_of

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
SENT, WARNED, FAILED, NOT_ATTEMPTED = (
    TransferOutcome.SENT,
    TransferOutcome.WARNED,
    TransferOutcome.FAILED,
    TransferOutcome.NOT_ATTEMPTED,
)
STUDY = Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1),))


@dataclass
class Outbox:
    """A room with objects, and a peer to send them to."""

    room: Room = field(default_factory=Room)
    network: MemoryNetwork = field(default_factory=MemoryNetwork)
    nodes: MemoryNodeRepository = field(default_factory=MemoryNodeRepository)
    cancel: PatientToken = field(default_factory=PatientToken)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    source: ImportSource = field(default_factory=lambda: MemorySource({}))
    transcoder: Transcoder = field(default_factory=TreeTranscoder)
    peer: ScriptedPeer = field(init=False)

    def __post_init__(self) -> None:
        """Register the peer."""
        self.peer = ScriptedPeer(self.network)
        self.nodes.add(Node(name="pacs", ae_title=AeTitle("PEER"), host="peer", port=104))

    def with_instances(self, *numbers: int, study: int = 1) -> "Outbox":
        """Put instances into the room."""
        for number in numbers:
            assert self.room.send_in(a_record(number, study=study)).status == 0
        return self

    def send(
        self, request: SendRequest | None = None, *, progress: ProgressSink | None = None, **changes: object
    ) -> SendResult:
        """Send the study, or as the request says."""
        use_case = SendObjects(
            nodes=self.nodes,
            holdings=Holdings(catalog=lambda: self.room.catalog, store=lambda: self.room.store),
            source=self.source,
            reader=self.room.reader,
            client=self.client(),
            transcoder=self.transcoder,
            clock=self.room.clock,
        )
        request = request or SendRequest(target="pacs", selection=STUDY)
        request = replace(request, **changes)  # type: ignore[arg-type]
        return use_case.execute(request, progress=progress or self.progress, cancel=self.cancel)

    def client(self) -> DicomClient:
        """Return our end."""
        return MemoryDicomClient(self.network, AeTitle("FILEROOM"))

    def send_files(self, *paths: str | Path, recursive: bool = False) -> SendResult:
        """Send files."""
        return self.send(SendRequest(target="pacs", paths=tuple(map(Path, paths)), recursive=recursive))


def outcomes(result: SendResult) -> list[TransferOutcome]:
    return [line.outcome for line in result.report.lines]


def test_study_is_sent_byte_for_byte_over_one_association() -> None:
    box = Outbox().with_instances(1, 2, 3)
    result = box.send()
    assert outcomes(result) == [SENT, SENT, SENT]
    assert (result.report.sent, result.report.associations, result.report.cancelled) == (3, 1, False)
    assert result.report.bytes_sent == 3 * len(data_of())
    assert box.peer.received[a_record(2).sop_instance_uid].data == data_of(a_record(2))
    assert box.peer.requests == ["release"]
    line = result.report.lines[0]
    assert (line.status, line.attempts, line.why, line.hint) == (0, 1, "", "")


def test_progress_counts_every_object() -> None:
    box = Outbox().with_instances(1, 2)
    box.peer.script.store_statuses = {a_record(2).sop_instance_uid: 0xC001}
    box.send()
    assert [(one.done, one.total, one.failed) for one in box.progress.reports] == [(1, 2, 0), (2, 2, 1)]


def test_objects_go_to_an_address_that_is_no_node() -> None:
    box = Outbox().with_instances(1)
    result = box.send(target="peer:104", called_ae_title=AeTitle("PEER"))
    assert (result.report.sent, result.name, result.peer.ae_title) == (1, "peer:104", "PEER")


def test_send_fails_with_a_suggestion_when_the_node_is_unknown() -> None:
    with pytest.raises(NotFound) as caught:
        Outbox().with_instances(1).send(target="pcas")
    assert "'pacs'" in caught.value.hint


def test_send_fails_when_nothing_is_here_by_that_uid() -> None:
    with pytest.raises(NotFound):
        Outbox().send()


def test_object_is_converted_to_the_preferred_syntax_when_the_peer_takes_it() -> None:
    box = Outbox().with_instances(1)
    assert outcomes(box.send(preferred_transfer_syntax=DEFLATED)) == [SENT]
    assert box.peer.received[a_record(1).sop_instance_uid].transfer_syntax_uid == DEFLATED


def test_object_goes_as_it_is_when_the_peer_does_not_take_the_preferred_syntax() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.storage_syntaxes = (EXPLICIT, IMPLICIT)
    assert outcomes(box.send(preferred_transfer_syntax=DEFLATED)) == [SENT]
    assert box.peer.received[a_record(1).sop_instance_uid].data == data_of()


def test_object_is_converted_to_implicit_when_the_peer_takes_nothing_else() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.storage_syntaxes = (IMPLICIT,)
    assert outcomes(box.send()) == [SENT]
    received = box.peer.received[a_record(1).sop_instance_uid]
    assert received.transfer_syntax_uid == IMPLICIT
    assert received.data == data_of(a_record(1, transfer_syntax_uid=IMPLICIT))


def test_line_tells_to_what_an_object_was_converted() -> None:
    box = Outbox().with_instances(1, 2)
    assert [line.transcoded_to for line in box.send().report.lines] == ["", ""]
    box.peer.script.storage_syntaxes = (IMPLICIT,)
    report = box.send().report
    assert [line.transcoded_to for line in report.lines] == [IMPLICIT, IMPLICIT]
    assert report.transcoded == {IMPLICIT: 2}


def test_object_is_not_converted_where_that_is_not_wanted() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.storage_syntaxes = (IMPLICIT,)
    with pytest.raises(NoAcceptedContext) as caught:
        box.send(transcoding=Transcoding.NEVER)  # nothing else is to be sent, so there is no association
    assert "--transcode=fallback" in caught.value.hint
    assert not box.peer.received


def test_line_says_how_an_object_could_be_converted() -> None:
    box = Outbox().with_instances(1)
    box.room.send_in(a_record(2, transfer_syntax_uid=IMPLICIT))
    box.peer.script.storage_syntaxes = (IMPLICIT,)
    taken, refused = sorted(
        box.send(transcoding=Transcoding.NEVER).report.lines, key=lambda line: line.outcome is FAILED
    )
    assert (taken.outcome, taken.transcoded_to) == (SENT, "")
    assert (refused.outcome, refused.error_kind) == (FAILED, "no_accepted_context")
    assert refused.why.endswith("in Explicit VR Little Endian")
    assert "--transcode=fallback" in refused.hint


def test_preferred_syntax_is_of_no_use_where_nothing_is_converted() -> None:
    box = Outbox().with_instances(1)
    report = box.send(preferred_transfer_syntax=DEFLATED, transcoding=Transcoding.NEVER).report
    assert report.transcoded == {}
    assert box.peer.received[a_record(1).sop_instance_uid].transfer_syntax_uid == EXPLICIT


class _NeverConverts(TreeTranscoder):
    def convert(self, source: OutgoingObject, to_syntax_uid: str) -> OutgoingObject:
        raise InvalidDicom("the pixels cannot be decoded")


def test_line_tells_why_an_object_could_not_be_converted() -> None:
    box = Outbox(transcoder=_NeverConverts()).with_instances(1)
    box.peer.script.storage_syntaxes = (IMPLICIT,)
    (line,) = box.send().report.lines
    assert (line.outcome, line.why, line.error_kind) == (
        FAILED,
        "the pixels cannot be decoded",
        "invalid_dicom",
    )


def test_object_whose_class_the_peer_does_not_take_fails_and_the_others_go() -> None:
    box = Outbox().with_instances(1)
    box.room.send_in(a_record(2, sop_class_uid="1.2.840.10008.5.1.4.1.1.4"))
    box.peer.script.storage_classes = frozenset({CT_IMAGE_STORAGE})
    result = box.send()
    assert outcomes(result) == [SENT, FAILED]
    assert "MR Image Storage" in result.report.lines[1].why
    assert result.report.lines[1].error_kind == "no_accepted_context"


def test_send_fails_when_the_peer_takes_no_context_at_all() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.storage_classes = frozenset()
    with pytest.raises(NoAcceptedContext):
        box.send()


def test_object_that_the_peer_took_with_a_warning_counts_as_sent() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.store_statuses = {a_record(1).sop_instance_uid: 0xB000}
    result = box.send()
    assert (outcomes(result), result.report.sent, result.report.failures) == ([WARNED], 1, ())
    assert "coercion" in result.report.lines[0].why


def test_failure_status_is_told_in_words_and_not_tried_again() -> None:
    box = Outbox().with_instances(1, 2)
    box.peer.script.store_statuses = {a_record(1).sop_instance_uid: 0xC001}
    result = box.send()
    assert outcomes(result) == [FAILED, SENT]
    line = result.report.lines[0]
    assert (line.status, line.attempts, box.cancel.waits) == (0xC001, 1, [])
    assert "C001H" in line.why
    assert line.hint


def test_retryable_status_is_tried_again_with_longer_and_longer_waits() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.store_statuses = {a_record(1).sop_instance_uid: 0xA700}
    (line,) = box.send(retries=6).report.lines
    assert (line.outcome, line.attempts) == (FAILED, 7)
    assert box.cancel.waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]


class _RecoversWhileWaiting(PatientToken):
    def __init__(self, peer: ScriptedPeer) -> None:
        super().__init__()
        self.peer = peer

    def wait(self, seconds: float) -> bool:
        self.peer.script.store_statuses = {}
        self.peer.script.unreachable = False
        self.peer.script.refuse = None
        return super().wait(seconds)


def test_retryable_status_is_forgotten_when_the_peer_has_room_again() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.store_statuses = {a_record(1).sop_instance_uid: 0xA700}
    box.cancel = _RecoversWhileWaiting(box.peer)
    (line,) = box.send().report.lines
    assert (line.outcome, line.attempts, line.status) == (SENT, 2, 0)


def test_first_association_is_waited_for_when_the_peer_is_busy() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.refuse = RejectReason.LOCAL_LIMIT_EXCEEDED
    box.cancel = _RecoversWhileWaiting(box.peer)
    assert outcomes(box.send()) == [SENT]
    assert box.cancel.waits == [1.0]


@pytest.mark.parametrize(
    ("reason", "waits"),
    [
        (RejectReason.LOCAL_LIMIT_EXCEEDED, [1.0, 2.0]),
        (RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED, []),
    ],
)
def test_send_fails_when_the_association_stays_rejected(reason: RejectReason, waits: list[float]) -> None:
    box = Outbox().with_instances(1)
    box.peer.script.refuse = reason
    with pytest.raises(AssociationRejected):
        box.send()
    assert box.cancel.waits == waits


def test_send_fails_at_once_when_the_peer_cannot_be_reached() -> None:
    box = Outbox().with_instances(1)
    box.peer.script.unreachable = True
    with pytest.raises(PeerUnreachable):
        box.send()
    assert box.cancel.waits == []


@pytest.mark.parametrize("fault", Fault)
def test_object_is_sent_again_over_a_new_association_when_the_first_is_lost(fault: Fault) -> None:
    box = Outbox().with_instances(1, 2, 3, 4, 5)
    box.peer.script.faults = {Service.STORE: (fault, 2)}
    result = box.send()
    assert outcomes(result) == [SENT] * 5
    assert [line.attempts for line in result.report.lines] == [1, 1, 2, 1, 2]
    assert (result.report.associations, len(box.peer.received)) == (3, 5)


class DyingPeer(ScriptedPeer):
    """A peer that cannot be reached any more after so many associations."""

    lives = 1

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Accept the first ones."""
        self.script.unreachable = self.associations >= self.lives
        return super().associate(proposal)


@pytest.mark.parametrize("jobs", [1, 3])
def test_peer_that_is_gone_for_good_fails_what_was_in_flight_and_the_rest_is_not_attempted(jobs: int) -> None:
    box = Outbox().with_instances(*range(1, 9)).with_instances(1, 2, study=2)
    box.peer = DyingPeer(box.network, host="dying")
    box.nodes.add(Node(name="dying", ae_title=AeTitle("PEER"), host="dying", port=104))
    box.peer.script.faults = {Service.STORE: (Fault.DROPPED, 2)}
    result = box.send(
        target="dying", selection=Selection(level=QueryLevel.STUDY, study_instance_uids=()), jobs=jobs
    )
    counts = [result.report.count(one) for one in (SENT, FAILED, NOT_ATTEMPTED)]
    assert counts == [2, 1, 7]
    failed = next(line for line in result.report.lines if line.outcome is FAILED)
    assert (failed.attempts, failed.error_kind) == (3, "peer_unreachable")
    assert {line.why for line in result.report.failures} == {failed.why}
    assert len(result.report.lines) == 10


def test_later_shipments_are_not_attempted_when_the_peer_is_gone() -> None:
    box = Outbox()
    for number in range(200):
        box.room.send_in(a_record(number + 1, sop_class_uid=f"1.2.840.10008.5.1.4.1.1.{number + 1}"))
    box.peer = DyingPeer(box.network, host="dying")
    box.nodes.add(Node(name="dying", ae_title=AeTitle("PEER"), host="dying", port=104))
    result = box.send(target="dying")
    assert result.report.associations == 1
    assert outcomes(result) == [SENT] * 64 + [NOT_ATTEMPTED] * 136
    assert len(result.report.lines) == 200


def test_objects_are_split_over_associations_when_more_contexts_are_needed_than_one_holds() -> None:
    box = Outbox()
    for number in range(100):
        box.room.send_in(a_record(number + 1, sop_class_uid=f"1.2.840.10008.5.1.4.1.1.{number + 1}"))
    result = box.send()
    assert (result.report.sent, result.report.associations) == (100, 2)


def test_object_that_is_gone_fails_and_the_association_is_kept() -> None:
    box = Outbox().with_instances(1, 2, 3)
    box.room.store.delete(box.room.entry(a_record(1)).stored.location)
    result = box.send()
    assert outcomes(result) == [FAILED, SENT, SENT]
    assert (result.report.lines[0].error_kind, result.report.associations) == ("not_found", 1)


def test_object_whose_location_is_foreign_fails_and_the_others_go() -> None:
    box = Outbox().with_instances(1, 2)
    entry = box.room.entry(a_record(1))
    box.room.catalog.record([replace(entry, stored=replace(entry.stored, location="s3://elsewhere/1"))])
    assert outcomes(box.send()) == [FAILED, SENT]


class LimitedPeer(ScriptedPeer):
    """A peer that allows only so many associations at once."""

    limit = 2

    def __init__(self, network: MemoryNetwork, host: str) -> None:
        super().__init__(network, host=host)
        self.guard = threading.Lock()

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Refuse what is too much."""
        with self.guard:
            ended = self.requests.count("release") + self.requests.count("abort")
            if self.associations - ended >= self.limit:
                raise rejection(RejectReason.LOCAL_LIMIT_EXCEEDED)
            return super().associate(proposal)


def test_jobs_in_parallel_go_on_with_as_many_associations_as_the_peer_allows() -> None:
    box = Outbox().with_instances(*range(1, 41))
    box.peer = LimitedPeer(box.network, "limited")
    box.nodes.add(Node(name="limited", ae_title=AeTitle("PEER"), host="limited", port=104))
    result = box.send(target="limited", jobs=4)
    assert outcomes(result) == [SENT] * 40
    assert len(box.peer.received) == 40
    assert box.peer.requests.count("release") == result.report.associations


def test_jobs_are_no_more_than_objects() -> None:
    box = Outbox().with_instances(1, 2)
    assert box.send(jobs=8).report.associations <= 2


class _CancelsAt(ProgressSink):
    def __init__(self, cancel: PatientToken, at: int) -> None:
        self.cancel, self.at = cancel, at
        self.last = Progress(task="", done=0)

    def report(self, progress: Progress) -> None:
        self.last = progress
        self.cancel.cancelled = self.cancel.cancelled or progress.done >= self.at


@pytest.mark.parametrize("jobs", [1, 3])
def test_cancel_stops_after_the_objects_in_flight(jobs: int) -> None:
    box = Outbox().with_instances(*range(1, 31))
    progress = _CancelsAt(box.cancel, 2)
    result = box.send(jobs=jobs, progress=progress)
    assert result.report.cancelled
    assert (progress.last.done, progress.last.failed) == (result.report.sent, 0)
    assert len(result.report.lines) == 30
    assert result.report.sent == len(box.peer.received) >= 2
    assert result.report.count(SENT) + result.report.count(NOT_ATTEMPTED) == 30
    assert box.peer.requests.count("release") == result.report.associations


def test_cancel_while_waiting_ends_the_attempts() -> None:
    box = Outbox(cancel=PatientToken(cancel_after_waits=1)).with_instances(1, 2)
    box.peer.script.final_statuses = {Service.STORE: 0xA700}
    result = box.send()
    assert outcomes(result) == [FAILED, NOT_ATTEMPTED]
    assert (result.report.lines[0].attempts, result.report.lines[1].why) == (1, "cancelled")


def test_no_association_is_opened_when_it_was_cancelled_before() -> None:
    box = Outbox().with_instances(1)
    box.cancel.cancelled = True
    assert outcomes(box.send()) == [NOT_ATTEMPTED]
    assert box.peer.associations == 0


class _CancelsWhileOpening(MemoryDicomClient):
    """A client that is cancelled while it waits for an association: for the one with this number."""

    def __init__(self, box: Outbox, at: int) -> None:
        super().__init__(box.network, AeTitle("FILEROOM"))
        self.box, self.left = box, at

    def open_store(
        self, peer: Peer, contexts: Sequence[ProposedContext], cancel: CancelToken = NEVER
    ) -> StoreSession:
        self.left -= 1
        self.box.cancel.cancelled = self.box.cancel.cancelled or not self.left
        return super().open_store(peer, contexts, cancel)


def test_cancel_before_the_first_association_stands_sends_nothing() -> None:
    box = Outbox().with_instances(1, 2)
    sender, shipment = a_sender(box, jobs=1, client=_CancelsWhileOpening(box, 1))
    assert [(line.outcome, line.why) for line in sender.send(shipment)] == [(NOT_ATTEMPTED, "cancelled")] * 2
    assert (sender.associations, box.peer.associations) == (0, 0)


def test_cancel_before_another_lane_has_an_association_loses_no_line() -> None:
    box = Outbox().with_instances(*range(1, 11))
    sender, shipment = a_sender(box, jobs=2, client=_CancelsWhileOpening(box, 2))
    lines = list(sender.send(shipment))
    assert len(lines) == 10
    assert {line.outcome for line in lines} <= {SENT, NOT_ATTEMPTED}
    assert sum(line.outcome is SENT for line in lines) == len(box.peer.received)


def test_cancel_before_a_lost_association_is_replaced_tells_why_it_was_lost() -> None:
    box = Outbox().with_instances(1, 2)
    box.peer.script.faults[Service.STORE] = (Fault.DROPPED, 0)
    sender, shipment = a_sender(box, jobs=1, client=_CancelsWhileOpening(box, 2))
    first, second = sender.send(shipment)
    assert (first.outcome, first.attempts, first.error_kind) == (FAILED, 1, "peer_dropped")
    assert (second.outcome, second.why) == (NOT_ATTEMPTED, "cancelled")


# Shipments by themselves ---------------------------------------------------------------------------------------------


def a_sender(box: Outbox, *, jobs: int, client: DicomClient | None = None) -> tuple[ShipmentSender, Shipment]:
    syntaxes = SyntaxChoice(transcoder=box.transcoder)
    objects = [outgoing(entry, box.room.store) for entry in box.room.catalog.select(STUDY)]
    (shipment,) = plan_shipments(objects, syntaxes)
    sender = ShipmentSender(
        client=client or box.client(),
        syntaxes=syntaxes,
        peer=box.peer.peer,
        options=SendOptions(jobs=jobs),
        cancel=box.cancel,
    )
    return sender, shipment


@pytest.mark.parametrize("jobs", [1, 4])
def test_closing_the_lines_stops_after_the_objects_in_flight_and_releases(jobs: int) -> None:
    box = Outbox().with_instances(*range(1, 41))
    sender, shipment = a_sender(box, jobs=jobs)
    lines = sender.send(shipment)
    next(lines)
    assert isinstance(lines, Iterator)
    lines.close()  # type: ignore[attr-defined]
    assert box.peer.requests.count("release") == sender.associations
    assert threading.active_count() == 1 or not [
        t for t in threading.enumerate() if t.name.startswith("send")
    ]


@pytest.mark.parametrize("jobs", [1, 4])
def test_lines_that_are_never_asked_for_open_nothing(jobs: int) -> None:
    box = Outbox().with_instances(1)
    sender, shipment = a_sender(box, jobs=jobs)
    sender.send(shipment)
    assert (sender.associations, box.peer.associations) == (0, 0)


class _Buggy(BytesContent):
    def open(self) -> object:  # type: ignore[override]
        raise RuntimeError("a bug")


@pytest.mark.parametrize("jobs", [1, 4])
def test_bug_in_a_worker_is_raised_and_nothing_is_left_open(jobs: int) -> None:
    box = Outbox().with_instances(*range(1, 21))
    sender, shipment = a_sender(box, jobs=jobs)
    broken = replace(shipment.objects[5], content=_Buggy(b"data"), data_offset=0)
    objects = (*shipment.objects[:5], broken, *shipment.objects[6:])
    with pytest.raises(RuntimeError, match="a bug"):
        list(sender.send(Shipment(contexts=shipment.contexts, objects=objects)))
    ended = box.peer.requests.count("release") + box.peer.requests.count("abort")
    assert ended == sender.associations


# Files ---------------------------------------------------------------------------------------------------------------


class _Listed(ImportSource):
    def __init__(self, *found: Candidate | Refusal) -> None:
        self.found = found

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        return iter(self.found)


def test_files_of_a_folder_are_sent_and_what_is_no_dicom_is_passed_over(tmp_path: Path) -> None:
    box = Outbox(source=AutoSource())
    (tmp_path / "sub").mkdir()
    (tmp_path / "1.dcm").write_bytes(a_dicom_file(a_record(1)))
    (tmp_path / "sub" / "2.dcm").write_bytes(data_of(a_record(2)))
    (tmp_path / "readme.txt").write_text("hello")
    result = box.send_files(tmp_path, recursive=True)
    assert outcomes(result) == [SENT, SENT]
    assert box.peer.received[a_record(2).sop_instance_uid].data == data_of(a_record(2))
    assert [(one.name, one.named) for one in result.passed_over] == [(str(tmp_path / "readme.txt"), False)]


def test_folder_is_passed_over_without_recursive(tmp_path: Path) -> None:
    box = Outbox(source=AutoSource())
    (tmp_path / "folder").mkdir()
    (tmp_path / "1.dcm").write_bytes(a_dicom_file(a_record(1)))
    result = box.send_files(tmp_path / "folder", tmp_path / "1.dcm")
    assert result.report.sent == 1
    assert [(one.named, "--recursive" in one.why) for one in result.passed_over] == [(True, True)]


def test_send_fails_when_only_a_folder_is_named_without_recursive(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--recursive"):
        Outbox(source=AutoSource()).send_files(tmp_path)


def test_file_that_is_named_and_no_dicom_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "1.dcm").write_bytes(a_dicom_file(a_record(1)))
    result = Outbox(source=AutoSource()).send_files(tmp_path / "a.txt", tmp_path / "1.dcm")
    assert [one.named for one in result.passed_over] == [True]


def test_archive_entries_are_passed_over() -> None:
    box = Outbox(source=MemorySource({"a.zip!1": a_dicom_file(), "1.dcm": a_dicom_file(a_record(2))}))
    result = box.send_files("a.zip", "1.dcm")
    assert result.report.sent == 1
    assert ["archive" in one.why for one in result.passed_over] == [True]


def test_files_that_cannot_be_sent_are_passed_over_and_those_that_should_have_been_are_told(
    tmp_path: Path,
) -> None:
    source = _Listed(
        MemoryCandidate("in/1", a_dicom_file(), is_file=True),
        MemoryCandidate("in/2", Unreadable("permission denied"), is_file=True),
        MemoryCandidate("in/3", a_dicom_file(a_record(3))[:-9], is_file=True),
        Refusal(name="in/4", kind=RefusalKind.SKIPPED, why="a link"),
        Refusal(name="in/5", kind=RefusalKind.UNREADABLE, why="encrypted"),
        MemoryCandidate("in/6", b"This disc holds images.", is_file=True),
    )
    result = Outbox(source=source).send_files(tmp_path, recursive=True)
    assert result.report.sent == 1
    assert {one.name: one.named for one in result.passed_over} == {
        "in/2": True,
        "in/3": True,
        "in/4": False,
        "in/5": True,
        "in/6": False,
    }


def test_send_fails_when_a_path_does_not_exist() -> None:
    box = Outbox(source=MemorySource({"in/1": a_dicom_file()}))
    with pytest.raises(NotFound):
        box.send_files("in", "gone")
    assert box.peer.associations == 0


class _Shrinking(MemoryCandidate):
    """A file that is shorter each time that it is opened."""

    def open(self) -> BinaryIO:
        stream = super().open()
        self._content = stream.read()[:-100]
        stream.seek(0)
        return stream


def test_file_that_became_shorter_since_it_was_looked_at_fails_and_the_others_go() -> None:
    box = Outbox(
        source=_Listed(
            _Shrinking("in/1", a_dicom_file(a_record(1)), is_file=True),
            MemoryCandidate("in/2", a_dicom_file(a_record(2)), is_file=True),
        )
    )
    result = box.send_files("in")
    assert outcomes(result) == [FAILED, SENT]
    assert (result.report.lines[0].error_kind, result.report.associations) == ("unreadable", 2)


def test_cancel_while_files_are_looked_at_ends_it_before_anything_is_sent() -> None:
    box = Outbox(source=MemorySource({"in/1": a_dicom_file()}))
    box.cancel.cancelled = True
    with pytest.raises(Cancelled):
        box.send_files("in")
