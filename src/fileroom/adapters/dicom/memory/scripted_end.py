"""One association with a scripted peer."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import (
    AcceptedContext,
    AcceptorEnd,
    Arrival,
    Proposal,
    Take,
    opened,
)
from fileroom.adapters.dicom.memory.script import Fault, Holding
from fileroom.application.ports.dicom_client import MoveOriginator, Peer, ProposedContext, RetrieveStep
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import CANCEL, MOVE_DESTINATION_UNKNOWN, PENDING, SUCCESS, Service
from fileroom.domain.errors import (
    FileroomError,
    InvalidInput,
    NoAcceptedContext,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerSilent,
)
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer import SubOperations

if TYPE_CHECKING:
    from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer

_BAD_IDENTIFIER: Final = 0xA900
_SOME_FAILED: Final = 0xB000
_ALL_FAILED: Final = 0xA702


class ScriptedEnd(AcceptorEnd):
    """One association with the peer."""

    implementation_class_uid = "1.2.826.0.1.3680043.10.1.999"
    implementation_version = "SCRIPTED"
    max_pdu_length = 16384

    def __init__(
        self, peer: "ScriptedPeer", contexts: tuple[AcceptedContext, ...], proposal: Proposal
    ) -> None:
        self._peer = peer
        self._proposal = proposal
        self._answers = dict.fromkeys(Service, 0)
        self._cancelled = False
        self.contexts = contexts

    def echo(self) -> int:
        """Answer a C-ECHO."""
        self._peer.requests.append("echo")
        self._step(Service.ECHO)
        return self._final(Service.ECHO, SUCCESS)

    def store(self, arrival: Arrival) -> StoreReply:
        """Keep an object."""
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
        """Answer a query."""
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
        """Send what is selected to a destination that is known."""
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
        """Send what is selected back."""
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
        """Stop after the next response."""
        self._peer.requests.append("cancel")
        self._cancelled = True

    def release(self) -> None:
        """Note it."""
        self._peer.requests.append("release")

    def abort(self) -> None:
        """Note it."""
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
        self._answers[service] += 1


def _sent(
    peer: "ScriptedPeer", receiver: Peer, holdings: list[Holding], originator: MoveOriginator
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
