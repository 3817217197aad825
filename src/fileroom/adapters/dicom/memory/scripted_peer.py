"""A peer that keeps objects and misbehaves as it is told: the remote PACS of tests and demonstrations.

It answers queries by the rules of PS3.4 C.2.2.2, sends what it holds to the move destinations that it knows, and
takes what it is sent. The fields of `Script` make it refuse, fall silent, drop and answer wrongly; they may be
changed between two requests.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import (
    AcceptedContext,
    AcceptorEnd,
    Arrival,
    Endpoint,
    MemoryNetwork,
    Proposal,
    Take,
    negotiate,
    opened,
    rejection,
)
from fileroom.application.ports.dicom_client import MoveOriginator, Peer, ProposedContext, RetrieveStep
from fileroom.application.ports.dicom_server import RejectReason, StoreReply
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.attributes import BY_KEYWORD
from fileroom.domain.dimse_status import CANCEL, MOVE_DESTINATION_UNKNOWN, PENDING, SUCCESS, Service
from fileroom.domain.errors import (
    FileroomError,
    InvalidInput,
    NoAcceptedContext,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerSilent,
    PeerUnreachable,
)
from fileroom.domain.matching import accepts, compile_keys
from fileroom.domain.query import UNIQUE_KEYS, Attributes, Query, QueryLevel, Selection
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from fileroom.domain.transfer import SubOperations
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, STORAGE_TRANSFER_SYNTAXES

_SERVICES = {
    VERIFICATION: Service.ECHO,
    STUDY_ROOT_FIND: Service.FIND,
    PATIENT_ROOT_FIND: Service.FIND,
    STUDY_ROOT_MOVE: Service.MOVE,
    PATIENT_ROOT_MOVE: Service.MOVE,
    STUDY_ROOT_GET: Service.GET,
    PATIENT_ROOT_GET: Service.GET,
}
_BAD_IDENTIFIER, _SOME_FAILED, _ALL_FAILED = 0xA900, 0xB000, 0xA702


class Fault(Enum):
    """How a peer can fail in the middle of an operation."""

    SILENT = "silent"
    DROPPED = "dropped"
    PROTOCOL = "protocol"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """An object that the peer keeps."""

    attributes: Attributes
    """Its header, UIDs included, by keyword."""
    data: bytes = b""
    """Its data set."""
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.attributes["SOPInstanceUID"]

    def outgoing(self) -> OutgoingObject:
        """Return it ready to be sent."""
        return OutgoingObject(
            sop_class_uid=self.attributes["SOPClassUID"],
            sop_instance_uid=self.uid,
            study_instance_uid=self.attributes.get("StudyInstanceUID", ""),
            transfer_syntax_uid=self.transfer_syntax_uid,
            data_offset=0,
            content=BytesContent(self.data),
            name=self.uid,
        )


@dataclass(frozen=True)
class BytesContent(ObjectContent):
    """Content in memory."""

    data: bytes

    @property
    def path(self) -> Path | None:
        """There is no file."""
        return None

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Return a new stream."""
        return BytesIO(self.data)


@dataclass(kw_only=True)
class Script:
    """What the peer does differently from a good one."""

    unreachable: bool = False
    """Refuse the connection."""
    refuse: RejectReason | None = None
    """Reject every association."""
    silent_before_association: bool = False
    """Accept the connection and say nothing."""
    lacks: frozenset[Service] = frozenset()
    """Services without an accepted context, e.g. C-GET."""
    storage_syntaxes: tuple[str, ...] = STORAGE_TRANSFER_SYNTAXES
    """Transfer syntaxes that it takes objects in."""
    storage_classes: frozenset[str] | None = None
    """Storage classes that it takes; None is all."""
    faults: dict[Service, tuple[Fault, int]] = field(default_factory=dict)
    """Fail a service after so many responses (for store: objects taken)."""
    final_statuses: dict[Service, int] = field(default_factory=dict)
    """Status to answer instead of the true final one."""
    store_statuses: dict[str, int] = field(default_factory=dict)
    """Status to answer to the C-STORE of an instance; it is not kept where that is a failure."""
    withheld: frozenset[str] = frozenset()
    """Instances that are found but never sent, though they count as completed."""
    omit_counters: bool = False
    """Leave the sub-operation counters out."""
    late: int = 0
    """How many of the last objects of a C-MOVE are sent only after its final response."""
    ignored_keys: frozenset[str] = frozenset()
    """Keys that do not restrict and are not returned, e.g. ModalitiesInStudy."""
    left_out_attributes: frozenset[str] = frozenset()
    """Attributes that answers lack, e.g. NumberOfStudyRelatedInstances."""


class ScriptedPeer(Endpoint):
    """A peer on a network in memory; reached as soon as it is made."""

    def __init__(
        self,
        network: MemoryNetwork,
        ae_title: str = "PEER",
        *,
        host: str = "peer",
        port: int = 104,
        holdings: Iterable[Holding] = (),
    ) -> None:
        self.network = network
        self.ae_title = AeTitle(ae_title)
        self.script = Script()
        self.holdings: dict[str, Holding] = {holding.uid: holding for holding in holdings}
        self.destinations: dict[str, tuple[str, int]] = {}
        """Move destinations that it knows: host and port by AE title."""
        self.received: dict[str, Holding] = {}
        """What it was sent, by SOP Instance UID."""
        self.originators: dict[str, MoveOriginator | None] = {}
        """The move originator of each object that it was sent."""
        self.requests: list[Query | Selection | str] = []
        """What it was asked, in order: queries, selections, and "echo", "cancel", "release", "abort"."""
        self.associations = 0
        """How many it accepted."""
        self.late_gate = threading.Event()
        """Late objects wait for this; set from the start."""
        self.late_gate.set()
        self._late: list[threading.Thread] = []
        self.host, self.port = network.attach(host, port, self)

    @property
    def peer(self) -> Peer:
        """Where it is, as the client port wants to know."""
        return Peer(ae_title=self.ae_title, host=self.host, port=self.port)

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Accept an association, or not, as the script says."""
        script = self.script
        if script.unreachable:
            raise PeerUnreachable(f"{self.host}:{self.port} refused the connection")
        if script.silent_before_association:
            raise PeerSilent(f"{self.ae_title} does not answer")
        if script.refuse is not None:
            raise rejection(script.refuse)
        self.associations += 1
        return _ScriptedEnd(self, negotiate(proposal, self._supported), proposal)

    def finish_late(self, seconds: float = 10.0) -> None:
        """Let late objects go and wait until they are sent."""
        self.late_gate.set()
        for thread in self._late:
            thread.join(seconds)

    def send_later(self, work: threading.Thread) -> None:
        """Start to send after the final response."""
        self._late.append(work)
        work.start()

    def selected(self, selection: Selection) -> list[Holding]:
        """Return what a selection names."""
        wanted = {name: frozenset(value.split("\\")) for name, value in selection.keys().items()}
        return [
            holding
            for holding in self.holdings.values()
            if all(holding.attributes.get(name, "") in values for name, values in wanted.items())
        ]

    def matches(self, query: Query) -> list[Attributes]:
        """Return the answers to a query.

        Raises:
            InvalidInput: a key is not possible for its attribute.
        """
        keys = {name: value for name, value in query.keys.items() if name not in self.script.ignored_keys}
        modalities = frozenset(keys.get("ModalitiesInStudy", "").split("\\")) - {"", "*"}
        conditions = compile_keys(
            (BY_KEYWORD[name], value) for name, value in keys.items() if name in BY_KEYWORD
        )
        found: dict[str, list[Holding]] = {}
        for holding in self.holdings.values():
            found.setdefault(holding.attributes.get(query.level.unique_key, ""), []).append(holding)
        return [
            self._answer(query, keys, members)
            for members in found.values()
            if any(
                all(accepts(wanted, attribute, member.attributes.get(attribute.keyword, ""))
                    for attribute, wanted in conditions)
                for member in members
            )
            and (not modalities or any(member.attributes.get("Modality") in modalities for member in members))
        ]  # fmt: skip

    def _answer(self, query: Query, keys: Attributes, members: list[Holding]) -> Attributes:
        first = members[0].attributes
        derived = {
            "QueryRetrieveLevel": query.level.dicom,
            "RetrieveAETitle": str(self.ae_title),
            "ModalitiesInStudy": "\\".join(sorted({m.attributes.get("Modality", "") for m in members})),
        }
        for above, below, counted in _COUNTS:
            if query.level is above:
                uids = {member.attributes.get(UNIQUE_KEYS[below]) for member in members}
                derived[counted] = str(len(uids))
        names = {*keys, "QueryRetrieveLevel", "RetrieveAETitle"}
        names |= {unique for level, unique in UNIQUE_KEYS.items() if level.depth <= query.level.depth}
        names -= self.script.left_out_attributes
        return {name: derived.get(name, first.get(name, "")) for name in sorted(names)}

    def _supported(self, sop_class_uid: str, requestor_is_scp: bool) -> tuple[str, ...] | None:  # noqa: FBT001
        service = _SERVICES.get(sop_class_uid, Service.STORE)
        if service in self.script.lacks:
            return None
        if service is not Service.STORE or requestor_is_scp:
            return STORAGE_TRANSFER_SYNTAXES
        classes = self.script.storage_classes
        return self.script.storage_syntaxes if classes is None or sop_class_uid in classes else None


_COUNTS = (
    (QueryLevel.PATIENT, QueryLevel.STUDY, "NumberOfPatientRelatedStudies"),
    (QueryLevel.PATIENT, QueryLevel.SERIES, "NumberOfPatientRelatedSeries"),
    (QueryLevel.PATIENT, QueryLevel.IMAGE, "NumberOfPatientRelatedInstances"),
    (QueryLevel.STUDY, QueryLevel.SERIES, "NumberOfStudyRelatedSeries"),
    (QueryLevel.STUDY, QueryLevel.IMAGE, "NumberOfStudyRelatedInstances"),
    (QueryLevel.SERIES, QueryLevel.IMAGE, "NumberOfSeriesRelatedInstances"),
)


class _ScriptedEnd(AcceptorEnd):
    """One association with the peer."""

    implementation_class_uid = "1.2.826.0.1.3680043.10.1.999"
    implementation_version = "SCRIPTED"
    max_pdu_length = 16384

    def __init__(self, peer: ScriptedPeer, contexts: tuple[AcceptedContext, ...], proposal: Proposal) -> None:
        self._peer = peer
        self._proposal = proposal
        self._answers: Mapping[Service, int] = dict.fromkeys(Service, 0)
        self._cancelled = False
        self.contexts = contexts

    def echo(self) -> int:
        self._peer.requests.append("echo")
        self._step(Service.ECHO)
        return self._final(Service.ECHO, SUCCESS)

    def store(self, arrival: Arrival) -> StoreReply:
        data = bytearray()
        fault = self._peer.script.faults.get(Service.STORE)
        for part in arrival.slices:
            if fault and self._answers[Service.STORE] >= fault[1]:
                self._step(Service.STORE)
            data += part
        self._step(Service.STORE)
        uid = arrival.sop_instance_uid
        status = self._peer.script.store_statuses.get(uid, self._final(Service.STORE, SUCCESS))
        if status == SUCCESS or status >> 12 == 0xB:
            self._peer.originators[uid] = arrival.originator
            self._peer.received[uid] = Holding(
                attributes={"SOPInstanceUID": uid, "SOPClassUID": arrival.sop_class_uid},
                data=bytes(data),
                transfer_syntax_uid=arrival.transfer_syntax_uid,
            )
        return StoreReply(status=status)

    def find(self, query: Query) -> Iterator[tuple[int, Attributes | None]]:
        self._peer.requests.append(query)
        self._cancelled = False
        try:
            matches = self._peer.matches(query)
        except InvalidInput:
            yield _BAD_IDENTIFIER, None
            return
        for match in matches:
            self._step(Service.FIND)
            yield PENDING, match
            if self._cancelled:
                yield CANCEL, None
                return
        self._step(Service.FIND)
        yield self._final(Service.FIND, SUCCESS), None

    def move(self, selection: Selection, destination: AeTitle, message_id: int) -> Iterator[RetrieveStep]:
        address = self._peer.destinations.get(destination)
        if address is None:
            self._peer.requests.append(selection)
            yield RetrieveStep(status=MOVE_DESTINATION_UNKNOWN, counters=SubOperations())
            return
        originator = MoveOriginator(ae_title=self._proposal.calling_ae_title, message_id=message_id)
        receiver = Peer(ae_title=destination, host=address[0], port=address[1])

        def send(holdings: list[Holding]) -> Iterator[bool]:
            return _sent(self._peer, receiver, holdings, originator)

        late = self._peer.script.late
        chosen = self._peer.selected(selection)
        now, later = (chosen[:-late], chosen[-late:]) if late else (chosen, [])
        try:
            yield from self._retrieve(Service.MOVE, selection, now, send(now), len(later))
        finally:
            if later:

                def work() -> None:
                    self._peer.late_gate.wait()
                    for _ in send(later):
                        pass

                self._peer.send_later(threading.Thread(target=work, name="late objects"))

    def get(self, selection: Selection, take: Take) -> Iterator[RetrieveStep]:
        chosen = self._peer.selected(selection)

        def send() -> Iterator[bool]:
            for holding in chosen:
                if holding.uid in self._peer.script.withheld:
                    yield True
                    continue
                wanted = AcceptedContext(
                    sop_class_uid=holding.attributes["SOPClassUID"],
                    transfer_syntax_uid=holding.transfer_syntax_uid,
                    requestor_is_scp=True,
                )
                if wanted not in self.contexts:
                    yield False
                    continue
                with opened(holding.outgoing()) as arrival:
                    reply = take(arrival)
                yield reply.status == SUCCESS or reply.status >> 12 == 0xB

        return self._retrieve(Service.GET, selection, chosen, send(), 0)

    def _retrieve(
        self, service: Service, selection: Selection, chosen: list[Holding], sent: Iterator[bool], later: int
    ) -> Iterator[RetrieveStep]:
        self._peer.requests.append(selection)
        self._cancelled = False
        done: list[str] = []
        failed: list[str] = []
        status = SUCCESS
        for holding, arrived in zip(chosen, sent, strict=True):
            self._step(service)
            (done if arrived else failed).append(holding.uid)
            remaining = len(chosen) - len(done) - len(failed)
            if self._cancelled:
                status = CANCEL
                break
            yield RetrieveStep(status=PENDING, counters=self._counters(remaining, len(done), len(failed)))
        self._step(service)
        if status == SUCCESS and failed:
            status = _SOME_FAILED if done else _ALL_FAILED
        remaining = len(chosen) - len(done) - len(failed)
        yield RetrieveStep(
            status=self._final(service, status),
            counters=self._counters(remaining if status == CANCEL else None, len(done) + later, len(failed)),
            failed_sop_instance_uids=tuple(failed),
        )

    def cancel(self) -> None:
        self._peer.requests.append("cancel")
        self._cancelled = True

    def release(self) -> None:
        self._peer.requests.append("release")

    def abort(self) -> None:
        self._peer.requests.append("abort")

    def _counters(self, remaining: int | None, completed: int, failed: int) -> SubOperations:
        if self._peer.script.omit_counters:
            return SubOperations()
        return SubOperations(remaining=remaining, completed=completed, failed=failed, warning=0)

    def _final(self, service: Service, status: int) -> int:
        return self._peer.script.final_statuses.get(service, status)

    def _step(self, service: Service) -> None:
        """Count a response, or fail where the script says so.

        Raises:
            PeerSilent, PeerDropped, PeerBrokeProtocol: the script says so.
        """
        fault = self._peer.script.faults.get(service)
        if fault is not None and self._answers[service] >= fault[1]:
            match fault[0]:
                case Fault.SILENT:
                    raise PeerSilent(f"{self._peer.ae_title} stays silent")
                case Fault.DROPPED:
                    raise PeerDropped(f"{self._peer.ae_title} aborted the association")
                case Fault.PROTOCOL:
                    raise PeerBrokeProtocol(f"{self._peer.ae_title} sent something that is no answer")
        self._answers = {**self._answers, service: self._answers[service] + 1}


def _sent(
    peer: ScriptedPeer, receiver: Peer, holdings: list[Holding], originator: MoveOriginator
) -> Iterator[bool]:
    """Send objects to a move destination over one association; tell of each whether it arrived."""
    withheld = peer.script.withheld
    contexts = [
        ProposedContext(sop_class_uid=uid, transfer_syntax_uids=(syntax,))
        for uid, syntax in dict.fromkeys(
            (holding.attributes["SOPClassUID"], holding.transfer_syntax_uid) for holding in holdings
        )
    ]
    if not contexts:
        return
    try:
        session = MemoryDicomClient(peer.network, peer.ae_title).open_store(receiver, contexts)
    except FileroomError:
        yield from (False for _ in holdings)
        return
    with session:
        for holding in holdings:
            try:
                arrived = (
                    holding.uid in withheld or session.send(holding.outgoing(), originator).status == SUCCESS
                )
            except (PeerError, NoAcceptedContext):
                arrived = False
            yield arrived
