"""Registers, changes and forgets nodes, and reports it."""

from typing import TYPE_CHECKING

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.report import Report

if TYPE_CHECKING:
    from fileroom.application.use_cases.manage_nodes import NodeChanges
    from fileroom.domain.node import Node
    from fileroom.entrypoints.container import Container


def add_node(container: "Container", node: "Node") -> Report:
    """Register a node.

    Raises:
        Conflict: the name is taken.
    """
    added = container.manage_nodes().add(node)
    return Report(
        fields={"node": node_fields(added)},
        show=lambda output: output.note(f"registered {added.name}: {added.ae_title} at {added.address}"),
    )


def edit_node(container: "Container", name: str, changes: "NodeChanges") -> Report:
    """Change a node.

    Raises:
        NotFound: there is no node by that name.
        Conflict: the new name is taken.
        InvalidInput: a new value cannot be used, or there is nothing to change.
    """
    from fileroom.application.use_cases.manage_nodes import NodeChanges

    if changes == NodeChanges():
        raise InvalidInput("nothing to change was given", hint="see `fileroom node edit --help`")
    changed = container.manage_nodes().edit(name, changes)
    return Report(
        fields={"node": node_fields(changed)},
        show=lambda output: output.note(f"{changed.name} is {changed.ae_title} at {changed.address} now"),
    )


def delete_node(container: "Container", name: str) -> Report:
    """Forget a node.

    Raises:
        NotFound: there is no node by that name.
    """
    gone = container.manage_nodes().delete(name)
    return Report(
        fields={"node": node_fields(gone)}, show=lambda output: output.note(f"{gone.name} is forgotten")
    )


def node_fields(node: "Node") -> dict[str, object]:
    """Return what a node has, as the JSON documents have it."""
    given: dict[str, object] = {
        "name": node.name,
        "ae_title": str(node.ae_title),
        "host": node.host,
        "port": node.port,
        "move_destination": str(node.move_destination) if node.move_destination else "",
        "notes": node.notes,
        "character_set": node.character_set,
    }
    return {key: value for key, value in given.items() if value != ""} | {"retrieve": node.retrieve.value}
