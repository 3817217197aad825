"""One association over our own protocol core: bytes from the connection into it, and what it says back out."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from fileroom.adapters.dicom._services.connection import Connection, ConnectionLost, ConnectionStalled
from fileroom.adapters.dicom._services.endings import Ending, Fate
from fileroom.adapters.dicom._services.link import Asked, AssociationWish, Implementation, Link
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.adapters.dicom._shared.contexts import Policy
from fileroom.adapters.dicom._shared.framing import Buffer
from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import AbortReason, LocalError, ProtocolError
from fileroom.adapters.dicom.native.core.association import (
    Association,
    Incoming,
    PeerFailed,
    Refused,
    Role,
    TimedOut,
)
from fileroom.adapters.dicom.native.core.association import (
    ConnectionLost as AssociationLost,
)
from fileroom.adapters.dicom.native.core.negotiation import answer, knows_application, propose
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ControlPdu,
    PduType,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.stream import DATA_LIMIT
from fileroom.adapters.dicom.native.core.user_information import RoleSelection, UserInformation
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_ABORT: Final = Abort()


class NativeLink(Link):
    """An association, as requestor or acceptor."""

    def __init__(
        self,
        connection: Connection,
        role: Role,
        *,
        store: Sink | None,
        max_pdu_length: int = 0,
    ) -> None:
        super().__init__(connection, is_requestor=role is Role.REQUESTOR, store=store)
        self._max_pdu_length = max_pdu_length
        self._association = Association(role)
        self._incoming: Iterator[Incoming] | None = None
        """What the bytes mean that came last, as far as it was not looked at."""
        self._is_released = False
        self._first_byte = 0

    # -- negotiation --------------------------------------------------------------------------------------------

    @property
    def is_established(self) -> bool:
        """Whether messages may be sent."""
        return self._association.is_established

    @property
    def implementation(self) -> Implementation:
        """What the peer said of itself."""
        association = self._association
        peers = association.accept if association.role is Role.REQUESTOR else association.request
        information = peers.user_information if peers is not None else UserInformation()
        return Implementation(
            class_uid=information.implementation_class_uid,
            version=information.implementation_version,
            max_pdu_length=information.max_pdu_length or 0,
        )

    def request(self, wish: AssociationWish) -> None:
        """Ask for the association and wait for the answer."""
        self._max_pdu_length = wish.max_pdu_length
        self._association = Association(Role.REQUESTOR, data_limit=max(DATA_LIMIT, wish.max_pdu_length))
        try:
            self._association.send(_request_of(wish))
        except LocalError as error:
            raise InvalidInput(f"the association cannot be requested: {error}") from error
        self._transmit(self._association.connected())
        deadline = monotonic() + wish.timeout
        while self.ending is None and self.rejection is None and not self.is_established:
            left = deadline - monotonic()
            if left <= 0 or self.is_to_stop:
                return
            self._pump(left)
        self.was_accepted = self._association.accept is not None
        self.contexts = self._association.contexts

    def await_request(self, seconds: float) -> Asked | None:
        """Wait for the request of a peer, under the ARTIM timer (PS3.8 9.1.5)."""
        self._association = Association(
            Role.ACCEPTOR, artim_seconds=seconds, data_limit=max(DATA_LIMIT, self._max_pdu_length)
        )
        self._association.connected()
        while self.ending is None and self._association.request is None:
            if self.stop_requested.is_set() or self.wind_down.is_set():
                self.end(Ending(fate=Fate.STOPPED))
                return None
            self._pump(seconds)
        request = self._association.request
        if request is None:
            # What began as a request and could not be read was one; noise and silence were none.
            broke_protocol = self.ending is not None and self.ending.fate is Fate.PROTOCOL
            if broke_protocol and self._first_byte == PduType.ASSOCIATE_RQ:
                return Asked(calling_ae_title="", called_ae_title="", refusal=RejectReason.NO_REASON)
            return None
        return Asked(
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
            knows_application=knows_application(request),
            refusal=RejectReason.NO_REASON if self.ending is not None else None,
        )

    def reject(self, reason: RejectReason) -> None:
        """Refuse the request."""
        result, source, why = reason.value
        self._send_pdu(AssociateReject(result=result, source=source, reason=why))
        self.close()

    def accept(self, policy: Policy) -> None:
        """Accept the request."""
        request = self._association.request
        assert request is not None  # noqa: S101 - it was awaited
        contexts, roles = answer(request, policy)
        self._send_pdu(
            AssociateAccept(
                called_ae_title=request.called_ae_title,
                calling_ae_title=request.calling_ae_title,
                contexts=contexts,
                user_information=_information(self._max_pdu_length, roles),
            )
        )
        self.contexts = self._association.contexts

    # -- moving -------------------------------------------------------------------------------------------------

    def _pump(self, seconds: float) -> int:
        if self.ending is not None:
            return 0
        association, count = self._association, 0
        if self._incoming is None:
            try:
                data = self.connection.receive(seconds)
            except ConnectionLost as error:
                self._lost(str(error))
                return 0
            if not association.is_established:
                for one in association.tick(monotonic()):
                    self._note(one)
            if data is None:
                return 0
            count = len(data)
            self._first_byte = self._first_byte or data[0]
            self._incoming = association.receive(data)
        self._take_incoming(self._incoming)
        return count or 1

    def _take_incoming(self, incoming: Iterator[Incoming]) -> None:
        """Look at what came, up to the end of a message: the next one is not begun before this one is served."""
        inbox = self.inbox
        try:
            for one in incoming:
                if type(one) is DataSlice:
                    inbox.take(one)
                    if inbox.has_next:
                        return
                else:
                    self._note(one)
        except ProtocolError as error:
            self._note(PeerFailed(error))
            self._transmit(self._association.fail(error))
        self._incoming = None
        inbox.hand_over()
        self._transmit(self._association.take_outgoing())
        if self._association.must_close and not self._is_released:
            self.end(Ending(fate=Fate.CLOSED))

    def _note(self, one: Incoming) -> None:
        """Note what it means that this came."""
        match one:
            case ReleaseRequest():
                self._release_asked = True
            case ReleaseResponse():
                self._is_released = True
            case AssociateReject():
                self.rejection = (one.result, one.source, one.reason)
            case Abort():
                self.end(Ending(fate=Fate.ABORTED, source=one.source, reason=one.reason))
            case PeerFailed():
                self.end(Ending(fate=Fate.PROTOCOL, detail=self._told(one.error)))
            case Refused():
                self.end(Ending(fate=Fate.PROTOCOL, detail="it asked for an association that cannot be"))
            case TimedOut():
                self.end(Ending(fate=Fate.SILENT, detail="the time for association control is over"))
            case AssociationLost():
                self.end(Ending(fate=Fate.CLOSED))

    def _told(self, error: ProtocolError) -> str:
        # What comes in an association may be anything, of a patient's too, and this is logged.
        if error.reason is AbortReason.UNRECOGNIZED_PDU and self._association.accept is not None:
            return "it sent noise"
        return f"it sent {error}"

    def _lost(self, why: str) -> None:
        self.end(Ending(fate=Fate.CLOSED, detail=why))
        self._association.connection_lost()

    def _frames(
        self, context_id: int, command: bytes, blocks: Iterable[Buffer] | None
    ) -> Iterator[Sequence[Buffer]]:
        """Frame a message; the command set goes with the first part of the data set."""
        association = self._association
        framed = association.frames(context_id, (command,), is_command=True)
        if blocks is None:
            yield from framed
            return
        parts = [buffer for batch in framed for buffer in batch]
        for batch in association.frames(context_id, blocks, is_command=False):
            yield parts + batch if parts else batch
            parts = []

    def _send_pdu(self, pdu: ControlPdu) -> None:
        self._transmit(self._association.send(pdu))

    def _transmit(self, buffers: Sequence[Buffer]) -> None:
        """Send what the association says; that it cannot be sent is an end like any other."""
        if not buffers:
            return
        try:
            self.connection.send(buffers)
        except (ConnectionLost, ConnectionStalled) as error:
            self._lost(str(error))

    # -- ending -------------------------------------------------------------------------------------------------

    def _answer_release(self) -> None:
        self._send_pdu(ReleaseResponse())

    def _ask_for_release(self, seconds: float) -> None:
        self._send_pdu(ReleaseRequest())
        deadline = monotonic() + seconds
        while self.ending is None and not self._is_released:
            left = deadline - monotonic()
            if left <= 0:
                return
            self._pump(left)
            while self.inbox.has_next:
                self._dismiss()
            if self._release_asked:  # a collision (PS3.8 7.2.2.3)
                self._release_asked = False
                self._send_pdu(ReleaseResponse())

    def _dismiss(self) -> None:
        """Let go of a message that came too late."""
        message = self.inbox.next()
        if message.reception is not None:
            message.reception.abandon("the association was released")

    def _abort(self) -> None:
        with suppress(LocalError):  # where there is nothing to abort
            self._send_pdu(_ABORT)


def _request_of(wish: AssociationWish) -> AssociateRequest:
    contexts = [(one.sop_class_uid, one.transfer_syntax_uids) for one in wish.contexts]
    roles = tuple(RoleSelection(sop_class_uid=uid, scu=False, scp=True) for uid in wish.scp_roles)
    return AssociateRequest(
        called_ae_title=wish.called_ae_title,
        calling_ae_title=wish.calling_ae_title,
        contexts=propose(contexts),
        user_information=_information(wish.max_pdu_length, roles),
    )


def _information(max_pdu_length: int, roles: tuple[RoleSelection, ...]) -> UserInformation:
    return UserInformation(
        max_pdu_length=max_pdu_length,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version=IMPLEMENTATION_VERSION_NAME,
        roles=roles,
    )
