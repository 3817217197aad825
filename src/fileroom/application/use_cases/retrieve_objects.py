"""Fetches a study, a series or an instance from a node (C-MOVE or C-GET), and tells what did not come.

First the node is asked what there is, so that afterwards what came can be compared with what was expected: a retrieve
is a success only when nothing is missing, whatever the node says.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from fileroom.application.peers import peer_of, require_node
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_client import DicomClient, Peer, RetrieveStep
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.receiver import OpenReceiver, Receiver
from fileroom.application.streams import closing_stream
from fileroom.application.use_cases.receive_instance import Received, ReceiveInstance, ReceptionObserver
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import MOVE_DESTINATION_UNKNOWN, Category, DimseStatus, Service, describe
from fileroom.domain.errors import (
    FileroomError,
    NoAcceptedContext,
    NotFound,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerFailed,
    PeerSilent,
    UnknownMoveDestination,
)
from fileroom.domain.node import Node, RetrieveCapability, format_address
from fileroom.domain.query import DEFAULT_KEYS, Query, QueryLevel, QueryModel, Selection
from fileroom.domain.sop_classes import common_storage_sop_classes
from fileroom.domain.transfer import SubOperations, missing

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2


class Via(StrEnum):
    """By which service to retrieve."""

    AUTO = "auto"
    """What worked with this node before; else C-MOVE, and C-GET where the node cannot."""
    MOVE = "move"
    GET = "get"


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
    def level(self) -> QueryLevel:
        """The level of the request."""
        if self.sop_instance_uid:
            return QueryLevel.IMAGE
        return QueryLevel.SERIES if self.series_instance_uid else QueryLevel.STUDY

    def selection(self) -> Selection:
        """Return the unique keys."""
        return Selection(
            level=self.level,
            study_instance_uids=(self.study_instance_uid,),
            series_instance_uids=(self.series_instance_uid,) if self.series_instance_uid else (),
            sop_instance_uids=(self.sop_instance_uid,) if self.sop_instance_uid else (),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveResult:
    """What came."""

    node: str
    via: Via
    """What was used: MOVE or GET."""
    expected: int | None
    """Instances that the node told of; None where it does not answer at IMAGE level."""
    arrived: int
    """Expected instances that are here now (or, where nothing is known to expect: all that came)."""
    already_here: int
    """Expected instances that were here before."""
    missing: tuple[str, ...]
    """SOP Instance UIDs that were expected and are not here."""
    received: int
    """Objects that came during this retrieve, doubles included."""
    bytes: int
    """Bytes of their data sets."""
    counters: SubOperations
    """The node's own last word on its sub-operations."""
    failed_by_peer: tuple[str, ...]
    """SOP Instance UIDs that the node named as failed."""
    status: int
    """Final DIMSE status."""
    why: str
    """The status in words, where it was not success; '' otherwise."""
    hint: str
    seconds: float
    cancelled: bool

    @property
    def is_complete(self) -> bool:
        """Nothing is missing, and where nothing was known beforehand, the node reports no failure."""
        if self.cancelled or self.missing:
            return False
        if self.expected is not None:
            return True
        return describe(self.status, Service.MOVE).category is Category.SUCCESS and not self.counters.failed


@dataclass(frozen=True, kw_only=True, slots=True)
class _Expected:
    sop_instance_uids: tuple[str, ...] | None
    """None: the node does not tell."""
    sop_class_uids: tuple[str, ...]


class _Arrivals(ReceptionObserver):
    """Counts what comes to a receiver of ours alone, or over a C-GET."""

    def __init__(self) -> None:
        self.objects = 0
        self.bytes = 0

    def received(self, received: Received) -> None:
        self.objects += 1
        self.bytes += received.size


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
        expected = self._expect(peer_of(node), request, cancel)
        failure: FileroomError | None = None
        for via in _order(request.via, node.retrieve):
            attempt = self._move if via is Via.MOVE else self._get
            try:
                result = attempt(node, request, expected, progress, cancel)
            except (NoAcceptedContext, UnknownMoveDestination) as error:
                if request.via is not Via.AUTO:
                    raise
                log.info("%s cannot be retrieved from by %s: %s", node.name, via, error.message)
                # What to do about the first failure helps most: the other way is often switched off altogether.
                failure = failure or error
                continue
            self._remember(node, via)
            return result
        raise failure or PeerError(f"{node.name} can neither move nor get")

    def _remember(self, node: Node, via: Via) -> None:
        capability = RetrieveCapability(via.value)
        if node.retrieve is not capability:
            try:
                self._nodes.replace(node.name, replace(node, retrieve=capability))
            except FileroomError as error:
                log.info("what %s can do is not remembered: %s", node.name, error.message)

    # What to expect ------------------------------------------------------------------------------------------------

    def _expect(self, peer: Peer, request: RetrieveRequest, cancel: CancelToken) -> _Expected:
        """Ask for the series, then for the instances of each (PS3.4 C.4.1.2.1: unique keys from the top down)."""
        sop_classes: dict[str, None] = {}
        found: dict[str, None] = {}
        try:
            series = self._series_of(peer, request, cancel)
            for series_uid in series:
                keys = {
                    "StudyInstanceUID": request.study_instance_uid,
                    "SeriesInstanceUID": series_uid,
                    "SOPInstanceUID": request.sop_instance_uid,
                }
                for match in self._find(peer, QueryLevel.IMAGE, keys, cancel):
                    uid = match.get("SOPInstanceUID", "")
                    if uid and request.sop_instance_uid in ("", uid):
                        found[uid] = None
                    if sop_class := match.get("SOPClassUID", ""):
                        sop_classes[sop_class] = None
        except (NoAcceptedContext, PeerFailed) as error:
            log.info("%s does not tell what to expect: %s", peer.ae_title, error.message)
            return _Expected(sop_instance_uids=None, sop_class_uids=tuple(sop_classes))
        if not found:
            if series:
                return _Expected(sop_instance_uids=None, sop_class_uids=())
            wanted = request.sop_instance_uid or request.series_instance_uid or request.study_instance_uid
            raise NotFound(f"{request.node} has nothing by the UID {wanted}", hint="see `fileroom query`")
        return _Expected(sop_instance_uids=tuple(found), sop_class_uids=tuple(sop_classes))

    def _series_of(self, peer: Peer, request: RetrieveRequest, cancel: CancelToken) -> tuple[str, ...]:
        keys = {
            "StudyInstanceUID": request.study_instance_uid,
            "SeriesInstanceUID": request.series_instance_uid,
        }
        matches = self._find(peer, QueryLevel.SERIES, keys, cancel)
        return tuple(dict.fromkeys(uid for match in matches if (uid := match.get("SeriesInstanceUID", ""))))

    def _find(
        self, peer: Peer, level: QueryLevel, keys: dict[str, str], cancel: CancelToken
    ) -> Iterator[dict[str, str]]:
        query = Query(
            level=level, model=QueryModel.STUDY_ROOT, keys=dict.fromkeys(DEFAULT_KEYS[level], "") | keys
        )
        with closing_stream(self._client.find(peer, query, cancel)) as matches:
            for match in matches:
                yield dict(match)

    # C-MOVE ----------------------------------------------------------------------------------------------------------

    def _move(
        self,
        node: Node,
        request: RetrieveRequest,
        expected: _Expected,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> RetrieveResult:
        destination = request.move_destination or node.move_destination or self._ae_title
        peer = peer_of(node)
        arrivals = _Arrivals()
        with self._receiver.open(peer, destination, arrivals) as receiver:
            run = self._run(
                via=Via.MOVE,
                request=request,
                expected=expected,
                arrivals=arrivals,
                progress=progress,
                cancel=cancel,
            )
            run.follow(self._client.move(peer, request.selection(), destination, cancel))
            if run.last is not None and run.last.status == MOVE_DESTINATION_UNKNOWN:
                raise self._unknown_destination(node, peer, destination, receiver)
            run.wait_for_late_objects(self._settle_seconds)
        return run.result()

    def _unknown_destination(
        self, node: Node, peer: Peer, destination: AeTitle, receiver: Receiver
    ) -> UnknownMoveDestination:
        host = self._client.local_address(peer) or "this machine's address"
        return UnknownMoveDestination(
            f"{node.name} does not know the move destination {destination}",
            status=MOVE_DESTINATION_UNKNOWN,
            hint=(
                f"register there: AE title {destination}, host {host}, port {receiver.port} "
                f"(address {format_address(host, receiver.port)}), or use --via get"
            ),
        )

    # C-GET -----------------------------------------------------------------------------------------------------------

    def _get(
        self,
        node: Node,
        request: RetrieveRequest,
        expected: _Expected,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> RetrieveResult:
        arrivals = _Arrivals()
        run = self._run(
            via=Via.GET,
            request=request,
            expected=expected,
            arrivals=arrivals,
            progress=progress,
            cancel=cancel,
        )
        handler = self._receive.observed_by(arrivals, retrieved_from=node.name)
        classes = expected.sop_class_uids or common_storage_sop_classes()
        run.follow(self._client.get(peer_of(node), request.selection(), classes, handler, cancel))
        return run.result()

    def _run(
        self,
        *,
        via: Via,
        request: RetrieveRequest,
        expected: _Expected,
        arrivals: _Arrivals,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> "_Run":
        return _Run(
            via=via,
            request=request,
            expected=expected,
            arrivals=arrivals,
            catalog=self._catalog,
            clock=self._clock,
            progress=progress,
            cancel=cancel,
        )


class _Run:
    """One C-MOVE or C-GET from its first response to its result."""

    def __init__(
        self,
        *,
        via: Via,
        request: RetrieveRequest,
        expected: _Expected,
        arrivals: _Arrivals,
        catalog: Catalog,
        clock: Clock,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> None:
        self._via = via
        self._request = request
        self._expected = expected.sop_instance_uids
        self._arrivals = arrivals
        self._catalog = catalog
        self._clock = clock
        self._progress = progress
        self._cancel = cancel
        self._started = clock.monotonic()
        self._before = catalog.present(self._expected or ())
        self._counters = SubOperations()
        self._lost: PeerError | None = None
        self.last: RetrieveStep | None = None

    def follow(self, steps: Iterator[RetrieveStep]) -> None:
        """Take the node's responses until the final one, or until the node is lost on the way."""
        try:
            with closing_stream(steps) as responses:
                for step in responses:
                    self.last = step
                    self._counters = _newest(self._counters, step.counters)
                    self._report()
        except (PeerSilent, PeerDropped, PeerBrokeProtocol) as error:
            if self.last is None:
                raise
            # What came until then is here: it is a partial result, not nothing.
            self._lost = error

    def wait_for_late_objects(self, settle_seconds: float) -> None:
        """The final response may come before the last C-STORE: wait until all is here or nothing more comes."""
        if self._expected is None and not self._counters.completed:
            return
        quiet_since, seen = self._clock.monotonic(), self._seen()
        while not self._is_all_here() and self._clock.monotonic() - quiet_since < settle_seconds:
            if self._cancel.wait(POLL_SECONDS):
                return
            now_seen = self._seen()
            if now_seen != seen:
                quiet_since, seen = self._clock.monotonic(), now_seen
                self._report()

    def _seen(self) -> int:
        here = len(self._catalog.present(self._expected)) if self._expected else 0
        return here + self._arrivals.objects

    def _is_all_here(self) -> bool:
        if self._expected is not None:
            return not missing(self._expected, self._catalog.present(self._expected))
        return self._arrivals.objects >= (self._counters.completed or 0) + (self._counters.warning or 0)

    def _report(self) -> None:
        counters = self._counters
        done = sum(count or 0 for count in (counters.completed, counters.failed, counters.warning))
        self._progress.report(
            Progress(
                task="retrieving",
                done=max(done, self._arrivals.objects),
                total=len(self._expected) if self._expected is not None else counters.total,
                failed=counters.failed or 0,
                bytes_done=self._arrivals.bytes,
            )
        )

    def result(self) -> RetrieveResult:
        """Compare what is here with what was expected.

        Raises:
            PeerFailed: the node failed, and nothing came.
        """
        here = self._catalog.present(self._expected or ())
        status = self.last.status if self.last is not None else UNABLE_TO_PROCESS
        meaning = describe(status, Service.MOVE if self._via is Via.MOVE else Service.GET)
        failed = meaning.category is Category.FAILURE or self._counters.all_failed
        why, hint = self._words(meaning, failed=failed)
        came = len(here - self._before) + self._arrivals.objects
        if failed and not came and not self._cancel.is_cancelled() and (self._expected is None or not here):
            raise PeerFailed(f"{self._request.node} did not send anything: {why}", status=status, hint=hint)
        return RetrieveResult(
            node=self._request.node,
            via=self._via,
            expected=None if self._expected is None else len(self._expected),
            arrived=self._arrivals.objects if self._expected is None else len(here),
            already_here=len(self._before),
            missing=missing(self._expected or (), here),
            received=max(self._arrivals.objects, len(here - self._before)),
            bytes=self._arrivals.bytes,
            counters=self._counters,
            failed_by_peer=self.last.failed_sop_instance_uids if self.last is not None else (),
            status=status,
            why=why,
            hint=hint,
            seconds=self._clock.monotonic() - self._started,
            cancelled=self._cancel.is_cancelled(),
        )

    def _words(self, meaning: DimseStatus, *, failed: bool) -> tuple[str, str]:
        if self._lost is not None:
            return self._lost.message, self._lost.hint
        if meaning.category is Category.SUCCESS and not failed:
            return "", ""
        comment = self.last.error_comment if self.last is not None else ""
        if meaning.category is Category.SUCCESS:
            return "every sub-operation failed, although the node answered success", NODE_LOG_HINT
        return str(meaning) + (f": {comment}" if comment else ""), meaning.hint


NODE_LOG_HINT = "look at the node's own log; often it cannot reach us at the address that is registered there"
UNABLE_TO_PROCESS = 0xC000


def _newest(old: SubOperations, new: SubOperations) -> SubOperations:
    """Keep what a response leaves out (PS3.7 C.2 makes the counters optional in some)."""
    return SubOperations(
        remaining=new.remaining,
        completed=old.completed if new.completed is None else new.completed,
        failed=old.failed if new.failed is None else new.failed,
        warning=old.warning if new.warning is None else new.warning,
    )


def _order(via: Via, known: RetrieveCapability) -> tuple[Via, ...]:
    if via is not Via.AUTO:
        return (via,)
    return (Via.GET, Via.MOVE) if known is RetrieveCapability.GET else (Via.MOVE, Via.GET)
