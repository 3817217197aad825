"""Fetches a study, a series or an instance from a node (C-MOVE or C-GET), and tells what did not come.

First the node is asked what there is, so that afterwards what came can be compared with what was expected: a retrieve
is a success only when nothing is missing, whatever the node says.
"""

import logging
from dataclasses import dataclass, replace

from fileroom.application.expectation import Expectation, Expected, Wanted
from fileroom.application.peers import peer_of, require_node
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.receiver import OpenReceiver, Receiver
from fileroom.application.retrieval import Arrivals, Retrieval, RetrieveResult
from fileroom.application.use_cases.receive_instance import ReceiveInstance
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import MOVE_DESTINATION_UNKNOWN
from fileroom.domain.errors import (
    ConfigurationError,
    Conflict,
    FileroomError,
    NoAcceptedContext,
    PeerError,
    PeerFailed,
    UnknownMoveDestination,
)
from fileroom.domain.node import Node, RetrieveCapability, format_address
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.retrieve import Via
from fileroom.domain.sop_classes import common_storage_sop_classes

__all__ = ["RetrieveObjects", "RetrieveRequest", "RetrieveResult", "Via"]

log = logging.getLogger(__name__)

_CANNOT_BY_THIS_WAY = (NoAcceptedContext, PeerFailed, Conflict, ConfigurationError)
"""The node has not this service, or fails it, or we cannot listen: the other way may do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveRequest:
    """What to fetch from whom; the most specific UID decides the level."""

    node: str
    """A node's name."""
    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    via: Via = Via.AUTO
    move_destination: AeTitle | None = None
    """Where C-MOVE should send; default: what the node has registered for us, else our own AE title."""

    @property
    def wanted(self) -> Wanted:
        """The unique keys."""
        return Wanted(
            study_instance_uid=self.study_instance_uid,
            series_instance_uid=self.series_instance_uid,
            sop_instance_uid=self.sop_instance_uid,
        )

    @property
    def level(self) -> QueryLevel:
        """The level of the request."""
        return self.wanted.level

    def selection(self) -> Selection:
        """Return the unique keys as C-MOVE and C-GET want them."""
        return Selection(
            level=self.level,
            study_instance_uids=(self.study_instance_uid,),
            series_instance_uids=(self.series_instance_uid,) if self.series_instance_uid else (),
            sop_instance_uids=(self.sop_instance_uid,) if self.sop_instance_uid else (),
        )


class RetrieveObjects:
    """Retrieves, and compares what came with what was expected."""

    def __init__(
        self,
        *,
        nodes: NodeRepository,
        catalog: Catalog,
        client: DicomClient,
        receive: ReceiveInstance,
        receiver: OpenReceiver,
        ae_title: AeTitle,
        settle_seconds: float,
        clock: Clock,
    ) -> None:
        """Use these.

        `settle_seconds`: how long to wait for late objects after the node's final word; each arrival restarts it.
        """
        self._nodes = nodes
        self._catalog = catalog
        self._client = client
        self._receive = receive
        self._receiver = receiver
        self._ae_title = ae_title
        self._settle_seconds = settle_seconds
        self._clock = clock

    def execute(
        self, request: RetrieveRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> RetrieveResult:
        """Retrieve once.

        Raises:
            NotFound: no such node, or the node has nothing by that UID.
            UnknownMoveDestination: the node must be told of us first; the hint says what to register there.
            PeerFailed: the node failed the request and nothing came.
            PeerError: the node could not be asked.
        """
        node = require_node(self._nodes, request.node)
        progress.report(Progress(task="asking what to expect", done=0))
        expected = Expectation(self._client, peer_of(node), cancel, name=node.name).of(request.wanted)
        failure: FileroomError | None = None
        for via in _order(request.via, node.retrieve):
            attempt = self._move if via is Via.MOVE else self._get
            try:
                result = attempt(node, request, expected, progress, cancel)
            except _CANNOT_BY_THIS_WAY as error:
                if request.via is not Via.AUTO or cancel.is_cancelled():
                    raise
                log.info("%s cannot be retrieved from by %s: %s", node.name, via, error.message)
                # What to do about the first failure helps most: the other way is often switched off altogether.
                failure = failure or error
                continue
            if result.came_from_node:
                self._remember(node, via)
            return result
        raise failure or PeerError(f"{node.name} can neither move nor get")

    def _remember(self, node: Node, via: Via) -> None:
        capability = RetrieveCapability(via.value)
        try:
            # The retrieve may have taken an hour, in which the node was changed.
            current = self._nodes.get(node.name)
            if current is not None and current.retrieve is not capability:
                self._nodes.replace(current.name, replace(current, retrieve=capability))
        except FileroomError as error:
            log.info("what %s can do is not remembered: %s", node.name, error.message)

    # C-MOVE ----------------------------------------------------------------------------------------------------------

    def _move(
        self,
        node: Node,
        request: RetrieveRequest,
        expected: Expected,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> RetrieveResult:
        destination = request.move_destination or node.move_destination or self._ae_title
        peer = peer_of(node)
        arrivals = Arrivals()
        with self._receiver.open(peer, destination, arrivals, progress=progress, cancel=cancel) as receiver:
            run = self._run(
                via=Via.MOVE,
                request=request,
                expected=expected,
                arrivals=arrivals,
                receives=receiver.is_ours,
                progress=progress,
                cancel=cancel,
            )
            run.follow(self._client.move(peer, request.selection(), destination, cancel))
            if run.last is not None and run.last.status == MOVE_DESTINATION_UNKNOWN:
                raise self._unknown_destination(node, peer, destination, receiver)
            run.wait_for_late_objects(self._settle_seconds)
        try:
            return run.result()
        except PeerFailed as error:
            # Some nodes answer a general failure for a destination that they do not know or cannot reach.
            hint = arrivals.refused_callers_hint() or (
                f"the node must know us and reach us; {self._what_to_register(peer, destination, receiver)}"
            )
            raise PeerFailed(error.message, status=error.status, hint=hint) from error

    def _unknown_destination(
        self, node: Node, peer: Peer, destination: AeTitle, receiver: Receiver
    ) -> UnknownMoveDestination:
        return UnknownMoveDestination(
            f"{node.name} does not know the move destination {destination}",
            status=MOVE_DESTINATION_UNKNOWN,
            hint=self._what_to_register(peer, destination, receiver),
        )

    def _what_to_register(self, peer: Peer, destination: AeTitle, receiver: Receiver) -> str:
        host = self._client.local_address(peer) or "this machine's address"
        return (
            f"register there: AE title {destination}, host {host}, port {receiver.port} "
            f"(address {format_address(host, receiver.port)}), or use --via=get"
        )

    # C-GET -----------------------------------------------------------------------------------------------------------

    def _get(
        self,
        node: Node,
        request: RetrieveRequest,
        expected: Expected,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> RetrieveResult:
        arrivals = Arrivals()
        run = self._run(
            via=Via.GET,
            request=request,
            expected=expected,
            arrivals=arrivals,
            receives=True,
            progress=progress,
            cancel=cancel,
        )
        handler = self._receive.observed_by(arrivals, retrieved_from=node.name)
        classes = expected.sop_class_uids or common_storage_sop_classes(modalities=expected.modalities)
        run.follow(self._client.get(peer_of(node), request.selection(), classes, handler, cancel))
        return run.result()

    def _run(
        self,
        *,
        via: Via,
        request: RetrieveRequest,
        expected: Expected,
        arrivals: Arrivals,
        receives: bool,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> Retrieval:
        return Retrieval(
            via=via,
            node=request.node,
            wanted=request.wanted,
            selection=request.selection(),
            expected=expected,
            arrivals=arrivals,
            receives=receives,
            catalog=self._catalog,
            settle=self._receive.settle,
            clock=self._clock,
            progress=progress,
            cancel=cancel,
        )


def _order(via: Via, known: RetrieveCapability) -> tuple[Via, ...]:
    if via is not Via.AUTO:
        return (via,)
    return (Via.GET, Via.MOVE) if known is RetrieveCapability.GET else (Via.MOVE, Via.GET)
