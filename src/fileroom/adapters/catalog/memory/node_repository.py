"""The register of remote nodes in a dictionary."""

import threading
from collections.abc import Sequence

from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.errors import Conflict, NotFound
from fileroom.domain.node import Node, node_key


class MemoryNodeRepository(NodeRepository):
    """A `NodeRepository` that lives as long as the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nodes: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        """See `NodeRepository.add`."""
        with self._lock:
            self._check_free(node)
            self._nodes[node.key] = node

    def replace(self, name: str, node: Node) -> None:
        """See `NodeRepository.replace`."""
        key = node_key(name)
        with self._lock:
            self._check_known(name)
            if node.key != key:
                self._check_free(node)
            del self._nodes[key]
            self._nodes[node.key] = node

    def remove(self, name: str) -> None:
        """See `NodeRepository.remove`."""
        with self._lock:
            self._check_known(name)
            del self._nodes[node_key(name)]

    def get(self, name: str) -> Node | None:
        """See `NodeRepository.get`."""
        with self._lock:
            return self._nodes.get(node_key(name))

    def list(self) -> Sequence[Node]:
        """See `NodeRepository.list`."""
        with self._lock:
            return [self._nodes[key] for key in sorted(self._nodes)]

    def _check_free(self, node: Node) -> None:
        taken = self._nodes.get(node.key)
        if taken is not None:
            raise Conflict(f"there is a node called {taken.name!r} already", hint="choose another name")

    def _check_known(self, name: str) -> None:
        if node_key(name) not in self._nodes:
            raise NotFound(f"there is no node called {name!r}")
