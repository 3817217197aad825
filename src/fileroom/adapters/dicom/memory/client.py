"""The client port in memory: talks to listeners and scripted peers on a network in memory."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType

from fileroom.adapters.dicom._shared.keys import check_value, name_of, resolve_key
from fileroom.adapters.dicom.memory.network import (
    MAX_CONTEXTS,
    AcceptedContext,
    AcceptorEnd,
    Arrival,
    MemoryNetwork,
    Proposal,
    no_context,
    opened,
)
from fileroom.application.ports.cancellation import NEVER, CancelToken
from fileroom.application.ports.dicom_client import (
    DicomClient,
    EchoAnswer,
    MoveOriginator,
    Peer,
    ProposedContext,
    RetrieveStep,
    StoreAnswer,
    StoreSession,
)
from fileroom.application.ports.dicom_server import Caller, StoreHandler, StoreReply, StoreRequest
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Category, Service, describe
from fileroom.domain.errors import (
    FileroomError,
    InvalidInput,
    PeerDropped,
    PeerError,
    PeerFailed,
    QueryCutShort,
)
from fileroom.domain.query import Attributes, Query, QueryModel, Selection
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
    sop_class_name,
)
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STORAGE_TRANSFER_SYNTAXES,
    transfer_syntax,
)

_IDENTIFIER_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_FIND = {QueryModel.STUDY_ROOT: STUDY_ROOT_FIND, QueryModel.PATIENT_ROOT: PATIENT_ROOT_FIND}
_MOVE = {QueryModel.STUDY_ROOT: STUDY_ROOT_MOVE, QueryModel.PATIENT_ROOT: PATIENT_ROOT_MOVE}
_GET = {QueryModel.STUDY_ROOT: STUDY_ROOT_GET, QueryModel.PATIENT_ROOT: PATIENT_ROOT_GET}


class MemoryDicomClient(DicomClient):
    """Asks endpoints of a network in memory."""

    def __init__(self, network: MemoryNetwork, calling_ae_title: AeTitle) -> None:
        self._network = network
        self._calling_ae_title = calling_ae_title

    def echo(self, peer: Peer, cancel: CancelToken = NEVER) -> EchoAnswer:
        """Verify communication."""
        started = time.perf_counter()
        contexts = [ProposedContext(sop_class_uid=VERIFICATION, transfer_syntax_uids=_IDENTIFIER_SYNTAXES)]
        with self._association(peer, contexts, cancel) as end:
            associated = time.perf_counter()
            status = end.echo()
            return EchoAnswer(
                status=status,
                associate_seconds=associated - started,
                echo_seconds=time.perf_counter() - associated,
                implementation_class_uid=end.implementation_class_uid,
                implementation_version=end.implementation_version,
                max_pdu_length=end.max_pdu_length,
            )

    def find(self, peer: Peer, query: Query, cancel: CancelToken) -> Iterator[Attributes]:
        """Query, one match after the other."""
        for name, value in query.keys.items():
            check_value(resolve_key(name), value)
        # On the wire a key is a number, and is answered by its keyword.
        spelled = {name_of(resolve_key(name).tag): name for name in query.keys}
        query = replace(query, keys={name: query.keys[given] for name, given in spelled.items()})
        contexts = [
            ProposedContext(sop_class_uid=_FIND[query.model], transfer_syntax_uids=_IDENTIFIER_SYNTAXES)
        ]
        with self._association(peer, contexts, cancel) as end:
            responses = end.find(query)
            status = 0xFF00
            try:
                for status, match in responses:
                    if cancel.is_cancelled():
                        _cancel_and_drain(end, responses)
                        break
                    if match is not None and status in {0xFF00, 0xFF01}:
                        yield {spelled.get(name, name): value for name, value in match.items()}
            except GeneratorExit:
                _cancel_and_drain(end, responses)
                raise
            cancel.raise_if_cancelled()
            meaning = describe(status, Service.FIND)
            if meaning.category not in {Category.SUCCESS, Category.PENDING}:
                kind = QueryCutShort if meaning.category is Category.WARNING else PeerFailed
                raise kind(
                    f"{peer.ae_title} answered the query with {meaning}", status=status, hint=meaning.hint
                )

    def move(
        self, peer: Peer, selection: Selection, destination: AeTitle, cancel: CancelToken
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects elsewhere."""
        contexts = [
            ProposedContext(sop_class_uid=_MOVE[selection.model], transfer_syntax_uids=_IDENTIFIER_SYNTAXES)
        ]
        with self._association(peer, contexts, cancel) as end:
            yield from _steps(end, end.move(selection, destination, 1), cancel)

    def get(
        self,
        peer: Peer,
        selection: Selection,
        sop_class_uids: Sequence[str],
        handler: StoreHandler,
        cancel: CancelToken,
    ) -> Iterator[RetrieveStep]:
        """Have the peer send objects back."""
        classes = tuple(dict.fromkeys(sop_class_uids))[: MAX_CONTEXTS - 1]
        contexts = [
            ProposedContext(sop_class_uid=_GET[selection.model], transfer_syntax_uids=_IDENTIFIER_SYNTAXES)
        ]
        # One syntax each, so that the peer can send whatever it has.
        wanted: list[tuple[str, tuple[str, ...]]] = [
            (uid, (syntax,)) for syntax in STORAGE_TRANSFER_SYNTAXES for uid in classes
        ]
        if len(wanted) > MAX_CONTEXTS - 1:
            wanted = [(uid, STORAGE_TRANSFER_SYNTAXES) for uid in classes]
        contexts += [
            ProposedContext(sop_class_uid=uid, transfer_syntax_uids=syntaxes) for uid, syntaxes in wanted
        ]
        caller = Caller(
            calling_ae_title=peer.ae_title,
            called_ae_title=self._calling_ae_title,
            address=peer.host,
            port=peer.port,
        )

        def take(arrival: Arrival) -> StoreReply:
            return _receive(handler, caller, arrival)

        with self._association(peer, contexts, cancel, frozenset(classes)) as end:
            if _GET[selection.model] not in {context.sop_class_uid for context in end.contexts}:
                raise no_context(sop_class_name(_GET[selection.model]))
            yield from _steps(end, end.get(selection, take), cancel)

    def open_store(
        self, peer: Peer, contexts: Sequence[ProposedContext], cancel: CancelToken = NEVER
    ) -> StoreSession:
        """Open an association for sending."""
        if not 1 <= len(contexts) <= MAX_CONTEXTS:
            raise InvalidInput(f"an association holds 1 to {MAX_CONTEXTS} contexts, not {len(contexts)}")
        return MemoryStoreSession(self._associate(peer, contexts, cancel), peer)

    def local_address(self, peer: Peer) -> str:
        """Return the one address there is."""
        return "127.0.0.1"

    def _associate(
        self,
        peer: Peer,
        contexts: Sequence[ProposedContext],
        cancel: CancelToken,
        scp_roles: frozenset[str] = frozenset(),
    ) -> AcceptorEnd:
        cancel.raise_if_cancelled()
        end = self._network.connect(peer.host, peer.port).associate(
            Proposal(
                calling_ae_title=self._calling_ae_title,
                called_ae_title=peer.ae_title,
                contexts=tuple(contexts),
                scp_roles=scp_roles,
            )
        )
        if not end.contexts:
            end.abort()
            names = dict.fromkeys(sop_class_name(context.sop_class_uid) for context in contexts)
            offered = [uid for context in contexts for uid in context.transfer_syntax_uids]
            raise no_context(", ".join(names), offered)
        return end

    @contextmanager
    def _association(
        self,
        peer: Peer,
        contexts: Sequence[ProposedContext],
        cancel: CancelToken,
        scp_roles: frozenset[str] = frozenset(),
    ) -> Iterator[AcceptorEnd]:
        end = self._associate(peer, contexts, cancel, scp_roles)
        try:
            yield end
        except PeerError as error:
            if isinstance(error, PeerFailed):
                end.release()
            else:
                end.abort()
            raise
        except BaseException:
            end.release()
            raise
        end.release()


class MemoryStoreSession(StoreSession):
    """Sends objects to one endpoint."""

    def __init__(self, end: AcceptorEnd, peer: Peer) -> None:
        self._end = end
        self._peer = peer
        self._dead = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the association."""
        if not self._dead:
            self._dead = True
            self._end.release()

    def accepted_syntaxes(self, sop_class_uid: str) -> frozenset[str]:
        """Return the transfer syntaxes that were accepted for a class."""
        return frozenset(
            context.transfer_syntax_uid
            for context in self._end.contexts
            if context.sop_class_uid == sop_class_uid
        )

    def send(
        self,
        source: OutgoingObject,
        originator: MoveOriginator | None = None,
        *,
        following: OutgoingObject | None = None,
    ) -> StoreAnswer:
        """Send one object."""
        if self._dead:
            raise PeerDropped(f"the association with {self._peer.ae_title} is over")
        accepted = AcceptedContext(
            sop_class_uid=source.sop_class_uid, transfer_syntax_uid=source.transfer_syntax_uid
        )
        if accepted not in self._end.contexts:
            syntax = transfer_syntax(source.transfer_syntax_uid)
            raise no_context(f"{sop_class_name(source.sop_class_uid)} in {syntax.name}")
        with opened(source, originator) as arrival:
            started = time.perf_counter()
            try:
                reply = self._end.store(arrival)
            except FileroomError:
                self._dead = True
                self._end.abort()
                raise
        return StoreAnswer(
            status=reply.status, seconds=time.perf_counter() - started, error_comment=reply.error_comment
        )


def _steps(end: AcceptorEnd, steps: Iterator[RetrieveStep], cancel: CancelToken) -> Iterator[RetrieveStep]:
    """Pass responses on; C-CANCEL once where `cancel` is raised or the caller leaves early."""
    told, final = False, False
    try:
        for step in steps:
            final = step.is_final
            if cancel.is_cancelled() and not told and not final:
                told = True
                end.cancel()
            yield step
    except GeneratorExit:
        if not final:
            _cancel_and_drain(end, steps)
        raise


def _cancel_and_drain(end: AcceptorEnd, responses: Iterator[object]) -> None:
    end.cancel()
    with suppress(PeerError):
        for _ in responses:
            pass


def _receive(handler: StoreHandler, caller: Caller, arrival: Arrival) -> StoreReply:
    reception = handler.begin(
        StoreRequest(
            caller=caller,
            sop_class_uid=arrival.sop_class_uid,
            sop_instance_uid=arrival.sop_instance_uid,
            transfer_syntax_uid=arrival.transfer_syntax_uid,
        )
    )
    try:
        for part in arrival.slices:
            reception.feed([memoryview(part)])
    except FileroomError as error:
        reception.abandon(str(error))
        raise
    return reception.finish()
