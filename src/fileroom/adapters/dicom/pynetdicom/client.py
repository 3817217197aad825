"""The client port on pynetdicom."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from time import perf_counter
from typing import Final

from fileroom.adapters.dicom._shared.keys import name_of, resolve_key
from fileroom.adapters.dicom.pynetdicom import identifiers
from fileroom.adapters.dicom.pynetdicom.commands import (
    C_ECHO_RQ,
    C_FIND_RQ,
    C_GET_RQ,
    C_MOVE_RQ,
    MEDIUM_PRIORITY,
    Command,
)
from fileroom.adapters.dicom.pynetdicom.operation import Operation
from fileroom.adapters.dicom.pynetdicom.requestor import (
    MAX_CONTEXTS,
    Requestor,
    Timing,
    associate,
    association,
)
from fileroom.adapters.dicom.pynetdicom.retrieval import Incoming, get_contexts
from fileroom.adapters.dicom.pynetdicom.store_session import PynetdicomStoreSession
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import (
    DicomClient,
    EchoAnswer,
    Peer,
    ProposedContext,
    RetrieveStep,
    StoreSession,
)
from fileroom.application.ports.dicom_server import StoreHandler
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Category, Service, describe
from fileroom.domain.errors import InvalidInput, PeerFailed, QueryCutShort
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
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_SYNTAXES: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_FIND: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_FIND, QueryModel.PATIENT_ROOT: PATIENT_ROOT_FIND}
_MOVE: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_MOVE, QueryModel.PATIENT_ROOT: PATIENT_ROOT_MOVE}
_GET: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_GET, QueryModel.PATIENT_ROOT: PATIENT_ROOT_GET}
_DISCARD_PORT: Final = 9


class PynetdicomClient(DicomClient):
    """Asks peers, with pynetdicom below. Every call opens an association of its own."""

    def __init__(
        self,
        calling_ae_title: AeTitle,
        *,
        connect_timeout: float,
        idle_timeout: float,
        max_pdu_length: int,
    ) -> None:
        self._calling_ae_title = calling_ae_title
        self._timing = Timing(
            connect_seconds=connect_timeout, idle_seconds=idle_timeout, max_pdu_length=max_pdu_length
        )

    def echo(self, peer: Peer) -> EchoAnswer:
        """Verify communication."""
        started = perf_counter()
        with association(
            peer, [_context(VERIFICATION)], calling_ae_title=self._calling_ae_title, timing=self._timing
        ) as requestor:
            associated = perf_counter()
            context_id, _ = _only(requestor, VERIFICATION)
            request = Command(
                field=C_ECHO_RQ, message_id=requestor.link.next_message_id(), sop_class_uid=VERIFICATION
            )
            requestor.send(context_id, request, doing="while it was asked for an echo")
            answer = requestor.answer_to(request, doing="the echo")
            acceptor = requestor.link.acceptor
            return EchoAnswer(
                status=answer.command.status or 0,
                associate_seconds=associated - started,
                echo_seconds=perf_counter() - associated,
                implementation_class_uid=str(acceptor.implementation_class_uid or ""),
                implementation_version=(acceptor.implementation_version_name or "").strip(),
                max_pdu_length=acceptor.maximum_length or 0,
            )

    def find(self, peer: Peer, query: Query, cancel: CancelToken) -> Iterator[Attributes]:
        """Query, one match after the other."""
        keys = {**query.keys, "QueryRetrieveLevel": query.level.dicom}
        identifiers.encode(keys, EXPLICIT_VR_LITTLE_ENDIAN, peer.character_set)  # complain before connecting
        # What was asked for as a number is answered as one.
        spelled = {name_of(resolve_key(name).tag): name for name in query.keys}
        sop_class = _FIND[query.model]
        with association(
            peer, [_context(sop_class)], calling_ae_title=self._calling_ae_title, timing=self._timing
        ) as requestor:
            context_id, syntax = _only(requestor, sop_class)
            request = _request(C_FIND_RQ, requestor, sop_class)
            operation = Operation(requestor, context_id, request, cancel, doing="the query", stops=True)
            operation.start(identifiers.encode(keys, syntax, peer.character_set))
            with closing(operation.answers()) as answers:
                for answer in answers:
                    status = answer.command.status or 0
                    if operation.is_pending(answer):
                        if answer.data:
                            match = identifiers.decode(answer.data, syntax, peer.character_set)
                            yield {spelled.get(name, name): value for name, value in match.items()}
                        continue
                    cancel.raise_if_cancelled()
                    meaning = describe(status, Service.FIND)
                    if meaning.category is not Category.SUCCESS:
                        comment = f": {answer.command.error_comment}" if answer.command.error_comment else ""
                        kind = QueryCutShort if meaning.category is Category.WARNING else PeerFailed
                        raise kind(
                            f"{peer.ae_title} answered the query with {meaning}{comment}",
                            status=status,
                            hint=meaning.hint,
                        )

    def move(
        self, peer: Peer, selection: Selection, destination: AeTitle, cancel: CancelToken
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects to a destination."""
        sop_class = _MOVE[selection.model]
        with association(
            peer, [_context(sop_class)], calling_ae_title=self._calling_ae_title, timing=self._timing
        ) as requestor:
            context_id, syntax = _only(requestor, sop_class)
            request = _request(C_MOVE_RQ, requestor, sop_class)
            request.move_destination = destination
            operation = Operation(requestor, context_id, request, cancel, doing="the C-MOVE")
            operation.start(_selected(selection, syntax, peer.character_set))
            with closing(operation.answers()) as answers:
                for answer in answers:
                    yield _step(answer.command, answer.data, syntax)

    def get(
        self,
        peer: Peer,
        selection: Selection,
        sop_class_uids: Sequence[str],
        handler: StoreHandler,
        cancel: CancelToken,
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects back over the same association."""
        sop_class = _GET[selection.model]
        classes = tuple(dict.fromkeys(sop_class_uids))[: MAX_CONTEXTS - 1]
        incoming = Incoming(peer, self._calling_ae_title, handler)
        contexts = [_context(sop_class), *get_contexts(classes)]
        with association(
            peer,
            contexts,
            calling_ae_title=self._calling_ae_title,
            timing=self._timing,
            scp_roles=classes,
            store=incoming.begin,
        ) as requestor:
            incoming.requestor = requestor
            context_id, syntax = _only(requestor, sop_class)
            incoming.check_accepted(contexts[1:])
            request = _request(C_GET_RQ, requestor, sop_class)
            operation = Operation(
                requestor, context_id, request, cancel, doing="the C-GET", aside=incoming.finish
            )
            operation.start(_selected(selection, syntax, peer.character_set))
            with closing(operation.answers()) as answers:
                for answer in answers:
                    yield _step(answer.command, answer.data, syntax)

    def open_store(self, peer: Peer, contexts: Sequence[ProposedContext]) -> StoreSession:
        """Open an association for sending."""
        if not 1 <= len(contexts) <= MAX_CONTEXTS:
            raise InvalidInput(
                f"an association holds 1 to {MAX_CONTEXTS} presentation contexts, not {len(contexts)}"
            )
        return PynetdicomStoreSession(
            associate(peer, contexts, calling_ae_title=self._calling_ae_title, timing=self._timing)
        )

    def local_address(self, peer: Peer) -> str:
        """Return our address on the way to the peer; a datagram socket finds the way without sending."""
        try:
            for family, kind, protocol, _, address in socket.getaddrinfo(
                peer.host, peer.port or _DISCARD_PORT, type=socket.SOCK_DGRAM
            ):
                with socket.socket(family, kind, protocol) as probe:
                    probe.connect(address)
                    return str(probe.getsockname()[0])
        except (OSError, UnicodeError):
            pass
        return ""


def _context(sop_class_uid: str) -> ProposedContext:
    return ProposedContext(sop_class_uid=sop_class_uid, transfer_syntax_uids=_SYNTAXES)


def _only(requestor: Requestor, sop_class_uid: str) -> tuple[int, str]:
    return requestor.required(sop_class_uid, _SYNTAXES)


def _request(field: int, requestor: Requestor, sop_class_uid: str) -> Command:
    return Command(
        field=field,
        message_id=requestor.link.next_message_id(),
        sop_class_uid=sop_class_uid,
        priority=MEDIUM_PRIORITY,
        has_data_set=True,
    )


def _selected(selection: Selection, syntax: str, character_set: str) -> bytes:
    keys = {**selection.keys(), "QueryRetrieveLevel": selection.level.dicom}
    return identifiers.encode(keys, syntax, character_set)


def _step(command: Command, data: bytes, syntax: str) -> RetrieveStep:
    return RetrieveStep(
        status=command.status or 0,
        counters=SubOperations(
            remaining=command.remaining,
            completed=command.completed,
            failed=command.failed,
            warning=command.warning,
        ),
        failed_sop_instance_uids=identifiers.read_uids(data, syntax, "FailedSOPInstanceUIDList"),
        error_comment=command.error_comment,
    )
