"""New unique identifiers."""

from abc import abstractmethod
from typing import Protocol


class UidSource(Protocol):
    """Makes UIDs that nobody else has."""

    @abstractmethod
    def new(self) -> str:
        """Return a fresh UID (PS3.5 B.2), valid by PS3.5 9.1."""
