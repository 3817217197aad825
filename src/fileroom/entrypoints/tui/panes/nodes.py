"""Pane of the registered nodes."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import FileroomError
from fileroom.domain.node import node_key
from fileroom.entrypoints.tui.records import Column, ListSource, Record, RecordSource, Tone
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (
    Column("NAME", 8, 2), Column("AE TITLE", 8, 2), Column("ECHO", 9, 1), Column("ADDRESS", 12, 3),
    Column("GETS BY", 7),
)  # fmt: skip
EMPTY = "No node yet.\nPress a to register one."


_SHORT: Final = {
    "peer_unreachable": "no connection",
    "peer_silent": "silent",
    "peer_dropped": "hung up",
    "association_rejected": "refuses",
}
"""What an echo came to, in a word or two, by the kind of its error."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How a node answered the latest echo."""

    at: datetime
    short: str
    says: str
    is_good: bool

    @classmethod
    def answer(cls, at: datetime, seconds: float) -> "Heard":
        """Return that it answered after so many seconds."""
        told = f"{seconds * 1000:.1f} ms"
        return cls(at, told, f"answers in {told}", is_good=True)

    @classmethod
    def failure(cls, at: datetime, error: FileroomError) -> "Heard":
        """Return that it did not answer, and why."""
        return cls(at, _SHORT.get(error.kind, "fails"), error.message, is_good=False)


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

    def hear(self, name: str, heard: Heard) -> None:
        """Show how a node answered; that is kept as long as the program runs."""
        self._source.heard[node_key(name)] = heard
        self.records.read_again()

    def heard_of(self, key: str) -> list[tuple[str, str]]:
        """Return how a node answered the latest echo, as names and values."""
        heard = self._source.heard.get(key)
        return [("Echo", f"{heard.says} ({heard.at.astimezone():%H:%M:%S})")] if heard is not None else []

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
        self.heard: dict[str, Heard] = {}

    def count(self) -> int:
        before = {node.key: _asked_at(node) for node in self.nodes}
        self.nodes = tuple(self._room.nodes())
        now = {node.key: _asked_at(node) for node in self.nodes}
        for key, place in before.items():
            if now.get(key) != place:
                self.heard.pop(key, None)  # it was another one that answered
        self._list = ListSource(COLUMNS, [_record(node, self.heard.get(node.key)) for node in self.nodes])
        return self._list.count()

    def window(self, offset: int, limit: int) -> "Sequence[Record]":
        return self._list.window(offset, limit)


def _asked_at(node: "Node") -> tuple[object, ...]:
    return node.ae_title, node.host, node.port


def _record(node: "Node", heard: Heard | None) -> Record:
    retrieve = "" if node.retrieve.value == "unknown" else node.retrieve.value
    short = heard.short if heard is not None else ""
    tone = Tone.PLAIN if heard is None or heard.is_good else Tone.ERROR
    return Record(node.key, (node.name, str(node.ae_title), short, node.address, retrieve), node, tone)
