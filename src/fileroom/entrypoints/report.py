"""What became of an operation, for any door: counters, failures by name, and a summary in words."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from fileroom.domain.errors import FileroomError


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
