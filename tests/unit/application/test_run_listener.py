"""The listener: who is let in, what is counted, and how it starts and stops."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork, Proposal
from fileroom.adapters.dicom.memory.script import BytesContent
from fileroom.adapters.dicom.memory.server import MemoryDicomServer
from fileroom.adapters.system.listener_presence import MemoryListenerPresence
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.listener_activity import ListenerActivity, ListenerCounts
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.application.ports.dicom_server import Caller, ListenerOptions, Listening, RejectReason
from fileroom.application.ports.listener_presence import ListenerInfo
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.application.use_cases.answer_query import AnswerQuery
from fileroom.application.use_cases.recover_store import RecoverStore
from fileroom.application.use_cases.run_listener import (
    GRACE_SECONDS,
    ListenerResult,
    ListenerStarted,
    RunListener,
)
from fileroom.domain.access import AccessPolicy, parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import (
    AssociationRejected,
    Conflict,
    FileroomError,
    NoAcceptedContext,
    PeerUnreachable,
    StorageFull,
    Unreadable,
)
from fileroom.domain.query import Query, QueryLevel
from fileroom.domain.records import InstanceRecord
from fileroom.domain.sop_classes import VERIFICATION
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_record, a_uid
from tests.unit.application.rooms import EventfulToken, PatientToken, Room, data_of

PORT = 11112
US = Peer(ae_title=AeTitle("FILEROOM"), host="127.0.0.1", port=PORT)
CONTEXT = ProposedContext(sop_class_uid=CT_IMAGE_STORAGE, transfer_syntax_uids=(EXPLICIT_VR_LITTLE_ENDIAN,))


class _Heard(ListenerStarted):
    def __init__(self) -> None:
        self.infos: list[ListenerInfo] = []

    def started(self, info: ListenerInfo, listening: Listening, activity: ListenerActivity) -> None:
        self.infos.append(info)


@dataclass
class Station:
    """A listener that can be run, and peers that call it while it waits."""

    access: AccessPolicy = field(default_factory=AccessPolicy)
    room: Room = field(default_factory=Room)
    network: MemoryNetwork = field(default_factory=MemoryNetwork)
    presence: MemoryListenerPresence = field(default_factory=MemoryListenerPresence)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    max_associations: int = 32
    answers_queries: bool = True

    def run(
        self,
        *happens: Callable[[], object],
        cancel: PatientToken | None = None,
        started: ListenerStarted | None = None,
    ) -> ListenerResult:
        """Listen, have these things happen one after the other, and stop."""
        use_case = RunListener(
            server=MemoryDicomServer(self.network),
            presence=self.presence,
            receive=self.room.receive,
            recover=RecoverStore(
                settle=self.room.filer.settle,
                store=self.room.store,
                catalog=self.room.catalog,
                reader=self.room.reader,
                clock=self.room.clock,
            ),
            query=AnswerQuery(catalog=self.room.catalog, settle=self.room.filer.settle)
            if self.answers_queries
            else None,
            retrieve=None,
            access=self.access,
            options=ListenerOptions(
                ae_title=AeTitle("FILEROOM"),
                port=PORT,
                max_associations=self.max_associations,
                sop_class_uids=(CT_IMAGE_STORAGE,),
            ),
            clock=self.room.clock,
            process=1,
            files_into="here",
        )
        return use_case.execute(
            progress=self.progress, cancel=cancel or EventfulToken(*happens), started=started
        )

    def send(
        self, record: InstanceRecord | None = None, *, pixel_bytes: int = 512, title: str = "CT1"
    ) -> int:
        """Send an object to the listener as a peer, and return the status."""
        record = record or a_record()
        client = MemoryDicomClient(self.network, AeTitle(title))
        with client.open_store(US, [CONTEXT]) as session:
            return session.send(an_object(record, data_of(record, pixel_bytes=pixel_bytes))).status

    def call(
        self, address: str = "127.0.0.1", *, calling: str = "CT1", called: str = "FILEROOM"
    ) -> tuple[int, ...]:
        """Open an association and release it; returns why it was refused, or ()."""
        proposal = Proposal(
            calling_ae_title=calling,
            called_ae_title=called,
            address=address,
            contexts=(
                ProposedContext(sop_class_uid=VERIFICATION, transfer_syntax_uids=("1.2.840.10008.1.2",)),
            ),
        )
        try:
            self.network.connect("127.0.0.1", PORT).associate(proposal).release()
        except AssociationRejected as error:
            return (error.result, error.source, error.reason)
        return ()


def an_object(record: InstanceRecord, data: bytes) -> OutgoingObject:
    return OutgoingObject(
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid,
        study_instance_uid=record.study_instance_uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
        data_offset=0,
        content=BytesContent(data),
        name="object",
    )


def test_listener_counts_what_happens_until_it_is_stopped() -> None:
    station = Station()

    def breaks_off() -> None:
        broken = an_object(a_record(3), b"")
        object.__setattr__(broken, "content", _BreaksOff(b"x" * 200_000))
        client = MemoryDicomClient(station.network, AeTitle("CT1"))
        with client.open_store(US, [CONTEXT]) as session, pytest.raises(Unreadable):
            session.send(broken)

    result = station.run(
        station.send,
        station.send,
        lambda: station.send(a_record(2)),
        lambda: station.send(pixel_bytes=1024),
        breaks_off,
    )
    size = len(data_of())
    assert result.counts == ListenerCounts(
        associations_accepted=5,
        objects_stored=2,
        duplicates=1,
        objects_refused=1,
        objects_abandoned=1,
        bytes=3 * size,
    )
    assert (result.ae_title, result.bind, result.port, result.recovered) == ("FILEROOM", "127.0.0.1", PORT, 0)
    station.room.assert_agrees()


def test_catalog_has_all_that_was_answered_when_the_listener_has_ended() -> None:
    station = Station()
    station.run(lambda: station.room.send_in(releases=False))
    assert station.room.catalog.totals().instances == 1


class _BreaksOff(BytesContent):
    """Content whose stream ends too early."""

    @property
    def size(self) -> int:
        return 2 * len(self.data)


def test_listener_tells_when_it_accepts_and_reports_how_it_goes() -> None:
    station, heard = Station(), _Heard()
    station.run(station.send, lambda: None, started=heard)
    assert heard.infos == [
        ListenerInfo(ae_title="FILEROOM", bind="127.0.0.1", port=PORT, process=1, files_into="here")
    ]
    assert station.progress.last is not None
    assert (station.progress.last.done, station.progress.last.bytes_done) == (1, len(data_of()))


def test_listener_fails_when_it_accepts_nothing_any_more() -> None:
    class Ends(ListenerStarted):
        def started(self, info: ListenerInfo, listening: Listening, activity: ListenerActivity) -> None:
            listening.stop(0.0)  # as where its thread has died

    with pytest.raises(FileroomError, match="accepts no connections"):
        Station().run(lambda: None, lambda: None, started=Ends())


def test_listener_is_gone_after_its_end() -> None:
    station = Station()
    seen: list[object] = []
    station.run(lambda: seen.append(station.presence.current()))
    assert seen != [None]
    assert station.presence.current() is None
    with pytest.raises(PeerUnreachable):
        station.send()


def test_listener_answers_queries_when_it_is_to() -> None:
    station = Station()
    found: list[str] = []

    def ask() -> None:
        client = MemoryDicomClient(station.network, AeTitle("WS1"))
        query = Query(level=QueryLevel.STUDY, keys={"PatientID": "P1", "StudyInstanceUID": ""})
        found.extend(match["StudyInstanceUID"] for match in client.find(US, query, PatientToken()))

    station.run(station.send, ask)
    assert found == [a_uid(1)]


def test_listener_offers_no_query_when_it_is_not_to() -> None:
    station = Station(answers_queries=False)

    def ask() -> None:
        client = MemoryDicomClient(station.network, AeTitle("WS1"))
        with pytest.raises(NoAcceptedContext):
            list(client.find(US, Query(level=QueryLevel.STUDY), PatientToken()))

    station.run(ask)


# Who is let in -------------------------------------------------------------------------------------------------------

CALLING_REFUSED = RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED.value
CALLED_REFUSED = RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED.value
BOTH = AccessPolicy(
    calling_ae_titles=frozenset({AeTitle("CT1")}),
    peers=(parse_network("192.0.2.0/24"), parse_network("2001:db8::/32")),
    called_ae_title=AeTitle("FILEROOM"),
)


@pytest.mark.parametrize(
    ("address", "calling", "called", "refused"),
    [
        ("192.0.2.7", "CT1", "FILEROOM", ()),
        ("::ffff:192.0.2.7", "CT1", "FILEROOM", ()),
        ("2001:db8::7", "CT1 ", "FILEROOM ", ()),
        ("192.0.3.7", "CT1", "FILEROOM", CALLING_REFUSED),
        ("192.0.2.7", "CT2", "FILEROOM", CALLING_REFUSED),
        ("192.0.2.7", "CT1", "OTHER", CALLED_REFUSED),
    ],
)
def test_peer_is_let_in_only_when_address_and_titles_are_allowed(
    address: str, calling: str, called: str, refused: tuple[int, ...]
) -> None:
    station = Station(access=BOTH)
    seen: list[tuple[int, ...]] = []
    counts = station.run(lambda: seen.append(station.call(address, calling=calling, called=called))).counts
    assert seen == [refused]
    assert (counts.associations_accepted, counts.associations_refused) == ((0, 1) if refused else (1, 0))


def test_association_beyond_the_limit_counts_as_refused_only() -> None:
    station = Station(max_associations=1)

    def two_at_once() -> None:
        client = MemoryDicomClient(station.network, AeTitle("CT1"))
        with client.open_store(US, [CONTEXT]), pytest.raises(AssociationRejected):
            client.open_store(US, [CONTEXT])

    counts = station.run(two_at_once).counts
    assert (counts.associations_accepted, counts.associations_refused) == (1, 1)


def test_activity_says_why_somebody_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    activity = ListenerActivity(BOTH)
    caller = Caller(calling_ae_title="CT2", called_ae_title="FILEROOM", address="192.0.2.7", port=1)
    reason = activity.requested(caller)
    assert reason is RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
    with caplog.at_level(logging.WARNING):
        activity.refused(caller, reason)
    assert "CT2 at 192.0.2.7 refused: its AE title is not in allowed_calling_ae_titles" in caplog.text


# Start and stop ------------------------------------------------------------------------------------------------------


def test_listener_puts_right_what_a_dead_process_left() -> None:
    station = Station()
    station.room.put_into_store(a_record())
    station.room.store.crash()
    assert station.run().recovered == 1
    station.room.assert_agrees()


def test_listener_does_not_stay_when_recovery_fails() -> None:
    station = Station()
    station.room.put_into_store(a_record())
    station.room.store.crash()
    station.room.catalog.record_fails = [StorageFull("no space left")]
    with pytest.raises(StorageFull):
        station.run()
    assert station.presence.current() is None
    with pytest.raises(PeerUnreachable):
        station.send()


def test_listener_stops_in_good_order_when_it_is_cancelled_while_it_recovers() -> None:
    station, cancel = Station(), PatientToken()
    station.room.put_into_store(a_record())
    station.room.store.crash()
    cancel.cancelled = True
    assert station.run(cancel=cancel).recovered == 0
    assert station.presence.current() is None


def test_listener_does_not_start_beside_another_of_the_same_data() -> None:
    station = Station()
    other = ListenerInfo(ae_title="FILEROOM", bind="127.0.0.1", port=PORT + 1, process=2)
    with station.presence.announce(other), pytest.raises(Conflict, match="another listener"):
        station.run()
    with pytest.raises(PeerUnreachable):
        station.send()


def test_listener_does_not_start_when_the_port_is_taken() -> None:
    first, second = Station(), Station()
    second.network = first.network

    def start_second() -> None:
        with pytest.raises(Conflict):
            second.run()

    first.run(start_second)
    assert second.presence.current() is None


def test_listener_gives_objects_in_flight_their_time_when_it_stops() -> None:
    asked: list[float] = []

    class _Patient(ListenerStarted):
        def started(self, info: ListenerInfo, listening: Listening, activity: ListenerActivity) -> None:
            stop = listening.stop

            def remember(grace_seconds: float) -> None:
                asked.append(grace_seconds)
                stop(grace_seconds)

            listening.stop = remember  # type: ignore[method-assign]

    Station().run(started=_Patient())
    assert asked[0] == GRACE_SECONDS
