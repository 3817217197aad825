"""Who listens for this data directory: so that a retrieve knows whether to start a listener of its own."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerInfo:
    """A running listener of ours."""

    ae_title: str
    bind: str
    """Address that it is bound to."""
    port: int
    process: int
    """Process ID."""
    files_into: str = ""
    """Catalog and store that take what comes; '' where the process does not say."""
    temporary: bool = False
    """Started for a retrieve, and ends with it."""


class ListenerPresence(Protocol):
    """Tells processes that share a data directory of each other's listeners."""

    @abstractmethod
    def current(self) -> ListenerInfo | None:
        """Return the listener that runs now, in this process or another; what a dead process left does not count."""

    @abstractmethod
    def announce(self, info: ListenerInfo) -> AbstractContextManager[None]:
        """Be the listener of the data directory for as long as the context lasts.

        Raises:
            Conflict: another listener is running; the message says where.
        """
