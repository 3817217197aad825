"""A plain pynetdicom application entity on a loopback port, whose answers a scripted peer gives."""

import threading
import time
from collections.abc import Iterator
from io import BytesIO
from types import MethodType
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_MOVE, C_STORE
from pynetdicom.dsutils import decode, encode
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext

from fileroom.adapters.dicom.memory.network import AcceptorEnd, Arrival, Proposal
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.application.ports.dicom_client import MoveOriginator, Peer, ProposedContext, RetrieveStep
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import PeerBrokeProtocol, PeerDropped, PeerSilent
from fileroom.domain.query import Query, QueryLevel, QueryModel, Selection
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from tests.contract.dicom_handlers import WAIT_SECONDS

_QUERY_CLASSES = (
    VERIFICATION,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
_PATIENT_ROOT = {PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET}


class WirePeer:
    """A plain pynetdicom application entity whose answers a scripted peer gives."""

    def __init__(
        self, scripted: ScriptedPeer, storage: tuple[str, ...], waits_for_cancel_after: int | None
    ) -> None:
        self._scripted = scripted
        self._storage = storage
        self._waits_for_cancel_after = waits_for_cancel_after
        self._ends: dict[Association, AcceptorEnd] = {}
        self._stopping = threading.Event()
        entity = AE(scripted.ae_title)
        entity.maximum_associations = 100
        entity.add_supported_context(VERIFICATION)  # the real ones are set for each association
        # As `start_server` does it, but without waiting half a second for the end.
        self._server: Any = entity.make_server(
            ("127.0.0.1", 0),
            evt_handlers=[
                (evt.EVT_REQUESTED, self._requested),
                (evt.EVT_ACCEPTED, self._accepted),
                (evt.EVT_RELEASED, self._released),
                (evt.EVT_ABORTED, self._aborted),
            ],
        )
        entity._servers.append(self._server)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def peer(self) -> Peer:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return Peer(ae_title=self._scripted.ae_title, host=host, port=port)

    def stop(self) -> None:
        """End it and its associations."""
        self._stopping.set()
        associations = self._server.active_associations
        self._server.shutdown()
        self._thread.join(WAIT_SECONDS)
        for association in associations:
            association.abort()
            association.join(WAIT_SECONDS)

    def _requested(self, event: Event) -> None:
        script = self._scripted.script
        if script.silent_before_association:
            self._stopping.wait(WAIT_SECONDS)
            event.assoc.abort()
        elif script.refuse is not None:
            event.assoc.acse.send_reject(*script.refuse.value)
            event.assoc.kill()
        else:
            event.assoc.acceptor.supported_contexts = [
                self._context(uid, syntaxes)
                for uid in (*_QUERY_CLASSES, *self._storage)
                if (syntaxes := self._scripted.supported(uid, uid in event.assoc.requestor.role_selection))
            ]

    def _context(self, uid: str, syntaxes: tuple[str, ...]) -> PresentationContext:
        context = PresentationContext()
        context.abstract_syntax = uid
        context.transfer_syntax = list(syntaxes)
        if uid in self._storage:
            context.scu_role = context.scp_role = True
        return context

    def _accepted(self, event: Event) -> None:
        association = event.assoc
        request = association.requestor.primitive
        assert request is not None
        self._ends[association] = self._scripted.associate(
            Proposal(
                calling_ae_title=request.calling_ae_title,
                called_ae_title=request.called_ae_title,
                contexts=tuple(
                    ProposedContext(
                        sop_class_uid=str(context.abstract_syntax),
                        transfer_syntax_uids=(str(context.transfer_syntax[0]),),
                    )
                    for context in association.accepted_contexts
                ),
                scp_roles=frozenset(
                    str(context.abstract_syntax)
                    for context in association.accepted_contexts
                    if context.as_scu
                ),
            )
        )
        setattr(association, "_serve_request", MethodType(self._serve, association))  # noqa: B010

    def _released(self, event: Event) -> None:
        self._ends[event.assoc].release()

    def _aborted(self, event: Event) -> None:
        if event.assoc in self._ends and not event.assoc._sent_abort:
            self._ends[event.assoc].abort()

    def _serve(self, association: Association, message: Any, context_id: int) -> None:
        end = self._ends[association]
        association._is_paused = True
        try:
            match message:
                case C_ECHO():
                    self._answer(association, message, context_id, end.echo())
                case C_STORE():
                    self._store(association, message, context_id, end)
                case C_FIND():
                    self._find(association, message, context_id, end)
                case C_MOVE() | C_GET():
                    self._retrieve(association, message, context_id, end)
        except PeerSilent:
            self._stopping.wait(WAIT_SECONDS)
        except PeerDropped:
            association.abort()
        except PeerBrokeProtocol:
            association.dul.socket.socket.sendall(b"\x42" * 64)  # type: ignore[union-attr]
        finally:
            association._is_paused = False

    def _store(self, association: Association, message: C_STORE, context_id: int, end: AcceptorEnd) -> None:
        assert message.DataSet is not None
        originator = None
        if message.MoveOriginatorApplicationEntityTitle is not None:
            originator = MoveOriginator(
                ae_title=message.MoveOriginatorApplicationEntityTitle,
                message_id=message.MoveOriginatorMessageID or 0,
            )
        reply = end.store(
            Arrival(
                sop_class_uid=str(message.AffectedSOPClassUID),
                sop_instance_uid=str(message.AffectedSOPInstanceUID),
                transfer_syntax_uid=self._syntax(association, context_id),
                slices=[message.DataSet.getvalue()],
                originator=originator,
            )
        )
        self._answer(association, message, context_id, reply.status, ErrorComment=reply.error_comment or None)

    def _find(self, association: Association, message: C_FIND, context_id: int, end: AcceptorEnd) -> None:
        query = Query(**self._read(association, message, context_id))
        is_cancelled = False
        for answered, (status, match) in enumerate(end.find(query), start=1):
            identifier = None
            if match is not None:
                identifier = BytesIO(self._encoded(a_data_set_of(match), association, context_id))
            self._answer(association, message, context_id, status, Identifier=identifier)
            is_cancelled = is_cancelled or self._look_for_cancel(association, message, end, answered)

    def _retrieve(
        self, association: Association, message: C_MOVE | C_GET, context_id: int, end: AcceptorEnd
    ) -> None:
        asked = self._read(association, message, context_id)
        selection = Selection.from_keys(asked["level"], asked["model"], asked["keys"])
        steps: Iterator[RetrieveStep]
        if isinstance(message, C_MOVE):
            steps = end.move(selection, AeTitle(message.MoveDestination or "?"), message.MessageID or 0)
        else:
            steps = end.get(selection, lambda arrival: self._send(association, arrival))
        is_cancelled = False
        for answered, step in enumerate(steps, start=1):
            identifier = None
            if step.failed_sop_instance_uids:
                failed = Dataset()
                failed.FailedSOPInstanceUIDList = list(step.failed_sop_instance_uids)
                identifier = BytesIO(self._encoded(failed, association, context_id))
            self._answer(
                association,
                message,
                context_id,
                step.status,
                Identifier=identifier,
                NumberOfRemainingSuboperations=step.counters.remaining,
                NumberOfCompletedSuboperations=step.counters.completed,
                NumberOfFailedSuboperations=step.counters.failed,
                NumberOfWarningSuboperations=step.counters.warning,
            )
            is_cancelled = is_cancelled or self._look_for_cancel(association, message, end, answered)

    def _send(self, association: Association, arrival: Arrival) -> StoreReply:
        """Send a sub-operation of a C-GET."""
        context = next(
            context
            for context in association.accepted_contexts
            if context.abstract_syntax == arrival.sop_class_uid
            and context.transfer_syntax[0] == arrival.transfer_syntax_uid
        )
        request = C_STORE()
        request.MessageID = 7
        request.AffectedSOPClassUID = arrival.sop_class_uid
        request.AffectedSOPInstanceUID = arrival.sop_instance_uid
        request.Priority = 2
        request.DataSet = BytesIO(b"".join(arrival.slices))
        association.dimse.send_msg(request, context.context_id or 0)
        _, answer = association.dimse.get_msg(block=True)
        if not isinstance(answer, C_STORE) or answer.Status is None:
            raise PeerDropped("no answer to a sub-operation")
        return StoreReply(status=answer.Status)

    def _look_for_cancel(
        self, association: Association, message: Any, end: AcceptorEnd, answered: int
    ) -> bool:
        """Hand on a C-CANCEL, and tell whether one came; it may before as many responses as wait for it are out."""

        def came() -> bool:
            return association.dimse.cancel_req.pop(message.MessageID, None) is not None

        deadline = time.monotonic() + WAIT_SECONDS
        while answered == self._waits_for_cancel_after and not self._stopping.is_set():
            if came():
                end.cancel()
                return True
            assert time.monotonic() < deadline, "no C-CANCEL came"
            time.sleep(0.005)
        if came():
            end.cancel()
            return True
        return False

    def _answer(
        self, association: Association, request: Any, context_id: int, status: int, **values: Any
    ) -> None:
        answer = type(request)()
        answer.MessageIDBeingRespondedTo = request.MessageID
        answer.AffectedSOPClassUID = request.AffectedSOPClassUID
        answer.Status = status
        for name, value in values.items():
            if value is not None:
                setattr(answer, name, value)
        association.dimse.send_msg(answer, context_id)

    def _read(self, association: Association, message: Any, context_id: int) -> dict[str, Any]:
        """Read an identifier with pydicom."""
        syntax = association._accepted_cx[context_id].transfer_syntax[0]
        data_set = decode(message.Identifier, syntax.is_implicit_VR, syntax.is_little_endian)
        data_set.decode()
        keys = {
            element.keyword or f"{int(element.tag):08X}": _text(element.value)
            for element in data_set
            if element.keyword not in {"QueryRetrieveLevel", "SpecificCharacterSet"}
        }
        root = message.AffectedSOPClassUID in _PATIENT_ROOT
        return {
            "level": QueryLevel.from_dicom(data_set.QueryRetrieveLevel),
            "model": QueryModel.PATIENT_ROOT if root else QueryModel.STUDY_ROOT,
            "keys": keys,
        }

    def _encoded(self, data_set: Dataset, association: Association, context_id: int) -> bytes:
        syntax = association._accepted_cx[context_id].transfer_syntax[0]
        return encode(data_set, syntax.is_implicit_VR, syntax.is_little_endian) or b""

    def _syntax(self, association: Association, context_id: int) -> str:
        return str(association._accepted_cx[context_id].transfer_syntax[0])


def a_data_set_of(attributes: Any) -> Dataset:
    """A pydicom data set with these attributes; in UTF-8 where they need it."""
    data_set = Dataset()
    if not "".join(attributes.values()).isascii():
        data_set.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, list | tuple | MultiValue) else str(value)
