"""Who does work on many items at once."""

from abc import abstractmethod
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import Protocol


class Workers(Protocol):
    """Opens executors; what they are given, and what it returns and raises, must pickle."""

    @abstractmethod
    def cores(self) -> int:
        """Return how many items may be worked on at once without getting into each other's way."""

    @abstractmethod
    def open(self, jobs: int) -> AbstractContextManager[Executor]:
        """Return an executor that works on `jobs` items at once; with 1 it does so in the caller's own thread.

        Leaving the context waits for what was begun; what was not begun is dropped.
        """
