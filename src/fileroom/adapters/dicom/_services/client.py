"""The client port over links.

Identifiers are imported where they are needed: their dictionary is most of what a C-ECHO would wait for.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Final

from fileroom.adapters.dicom._services.link import UpperLayer
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.adapters.dicom._services.operation import Operation
from fileroom.adapters.dicom._services.requestor import Requestor, Terms, associate, association
from fileroom.adapters.dicom._services.retrieval import Incoming, get_contexts
from fileroom.adapters.dicom._services.store_session import AssociationStoreSession
from fileroom.adapters.dicom._shared.contexts import MAX_CONTEXTS
from fileroom.adapters.dicom._shared.dimse import CommandSet, c_echo_rq, c_find_rq, c_get_rq, c_move_rq
from fileroom.application.ports.cancellation import NEVER, CancelToken
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
from fileroom.domain.errors import InvalidInput, PeerError, PeerFailed, QueryCutShort
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

if TYPE_CHECKING:
    import ssl

_SYNTAXES: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_FIND: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_FIND, QueryModel.PATIENT_ROOT: PATIENT_ROOT_FIND}
_MOVE: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_MOVE, QueryModel.PATIENT_ROOT: PATIENT_ROOT_MOVE}
_GET: Final = {QueryModel.STUDY_ROOT: STUDY_ROOT_GET, QueryModel.PATIENT_ROOT: PATIENT_ROOT_GET}
_DISCARD_PORT: Final = 9


class AssociationClient(DicomClient):
    """Asks peers. Every call opens an association of its own."""

    def __init__(
        self,
        upper_layer: UpperLayer,
        calling_ae_title: AeTitle,
        *,
        connect_timeout: float,
        idle_timeout: float,
        max_pdu_length: int,
        tls: "ssl.SSLContext | None" = None,
    ) -> None:
        """Make associations with `upper_layer`; `tls` has each connection begin with a handshake."""
        self._upper_layer = upper_layer
        self._calling_ae_title = calling_ae_title
        self._terms = Terms(
            connect_seconds=connect_timeout,
            idle_seconds=idle_timeout,
            max_pdu_length=max_pdu_length,
            tls=tls,
        )

    def echo(self, peer: Peer, cancel: CancelToken = NEVER) -> EchoAnswer:
        """Verify communication."""
        started = perf_counter()
        with _or_cancelled(cancel), self._association(peer, [_context(VERIFICATION)], cancel) as requestor:
            associated = perf_counter()
            requestor.patience.seconds = 0.0  # nothing is lost by an abort
            context_id, _ = _only(requestor, VERIFICATION)
            request = c_echo_rq(requestor.link.next_message_id(), VERIFICATION)
            requestor.send(context_id, request, doing="while it was asked for an echo")
            answer = requestor.answer_to(request, doing="the echo")
            implementation = requestor.link.implementation
            return EchoAnswer(
                status=answer.command.status or 0,
                associate_seconds=associated - started,
                echo_seconds=perf_counter() - associated,
                implementation_class_uid=implementation.class_uid,
                implementation_version=implementation.version,
                max_pdu_length=implementation.max_pdu_length,
            )

    def find(self, peer: Peer, query: Query, cancel: CancelToken) -> Iterator[Attributes]:
        """Query, one match after the other."""
        from fileroom.adapters.dicom._shared import identifiers
        from fileroom.adapters.dicom._shared.keys import name_of, resolve_key

        keys = {**query.keys, "QueryRetrieveLevel": query.level.dicom}
        identifiers.encode(keys, EXPLICIT_VR_LITTLE_ENDIAN, peer.character_set)  # complain before connecting
        # What was asked for as a number is answered as one.
        spelled = {name_of(resolve_key(name).tag): name for name in query.keys}
        sop_class = _FIND[query.model]
        with _or_cancelled(cancel), self._association(peer, [_context(sop_class)], cancel) as requestor:
            context_id, syntax = _only(requestor, sop_class)
            request = c_find_rq(requestor.link.next_message_id(), sop_class)
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
        with self._association(peer, [_context(sop_class)], cancel) as requestor:
            context_id, syntax = _only(requestor, sop_class)
            request = c_move_rq(requestor.link.next_message_id(), sop_class, destination)
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
        with self._association(peer, contexts, cancel, scp_roles=classes, store=incoming.begin) as requestor:
            incoming.requestor = requestor
            context_id, syntax = _only(requestor, sop_class)
            incoming.check_accepted(contexts[1:])
            request = c_get_rq(requestor.link.next_message_id(), sop_class)
            operation = Operation(
                requestor, context_id, request, cancel, doing="the C-GET", aside=incoming.finish
            )
            operation.start(_selected(selection, syntax, peer.character_set))
            with closing(operation.answers()) as answers:
                for answer in answers:
                    yield _step(answer.command, answer.data, syntax)

    def open_store(
        self, peer: Peer, contexts: Sequence[ProposedContext], cancel: CancelToken = NEVER
    ) -> StoreSession:
        """Open an association for sending."""
        if not 1 <= len(contexts) <= MAX_CONTEXTS:
            raise InvalidInput(
                f"an association holds 1 to {MAX_CONTEXTS} presentation contexts, not {len(contexts)}"
            )
        return AssociationStoreSession(
            associate(
                self._upper_layer,
                peer,
                contexts,
                calling_ae_title=self._calling_ae_title,
                terms=self._terms,
                cancel=cancel,
            )
        )

    def _association(
        self,
        peer: Peer,
        contexts: Sequence[ProposedContext],
        cancel: CancelToken,
        *,
        scp_roles: Sequence[str] = (),
        store: Sink | None = None,
    ) -> AbstractContextManager[Requestor]:
        return association(
            self._upper_layer,
            peer,
            contexts,
            calling_ae_title=self._calling_ae_title,
            terms=self._terms,
            cancel=cancel,
            scp_roles=scp_roles,
            store=store,
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


@contextmanager
def _or_cancelled(cancel: CancelToken) -> Iterator[None]:
    """Tell of a cancel in the place of what has come of it."""
    try:
        yield
    except PeerError:
        cancel.raise_if_cancelled()
        raise


def _context(sop_class_uid: str) -> ProposedContext:
    return ProposedContext(sop_class_uid=sop_class_uid, transfer_syntax_uids=_SYNTAXES)


def _only(requestor: Requestor, sop_class_uid: str) -> tuple[int, str]:
    return requestor.required(sop_class_uid, _SYNTAXES)


def _selected(selection: Selection, syntax: str, character_set: str) -> bytes:
    from fileroom.adapters.dicom._shared import identifiers

    keys = {**selection.keys(), "QueryRetrieveLevel": selection.level.dicom}
    return identifiers.encode(keys, syntax, character_set)


def _step(command: CommandSet, data: bytes, syntax: str) -> RetrieveStep:
    from fileroom.adapters.dicom._shared import identifiers

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
