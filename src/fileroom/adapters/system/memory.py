"""Clocks and UIDs that a test can foretell."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

from fileroom.application.ports.clock import Clock
from fileroom.application.ports.uid_source import UidSource
from fileroom.domain.uid import uid_from_random

_SOME_TIME = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FixedClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, now: datetime = _SOME_TIME) -> None:
        """Begin at `now`, which is aware.

        Raises:
            ValueError: it is not aware.
        """
        if now.tzinfo is None:
            raise ValueError("the time must be aware")
        self._lock = threading.Lock()
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary origin."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass; both kinds of time move.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("time does not go back")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds


class SteppingClock(FixedClock):
    """Moves on by a step each time that it is asked."""

    def __init__(self, now: datetime = _SOME_TIME, *, step_seconds: float = 1.0) -> None:
        super().__init__(now)
        self._step = step_seconds

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC, and move on."""
        with self._lock:
            now = self._now
            self._now += timedelta(seconds=self._step)
            self._monotonic += self._step
            return now

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary origin, and move on."""
        with self._lock:
            seconds = self._monotonic
            self._now += timedelta(seconds=self._step)
            self._monotonic += self._step
            return seconds


class SequentialUidSource(UidSource):
    """Makes 2.25.1, 2.25.2 and so on: unique within one source only."""

    def __init__(self, first: int = 1) -> None:
        self._numbers = itertools.count(first)

    def new(self) -> str:
        """Return the next UID, valid by PS3.5 9.1."""
        return uid_from_random(next(self._numbers))
