"""Follows one C-MOVE or C-GET, and compares what came with what was expected."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fileroom.application.expectation import Expected, Wanted
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_client import RetrieveStep
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.receiver import ReceiverObserver
from fileroom.application.streams import closing_stream
from fileroom.application.use_cases.receive_instance import DUPLICATE_SOP_INSTANCE, SUCCESS, Received
from fileroom.domain.dimse_status import Category, DimseStatus, Service, describe
from fileroom.domain.errors import NotFound, PeerBrokeProtocol, PeerDropped, PeerError, PeerFailed, PeerSilent
from fileroom.domain.query import Selection
from fileroom.domain.retrieve import Via
from fileroom.domain.transfer import SubOperations, missing

POLL_SECONDS = 0.2
NODE_LOG_HINT = "look at the node's own log; often it cannot reach us at the address that is registered there"
CONFLICT_HINT = (
    'compare the two; to have the node\'s, set [objects] duplicates = "replace" and retrieve again; '
    'to keep ours, set it to "ignore"'
)
OWN_LOG_HINT = "see our own log"
_UNABLE_TO_PROCESS = 0xC000
_MAX_ADDRESSES_TOLD = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An object that came and could not be filed here."""

    sop_instance_uid: str
    status: int
    """What we answered."""
    why: str

    @property
    def is_conflict(self) -> bool:
        """Whether the instance is here with other content."""
        return self.status == DUPLICATE_SOP_INSTANCE

    @property
    def hint(self) -> str:
        """What to do about it."""
        return CONFLICT_HINT if self.is_conflict else OWN_LOG_HINT


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveResult:
    """What came."""

    node: str
    via: Via
    """What was used: MOVE or GET."""
    expected: int | None
    """Instances that the node told of, by name or by count; None where it does not answer at IMAGE level."""
    untold: int
    """Those among them that it only counted."""
    arrived: int
    """Expected instances (or, where nothing is known to expect: instances of what was asked for) that are here now."""
    already_here: int
    """Those among them that were here before."""
    missing: tuple[str, ...]
    """SOP Instance UIDs that were expected, or that the node named as failed, and are not here."""
    received: int
    """Objects that came during this retrieve, doubles included."""
    refusals: tuple[Refusal, ...]
    """Objects that came too and could not be filed here."""
    lost: int
    """Objects that the node counts as sent and that did not come, where not all is known that is to be expected."""
    failed: int
    """Sub-operations that the node counts as failed, beyond `missing`, and that nothing that is here makes up for."""
    bytes: int
    """Bytes of the data sets of what came."""
    counters: SubOperations
    """The node's own last word on its sub-operations."""
    failed_by_peer: tuple[str, ...]
    """SOP Instance UIDs that the node named as failed."""
    status: int
    """Final DIMSE status; a pending one where the node was lost on the way."""
    why: str
    """Why it is not complete, or what the node had to say although it is; '' otherwise."""
    hint: str
    seconds: float
    cancelled: bool

    @property
    def came_from_node(self) -> bool:
        """Whether objects came, and not all of them from somebody else meanwhile: the node counts some as sent."""
        sent = (self.counters.completed or 0) + (self.counters.warning or 0)
        return self.received > 0 and (sent > 0 or self.counters.completed is None)

    @property
    def is_complete(self) -> bool:
        """Nothing is missing, refused or failed; where not all was named beforehand, the node must say so too."""
        if self.cancelled or self.missing or self.refusals or self.failed:
            return False
        if self.expected is not None and not self.untold:
            return True
        success = describe(self.status, Service.MOVE).category is Category.SUCCESS
        return success and not self.lost and self.arrived >= (self.expected or 0)


class Arrivals(ReceiverObserver):
    """Counts what comes to a receiver of ours, or over a C-GET; safe to use from many threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._guard = threading.Lock()
        self.objects = 0
        """Objects that were filed, or are here already."""
        self.bytes = 0
        self.refused = 0
        self._refusals: dict[str, Refusal] = {}
        self._refused_addresses: dict[str, None] = {}

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused and did not come again in order."""
        with self._guard:
            return tuple(self._refusals.values())

    def caller_refused(self, address: str) -> None:
        """Take note of who was not let in."""
        with self._guard:
            self._refused_addresses[address] = None

    def refused_callers_hint(self) -> str:
        """Say what to do where somebody was not let in; '' where nobody was refused."""
        with self._guard:
            addresses = ", ".join(list(self._refused_addresses)[:_MAX_ADDRESSES_TOLD])
        if not addresses:
            return ""
        return f"objects were refused from {addresses}: set [storage_scp] allowed_peers if the node sends from there"

    def received(self, received: Received) -> None:
        """Count an object."""
        uid, reply = received.request.sop_instance_uid, received.reply
        with self._guard:
            before = self._refusals.get(uid)
            if reply.status == SUCCESS:
                self.objects += 1
                self.bytes += received.size
                if before is not None and not before.is_conflict:
                    del self._refusals[uid]
            else:
                self.refused += 1
                if before is None or not before.is_conflict:
                    self._refusals[uid] = Refusal(
                        sop_instance_uid=uid, status=reply.status, why=reply.error_comment
                    )


class Retrieval:
    """One C-MOVE or C-GET from its first response to its result."""

    def __init__(
        self,
        *,
        via: Via,
        node: str,
        wanted: Wanted,
        selection: Selection,
        expected: Expected,
        arrivals: Arrivals,
        receives: bool,
        catalog: Catalog,
        settle: Callable[[], object],
        clock: Clock,
        progress: ProgressSink,
        cancel: CancelToken,
    ) -> None:
        """Follow a request for `selection`.

        `receives` tells that `arrivals` hears of every object. `settle` brings into the catalog what we received.
        """
        self._via = via
        self._node = node
        self._wanted = wanted
        self._selection = selection
        self._expected = expected.sop_instance_uids
        self._untold = expected.untold
        self._arrivals = arrivals
        self._receives = receives
        self._catalog = catalog
        self._settle = settle
        self._clock = clock
        self._progress = progress
        self._cancel = cancel
        self._started = clock.monotonic()
        self._before = self._here()
        self._counters = SubOperations()
        self._lost: PeerError | None = None
        self.last: RetrieveStep | None = None

    def follow(self, steps: Iterator[RetrieveStep]) -> None:
        """Take the node's responses until the final one, or until the node is lost on the way.

        Raises:
            PeerError: the node could not be asked, or was lost before anything came.
            Cancelled: that was after a cancel.
        """
        try:
            with closing_stream(steps) as responses:
                for step in responses:
                    self.last = step
                    self._counters = _newest(self._counters, step.counters)
                    self._report()
        except (PeerSilent, PeerDropped, PeerBrokeProtocol) as error:
            if self.last is None and not self._arrivals.objects:
                self._cancel.raise_if_cancelled()
                raise
            # What came until then is here: it is a partial result, not nothing.
            self._lost = error

    def wait_for_late_objects(self, settle_seconds: float) -> None:
        """The final response may come before the last C-STORE: wait until all is here or nothing more comes."""
        seen: tuple[int, int] | None = None
        quiet_since = self._clock.monotonic()
        while not self._nothing_is_on_its_way():
            here = self._here() if self._must_look() else frozenset[str]()
            if self._is_all_accounted_for(here):
                return
            now, now_seen = self._clock.monotonic(), (len(here), self._arrivals.objects)
            if now_seen != seen:
                quiet_since, seen = now, now_seen
                self._report()
            elif now - quiet_since >= settle_seconds:
                return
            if self._cancel.wait(POLL_SECONDS):
                return

    def _nothing_is_on_its_way(self) -> bool:
        if self._lost is not None or self.last is None:
            return False
        failed = describe(self.last.status, Service.MOVE).category is Category.FAILURE
        return failed and not self._sent_by_peer()

    def _must_look(self) -> bool:
        return self._expected is not None or not self._receives

    def _is_all_accounted_for(self, here: frozenset[str]) -> bool:
        if self._expected is not None:
            not_here = missing(self._expected, here)
            named = set(not_here) <= set(self._failed_by_peer()) or len(not_here) <= (
                self._counters.failed or 0
            )
            if not self._untold or not named:
                return named
        if self._counters.completed is None:
            return False  # the node does not count, so that only silence tells
        if self._receives:
            return self._arrivals.objects + self._arrivals.refused >= self._sent_by_peer()
        return len(here - self._before) >= self._sent_by_peer()

    def _sent_by_peer(self) -> int:
        return (self._counters.completed or 0) + (self._counters.warning or 0)

    def _failed_by_peer(self) -> tuple[str, ...]:
        return tuple(filter(None, self.last.failed_sop_instance_uids)) if self.last is not None else ()

    def _here(self) -> frozenset[str]:
        self._settle()
        if self._expected is not None and not self._untold:
            return self._catalog.present(self._expected)
        selected = frozenset(entry.record.sop_instance_uid for entry in self._catalog.select(self._selection))
        return selected | self._catalog.present(self._expected or ())

    def _total(self) -> int | None:
        """How many instances are expected at least."""
        return None if self._expected is None else len(self._expected) + self._untold

    def _report(self) -> None:
        counters = self._counters
        done = sum(count or 0 for count in (counters.completed, counters.failed, counters.warning))
        self._progress.report(
            Progress(
                task="retrieving",
                done=max(done, self._arrivals.objects),
                total=counters.total if self._expected is None else self._total(),
                failed=counters.failed or 0,
                bytes_done=self._arrivals.bytes,
            )
        )

    def result(self) -> RetrieveResult:
        """Compare what is here with what was expected.

        Raises:
            PeerFailed: the node failed, and nothing came.
            PeerError: the node was lost, and nothing came.
            NotFound: the node sent nothing, without a failure, and nothing is here.
        """
        here = self._here()
        failed_here = self._catalog.present(self._failed_by_peer())
        absent = missing((*(self._expected or ()), *self._failed_by_peer()), here | failed_here)
        came = len(here - self._before)
        failed = self._failed_for_good(failed_here, len(absent))
        status = self.last.status if self.last is not None else _UNABLE_TO_PROCESS
        meaning = describe(status, Service.MOVE if self._via is Via.MOVE else Service.GET)
        lost = 0
        if self._expected is None or self._untold:
            lost = max(0, self._sent_by_peer() - self._came_in_all(here))
        unseen = max(0, (self._total() or 0) - len(here))
        why, hint = self._words(meaning, len(absent) or lost or unseen, failed)
        if why and self._lost is None and not self._arrivals.refused:
            hint = self._arrivals.refused_callers_hint() or hint
        if not (came or self._arrivals.objects or self._arrivals.refused or self._cancel.is_cancelled()):
            self._check_that_something_is_here(here, meaning, why, hint, absent=bool(absent or unseen))
        return RetrieveResult(
            node=self._node,
            via=self._via,
            expected=self._total(),
            untold=self._untold,
            arrived=len(here),
            already_here=len(self._before),
            missing=absent,
            received=max(self._arrivals.objects, came),
            refusals=self._arrivals.refusals,
            lost=lost,
            failed=failed,
            bytes=self._arrivals.bytes,
            counters=self._counters,
            failed_by_peer=self._failed_by_peer(),
            status=status,
            why=why,
            hint=hint,
            seconds=self._clock.monotonic() - self._started,
            cancelled=self._cancel.is_cancelled(),
        )

    def _failed_for_good(self, failed_here: frozenset[str], absent: int) -> int:
        """Count the failed sub-operations that neither `missing` names nor what is here makes up for.

        What a listener of another process refused it does not tell us. So a failed instance that was here before may
        be one with other content.
        """
        failed = self._counters.failed or 0
        named = len(frozenset(self._failed_by_peer()))
        doubtful = 0 if self._receives else len(failed_here & self._before)
        unnamed = max(0, failed - named)
        all_told = self._expected is not None and not self._untold
        if all_told and self._sent_by_peer() + failed <= len(self._expected or ()):
            # Each of them is an instance that was expected, and so is here or missing.
            unnamed = 0 if self._receives else min(max(0, unnamed - absent), len(self._before))
        return unnamed + doubtful

    def _came_in_all(self, here: frozenset[str]) -> int:
        return self._arrivals.objects if self._receives else len(here)

    def _check_that_something_is_here(
        self, here: frozenset[str], meaning: DimseStatus, why: str, hint: str, *, absent: bool
    ) -> None:
        """Nothing came: that is a failure, unless all was here before."""
        if self._expected is not None and not absent:
            return
        if self._lost is not None:
            raise self._lost
        if meaning.category is Category.FAILURE or self._counters.all_failed:
            raise PeerFailed(f"{self._node} did not send anything: {why}", status=meaning.code, hint=hint)
        if self._expected is None and not here and not self._sent_by_peer():
            raise NotFound(
                f"{self._node} sent nothing by the UID {self._wanted.uid}, without saying why",
                hint="see `fileroom query`",
            )

    def _words(self, meaning: DimseStatus, absent: int, failed: int) -> tuple[str, str]:
        """Say why something is absent, the cause that is nearest first."""
        if self._lost is not None:
            return self._lost.message, self._lost.hint
        if self._arrivals.refused:
            first = next(iter(self._arrivals.refusals), None)
            refusal = f": {first.why}" if first is not None and first.why else ""
            return (
                f"{self._arrivals.refused} objects came and could not be filed here{refusal}",
                first.hint if first is not None else OWN_LOG_HINT,
            )
        if meaning.category is not Category.SUCCESS:
            comment = self.last.error_comment if self.last is not None else ""
            return str(meaning) + (f": {comment}" if comment else ""), meaning.hint
        if self._counters.all_failed:
            return "every sub-operation failed, although the node answered success", NODE_LOG_HINT
        if absent:
            return f"{absent} objects did not come, although the node answered success", NODE_LOG_HINT
        if failed:
            return f"{failed} sub-operations failed, although the node answered success", NODE_LOG_HINT
        return "", ""


def _newest(old: SubOperations, new: SubOperations) -> SubOperations:
    """Keep what a response leaves out (PS3.7 C.2 makes the counters optional in some)."""
    return SubOperations(
        remaining=new.remaining,
        completed=old.completed if new.completed is None else new.completed,
        failed=old.failed if new.failed is None else new.failed,
        warning=old.warning if new.warning is None else new.warning,
    )
