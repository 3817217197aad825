"""The register of remote nodes."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fileroom.domain.node import Node


class NodeRepository(Protocol):
    """Named remote nodes, unique by name regardless of case; durable when a method returns."""

    @abstractmethod
    def add(self, node: Node) -> None:
        """Register a node.

        Raises:
            Conflict: the name is taken (in any spelling of its case).
            StorageError: it could not be written.
        """

    @abstractmethod
    def replace(self, name: str, node: Node) -> None:
        """Put `node` in the place of the one called `name`, which may rename it.

        Raises:
            NotFound: there is no node called `name`.
            Conflict: the new name belongs to another node.
            StorageError: it could not be written.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Forget a node.

        Raises:
            NotFound: there is no node by that name.
            StorageError: it could not be written.
        """

    @abstractmethod
    def get(self, name: str) -> Node | None:
        """Return the node by that name in any case, or None."""

    @abstractmethod
    def list(self) -> Sequence[Node]:
        """Return all nodes, ordered by name regardless of case."""
