"""How associations end."""

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """How an association, or the attempt at one, ended."""

    RELEASED = "released"
    ABORTED = "aborted by peer"
    CLOSED = "closed by peer"
    PROTOCOL = "protocol error"
    SILENT = "silent"
    STALLED = "stalled"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """Why an association ended, and what is known of it."""

    fate: Fate
    detail: str = ""
    source: int = 0
    """Of an A-ABORT."""
    reason: int = 0
    """Of an A-ABORT."""


class LinkEnded(Exception):
    """The association is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.fate.value)
        self.ending = ending


def told(ending: Ending) -> str:
    """Write an ending for handlers and logs."""
    return ending.fate.value + (f": {ending.detail}" if ending.detail else "")
