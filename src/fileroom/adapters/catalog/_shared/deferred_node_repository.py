"""A register of nodes that is opened when it is first asked."""

from collections.abc import Callable, Sequence
from functools import cached_property

from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.node import Node


class DeferredNodeRepository(NodeRepository):
    """Stands for a register that is dear to open, for commands that may not need it."""

    def __init__(self, open_register: Callable[[], NodeRepository]) -> None:
        """Use what `open_register` returns; what that raises, each method may raise."""
        self._open = open_register

    @cached_property
    def _register(self) -> NodeRepository:
        return self._open()

    def add(self, node: Node) -> None:
        """See `NodeRepository.add`."""
        self._register.add(node)

    def replace(self, name: str, node: Node) -> None:
        """See `NodeRepository.replace`."""
        self._register.replace(name, node)

    def remove(self, name: str) -> None:
        """See `NodeRepository.remove`."""
        self._register.remove(name)

    def get(self, name: str) -> Node | None:
        """See `NodeRepository.get`."""
        return self._register.get(name)

    def list(self) -> Sequence[Node]:
        """See `NodeRepository.list`."""
        return self._register.list()
