"""Retrieves: what came is compared with what was expected, whatever the node says."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import AcceptorEnd, Endpoint, MemoryNetwork, Proposal
from fileroom.adapters.dicom.memory.script import Fault, Holding
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.adapters.dicom.memory.server import MemoryDicomServer
from fileroom.adapters.system.listener_presence import MemoryListenerPresence
from fileroom.adapters.system.memory import FixedClock
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.listener_activity import ListenerActivity
from fileroom.application.ports.dicom_client import Peer
from fileroom.application.ports.dicom_server import ListenerOptions, Services, StoreReply
from fileroom.application.ports.listener_presence import ListenerInfo
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.receiver import OpenReceiver, ReceiverObserver
from fileroom.application.retrieval import POLL_SECONDS, Arrivals
from fileroom.application.use_cases.receive_instance import Received, ReceptionObserver
from fileroom.application.use_cases.retrieve_objects import (
    RetrieveObjects,
    RetrieveRequest,
    RetrieveResult,
    Via,
)
from fileroom.domain.access import AccessPolicy, parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import (
    AssociationRejected,
    Cancelled,
    Conflict,
    NoAcceptedContext,
    NotFound,
    PeerDropped,
    PeerFailed,
    PeerSilent,
    PeerUnreachable,
    StorageFull,
    UnknownMoveDestination,
)
from fileroom.domain.node import Node, RetrieveCapability
from fileroom.domain.query import Query, QueryLevel, Selection
from fileroom.domain.records import InstanceRecord, Origin
from fileroom.domain.transfer import SubOperations
from tests.builders import CT_IMAGE_STORAGE, a_record, a_uid
from tests.unit.application.rooms import PatientToken, Room, a_request, data_of

SETTLE_SECONDS = 10.0
WAIT_SECONDS = 5.0
PORT = 11112
ALL = tuple(a_record(number) for number in (1, 2, 3))
UIDS = tuple(record.sop_instance_uid for record in ALL)


def a_holding(record: InstanceRecord) -> Holding:
    uids = {
        "SOPInstanceUID": record.sop_instance_uid,
        "SOPClassUID": record.sop_class_uid,
        "SeriesInstanceUID": record.series_instance_uid,
        "StudyInstanceUID": record.study_instance_uid,
    }
    return Holding(attributes={**record.attributes, **uids}, data=data_of(record))


class _TurningToken(PatientToken):
    """Lets the clock run while it is waited on, and has something happen at given waits."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self.clock = clock
        self.happens: dict[int, Callable[[], object]] = {}

    def wait(self, seconds: float) -> bool:
        self.clock.advance(seconds)
        cancelled = super().wait(seconds)
        self.happens.get(len(self.waits), lambda: None)()
        return cancelled


@dataclass
class Desk:
    """A room, a network with one node that holds a study of three instances, and how we retrieve."""

    holdings: tuple[InstanceRecord, ...] = ALL
    room: Room = field(default_factory=Room)
    network: MemoryNetwork = field(default_factory=MemoryNetwork)
    nodes: MemoryNodeRepository = field(default_factory=MemoryNodeRepository)
    presence: MemoryListenerPresence = field(default_factory=MemoryListenerPresence)
    progress: RecordingProgress = field(default_factory=RecordingProgress)

    def __post_init__(self) -> None:
        """Join everything."""
        self.cancel = _TurningToken(self.room.clock)
        self.peer = ScriptedPeer(self.network, holdings=map(a_holding, self.holdings))
        self.peer.destinations = {"FILEROOM": ("127.0.0.1", PORT)}
        self.nodes.add(Node(name="pacs", ae_title=AeTitle("PEER"), host="peer", port=104))
        self.client = MemoryDicomClient(self.network, AeTitle("FILEROOM"))
        self.options = ListenerOptions(
            ae_title=AeTitle("FILEROOM"), port=PORT, sop_class_uids=(CT_IMAGE_STORAGE,)
        )
        self.server = MemoryDicomServer(self.network)
        self.receiver = self.a_receiver(AccessPolicy())

    def a_receiver(
        self,
        access: AccessPolicy,
        addresses_of: Callable[[str], tuple[str, ...]] = lambda _: ("192.0.2.1",),
    ) -> OpenReceiver:
        """Return what takes the objects of a C-MOVE."""
        return OpenReceiver(
            server=self.server,
            presence=self.presence,
            client=self.client,
            receive=self.room.receive,
            access=access,
            options=self.options,
            bind_towards_peer=False,
            addresses_of=addresses_of,
            files_into="here",
            wait_seconds=WAIT_SECONDS,
            process=1,
        )

    def use_case(self) -> RetrieveObjects:
        """Return the use case."""
        return RetrieveObjects(
            nodes=self.nodes,
            catalog=self.room.catalog,
            client=self.client,
            receive=self.room.receive,
            receiver=self.receiver,
            ae_title=AeTitle("FILEROOM"),
            settle_seconds=SETTLE_SECONDS,
            clock=self.room.clock,
        )

    def retrieve(
        self,
        via: Via = Via.AUTO,
        *,
        series: str = "",
        instance: str = "",
        node: str = "pacs",
        study: str = a_uid(1),
        destination: AeTitle | None = None,
        progress: ProgressSink | None = None,
    ) -> RetrieveResult:
        """Retrieve once."""
        request = RetrieveRequest(
            node=node,
            study_instance_uid=study,
            series_instance_uid=series,
            sop_instance_uid=instance,
            via=via,
            move_destination=destination,
        )
        return self.use_case().execute(request, progress=progress or self.progress, cancel=self.cancel)

    def capability(self) -> RetrieveCapability:
        """Return what is remembered of the node."""
        node = self.nodes.get("pacs")
        assert node is not None
        return node.retrieve

    def selections(self) -> list[Selection]:
        """Return what the peer was asked to send."""
        return [request for request in self.peer.requests if isinstance(request, Selection)]


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_study_is_retrieved_and_complete(via: Via) -> None:
    desk = Desk()
    result = desk.retrieve(via)
    assert (result.via, result.expected, result.arrived, result.received) == (via, 3, 3, 3)
    assert (result.missing, result.already_here, result.why, result.is_complete) == ((), 0, "", True)
    assert result.bytes == sum(len(data_of(record)) for record in ALL)
    assert result.counters == SubOperations(completed=3, failed=0, warning=0)
    assert {desk.room.entry(record).origin for record in ALL} == {Origin.RETRIEVED}
    assert desk.capability() is RetrieveCapability(via.value)
    assert desk.presence.current() is None
    desk.room.assert_agrees()


def test_association_that_brings_the_objects_of_a_move_is_logged_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        Desk().retrieve(Via.MOVE)
    assert any(message.endswith("ended: released, 3 objects filed") for message in caplog.messages)


def test_object_that_came_by_get_is_known_to_come_from_the_node() -> None:
    desk = Desk()
    desk.retrieve(Via.GET)
    assert desk.room.entry(ALL[0]).source == "pacs"


def test_series_is_retrieved_alone() -> None:
    desk = Desk(holdings=(*ALL, a_record(1, series=2)))
    result = desk.retrieve(series=a_uid(1, 2))
    assert (result.expected, result.arrived) == (1, 1)
    assert [(one.level, one.series_instance_uids) for one in desk.selections()] == [
        (QueryLevel.SERIES, (a_uid(1, 2),))
    ]


def test_instance_is_retrieved_alone_and_asked_for_no_further_than_it_is_found() -> None:
    desk = Desk(holdings=(*ALL, a_record(1, series=2), a_record(1, series=3)))
    result = desk.retrieve(instance=a_uid(1, 2, 1))
    assert (result.expected, result.arrived, desk.room.catalog.totals().instances) == (1, 1, 1)
    images = [one for one in desk.peer.requests if isinstance(one, Query) and one.level is QueryLevel.IMAGE]
    assert len(images) == 2


def test_node_that_ignores_keys_does_not_make_more_expected_than_was_asked_for() -> None:
    desk = Desk(holdings=(*ALL, a_record(1, series=2), a_record(1, study=2)))
    desk.peer.script.ignored_keys = frozenset({"StudyInstanceUID", "SeriesInstanceUID"})
    assert desk.retrieve(series=a_uid(1, 2)).expected == 1


def test_retrieve_fails_when_the_node_is_unknown() -> None:
    with pytest.raises(NotFound, match="no node"):
        Desk().retrieve(node="nobody")


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_retrieve_fails_when_the_node_has_nothing_by_that_uid(via: Via) -> None:
    desk = Desk()
    with pytest.raises(NotFound, match=r"9\.9"):
        desk.retrieve(via, study="9.9")
    assert desk.selections() == []


def test_retrieve_fails_when_the_node_has_the_study_and_not_the_instance() -> None:
    desk = Desk()
    with pytest.raises(NotFound, match=r"9\.9"):
        desk.retrieve(Via.GET, instance="9.9")


def test_retrieve_fails_when_the_node_cannot_be_reached() -> None:
    desk = Desk()
    desk.peer.script.unreachable = True
    with pytest.raises(PeerUnreachable):
        desk.retrieve()


# Which way -----------------------------------------------------------------------------------------------------------


def test_auto_falls_back_to_get_when_the_node_cannot_move_and_remembers() -> None:
    desk = Desk()
    desk.peer.script.lacks = frozenset({Service.MOVE})
    assert (desk.retrieve().via, desk.capability()) == (Via.GET, RetrieveCapability.GET)
    desk.peer.script.lacks = frozenset()
    assert desk.retrieve().via is Via.GET


def test_auto_falls_back_to_move_when_the_node_has_forgotten_how_to_get() -> None:
    desk = Desk()
    node = desk.nodes.get("pacs")
    assert node is not None
    desk.nodes.replace("pacs", replace(node, retrieve=RetrieveCapability.GET))
    desk.peer.script.lacks = frozenset({Service.GET})
    assert (desk.retrieve().via, desk.capability()) == (Via.MOVE, RetrieveCapability.MOVE)


def test_auto_falls_back_to_get_when_the_node_does_not_know_us_as_a_destination() -> None:
    desk = Desk()
    desk.peer.destinations = {}
    assert desk.retrieve().via is Via.GET


def test_auto_falls_back_to_get_when_the_node_cannot_reach_us() -> None:
    desk = Desk()
    desk.peer.destinations = {"FILEROOM": ("127.0.0.1", 4444)}
    result = desk.retrieve()
    assert (result.via, result.is_complete, desk.capability()) == (Via.GET, True, RetrieveCapability.GET)


def test_auto_falls_back_to_get_when_another_program_has_the_port() -> None:
    desk = Desk()
    with desk.server.listen(desk.options, Services(observer=ListenerActivity(AccessPolicy()))):
        assert desk.retrieve().via is Via.GET
        with pytest.raises(Conflict):
            desk.retrieve(Via.MOVE)


def test_auto_tells_what_to_do_about_the_first_way_when_neither_works() -> None:
    desk = Desk()
    desk.peer.destinations = {}
    desk.peer.script.lacks = frozenset({Service.GET})
    with pytest.raises(UnknownMoveDestination):
        desk.retrieve()


@pytest.mark.parametrize(("via", "lacks"), [(Via.MOVE, Service.MOVE), (Via.GET, Service.GET)])
def test_way_that_was_asked_for_is_not_changed(via: Via, lacks: Service) -> None:
    desk = Desk()
    desk.peer.script.lacks = frozenset({lacks})
    with pytest.raises(NoAcceptedContext):
        desk.retrieve(via)


def test_unknown_destination_tells_what_to_register() -> None:
    desk = Desk()
    desk.peer.destinations = {}
    with pytest.raises(UnknownMoveDestination) as caught:
        desk.retrieve(Via.MOVE)
    assert caught.value.status == 0xA801
    for part in ("AE title FILEROOM", "host 127.0.0.1", f"port {PORT}"):
        assert part in caught.value.hint


def test_destination_is_what_the_node_knows_us_by() -> None:
    desk = Desk()
    desk.peer.destinations = {"OTHER": ("127.0.0.1", PORT), "ASKED": ("127.0.0.1", PORT)}
    with pytest.raises(UnknownMoveDestination):
        desk.retrieve(Via.MOVE)
    assert desk.retrieve(Via.MOVE, destination=AeTitle("ASKED")).is_complete
    node = desk.nodes.get("pacs")
    assert node is not None
    desk.nodes.replace("pacs", replace(node, move_destination=AeTitle("OTHER")))
    assert desk.retrieve(Via.MOVE).is_complete


def test_what_a_node_can_do_is_remembered_beside_what_was_changed_meanwhile() -> None:
    desk = Desk()

    class Edits(ProgressSink):
        def report(self, progress: Progress) -> None:
            node = desk.nodes.get("pacs")
            assert node is not None
            desk.nodes.replace("pacs", replace(node, notes="changed meanwhile"))

    desk.retrieve(progress=Edits())
    node = desk.nodes.get("pacs")
    assert node is not None
    assert (node.notes, node.retrieve) == ("changed meanwhile", RetrieveCapability.MOVE)


def test_node_that_was_removed_meanwhile_does_not_matter() -> None:
    desk = Desk()

    class Removes(ProgressSink):
        def report(self, progress: Progress) -> None:
            if desk.nodes.get("pacs"):
                desk.nodes.remove("pacs")

    assert desk.retrieve(progress=Removes()).is_complete


# What is missing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_missing_objects_are_named_although_the_node_says_success(via: Via) -> None:
    desk = Desk()
    desk.peer.script.withheld = frozenset({UIDS[1]})
    result = desk.retrieve(via)
    assert (result.status, result.missing, result.arrived, result.is_complete) == (0, (UIDS[1],), 2, False)
    assert "1 objects did not come" in result.why
    assert result.hint


def test_object_that_the_node_names_as_failed_is_not_waited_for() -> None:
    desk = Desk()
    desk.peer.holdings[UIDS[1]] = replace(
        desk.peer.holdings[UIDS[1]],
        attributes={**desk.peer.holdings[UIDS[1]].attributes, "SOPClassUID": "1.2.3"},
    )
    result = desk.retrieve(Via.MOVE)
    assert (result.status, result.missing, result.failed_by_peer) == (0xB000, (UIDS[1],), (UIDS[1],))
    assert desk.cancel.waits == []
    assert "B000H" in result.why


@pytest.mark.parametrize("status", [None, 0x0000])
def test_retrieve_fails_when_every_sub_operation_failed_whatever_the_status_says(status: int | None) -> None:
    desk = Desk()
    desk.peer.destinations = {"FILEROOM": ("127.0.0.1", 4444)}
    if status is not None:
        desk.peer.script.final_statuses = {Service.MOVE: status}
    with pytest.raises(PeerFailed) as caught:
        desk.retrieve(Via.MOVE)
    assert caught.value.status == (0xA702 if status is None else 0)
    assert "pacs did not send anything" in caught.value.message
    # Many nodes answer so where they cannot reach the destination.
    assert f"AE title FILEROOM, host 127.0.0.1, port {PORT}" in caught.value.hint
    assert desk.cancel.waits == []


def test_objects_that_were_here_before_are_told_apart() -> None:
    desk = Desk()
    desk.room.send_in(ALL[0])
    result = desk.retrieve(Via.MOVE)
    assert (result.already_here, result.arrived, result.received, result.is_complete) == (1, 3, 3, True)
    assert desk.room.entry(ALL[0]).duplicates == 1


@pytest.mark.parametrize("via", [Via.AUTO, Via.MOVE])
def test_failure_of_the_node_does_not_matter_when_everything_was_here_before(via: Via) -> None:
    desk = Desk()
    for record in ALL:
        desk.room.send_in(record)
    desk.peer.destinations = {"FILEROOM": ("127.0.0.1", 4444)}
    result = desk.retrieve(via)
    assert (result.is_complete, result.received, desk.capability()) == (True, 0, RetrieveCapability.UNKNOWN)
    assert "A702H" in result.why


def test_way_by_which_nothing_came_is_not_remembered_although_objects_came_from_elsewhere() -> None:
    desk = Desk()
    desk.peer.destinations = {"FILEROOM": ("127.0.0.1", 4444)}
    for record in ALL[1:]:
        desk.room.send_in(record)

    class Sends(ProgressSink):
        def report(self, progress: Progress) -> None:
            if progress.task == "retrieving":
                desk.room.send_in(ALL[0])

    result = desk.retrieve(progress=Sends())
    assert (result.arrived, result.is_complete, desk.capability()) == (3, True, RetrieveCapability.UNKNOWN)


# Refused here, and failed there --------------------------------------------------------------------------------------


def with_other_content(desk: Desk, record: InstanceRecord) -> None:
    """Have an instance here that is not what the node has."""
    desk.room.send_in(record, pixel_bytes=600)


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_instance_that_is_here_with_other_content_is_refused_and_named(via: Via) -> None:
    desk = Desk()
    with_other_content(desk, ALL[1])
    result = desk.retrieve(via)
    assert (result.missing, result.arrived, result.is_complete) == ((), 3, False)
    [refusal] = result.refusals
    assert (refusal.sop_instance_uid, refusal.status, refusal.is_conflict) == (UIDS[1], 0x0111, True)
    assert "here with other content" in refusal.why
    assert "[objects] duplicates" in refusal.hint
    assert "here with other content" in result.why


def test_conflict_at_the_listener_of_another_process_is_no_success() -> None:
    desk = Desk()
    with_other_content(desk, ALL[1])
    result = listening_elsewhere(desk, lambda: desk.retrieve(Via.MOVE))
    assert (result.missing, result.refusals, result.failed, result.is_complete) == ((), (), 1, False)
    assert "B000H" in result.why


def test_object_that_was_refused_and_came_again_is_no_failure() -> None:
    arrivals = Arrivals()
    request = a_request(ALL[0])
    for status in (0xA700, 0):
        reply = StoreReply(status=status)
        arrivals.received(Received(request=request, reply=reply, outcome=None, size=1))
    assert (arrivals.refusals, arrivals.refused, arrivals.objects) == ((), 1, 1)


TWO_SERIES = (ALL[0], a_record(1, series=2))
"""The second one is of another series."""


class HalfTalkativePeer(ScriptedPeer):
    """A node that answers no query at IMAGE level for the second series."""

    def matches(self, query: Query) -> list[dict[str, str]]:  # type: ignore[override]
        """Answer, or not."""
        if query.level is QueryLevel.IMAGE and query.keys["SeriesInstanceUID"] == a_uid(1, 2):
            return []
        return [dict(match) for match in super().matches(query)]


def half_talkative(*, counts: bool = True) -> Desk:
    """A desk whose node tells of one of two instances; without `counts` it does not count them either."""
    desk = Desk(holdings=TWO_SERIES)
    desk.network.detach((desk.peer.host, desk.peer.port))
    destinations = desk.peer.destinations
    desk.peer = HalfTalkativePeer(desk.network, holdings=desk.peer.holdings.values())
    desk.peer.destinations = destinations
    if not counts:
        desk.peer.script.left_out_attributes = frozenset({"NumberOfSeriesRelatedInstances"})
    return desk


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_series_whose_instances_are_counted_and_not_named_is_expected_too(via: Via) -> None:
    desk = half_talkative()
    result = desk.retrieve(via)
    assert (result.expected, result.untold, result.arrived, result.is_complete) == (2, 1, 2, True)


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_instance_that_was_only_counted_and_failed_makes_it_incomplete(via: Via, counts: bool) -> None:
    desk = half_talkative(counts=counts)
    uid = TWO_SERIES[1].sop_instance_uid
    holding = desk.peer.holdings[uid]
    desk.peer.holdings[uid] = replace(holding, attributes={**holding.attributes, "SOPClassUID": "1.2.3"})
    result = desk.retrieve(via)
    assert (result.expected, result.arrived, result.missing, result.is_complete) == (2, 1, (uid,), False)
    assert result.status == 0xB000


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_instance_that_was_only_counted_and_did_not_come_makes_it_incomplete(via: Via) -> None:
    desk = half_talkative()
    desk.peer.script.withheld = frozenset({TWO_SERIES[1].sop_instance_uid})
    result = desk.retrieve(via)
    assert (result.status, result.arrived, result.missing, result.is_complete) == (0, 1, (), False)
    assert "1 objects did not come" in result.why


def test_failed_uid_of_which_the_query_told_nothing_is_missing() -> None:
    desk = Desk()

    class Names(ScriptedPeer):
        def matches(self, query: Query) -> list[dict[str, str]]:  # type: ignore[override]
            found = [dict(match) for match in super().matches(query)]
            for match in found:
                match.pop("NumberOfSeriesRelatedInstances", None)
            return [match for match in found if match.get("SOPInstanceUID") != UIDS[1]]

    desk.network.detach((desk.peer.host, desk.peer.port))
    destinations = desk.peer.destinations
    desk.peer = Names(desk.network, holdings=desk.peer.holdings.values())
    desk.peer.destinations = destinations
    holding = desk.peer.holdings[UIDS[1]]
    desk.peer.holdings[UIDS[1]] = replace(holding, attributes={**holding.attributes, "SOPClassUID": "1.2.3"})
    result = desk.retrieve(Via.MOVE)
    assert (result.expected, result.missing, result.is_complete) == (2, (UIDS[1],), False)
    desk.peer.script.final_statuses = {Service.MOVE: 0}
    assert not desk.retrieve(Via.MOVE).is_complete


def test_objects_that_cannot_be_filed_here_are_missing_and_the_reason_is_ours() -> None:
    desk = Desk(room=Room(at_once=True))
    desk.room.catalog.record_fails = [None, StorageFull("no space left"), StorageFull("no space left")]
    result = desk.retrieve(Via.MOVE)
    assert (result.arrived, result.missing, result.is_complete) == (1, UIDS[1:], False)
    assert [(one.sop_instance_uid, one.status) for one in result.refusals] == [
        (UIDS[1], 0xA700),
        (UIDS[2], 0xA700),
    ]
    assert "storage is not available" in result.why
    assert "our own log" in result.hint


# A node that does not tell what to expect ----------------------------------------------------------------------------


class UntalkativePeer(ScriptedPeer):
    """A node that answers no query at IMAGE level."""

    def matches(self, query: Query) -> list[dict[str, str]]:  # type: ignore[override]
        """Answer, or not."""
        if query.level is QueryLevel.IMAGE:
            return []
        return [dict(match) for match in super().matches(query)]


def untalkative(desk: Desk) -> Desk:
    """Have the desk's node answer no query at IMAGE level."""
    desk.network.detach((desk.peer.host, desk.peer.port))
    destinations = desk.peer.destinations
    desk.peer = UntalkativePeer(desk.network, holdings=desk.peer.holdings.values())
    desk.peer.destinations = destinations
    return desk


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_retrieve_is_complete_by_the_nodes_word_when_nothing_is_known_to_expect(via: Via) -> None:
    desk = untalkative(Desk())
    result = desk.retrieve(via)
    assert (result.expected, result.arrived, result.lost, result.is_complete) == (None, 3, 0, True)
    assert desk.cancel.waits == []


def test_retrieve_is_complete_by_the_nodes_word_when_it_has_no_find_at_all() -> None:
    desk = Desk()
    desk.peer.script.lacks = frozenset({Service.FIND})
    assert (desk.retrieve().expected, desk.retrieve().is_complete) == (None, True)


def test_objects_that_the_node_counts_as_sent_are_lost_when_they_did_not_come() -> None:
    desk = untalkative(Desk())
    desk.peer.script.withheld = frozenset(UIDS[:1])
    result = desk.retrieve(Via.MOVE)
    assert (result.arrived, result.lost, result.is_complete) == (2, 1, False)
    assert "1 objects did not come" in result.why


def test_failed_sub_operations_make_it_incomplete_when_nothing_is_known_to_expect() -> None:
    desk = untalkative(Desk(room=Room(at_once=True)))
    desk.peer.script.final_statuses = {Service.MOVE: 0}
    desk.room.catalog.record_fails = [StorageFull("no space left")]
    result = desk.retrieve(Via.MOVE)
    assert (result.arrived, result.counters.failed, result.is_complete) == (2, 1, False)


def test_retrieve_fails_when_the_node_sends_nothing_and_says_success() -> None:
    desk = untalkative(Desk())
    with pytest.raises(NotFound, match="sent nothing"):
        desk.retrieve(Via.MOVE, instance=a_uid(1, 1, 99))
    assert desk.capability() is RetrieveCapability.UNKNOWN


def test_late_objects_are_waited_for_when_nothing_is_known_at_all() -> None:
    desk = untalkative(Desk())
    desk.peer.script.omit_counters = True
    desk.peer.script.late = 2
    desk.peer.late_gate.clear()
    desk.cancel.happens[3] = desk.peer.finish_late
    result = desk.retrieve(Via.MOVE)
    assert (result.arrived, result.is_complete) == (3, True)
    assert sum(desk.cancel.waits) == pytest.approx(3 * POLL_SECONDS + SETTLE_SECONDS, abs=2 * POLL_SECONDS)


# Late objects --------------------------------------------------------------------------------------------------------


def test_objects_that_come_after_the_final_response_are_waited_for() -> None:
    desk = Desk()
    desk.peer.script.late = 2
    desk.peer.late_gate.clear()
    desk.cancel.happens[3] = desk.peer.finish_late
    result = desk.retrieve(Via.MOVE)
    assert (result.is_complete, len(desk.cancel.waits)) == (True, 3)


def test_each_arrival_begins_the_wait_anew() -> None:
    desk = Desk()
    desk.peer.script.withheld = frozenset(UIDS)
    polls = int(SETTLE_SECONDS / POLL_SECONDS)
    desk.cancel.happens[polls - 2] = lambda: desk.room.send_in(ALL[0])
    desk.cancel.happens[2 * polls - 4] = lambda: desk.room.send_in(ALL[1])
    result = desk.retrieve(Via.MOVE)
    assert result.missing == (UIDS[2],)
    assert sum(desk.cancel.waits) == pytest.approx(3 * SETTLE_SECONDS, abs=6 * POLL_SECONDS)


# A node that is lost, or told to stop --------------------------------------------------------------------------------


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
@pytest.mark.parametrize("fault", Fault)
def test_what_came_before_the_node_was_lost_is_a_partial_result(via: Via, fault: Fault) -> None:
    desk = Desk()
    desk.peer.script.faults = {Service.MOVE: (fault, 1), Service.GET: (fault, 1)}
    result = desk.retrieve(via)
    assert (result.arrived, result.missing, result.is_complete) == (2, UIDS[2:], False)
    assert "PEER" in result.why
    desk.room.assert_agrees()


def test_retrieve_is_complete_when_the_node_was_lost_after_the_last_object() -> None:
    desk = Desk()
    desk.peer.script.faults = {Service.GET: (Fault.DROPPED, 3)}
    result = desk.retrieve(Via.GET)
    assert (result.is_complete, result.arrived) == (True, 3)
    assert result.why


@pytest.mark.parametrize(("fault", "error"), [(Fault.SILENT, PeerSilent), (Fault.DROPPED, PeerDropped)])
def test_retrieve_fails_when_the_node_is_lost_before_anything_came(
    fault: Fault, error: type[Exception]
) -> None:
    desk = Desk()
    desk.peer.script.faults = {Service.MOVE: (fault, 1)}
    desk.peer.script.withheld = frozenset(UIDS)
    with pytest.raises(error):
        desk.retrieve(Via.MOVE)


def test_objects_that_came_before_a_first_response_count() -> None:
    desk = Desk()
    desk.peer.script.faults = {Service.GET: (Fault.DROPPED, 0)}
    result = desk.retrieve(Via.GET)
    assert (result.arrived, result.is_complete) == (1, False)


class _CancelsAt(ProgressSink):
    def __init__(self, cancel: PatientToken, at: int) -> None:
        self.cancel, self.at = cancel, at

    def report(self, progress: Progress) -> None:
        if progress.task == "retrieving" and progress.done >= self.at:
            self.cancel.cancelled = True


@pytest.mark.parametrize("via", [Via.MOVE, Via.GET])
def test_cancel_is_sent_to_the_node_and_what_came_is_told(via: Via) -> None:
    desk = Desk(holdings=tuple(a_record(number) for number in range(1, 11)))
    result = desk.retrieve(via, progress=_CancelsAt(desk.cancel, 2))
    assert (result.cancelled, result.is_complete) == (True, False)
    assert 2 <= result.arrived < 10
    assert len(result.missing) == 10 - result.arrived
    assert desk.peer.requests.count("cancel") == 1
    assert desk.presence.current() is None
    desk.room.assert_agrees()


def test_cancel_before_the_node_was_asked_to_send_ends_it() -> None:
    desk = Desk()
    desk.cancel.cancelled = True
    with pytest.raises(Cancelled):
        desk.retrieve()
    assert desk.selections() == []


def test_cancel_ends_the_wait_for_late_objects() -> None:
    desk = Desk()
    desk.peer.script.withheld = frozenset(UIDS[:1])

    def stop() -> None:
        desk.cancel.cancelled = True

    desk.cancel.happens[2] = stop
    result = desk.retrieve(Via.MOVE)
    assert (result.cancelled, len(desk.cancel.waits)) == (True, 3)


# Whose listener ------------------------------------------------------------------------------------------------------


def listening_elsewhere(desk: Desk, work: Callable[[], RetrieveResult]) -> RetrieveResult:
    """Retrieve while another process listens for the same data directory."""
    services = Services(
        observer=ListenerActivity(AccessPolicy()), store=desk.room.receive.observed_by(ReceptionObserver())
    )
    info = ListenerInfo(ae_title="FILEROOM", bind="127.0.0.1", port=PORT, process=2)
    with desk.server.listen(desk.options, services), desk.presence.announce(info):
        return work()


def test_listener_of_another_process_is_used() -> None:
    desk = Desk()
    result = listening_elsewhere(desk, lambda: desk.retrieve(Via.MOVE))
    assert (result.is_complete, result.arrived, result.received) == (True, 3, 3)


def another_retrieve(desk: Desk, **more: str) -> ExitStack:
    """Have another process retrieve, with a listener that takes nothing for us."""
    ends = ExitStack()
    ends.enter_context(desk.server.listen(desk.options, Services(observer=ListenerActivity(AccessPolicy()))))
    info = ListenerInfo(ae_title="FILEROOM", bind="127.0.0.1", port=PORT, process=2, temporary=True, **more)
    ends.enter_context(desk.presence.announce(info))
    return ends


@pytest.mark.parametrize("files_into", ["here", "elsewhere"])
def test_end_of_a_retrieve_of_another_process_is_waited_for(files_into: str) -> None:
    desk = Desk()
    with another_retrieve(desk, files_into=files_into) as other:
        desk.cancel.happens[3] = other.close
        result = desk.retrieve(Via.MOVE)
    assert (result.is_complete, result.received, len(desk.cancel.waits)) == (True, 3, 3)
    assert "waiting for another retrieve" in [one.task for one in desk.progress.reports]
    assert desk.presence.current() is None


def test_retrieve_of_another_process_is_not_waited_for_without_end() -> None:
    desk = Desk()
    with another_retrieve(desk):
        with pytest.raises(Conflict, match="another retrieve") as caught:
            desk.retrieve(Via.MOVE)
        assert "--via=get" in caught.value.hint
        assert desk.retrieve(Via.AUTO).via is Via.GET
    assert sum(desk.cancel.waits) == pytest.approx(2 * WAIT_SECONDS, abs=1)


def test_cancel_ends_the_wait_for_a_retrieve_of_another_process() -> None:
    desk = Desk()

    def stop() -> None:
        desk.cancel.cancelled = True

    desk.cancel.happens[2] = stop
    with another_retrieve(desk), pytest.raises(Cancelled):
        desk.retrieve()
    assert desk.selections() == []


def test_listener_that_files_elsewhere_is_not_used() -> None:
    desk = Desk()
    info = ListenerInfo(
        ae_title="FILEROOM", bind="127.0.0.1", port=PORT + 1, process=2, files_into="elsewhere"
    )
    with desk.presence.announce(info):
        result = desk.retrieve(Via.MOVE)
        assert desk.presence.current() == info
    assert (result.is_complete, result.received) == (True, 3)
    with pytest.raises(PeerUnreachable):
        desk.network.connect("127.0.0.1", PORT)


def test_listener_that_files_elsewhere_is_named_when_it_has_the_port() -> None:
    desk = Desk()
    info = ListenerInfo(ae_title="FILEROOM", bind="127.0.0.1", port=PORT, process=2, files_into="elsewhere")
    services = Services(observer=ListenerActivity(AccessPolicy()))
    with desk.server.listen(desk.options, services), desk.presence.announce(info):
        with pytest.raises(Conflict) as caught:
            desk.retrieve(Via.MOVE)
        assert desk.retrieve().via is Via.GET
    for fact in ("process 2", f"port {PORT}", "elsewhere"):
        assert fact in caught.value.message
    assert "stop it" in caught.value.hint


# Who may send --------------------------------------------------------------------------------------------------------


class FarPeer(ScriptedPeer):
    """A node that sends from another address than the one at which it is asked."""

    def __init__(self, desk: Desk, address: str) -> None:
        desk.network.detach((desk.peer.host, desk.peer.port))
        super().__init__(_From(desk.network, address), holdings=desk.peer.holdings.values())
        desk.network.attach(self.host, self.port, self)
        self.destinations = desk.peer.destinations
        desk.peer = self


class _From(MemoryNetwork):
    """The same network, as it is from an address."""

    def __init__(self, network: MemoryNetwork, address: str) -> None:
        super().__init__()
        self.inner, self.address = network, address

    def connect(self, host: str, port: int) -> Endpoint:
        return _Called(self.inner.connect(host, port), self.address)


class _Called(Endpoint):
    def __init__(self, endpoint: Endpoint, address: str) -> None:
        self.endpoint, self.address = endpoint, address

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        return self.endpoint.associate(replace(proposal, address=self.address))


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "127.0.0.1", "::1"])
def test_node_may_send_from_its_own_addresses_and_from_this_machine(address: str) -> None:
    desk = Desk()
    FarPeer(desk, address)
    assert desk.retrieve(Via.MOVE).is_complete


def test_objects_from_another_address_are_refused_and_the_hint_says_so() -> None:
    desk = Desk()
    desk.room.send_in(ALL[0])
    FarPeer(desk, "192.0.2.2")
    with pytest.raises(PeerFailed) as caught:
        desk.retrieve(Via.MOVE)
    assert "refused from 192.0.2.2" in caught.value.hint
    assert "allowed_peers" in caught.value.hint


def test_hint_names_the_address_when_part_of_the_objects_came() -> None:
    desk = Desk()
    desk.peer.script.withheld = frozenset({UIDS[0]})

    class Calls(ProgressSink):
        def report(self, progress: Progress) -> None:
            if progress.task == "retrieving" and progress.done == 1:
                proposal = Proposal(
                    calling_ae_title="X", called_ae_title="FILEROOM", contexts=(), address="192.0.2.3"
                )
                with pytest.raises(AssociationRejected):
                    desk.network.connect("127.0.0.1", PORT).associate(proposal)

    result = desk.retrieve(Via.MOVE, progress=Calls())
    assert (result.missing, result.is_complete) == (UIDS[:1], False)
    assert "refused from 192.0.2.3" in result.hint


@pytest.mark.parametrize(("address", "received"), [("192.0.2.2", 3), ("192.0.2.1", 0)])
def test_allowlist_decides_alone_where_there_is_one(address: str, received: int) -> None:
    desk = Desk()
    for record in ALL:
        desk.room.send_in(record)
    desk.receiver = desk.a_receiver(AccessPolicy(peers=(parse_network("192.0.2.2"),)))
    FarPeer(desk, address)
    assert desk.retrieve(Via.MOVE).received == received


@pytest.mark.parametrize("address", ["192.0.2.2", "192.0.2.1"])
def test_peer_of_each_retrieve_that_shares_a_listener_may_send(address: str) -> None:
    desk = Desk()
    first = Peer(ae_title=AeTitle("OTHER"), host="192.0.2.2", port=104)
    desk.receiver = desk.a_receiver(AccessPolicy(), lambda host: (host if host != "peer" else "192.0.2.1",))
    FarPeer(desk, address)
    with desk.receiver.open(
        first, AeTitle("FILEROOM"), ReceiverObserver(), progress=desk.progress, cancel=desk.cancel
    ):
        assert desk.retrieve(Via.MOVE).is_complete


def test_late_objects_at_the_listener_of_another_process_are_waited_for() -> None:
    desk = untalkative(Desk())
    desk.peer.script.late = 2
    desk.peer.late_gate.clear()
    desk.cancel.happens[3] = desk.peer.finish_late
    result = listening_elsewhere(desk, lambda: desk.retrieve(Via.MOVE))
    assert (result.expected, result.arrived, result.is_complete) == (None, 3, True)
    assert len(desk.cancel.waits) == 3


def test_retrieves_at_the_same_time_share_a_listener_until_the_last_one_ends() -> None:
    desk = Desk()
    first_is_in, second_is_done = threading.Event(), threading.Event()
    results: list[RetrieveResult] = []

    class Meets(ProgressSink):
        def report(self, progress: Progress) -> None:
            if progress.task == "retrieving" and not first_is_in.is_set():
                first_is_in.set()
                assert second_is_done.wait(10)

    def first() -> None:
        results.append(desk.retrieve(Via.MOVE, progress=Meets()))

    thread = threading.Thread(target=first)
    thread.start()
    assert first_is_in.wait(10)
    second = desk.retrieve(Via.MOVE)
    assert desk.presence.current() is not None
    second_is_done.set()
    thread.join()
    assert second.is_complete
    assert results[0].is_complete
    assert desk.presence.current() is None


def test_listener_is_stopped_when_the_node_cannot_be_asked() -> None:
    desk = Desk()
    desk.peer.script.lacks = frozenset({Service.MOVE})
    with pytest.raises(NoAcceptedContext):
        desk.retrieve(Via.MOVE)
    assert desk.presence.current() is None
    with pytest.raises(PeerUnreachable):
        desk.network.connect("127.0.0.1", PORT)


def test_get_proposes_the_classes_that_are_expected_and_the_usual_ones_when_the_node_does_not_tell() -> None:
    desk = Desk()
    proposals: list[Proposal] = []

    class Listening(ScriptedPeer):
        def associate(self, proposal: Proposal) -> AcceptorEnd:
            proposals.append(proposal)
            return super().associate(proposal)

    desk.network.detach((desk.peer.host, desk.peer.port))
    desk.peer = Listening(desk.network, holdings=map(a_holding, ALL))
    desk.retrieve(Via.GET)
    assert proposals[-1].scp_roles == {CT_IMAGE_STORAGE}
    desk.peer.script.left_out_attributes = frozenset({"SOPClassUID"})
    assert desk.retrieve(Via.GET).is_complete
    assert len(proposals[-1].scp_roles) > 50


def test_node_that_has_nothing_is_called_what_people_call_it() -> None:
    desk = Desk()
    desk.peer.holdings.clear()
    with pytest.raises(NotFound) as caught:
        desk.retrieve(Via.MOVE)
    assert caught.value.message.startswith("pacs has nothing by the UID")
    assert "--node pacs" in caught.value.hint
