"""Sends shipments: associations are reused, what may succeed later is tried again, and every object gets its line."""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

from fileroom.application.outgoing import Shipment, SyntaxChoice
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import (
    DicomClient,
    MoveOriginator,
    Peer,
    StoreAnswer,
    StoreSession,
)
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.dimse_status import Category, Service, describe, describe_rejection
from fileroom.domain.errors import (
    AssociationRejected,
    Cancelled,
    FileroomError,
    NoAcceptedContext,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerSilent,
    PeerUnreachable,
    Unreadable,
)
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer import Transcoding, TransferLine, TransferOutcome
from fileroom.domain.transfer_syntaxes import transfer_syntax

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 1.0
LAST_BACKOFF_SECONDS = 30.0
_CONVERT = (
    "enable the SOP classes and transfer syntaxes of the objects at the peer, or let objects be converted: "
    "--transcode=fallback"
)
_SESSION_IS_DEAD = (PeerSilent, PeerDropped, PeerBrokeProtocol)


@dataclass(frozen=True, kw_only=True, slots=True)
class SendOptions:
    """How to send."""

    jobs: int = 1
    """Associations in parallel."""
    retries: int = 2
    """Further attempts for what may succeed later."""
    originator: MoveOriginator | None = None
    """Whose C-MOVE this serves."""


class ShipmentSender:
    """Sends one shipment to one peer over one or more associations."""

    def __init__(
        self,
        *,
        client: DicomClient,
        syntaxes: SyntaxChoice,
        peer: Peer,
        options: SendOptions,
        cancel: CancelToken,
    ) -> None:
        """Send to `peer`."""
        self._client = client
        self._syntaxes = syntaxes
        self._peer = peer
        self._options = options
        self._cancel = cancel
        self._guard = threading.Lock()
        self._stopped = False
        self._why_left: FileroomError = Cancelled("cancelled")
        self.associations = 0
        """Associations that were opened so far."""

    def send(self, shipment: Shipment) -> Iterator[TransferLine]:
        """Yield a line for each object as it ends; closing the iterator stops after the objects in flight.

        Raises:
            PeerError: the first association could not be opened; nothing was sent.
        """
        queue = deque(shipment.objects)
        first = self._first_lane(shipment) if queue else None
        if first is not None:
            lanes = [first, *(_Lane(None) for _ in range(1, min(self._options.jobs, len(queue))))]
            try:
                if len(lanes) == 1:
                    yield from self._work(shipment, queue, first)
                else:
                    yield from self._work_in_parallel(shipment, queue, lanes)
            finally:
                first.close()
            self._why_left = next((lane.broken for lane in lanes if lane.broken), self._why_left)
        for left in queue:
            yield not_attempted(left, self._why_left)

    def _work_in_parallel(
        self, shipment: Shipment, queue: deque[OutgoingObject], lanes: Sequence["_Lane"]
    ) -> Iterator[TransferLine]:
        lines: SimpleQueue[TransferLine | None] = SimpleQueue()

        def collect(lane: _Lane) -> None:
            try:
                for line in self._work(shipment, queue, lane):
                    lines.put(line)
            except BaseException:
                self._stopped = True  # a bug ends all lanes, and is told when they have ended
                raise
            finally:
                lines.put(None)

        with ThreadPoolExecutor(len(lanes), thread_name_prefix="send") as pool:
            workers = [pool.submit(collect, lane) for lane in lanes]
            try:
                for _ in workers:
                    while (line := lines.get()) is not None:
                        yield line
            except BaseException:
                self._stopped = True  # the caller leaves: stop after the objects in flight
                raise
        for worker in workers:
            worker.result()

    def _first_lane(self, shipment: Shipment) -> "_Lane | None":
        """Open an association; None where a cancel comes first."""
        try:
            self._cancel.raise_if_cancelled()
            return _Lane(self._open_first(shipment))
        except Cancelled:
            return None

    def _open_first(self, shipment: Shipment) -> StoreSession:
        """Open an association, with patience where the peer says that it is busy."""
        attempt = 1
        while True:
            try:
                return self._open(shipment)
            except AssociationRejected as error:
                if attempt > self._options.retries or not _may_succeed_later(error) or self._pause(attempt):
                    raise
                attempt += 1

    def _open(self, shipment: Shipment) -> StoreSession:
        try:
            session = self._client.open_store(self._peer, shipment.contexts, self._cancel)
        except NoAcceptedContext as error:
            if self._syntaxes.transcoding is Transcoding.NEVER:
                raise NoAcceptedContext(error.message, hint=_CONVERT) from error
            raise
        with self._guard:
            self.associations += 1
        return session

    def _work(
        self, shipment: Shipment, queue: deque[OutgoingObject], lane: "_Lane"
    ) -> Iterator[TransferLine]:
        """Send what is in the queue until it is empty, over one association at a time."""
        try:
            if lane.session is None and queue:
                # A peer may allow fewer associations than we would like: the other lanes go on.
                try:
                    lane.session = self._open(shipment)
                except Cancelled:
                    return
                except PeerError as error:
                    log.info("one association less to %s: %s", self._peer.ae_title, error.message)
                    return
            while queue and not lane.broken and not self._stopped and not self._cancel.is_cancelled():
                try:
                    source = queue.popleft()
                except IndexError:  # another lane took the last one
                    break
                # With several lanes another one may take what comes next.
                following = queue[0] if queue and self._options.jobs == 1 else None
                yield self._send_one(shipment, lane, source, following)
        finally:
            lane.close()

    def _send_one(
        self, shipment: Shipment, lane: "_Lane", source: OutgoingObject, following: OutgoingObject | None
    ) -> TransferLine:
        attempt = 0
        line: TransferLine | None = None
        while True:
            attempt += 1
            try:
                if lane.session is None:
                    lane.session = self._reopen(shipment, lane)
                line = self._attempt(lane.session, source, attempt, following)
                again = line.status is not None and describe(line.status, Service.STORE).retryable
            except Cancelled as error:  # before there was an association to send it over
                return line or not_attempted(source, error)
            except FileroomError as error:
                if isinstance(error, (*_SESSION_IS_DEAD, Unreadable)):  # the object may be half sent
                    lane.close()
                line = _line(source, TransferOutcome.FAILED, attempts=attempt, error=error)
                again = _may_succeed_later(error)
            if line.outcome is not TransferOutcome.FAILED or not again or attempt > self._options.retries:
                return line
            log.info("instance %s: %s; trying again", source.sop_instance_uid, line.why)
            if self._pause(attempt):
                return line

    def _pause(self, attempt: int) -> bool:
        """Wait before the next attempt, longer each time; True where there is to be none."""
        seconds = min(FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1), LAST_BACKOFF_SECONDS)
        return self._cancel.wait(seconds) or self._stopped

    def _reopen(self, shipment: Shipment, lane: "_Lane") -> StoreSession:
        lane.broken = None
        try:
            return self._open(shipment)
        except PeerError as error:
            lane.broken = error
            raise

    def _attempt(
        self,
        session: StoreSession,
        source: OutgoingObject,
        attempt: int,
        following: OutgoingObject | None,
    ) -> TransferLine:
        ready = self._in_accepted_syntax(session, source)
        size = (
            ready.data_length
        )  # asked for before: afterwards the file may be gone, and the peer has it all the same
        answer = session.send(ready, self._options.originator, following=following)
        return _answered(source, ready, size, answer, attempt)

    def _in_accepted_syntax(self, session: StoreSession, source: OutgoingObject) -> OutgoingObject:
        """Return the object in the best syntax that the peer takes, converted only where it must or should be.

        Raises:
            NoAcceptedContext: the peer takes it in none to which it can be converted.
            FileroomError: it is not compressed, and too damaged to be converted to what the peer takes.
        """
        accepted = session.accepted_syntaxes(source.sop_class_uid)
        own = source.transfer_syntax_uid
        failure: FileroomError | None = None
        for syntax in self._syntaxes.candidates(own):
            if syntax not in accepted:
                continue
            if syntax == own:
                return source
            try:
                return self._syntaxes.transcoder.convert(source, syntax)
            except FileroomError as error:
                log.info(
                    "instance %s is not sent as %s: %s",
                    source.sop_instance_uid,
                    transfer_syntax(syntax).name,
                    error.message,
                )
                failure = failure or error
        if failure and not transfer_syntax(own).is_encapsulated:
            raise failure
        raise self._not_accepted(source, failure) from failure

    def _not_accepted(self, source: OutgoingObject, failure: FileroomError | None) -> NoAcceptedContext:
        """Tell what the peer does not take, and why it could not be converted to what the peer takes."""
        syntax = transfer_syntax(source.transfer_syntax_uid)
        hint = "enable this SOP class and transfer syntax at the peer"
        if self._syntaxes.transcoding is Transcoding.NEVER:
            hint = _CONVERT
        elif failure:
            hint += f"; it could not be unpacked: {failure.message}" + (
                f" ({failure.hint})" if failure.hint else ""
            )
        return NoAcceptedContext(
            f"{self._peer.ae_title} takes no {sop_class_name(source.sop_class_uid)} in {syntax.name}",
            hint=hint,
        )


class _Lane:
    """The association that one worker has, if any."""

    def __init__(self, session: StoreSession | None) -> None:
        self.session = session
        self.broken: FileroomError | None = None
        """Why no new association could be opened: the peer is gone, and what is left is not tried."""

    def close(self) -> None:
        if self.session is not None:
            session, self.session = self.session, None
            with suppress(PeerError):
                session.__exit__(None, None, None)


def _may_succeed_later(error: FileroomError) -> bool:
    if isinstance(error, AssociationRejected):
        return describe_rejection(error.result, error.source, error.reason).transient
    return isinstance(error, (*_SESSION_IS_DEAD, PeerUnreachable))


def _answered(
    source: OutgoingObject, sent: OutgoingObject, size: int, answer: StoreAnswer, attempts: int
) -> TransferLine:
    status = describe(answer.status, Service.STORE)
    match status.category:
        case Category.SUCCESS:
            outcome = TransferOutcome.SENT
        case Category.WARNING:
            outcome = TransferOutcome.WARNED
        case _:
            outcome = TransferOutcome.FAILED
    plain = outcome is TransferOutcome.SENT
    why = "" if plain else str(status) + (f": {answer.error_comment}" if answer.error_comment else "")
    return _line(
        source,
        outcome,
        size=size,
        seconds=answer.seconds,
        attempts=attempts,
        status=answer.status,
        why=why,
        hint="" if plain else status.hint,
        transcoded_to="" if sent is source else sent.transfer_syntax_uid,
    )


def not_attempted(source: OutgoingObject, why: FileroomError) -> TransferLine:
    """Return the line of an object whose turn never came."""
    return _line(source, TransferOutcome.NOT_ATTEMPTED, error=why)


def _line(
    source: OutgoingObject,
    outcome: TransferOutcome,
    *,
    size: int = 0,
    seconds: float = 0.0,
    attempts: int = 0,
    status: int | None = None,
    why: str = "",
    hint: str = "",
    transcoded_to: str = "",
    error: FileroomError | None = None,
) -> TransferLine:
    return TransferLine(
        sop_instance_uid=source.sop_instance_uid,
        sop_class_uid=source.sop_class_uid,
        study_instance_uid=source.study_instance_uid,
        name=source.name,
        outcome=outcome,
        bytes=size,
        seconds=seconds,
        attempts=attempts,
        status=status,
        error_kind=error.kind if error else "",
        why=error.message if error else why,
        hint=error.hint if error else hint,
        transcoded_to=transcoded_to,
    )
