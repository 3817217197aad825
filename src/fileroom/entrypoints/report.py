"""What became of an operation, for any door: counters, failures by name, and a summary in words."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from fileroom.domain.errors import Cancelled, FileroomError


class Printer(Protocol):
    """What a summary is told to."""

    @abstractmethod
    def line(self, text: str) -> None:
        """Tell a line of data."""

    @abstractmethod
    def raw(self, text: str) -> None:
        """Tell data whose control characters are meant (line ends of our own)."""

    @abstractmethod
    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
        """Tell rows in columns, and return how many there were."""

    @abstractmethod
    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Tell names and values, a line each."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Tell a line of a summary."""

    @abstractmethod
    def warning(self, text: str, hint: str = "") -> None:
        """Tell a warning, and what to do about it."""


class Status(StrEnum):
    """How an operation ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One item that failed."""

    what: str
    """UID, path or name."""
    why: str
    hint: str = ""
    kind: str = ""
    """Lower_snake word for scripts."""


def failures_in_words(
    failed: Sequence[Failure], *, reasons: int, names: int, elsewhere: str
) -> Iterator[tuple[str, str]]:
    """Yield lines, each with its hint or '', that name what failed; what failed for the same reason shares a line.

    At most so many `reasons` are told, with so many `names` each; `elsewhere` says where the others are.
    """
    by_reason: dict[tuple[str, str], list[str]] = {}
    for each in failed:
        by_reason.setdefault((each.why, each.hint), []).append(each.what)
    told: set[str] = set()
    for (why, hint), items in list(by_reason.items())[:reasons]:
        named = ", ".join(items[:names])
        more = f" and {len(items) - names} more" if len(items) > names else ""
        yield f"{named}{more}: {why}", "" if hint in told else hint
        told.add(hint)
    left = sum(len(items) for items in list(by_reason.values())[reasons:])
    if left or any(len(items) > names for items in by_reason.values()):
        yield f"{left} more failed" if left else "not all are named here", elsewhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What an operation did."""

    fields: dict[str, object] = field(default_factory=dict)
    """Counters and lists of the JSON document; None values are left out."""
    failures: Sequence[Failure] = ()
    status: Status = Status.SUCCESS
    code: int | None = None
    """Exit code where the status alone does not tell."""
    failed_as: str = ""
    """Kind of the error that tells why all of it failed, where there is no `error`."""
    show: Callable[[Printer], None] | None = None
    """Prints it for people and pipes."""
    error: FileroomError | None = None
    """What ended the operation."""


def ended_by(error: FileroomError, fields: dict[str, object] | None = None) -> Report:
    """Return the report of an operation that an error ended, with what was done until then."""
    told = {"kind": error.kind, "message": error.message} | ({"hint": error.hint} if error.hint else {})
    return Report(
        status=Status.CANCELLED if isinstance(error, Cancelled) else Status.FAILED,
        fields={**(fields or {}), "error": told},
        error=error,
    )
