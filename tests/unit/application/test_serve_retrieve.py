"""C-MOVE and C-GET that peers ask of us."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.script import Fault
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.adapters.files.transcoding.transcoder import TreeTranscoder
from fileroom.application.ports.dicom_server import ServedStep, StoreReply, SubOperationSender
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.application.use_cases.serve_retrieve import ServeRetrieve
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import FileroomError, NoAcceptedContext, PeerDropped, PeerSilent, Unreadable
from fileroom.domain.node import Node
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.transfer import SubOperations
from tests.builders import a_record, a_uid
from tests.unit.application.rooms import CALLER, PatientToken, Room, data_of

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
STUDY = Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1),))
UIDS = tuple(a_record(number).sop_instance_uid for number in (1, 2, 3))


@dataclass
class Counter:
    """A room with a study of three instances, a registered destination, and the handler."""

    room: Room = field(default_factory=Room)

    def __post_init__(self) -> None:
        """Join everything."""
        for number in (1, 2, 3):
            self.room.send_in(a_record(number), releases=False)
        self.network = MemoryNetwork()
        self.peer = ScriptedPeer(self.network, "WS1", host="ws1")
        self.nodes = MemoryNodeRepository()
        self.nodes.add(Node(name="workstation", ae_title=AeTitle("WS1"), host="ws1", port=104))
        self.serve = ServeRetrieve(
            nodes=self.nodes,
            catalog=self.room.catalog,
            store=self.room.store,
            client=MemoryDicomClient(self.network, AeTitle("FILEROOM")),
            transcoder=TreeTranscoder(),
            never=PatientToken,
            settle=self.room.filer.settle,
        )

    def move(self, destination: str = "WS1", selection: Selection = STUDY) -> Iterator[ServedStep]:
        """Serve a C-MOVE."""
        return self.serve.move(CALLER, selection, AeTitle(destination), 7)


def counts(step: ServedStep) -> tuple[int | None, int | None, int | None, int | None]:
    counters = step.counters
    return counters.remaining, counters.completed, counters.failed, counters.warning


def test_objects_are_moved_to_a_registered_node() -> None:
    counter = Counter()
    steps = list(counter.move())
    assert [step.status for step in steps] == [0xFF00] * 4 + [0x0000]
    assert [counts(step) for step in steps[:-1]] == [(3, 0, 0, 0), (2, 1, 0, 0), (1, 2, 0, 0), (0, 3, 0, 0)]
    assert counts(steps[-1]) == (None, 3, 0, 0)
    assert counter.peer.received[UIDS[0]].data == data_of(a_record(1))
    originator = counter.peer.originators[UIDS[0]]
    assert originator is not None
    assert (originator.ae_title, originator.message_id) == ("MODALITY", 7)


def test_selection_decides_what_is_moved() -> None:
    counter = Counter()
    one = replace(STUDY, level=QueryLevel.IMAGE, sop_instance_uids=UIDS[:1])
    list(counter.move(selection=one))
    assert set(counter.peer.received) == {UIDS[0]}


def test_nothing_is_moved_and_that_is_success_when_nothing_is_here_by_that_uid() -> None:
    counter = Counter()
    steps = list(counter.move(selection=replace(STUDY, study_instance_uids=("9.9",))))
    assert [step.status for step in steps] == [0xFF00, 0x0000]
    assert counts(steps[-1]) == (None, 0, 0, 0)
    assert counter.peer.associations == 0


def test_unknown_destination_is_told() -> None:
    (step,) = Counter().move("NOBODY")
    assert (step.status, step.counters) == (0xA801, SubOperations())
    assert "NOBODY" in step.error_comment


def test_some_failed_is_a_warning_that_names_them() -> None:
    counter = Counter()
    counter.peer.script.store_statuses = {UIDS[1]: 0xC001}
    final = list(counter.move())[-1]
    assert (final.status, final.failed_sop_instance_uids) == (0xB000, (UIDS[1],))
    assert counts(final) == (None, 2, 1, 0)


def test_warnings_alone_are_a_warning() -> None:
    counter = Counter()
    counter.peer.script.store_statuses = {UIDS[1]: 0xB000}
    final = list(counter.move())[-1]
    assert (final.status, counts(final)) == (0xB000, (None, 2, 0, 1))


def test_all_failed_is_a_failure() -> None:
    counter = Counter()
    counter.peer.script.final_statuses = {Service.STORE: 0xC001}
    final = list(counter.move())[-1]
    assert (final.status, final.failed_sop_instance_uids, counts(final)) == (0xA702, UIDS, (None, 0, 3, 0))


def test_destination_that_cannot_be_reached_is_a_failure_that_says_why() -> None:
    counter = Counter()
    counter.peer.script.unreachable = True
    final = list(counter.move())[-1]
    assert (final.status, final.failed_sop_instance_uids) == (0xA702, UIDS)
    assert "refused the connection" in final.error_comment


def test_objects_that_are_gone_fail_alone() -> None:
    counter = Counter()
    entry = counter.room.entry(a_record(1))
    counter.room.catalog.record([replace(entry, stored=replace(entry.stored, location="s3://elsewhere"))])
    counter.room.store.delete(counter.room.entry(a_record(2)).stored.location)
    final = list(counter.move())[-1]
    assert (final.status, final.failed_sop_instance_uids, final.error_comment) == (0xB000, UIDS[:2], "")


def test_association_that_is_lost_is_opened_once_more() -> None:
    counter = Counter()
    counter.peer.script.faults = {Service.STORE: (Fault.DROPPED, 1)}
    final = list(counter.move())[-1]
    # Each association takes one object; what was in flight when it was lost is not tried again for somebody else.
    assert final.status == 0xB000
    assert counter.peer.associations > 1


def test_closing_stops_and_releases() -> None:
    counter = Counter()
    steps = counter.move()
    assert next(steps).status == 0xFF00
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert len(counter.peer.received) == 1
    assert counter.peer.requests == ["release"]


# C-GET ---------------------------------------------------------------------------------------------------------------


@dataclass
class Back(SubOperationSender):
    """The way back over the association that asked."""

    syntaxes: tuple[str, ...] = (EXPLICIT, IMPLICIT)
    statuses: dict[str, int] = field(default_factory=dict)
    errors: dict[str, FileroomError] = field(default_factory=dict)
    sent: list[OutgoingObject] = field(default_factory=list)

    def send(self, source: OutgoingObject) -> StoreReply:
        """Take it, or do as told."""
        if source.transfer_syntax_uid not in self.syntaxes:
            raise NoAcceptedContext("no such context")
        if source.sop_instance_uid in self.errors:
            raise self.errors[source.sop_instance_uid]
        source.content.open().close()
        self.sent.append(source)
        return StoreReply(status=self.statuses.get(source.sop_instance_uid, 0))


def test_objects_are_sent_back_by_get() -> None:
    back = Back()
    steps = list(Counter().serve.get(CALLER, STUDY, back))
    assert [counts(step) for step in steps[:-1]] == [(3, 0, 0, 0), (2, 1, 0, 0), (1, 2, 0, 0), (0, 3, 0, 0)]
    assert (steps[-1].status, counts(steps[-1])) == (0, (None, 3, 0, 0))
    assert [one.sop_instance_uid for one in back.sent] == list(UIDS)


def test_objects_are_converted_for_get_when_the_peer_takes_nothing_else() -> None:
    back = Back(syntaxes=(IMPLICIT,))
    assert list(Counter().serve.get(CALLER, STUDY, back))[-1].status == 0
    assert {one.transfer_syntax_uid for one in back.sent} == {IMPLICIT}


def test_get_counts_what_came_of_each_object() -> None:
    back = Back(statuses={UIDS[0]: 0xB000, UIDS[1]: 0xA700})
    final = list(Counter().serve.get(CALLER, STUDY, back))[-1]
    assert (final.status, counts(final), final.failed_sop_instance_uids) == (
        0xB000,
        (None, 1, 1, 1),
        UIDS[1:2],
    )


def test_get_fails_when_the_peer_takes_objects_in_no_form() -> None:
    final = list(Counter().serve.get(CALLER, STUDY, Back(syntaxes=())))[-1]
    assert (final.status, final.failed_sop_instance_uids) == (0xA702, UIDS)


def test_get_goes_on_when_an_object_cannot_be_read() -> None:
    counter = Counter()
    counter.room.store.delete(counter.room.entry(a_record(1)).stored.location)
    back = Back(errors={UIDS[1]: Unreadable("I/O error")})
    final = list(counter.serve.get(CALLER, STUDY, back))[-1]
    assert (final.status, final.failed_sop_instance_uids) == (0xB000, UIDS[:2])
    assert [one.sop_instance_uid for one in back.sent] == [UIDS[2]]


@pytest.mark.parametrize("error", [PeerDropped("gone"), PeerSilent("silent")])
def test_get_ends_when_the_association_is_lost(error: FileroomError) -> None:
    back = Back(errors={UIDS[1]: error})
    steps = Counter().serve.get(CALLER, STUDY, back)
    with pytest.raises(type(error)):
        list(steps)
    assert len(back.sent) == 1
