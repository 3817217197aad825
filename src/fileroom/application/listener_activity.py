"""What happens at a listener: who is let in, what is counted, and what somebody who watches it wants to see."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fileroom.application.ports.clock import Clock
from fileroom.application.ports.dicom_server import (
    AssociationObserver,
    Caller,
    RejectReason,
    StoreRequest,
)
from fileroom.application.use_cases.receive_instance import SUCCESS, Received, ReceptionObserver
from fileroom.domain.access import AccessPolicy
from fileroom.domain.filing import FilingOutcome

log = logging.getLogger(__name__)

EVENTS: Final = 50
"""Events that are remembered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerCounts:
    """What happened at a listener since its start."""

    associations_accepted: int = 0
    associations_refused: int = 0
    objects_stored: int = 0
    """Filed anew; replaced ones included."""
    duplicates: int = 0
    """Answered with success, here already (or kept by policy)."""
    objects_refused: int = 0
    """Answered with a failure."""
    objects_abandoned: int = 0
    """Did not arrive whole."""
    bytes: int = 0
    """Bytes of the data sets that were answered with success."""


class EventKind(StrEnum):
    """What may have gone wrong at a listener."""

    ASSOCIATION_REFUSED = "association refused"
    OBJECT_REFUSED = "object refused"
    OBJECT_ABANDONED = "object did not arrive whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerEvent:
    """Something that somebody who watches a listener wants to know."""

    at: datetime
    """When (aware, UTC)."""
    caller: Caller
    """Who called."""
    kind: EventKind
    why: str
    """The reason, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAssociation:
    """An association as it is at one moment."""

    caller: Caller
    since: datetime
    """When it was let in (aware, UTC)."""
    objects: int
    """Answered with success so far."""


_AFTER_ADMISSION = frozenset({RejectReason.LOCAL_LIMIT_EXCEEDED, RejectReason.TEMPORARY_CONGESTION})


class ListenerActivity(AssociationObserver, ReceptionObserver):
    """Lets in who is allowed, and counts; safe to use from many threads."""

    def __init__(self, access: AccessPolicy) -> None:
        """Let in whom `access` allows."""
        self._access = access
        self._guard = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._filed: Counter[Caller] = Counter()
        """Objects that were answered with success, by association."""

    def admits_address(self, address: str) -> bool:
        """Decide by the allowlist of addresses."""
        return self._access.allows_address(address)

    def requested(self, caller: Caller) -> RejectReason | None:
        """Decide by the allowlists."""
        if not self._access.allows_calling(caller.calling_ae_title):
            return RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
        if not self._access.allows_called(caller.called_ae_title):
            return RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED
        log.info("association from %s", caller)
        self._count(associations_accepted=1)
        return None

    def ended(self, caller: Caller, why: str) -> None:
        """Note the end of an association."""
        with self._guard:
            filed = self._filed.pop(caller, 0)
        log.info("association from %s ended: %s, %d objects filed", caller, why, filed)

    def refused(self, caller: Caller, reason: RejectReason) -> None:
        """Note that somebody was refused."""
        log.warning("association from %s refused: %s", caller, self.why_refused(caller, reason))
        if reason in _AFTER_ADMISSION:
            self._count(associations_accepted=-1)  # let in by `requested`, and turned away after that
        self._count(associations_refused=1)

    def why_refused(self, caller: Caller, reason: RejectReason) -> str:
        """Say which list it was: the standard has one reason for both."""
        if reason is RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED:
            if not self._access.allows_address(caller.address):
                return "its address is not in allowed_peers"
            if not self._access.allows_calling(caller.calling_ae_title):
                return "its AE title is not in allowed_calling_ae_titles"
        return reason.name.lower().replace("_", " ")

    def received(self, received: Received) -> None:
        """Count an object."""
        if received.reply.status != SUCCESS:
            self._count(objects_refused=1)
            return
        is_new = received.outcome in (FilingOutcome.STORED, FilingOutcome.REPLACED)
        request, counts = received.request, self._counts
        if is_new:
            # Not at INFO: a line for each object costs as much as the object.
            log.debug("stored instance %s from %s", request.sop_instance_uid, request.caller)
        with self._guard:
            counts["objects_stored" if is_new else "duplicates"] += 1
            counts["bytes"] += received.size
            self._filed[request.caller] += 1

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """Count an object that did not arrive whole."""
        self._count(objects_abandoned=1)

    def _count(self, **more: int) -> None:
        with self._guard:
            self._counts.update(more)

    def counts(self) -> ListenerCounts:
        """Return the counts as they are now."""
        with self._guard:
            return ListenerCounts(**self._counts)


class WatchedListener(ListenerActivity):
    """Keeps besides what somebody who watches the listener wants to see: a moment for each association and trouble."""

    def __init__(self, access: AccessPolicy, clock: Clock) -> None:
        """Let in whom `access` allows."""
        super().__init__(access)
        self._clock = clock
        self._open: dict[Caller, datetime] = {}
        self._events: deque[ListenerEvent] = deque(maxlen=EVENTS)

    def associations(self) -> Sequence[OpenAssociation]:
        """Return the associations that are open now, the oldest first."""
        with self._guard:
            return [
                OpenAssociation(caller=caller, since=since, objects=self._filed[caller])
                for caller, since in self._open.items()
            ]

    def events(self) -> Sequence[ListenerEvent]:
        """Return what went wrong last, the latest first."""
        with self._guard:
            return tuple(reversed(self._events))

    def requested(self, caller: Caller) -> RejectReason | None:
        """Note who was let in."""
        reason = super().requested(caller)
        if reason is None:
            with self._guard:
                self._open[caller] = self._clock.now()
        return reason

    def ended(self, caller: Caller, why: str) -> None:
        """Note that an association is over."""
        super().ended(caller, why)
        with self._guard:
            self._open.pop(caller, None)

    def refused(self, caller: Caller, reason: RejectReason) -> None:
        """Note who was refused, and why."""
        super().refused(caller, reason)
        with self._guard:
            self._open.pop(caller, None)
        self._note(caller, EventKind.ASSOCIATION_REFUSED, self.why_refused(caller, reason))

    def received(self, received: Received) -> None:
        """Note which object was refused, and why."""
        super().received(received)
        reply = received.reply
        if reply.status != SUCCESS:
            why = reply.error_comment or f"status {reply.status:04X}H"
            self._note(received.request.caller, EventKind.OBJECT_REFUSED, why)

    def abandoned(self, request: StoreRequest, why: str) -> None:
        """Note which object did not arrive whole."""
        super().abandoned(request, why)
        self._note(request.caller, EventKind.OBJECT_ABANDONED, why)

    def _note(self, caller: Caller, kind: EventKind, why: str) -> None:
        event = ListenerEvent(at=self._clock.now(), caller=caller, kind=kind, why=why)
        with self._guard:
            self._events.append(event)
