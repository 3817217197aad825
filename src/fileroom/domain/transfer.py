"""What became of objects that were to be moved: one line each, and the counts made of the lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class TransferOutcome(StrEnum):
    """What became of one object."""

    SENT = "sent"
    """The peer answered success."""
    WARNED = "warned"
    """The peer took it, with a warning (coercion, elements discarded)."""
    FAILED = "failed"
    """The peer answered a failure, or never answered."""
    NOT_ATTEMPTED = "not_attempted"
    """Cancelled, or the association ended before its turn."""


class Transcoding(StrEnum):
    """What becomes of an object that the peer does not take in its own transfer syntax."""

    NEVER = "never"
    """It is not sent: objects go as they are or not at all."""
    FALLBACK = "fallback"
    """It is converted, without loss, to one that the peer takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferLine:
    """The ledger line of one object."""

    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    name: str
    """File or location, for people."""
    outcome: TransferOutcome
    bytes: int
    """Bytes of the data set."""
    seconds: float
    """From the request to its answer, of the last attempt."""
    attempts: int
    status: int | None = None
    """DIMSE status of the last answer."""
    error_kind: str = ""
    """`kind` of the error where no answer came (`fileroom.domain.errors`)."""
    why: str = ""
    """For people, where it was not plainly sent."""
    hint: str = ""
    """What to do next."""
    transcoded_to: str = ""
    """UID of the transfer syntax that it was converted to; '' where it went as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferReport:
    """The outcome of sending several objects."""

    lines: tuple[TransferLine, ...]
    seconds: float
    associations: int
    cancelled: bool = False

    def count(self, outcome: TransferOutcome) -> int:
        """Count the lines with one outcome."""
        return sum(line.outcome is outcome for line in self.lines)

    @property
    def sent(self) -> int:
        """Objects that the peer has now, with or without a warning."""
        return self.count(TransferOutcome.SENT) + self.count(TransferOutcome.WARNED)

    @property
    def bytes_sent(self) -> int:
        """Bytes of the data sets that the peer has now."""
        return sum(line.bytes for line in self.lines if line.outcome in _ARRIVED)

    @property
    def transcoded(self) -> dict[str, int]:
        """Objects that the peer has in another transfer syntax than theirs, counted by its UID."""
        uids = [line.transcoded_to for line in self.lines if line.outcome in _ARRIVED and line.transcoded_to]
        return {uid: uids.count(uid) for uid in dict.fromkeys(uids)}

    @property
    def failures(self) -> tuple[TransferLine, ...]:
        """Lines of objects that the peer does not have."""
        return tuple(line for line in self.lines if line.outcome not in _ARRIVED)


_ARRIVED = frozenset({TransferOutcome.SENT, TransferOutcome.WARNED})


@dataclass(frozen=True, kw_only=True, slots=True)
class SubOperations:
    """Counters of a C-MOVE or C-GET response (PS3.4 C.4.2.1.6); None where the peer left one out."""

    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None

    @property
    def all_failed(self) -> bool:
        """Every sub-operation failed: a failure, whatever the status says."""
        return bool(self.failed) and not self.completed and not self.warning

    @property
    def total(self) -> int | None:
        """All sub-operations, where the peer says enough to tell."""
        if self.remaining is None and self.completed is None:
            return None
        return sum(count or 0 for count in (self.remaining, self.completed, self.failed, self.warning))


def missing(expected: Iterable[str], arrived: Iterable[str]) -> tuple[str, ...]:
    """Return the expected UIDs that did not arrive, in the order expected."""
    here = frozenset(arrived)
    return tuple(dict.fromkeys(uid for uid in expected if uid not in here))
