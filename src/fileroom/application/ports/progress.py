"""Progress out: how running work tells a door how far it is."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the work is; every report is complete in itself, so that a door may drop all but the latest."""

    task: str
    """What is going on, for people: `importing`, `retrieving` …"""
    done: int
    """Items finished, however they ended."""
    total: int | None = None
    """Items in all, where it is known."""
    failed: int = 0
    """Items among `done` that failed."""
    bytes_done: int = 0
    """Bytes moved."""
    item: str = ""
    """What is being worked on (a path or a UID; never a patient's name)."""


class ProgressSink(Protocol):
    """Takes progress; called often and from any thread, so it must be quick and must not raise."""

    @abstractmethod
    def report(self, progress: Progress) -> None:
        """Take note of how far the work is."""
