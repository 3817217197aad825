"""Cancel in: how a door tells running work to stop."""

import time
from abc import abstractmethod
from typing import Final, Protocol

from fileroom.domain.errors import Cancelled


class CancelToken(Protocol):
    """A flag that is raised once and stays; safe to use from any thread."""

    @abstractmethod
    def is_cancelled(self) -> bool:
        """Tell whether the work should stop at the next safe point."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the flag is raised; returns `is_cancelled()`."""

    def raise_if_cancelled(self) -> None:
        """Leave the work here.

        Raises:
            Cancelled: the flag is raised.
        """
        if self.is_cancelled():
            raise Cancelled("cancelled")


class _Never(CancelToken):
    def is_cancelled(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        return False


NEVER: Final[CancelToken] = _Never()
"""The token of work that nobody means to stop."""


class CancelSource(CancelToken, Protocol):
    """A token together with the means to raise its flag."""

    @abstractmethod
    def cancel(self) -> None:
        """Raise the flag, for good, and wake up who waits."""
