"""Registers, changes, lists and forgets remote nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fileroom.application.peers import require_node
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node, RetrieveCapability


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeChanges:
    """What to change of a node; None leaves a field as it is."""

    name: str | None = None
    ae_title: str | None = None
    host: str | None = None
    port: int | None = None
    move_destination: str | None = None
    """'' goes back to our own AE title."""
    notes: str | None = None
    character_set: str | None = None


class ManageNodes:
    """The register of remote nodes, as every door uses it."""

    def __init__(self, *, nodes: NodeRepository) -> None:
        """Use this register."""
        self._nodes = nodes

    def add(self, node: Node) -> Node:
        """Register a node.

        Raises:
            Conflict: the name is taken.
        """
        self._nodes.add(node)
        return node

    def edit(self, name: str, changes: NodeChanges) -> Node:
        """Change fields of a node and return it as it is now.

        Raises:
            NotFound: there is no node by that name.
            Conflict: the new name is taken.
            InvalidInput: a new value cannot be used.
        """
        node = require_node(self._nodes, name)
        changed = replace(
            node,
            name=node.name if changes.name is None else changes.name,
            ae_title=node.ae_title if changes.ae_title is None else AeTitle(changes.ae_title),
            host=node.host if changes.host is None else changes.host,
            port=node.port if changes.port is None else changes.port,
            move_destination=node.move_destination
            if changes.move_destination is None
            else (AeTitle(changes.move_destination) if changes.move_destination else None),
            notes=node.notes if changes.notes is None else changes.notes,
            character_set=node.character_set if changes.character_set is None else changes.character_set,
        )
        if (changed.ae_title, changed.host, changed.port) != (node.ae_title, node.host, node.port):
            # Another system, of which nothing was seen yet.
            changed = replace(changed, retrieve=RetrieveCapability.UNKNOWN)
        self._nodes.replace(node.name, changed)
        return changed

    def delete(self, name: str) -> Node:
        """Forget a node and return what it was.

        Raises:
            NotFound: there is no node by that name.
        """
        node = require_node(self._nodes, name)
        self._nodes.remove(node.name)
        return node

    def list(self) -> Sequence[Node]:
        """Return all nodes by name."""
        return self._nodes.list()

    def show(self, name: str) -> Node:
        """Return one node.

        Raises:
            NotFound: there is no node by that name.
        """
        return require_node(self._nodes, name)
