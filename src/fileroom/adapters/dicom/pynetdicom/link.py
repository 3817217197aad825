"""One association on pynetdicom, driven by the thread that uses it (see `provider`).

P-DATA-TF of an association that stands is not decoded by pynetdicom, which copies each byte several times, but handed
on as views; the machine would stay in Sta6 anyway (DT-1, DT-2).
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from pynetdicom import build_role
from pynetdicom._globals import APPLICATION_CONTEXT_NAME, MODE_ACCEPTOR, MODE_REQUESTOR
from pynetdicom.pdu_primitives import A_ASSOCIATE, A_RELEASE, P_DATA
from pynetdicom.presentation import PresentationContext, negotiate_as_acceptor

from fileroom.adapters.dicom._services.connection import Connection, ConnectionLost, ConnectionStalled
from fileroom.adapters.dicom._services.endings import Ending, Fate
from fileroom.adapters.dicom._services.front_door import rejection
from fileroom.adapters.dicom._services.link import Asked, AssociationWish, Implementation, Link
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.adapters.dicom._shared.contexts import USUAL_PDU_LENGTH, AgreedContext, Policy
from fileroom.adapters.dicom._shared.framing import SMALLEST_PDU, Buffer, frame
from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import MessageError
from fileroom.adapters.dicom.pynetdicom.association_request import (
    A_ASSOCIATE_RQ,
    has_too_many_contexts,
    odd_titles,
    refused,
)
from fileroom.adapters.dicom.pynetdicom.pdu_buffer import LARGEST_PDU, NoPdu, PduBuffer
from fileroom.adapters.dicom.pynetdicom.provider import ESTABLISHED, PumpedAssociation
from fileroom.application.ports.dicom_client import ProposedContext
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.errors import InvalidInput

_RELEASE_ASKED: Final = "Sta8"
_AWAITING_REQUEST: Final = "Sta2"
_CLOSING: Final = "Sta13"
_A_ASSOCIATE_RJ: Final = 0x03
_P_DATA_TF: Final = 0x04
_A_ABORT: Final = 0x07
_PDU_HEADER: Final = struct.Struct(">BxI")
_VALUE_HEADER: Final = struct.Struct(">IBB")


class PynetdicomLink(Link):
    """An association, as requestor or acceptor."""

    def __init__(
        self,
        connection: Connection,
        mode: str,
        *,
        store: Sink | None,
        ae_title: str,
        max_pdu_length: int = 0,
    ) -> None:
        """Take over a connection.

        Raises:
            OSError: it is gone already.
        """
        super().__init__(connection, is_requestor=mode == MODE_REQUESTOR, store=store)
        self._pdus = PduBuffer()
        self._asked: Asked | None = None
        self._values: Iterator[DataSlice] = iter(())
        """What is left of a P-DATA-TF whose values make several messages."""
        self._max_pdu_length = max_pdu_length
        self._association = association = PumpedAssociation(self, mode, ae_title=ae_title)
        self._dul = association.dul
        if mode == MODE_ACCEPTOR:
            association.describe_ends(association.acceptor, association.requestor)
            association.acceptor.ae_title = ae_title
            association.acceptor.maximum_length = max_pdu_length

    # -- negotiation --------------------------------------------------------------------------------------------

    @property
    def is_established(self) -> bool:
        """Whether messages may be sent."""
        return self._dul.state_machine.current_state == ESTABLISHED

    @property
    def implementation(self) -> Implementation:
        """What the peer said of itself."""
        association = self._association
        peer = association.acceptor if self._is_requestor else association.requestor
        return Implementation(
            class_uid=str(peer.implementation_class_uid or ""),
            version=(peer.implementation_version_name or "").strip(),
            max_pdu_length=peer.maximum_length or 0,
        )

    def request(self, wish: AssociationWish) -> None:
        """Ask for the association and wait for the answer."""
        association = self._association
        us, peer = association.requestor, association.acceptor
        association.describe_ends(us, peer)
        us.ae_title, peer.ae_title = wish.calling_ae_title, wish.called_ae_title
        us.maximum_length = self._max_pdu_length = wish.max_pdu_length
        try:
            us.requested_contexts = [_context(2 * n + 1, one) for n, one in enumerate(wish.contexts)]
            for uid in wish.scp_roles:
                us.add_negotiation_item(build_role(uid, scp_role=True))
        except ValueError as error:
            raise InvalidInput(f"a presentation context cannot be proposed: {error}") from error
        association.acse_timeout = association.network_timeout = wish.timeout
        association.request()
        answer = peer.primitive
        self.was_accepted = answer is not None and answer.result == 0
        self._agree(association._accepted_cx.values())  # noqa: SLF001 - the public list is sorted anew each time

    def await_request(self, seconds: float) -> Asked | None:
        """Wait for the request of a peer; the ARTIM timer runs from here (PS3.8 9.1.5)."""
        association = self._association
        association.acse_timeout = association.network_timeout = seconds
        self._dul.happened("Evt5")
        request = self._dul.receive_pdu(wait=True, timeout=seconds)
        if not isinstance(request, A_ASSOCIATE):
            return self._asked
        association.requestor.primitive = request
        return Asked(
            calling_ae_title=request.calling_ae_title.strip(),
            called_ae_title=request.called_ae_title.strip(),
            knows_application=request.application_context_name in {None, "", APPLICATION_CONTEXT_NAME},
        )

    def reject(self, reason: RejectReason) -> None:
        """Refuse the request."""
        self._association.acse.send_reject(*reason.value)
        self.close()

    def accept(self, policy: Policy) -> None:
        """Accept the request; of each context the first transfer syntax proposed that we know (PS3.8 9.3.3.2)."""
        association = self._association
        proposed_roles = {
            uid: (item.scu_role, item.scp_role) for uid, item in association.requestor.role_selection.items()
        }
        replies = {}
        accepted: list[PresentationContext] = []
        request = association.requestor.primitive
        assert request is not None  # noqa: S101 - it was awaited
        for proposed in request.presentation_context_definition_list:
            if not proposed.abstract_syntax or not proposed.transfer_syntax:
                continue  # neither a class nor a syntax to answer about
            ours = policy(str(proposed.abstract_syntax))
            supported = []
            if ours.transfer_syntaxes and (ours.as_scp or proposed.abstract_syntax in proposed_roles):
                known = [syntax for syntax in proposed.transfer_syntax if syntax in ours.transfer_syntaxes]
                context = PresentationContext()
                context.abstract_syntax = proposed.abstract_syntax
                context.add_transfer_syntax(known[0] if known else next(iter(ours.transfer_syntaxes)))
                if ours.as_scu:
                    context.scu_role, context.scp_role = ours.as_scp, True
                supported.append(context)
            answered, roles = negotiate_as_acceptor([proposed], supported, proposed_roles)
            for context in answered:
                kept = accepted if context.result == 0 else association._rejected_cx  # noqa: SLF001 - see `provider`
                kept.append(context)
            replies.update({str(role.sop_class_uid): role for role in roles})
        association._accepted_cx = {int(one.context_id or 0): one for one in accepted}  # noqa: SLF001 - see `provider`
        for role in replies.values():
            association.acceptor.add_negotiation_item(role)
        association.acse.send_accept()
        association.is_established = True
        self._agree(accepted)

    def _agree(self, accepted: Iterable[PresentationContext]) -> None:
        """Note the contexts that stand; the library's roles are ours, not the requestor's."""
        self._pdus.limit = max(LARGEST_PDU, self._max_pdu_length)
        self.contexts = {
            int(one.context_id or 0): AgreedContext(
                context_id=int(one.context_id or 0),
                abstract_syntax=str(one.abstract_syntax),
                transfer_syntax=str(one.transfer_syntax[0]),
                requestor_is_scu=bool(one.as_scu if self._is_requestor else one.as_scp),
                requestor_is_scp=bool(one.as_scp if self._is_requestor else one.as_scu),
            )
            for one in accepted
        }

    # -- moving -------------------------------------------------------------------------------------------------

    def pump(self, seconds: float) -> int:
        """Take what has come, or wait for it; for the provider, which waits for association control so."""
        return self._pump(seconds)

    def _pump(self, seconds: float) -> int:
        if self.ending is not None or self._dul.is_over:
            return 0
        if self._dul.artim_timer.expired:
            self._ended("Evt18", Ending(fate=Fate.SILENT, detail="the time for association control is over"))
            return 1
        count = 0
        try:
            if self._take_values():
                return 1
            pdu = self._pdus.next()
            if pdu is None:
                data = self.connection.receive(seconds)
                if data is None:
                    return 0
                count = len(data)
                self._pdus.feed(data)
                pdu = self._pdus.next()
            if pdu is not None:
                self._take(*pdu)
        except ConnectionLost as error:
            self._ended("Evt17", Ending(fate=Fate.CLOSED, detail=str(error)))
        except (NoPdu, MessageError) as error:
            self._ended("Evt19", Ending(fate=Fate.PROTOCOL, detail=f"it sent {error}"))
        return count or 1

    def _ended(self, event: str, ending: Ending) -> None:
        self.end(ending)
        self._dul.happened(event)

    def _take(self, kind: int, body: memoryview) -> None:
        machine = self._dul.state_machine
        before = machine.current_state
        if kind == _P_DATA_TF and before == ESTABLISHED:
            self._values = self._values_of(body)
            self._take_values()
            return
        if kind == _A_ABORT and len(body) >= 4:
            self.end(Ending(fate=Fate.ABORTED, source=body[2], reason=body[3]))
        if kind == _A_ASSOCIATE_RJ and len(body) >= 4:
            self.rejection = (body[1], body[2], body[3])
        is_request = kind == A_ASSOCIATE_RQ and before == _AWAITING_REQUEST
        if is_request and (odd := odd_titles(body)) is not None:
            self._refuse(odd, "it sent an AE title that is none")
            return
        if is_request and has_too_many_contexts(body):
            self._refuse(refused(body, RejectReason.NO_REASON), "it proposed more than 128 contexts")
            return
        try:
            self._dul.take(_PDU_HEADER.pack(kind, len(body)) + body)
        except Exception as error:
            if is_request:
                self._asked = refused(body, RejectReason.NO_REASON)
            raise MessageError("a PDU that cannot be decoded") from error
        after = machine.current_state
        if is_request and after == _AWAITING_REQUEST:  # the machine failed at it, without an answer
            self._refuse(refused(body, RejectReason.NO_REASON), "it sent a request that cannot be read")
        elif is_request and after == _CLOSING:
            self._asked = refused(body, RejectReason.NO_REASON)
        if after == _CLOSING and before != _CLOSING:
            detail = f"it sent a PDU of type {kind:02X}H where none may come"
            self.end(Ending(fate=Fate.PROTOCOL, detail=detail))
        self._look_at_primitives()

    def _refuse(self, asked: Asked, why: str) -> None:
        self._asked = asked
        self.end(Ending(fate=Fate.PROTOCOL, detail=why))
        if asked.refusal is not None:
            with suppress(ConnectionLost, ConnectionStalled):
                self.connection.send([rejection(asked.refusal)])

    def _look_at_primitives(self) -> None:
        """Note a release that was asked for, and data that came outside of the fast way (AR-6)."""
        queue = self._dul.to_user_queue
        if not self._association.is_established or queue.empty():
            return
        primitive = queue.queue[0]
        if isinstance(primitive, A_RELEASE) and primitive.result is None:
            queue.get(block=False)
            self._release_asked = True
        elif isinstance(primitive, P_DATA):
            queue.get(block=False)  # nobody waits for it any more

    def _take_values(self) -> bool:
        """Hand the values of a P-DATA-TF on, up to the end of a message; tell whether there was one."""
        found = False
        for one in self._values:
            found = True
            self.inbox.take(one)
            if self.inbox.has_next:
                break
        self.inbox.hand_over()
        return found

    def _values_of(self, body: memoryview) -> Iterator[DataSlice]:
        """Yield the presentation data values of a P-DATA-TF (PS3.8 9.3.5, annex E)."""
        offset, end = 0, len(body)
        while offset < end:
            if end - offset < _VALUE_HEADER.size:
                raise MessageError("a presentation data value that is cut off")
            length, context_id, control = _VALUE_HEADER.unpack_from(body, offset)
            first, last = offset + _VALUE_HEADER.size, offset + 4 + length
            if length < 2 or last > end:
                raise MessageError("a presentation data value of an impossible length")
            if context_id not in self.contexts:
                raise MessageError(f"data on presentation context {context_id}, which was not accepted")
            yield DataSlice(context_id, bool(control & 1), bool(control & 2), body[first:last], is_start=True)
            offset = last

    def _frames(
        self, context_id: int, command: bytes, blocks: Iterable[Buffer] | None
    ) -> Iterator[Sequence[Buffer]]:
        # None where the peer did not say, although it has to.
        announced: int | None = self._association.dimse.maximum_pdu_size
        length = USUAL_PDU_LENGTH if announced is None or 0 < announced < SMALLEST_PDU else announced
        yield from frame(context_id, (command,), length, is_command=True)
        if blocks is not None:
            yield from frame(context_id, blocks, length, is_command=False)

    # -- ending -------------------------------------------------------------------------------------------------

    def _answer_release(self) -> None:
        self._association.acse.send_release(is_response=True)
        self._association.is_released, self._association.is_established = True, False

    def _ask_for_release(self, seconds: float) -> None:
        self._association.acse_timeout = seconds
        self._association.is_established = False  # what comes now is for association control
        self._association.acse.negotiate_release()

    def _abort(self) -> None:
        self._association._abort_blocking()  # noqa: SLF001 - see `provider`


def _context(identifier: int, proposed: ProposedContext) -> PresentationContext:
    context = PresentationContext()
    context.context_id = identifier
    context.abstract_syntax = proposed.sop_class_uid
    context.transfer_syntax = list(proposed.transfer_syntax_uids)
    return context
