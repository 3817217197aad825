"""A plain pynetdicom requestor, driven message by message."""

import socket
import time
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom import AE, build_context, build_role
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_CANCEL, C_ECHO, C_FIND, C_GET, C_MOVE, C_STORE
from pynetdicom.dsutils import decode, encode
from pynetdicom.pdu_primitives import A_ASSOCIATE

from fileroom.application.ports.dicom_client import MoveOriginator, RetrieveStep
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.errors import AssociationRejected, PeerDropped, PeerUnreachable
from fileroom.domain.query import Attributes, Query, QueryModel, Selection
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
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.dicom_handlers import WAIT_SECONDS
from tests.contract.dicom_users import ALL, Contexts, Got, PendingStore, User, UserAssociation

_PENDING = {0xFF00, 0xFF01}


class WireUser(User):
    """Opens associations over TCP."""

    def __init__(self) -> None:
        self._open: list[Association] = []

    def associate(
        self,
        address: tuple[str, int],
        contexts: Contexts = ALL,
        *,
        calling: str = "USER",
        called: str = "FILEROOM",
        scp_roles: Iterable[str] = (),
    ) -> UserAssociation:
        try:
            socket.create_connection(address, WAIT_SECONDS).close()
        except OSError as error:  # pynetdicom would tell it too, and leave its socket open
            raise PeerUnreachable(str(error)) from error
        entity = AE(calling)
        entity.dimse_timeout = entity.acse_timeout = entity.network_timeout = WAIT_SECONDS
        association = entity.associate(
            *address,
            contexts=[build_context(uid, list(syntaxes)) for uid, syntaxes in contexts],
            ae_title=called,
            ext_neg=[build_role(uid, scp_role=True) for uid in scp_roles],
        )
        self._open.append(association)
        if not association.is_established:
            # Where the answer was faster than pynetdicom expects, it still lies in its queue.
            answer = association.acceptor.primitive or association.dul.receive_pdu()
            if not isinstance(answer, A_ASSOCIATE):
                raise PeerUnreachable("not established")
            raise AssociationRejected(
                "rejected",
                result=answer.result or 0,
                source=answer.result_source or 0,
                reason=answer.diagnostic or 0,
            )
        # Without its own reactor, which would take messages away.
        association._reactor_checkpoint.clear()
        while not association._is_paused:
            time.sleep(0.0001)
        return WireAssociation(association)

    def stop(self) -> None:
        for association in self._open:
            if association.is_alive():
                association.abort()
            association.dul.kill_dul()


class WireAssociation(UserAssociation):
    def __init__(self, association: Association) -> None:
        self.association = association

    @property
    def accepted(self) -> dict[tuple[str, str], bool]:
        return {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])): bool(context.as_scp)
            for context in self.association.accepted_contexts
        }

    def echo(self) -> int:
        request = C_ECHO()
        request.MessageID = 1
        request.AffectedSOPClassUID = VERIFICATION
        self.association.dimse.send_msg(request, self._context(VERIFICATION)[0])
        return int(self._answer().Status)

    def store(
        self,
        data: bytes,
        *,
        uid: str = a_uid(1, 1, 1),
        sop_class_uid: str = CT_IMAGE_STORAGE,
        transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
        originator: MoveOriginator | None = None,
    ) -> StoreReply:
        request = self._store_request(data, uid, sop_class_uid)
        if originator is not None:
            request.MoveOriginatorApplicationEntityTitle = originator.ae_title
            request.MoveOriginatorMessageID = originator.message_id
        self.association.dimse.send_msg(request, self._context(sop_class_uid, transfer_syntax_uid)[0])
        return self._reply(request)

    def begin_store(self, data: bytes) -> PendingStore:
        request = self._store_request(data, a_uid(1, 1, 1), CT_IMAGE_STORAGE)
        message = C_STORE_RQ()
        message.primitive_to_message(request)
        context_id, _ = self._context(CT_IMAGE_STORAGE)
        *first, last = message.encode_msg(context_id, max(len(data) // 2, 1000))
        for values in first:
            self.association.dul.send_pdu(values)
        return WirePendingStore(self, request, last)

    def find(self, query: Query, *, cancel_after: int = -1) -> list[tuple[int, Attributes | None]]:
        patient_root = query.model is QueryModel.PATIENT_ROOT
        context_id, syntax = self._context(PATIENT_ROOT_FIND if patient_root else STUDY_ROOT_FIND)
        request = C_FIND()
        request.Identifier = _identifier(query.level.dicom, query.keys, syntax)
        self._start(request, context_id, PATIENT_ROOT_FIND if patient_root else STUDY_ROOT_FIND)
        answers: list[tuple[int, Attributes | None]] = []
        while not answers or answers[-1][0] in _PENDING:
            answer = self._answer()
            told = answer.Identifier is not None and answer.Identifier.getvalue()
            found = _attributes(answer.Identifier, syntax) if told else None
            answers.append((int(answer.Status), found))
            if len(answers) == cancel_after:
                self._cancel(context_id)
        return answers

    def move(
        self, selection: Selection, destination: str, *, message_id: int = 1, cancel_after: int = -1
    ) -> list[RetrieveStep]:
        patient_root = selection.model is QueryModel.PATIENT_ROOT
        sop_class = PATIENT_ROOT_MOVE if patient_root else STUDY_ROOT_MOVE
        context_id, syntax = self._context(sop_class)
        request = C_MOVE()
        request.MoveDestination = destination
        request.Identifier = _identifier(selection.level.dicom, selection.keys(), syntax)
        self._start(request, context_id, sop_class, message_id)
        return self._steps(Got(), context_id, syntax, cancel_after, message_id).steps

    def get(self, selection: Selection, *, status: int = 0, cancel_after: int = -1) -> Got:
        patient_root = selection.model is QueryModel.PATIENT_ROOT
        sop_class = PATIENT_ROOT_GET if patient_root else STUDY_ROOT_GET
        context_id, syntax = self._context(sop_class)
        request = C_GET()
        request.Identifier = _identifier(selection.level.dicom, selection.keys(), syntax)
        self._start(request, context_id, sop_class)
        return self._steps(Got(status=status), context_id, syntax, cancel_after)

    def release(self) -> None:
        self.association.release()

    def abort(self) -> None:
        self.association.abort()

    @property
    def is_over(self) -> bool:
        return not self.association.dul.is_alive()

    def close(self) -> None:
        """Close the connection without a word."""
        self.association.dul.socket._shutdown_socket()  # type: ignore[union-attr]

    def _steps(self, got: Got, context_id: int, syntax: Any, cancel_after: int, message_id: int = 1) -> Got:
        while not got.steps or not got.steps[-1].is_final:
            answer = self._answer()
            if isinstance(answer, C_STORE):
                assert answer.DataSet is not None
                got.objects[str(answer.AffectedSOPInstanceUID)] = answer.DataSet.getvalue()
                reply = C_STORE()
                reply.MessageIDBeingRespondedTo = answer.MessageID
                reply.AffectedSOPClassUID = answer.AffectedSOPClassUID
                reply.Status = got.status
                self.association.dimse.send_msg(reply, answer._context_id or 0)
                continue
            failed: tuple[str, ...] = ()
            if answer.Identifier and answer.Identifier.getvalue():
                told = _attributes(answer.Identifier, syntax)
                failed = tuple(told["FailedSOPInstanceUIDList"].split("\\"))
            got.steps.append(
                RetrieveStep(
                    status=answer.Status,
                    counters=SubOperations(
                        remaining=answer.NumberOfRemainingSuboperations,
                        completed=answer.NumberOfCompletedSuboperations,
                        failed=answer.NumberOfFailedSuboperations,
                        warning=answer.NumberOfWarningSuboperations,
                    ),
                    failed_sop_instance_uids=failed,
                    error_comment=answer.ErrorComment or "",
                )
            )
            if len(got.steps) == cancel_after:
                self._cancel(context_id, message_id)
        return got

    def _start(self, request: Any, context_id: int, sop_class_uid: str, message_id: int = 1) -> None:
        request.MessageID = message_id
        request.AffectedSOPClassUID = sop_class_uid
        request.Priority = 2
        self.association.dimse.send_msg(request, context_id)

    def _cancel(self, context_id: int, message_id: int = 1) -> None:
        request = C_CANCEL()
        request.MessageIDBeingRespondedTo = message_id
        self.association.dimse.send_msg(request, context_id)

    def _store_request(self, data: bytes, uid: str, sop_class_uid: str) -> C_STORE:
        request = C_STORE()
        request.MessageID = 1
        request.AffectedSOPClassUID = sop_class_uid
        request.AffectedSOPInstanceUID = uid
        request.Priority = 2
        request.DataSet = BytesIO(data)
        return request

    def _reply(self, request: C_STORE) -> StoreReply:
        answer = self._answer()
        assert answer.MessageIDBeingRespondedTo == request.MessageID
        return StoreReply(status=answer.Status, error_comment=answer.ErrorComment or "")

    def _answer(self) -> Any:
        _, answer = self.association.dimse.get_msg(block=True)
        if answer is None:
            raise PeerDropped("no answer")
        return answer

    def _context(self, sop_class_uid: str, transfer_syntax_uid: str = "") -> tuple[int, Any]:
        for context in self.association.accepted_contexts:
            syntax = context.transfer_syntax[0]
            if context.abstract_syntax == sop_class_uid and transfer_syntax_uid in {"", syntax}:
                return context.context_id or 0, syntax
        raise AssertionError(f"{sop_class_uid} was not accepted")


class WirePendingStore(PendingStore):
    def __init__(self, association: WireAssociation, request: C_STORE, last: Any) -> None:
        self._association = association
        self._request = request
        self._last = last

    def finish(self) -> StoreReply:
        self._association.association.dul.send_pdu(self._last)
        return self._association._reply(self._request)


def _identifier(level: str, keys: Attributes, syntax: Any) -> BytesIO:
    data_set = Dataset()
    data_set.QueryRetrieveLevel = level
    if not "".join(keys.values()).isascii():
        data_set.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(data_set, keyword, value)
    return BytesIO(encode(data_set, syntax.is_implicit_VR, syntax.is_little_endian) or b"")


def _attributes(identifier: BytesIO, syntax: Any) -> Attributes:
    data_set = decode(identifier, syntax.is_implicit_VR, syntax.is_little_endian)
    data_set.decode()
    return {
        element.keyword: "\\".join(map(str, element.value))
        if isinstance(element.value, MultiValue)
        else str(element.value if element.value is not None else "")
        for element in data_set
    }
