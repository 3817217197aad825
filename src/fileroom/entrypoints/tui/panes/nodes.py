"""Pane of the registered nodes."""

from typing import TYPE_CHECKING

from fileroom.entrypoints.tui.records import Column, ListSource, Record, RecordSource
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (Column("NAME", 8, 2), Column("AE TITLE", 8, 2), Column("ADDRESS", 12, 3), Column("GETS BY", 7))
EMPTY = "No node yet.\nPress a to register one."


class NodesPane(ListPane):
    """Nodes by name."""

    def __init__(self, room: "Room") -> None:
        super().__init__("nodes", 1, "Nodes", RecordList(room.reader, id="nodes", empty=EMPTY))
        self._source = _NodesSource(room)

    def on_mount(self) -> None:
        """Read the register."""
        super().on_mount()
        self.records.show(self._source)

    @property
    def nodes(self) -> "tuple[Node, ...]":
        """All nodes, as they were read last."""
        return self._source.nodes

    @property
    def marked_node(self) -> "Node | None":
        """The node that is marked."""
        from fileroom.domain.node import Node

        marked = self.records.marked
        return marked.value if marked is not None and isinstance(marked.value, Node) else None

    def selected_nodes(self) -> "tuple[Node, ...]":
        """Return the nodes that are selected, or the marked one."""
        from fileroom.domain.node import Node

        return tuple(record.value for record in self.records.selected if isinstance(record.value, Node))


class _NodesSource(RecordSource):
    """The register, read each time that it is counted."""

    columns = COLUMNS

    def __init__(self, room: "Room") -> None:
        self._room = room
        self._list = ListSource(COLUMNS)
        self.nodes: tuple[Node, ...] = ()

    def count(self) -> int:
        self.nodes = tuple(self._room.nodes())
        self._list = ListSource(COLUMNS, [_record(node) for node in self.nodes])
        return self._list.count()

    def window(self, offset: int, limit: int) -> "Sequence[Record]":
        return self._list.window(offset, limit)


def _record(node: "Node") -> Record:
    retrieve = "" if node.retrieve.value == "unknown" else node.retrieve.value
    return Record(node.key, (node.name, str(node.ae_title), node.address, retrieve), node)
