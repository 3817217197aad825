"""What the screen knows of nodes, UIDs and tasks, to complete what is typed; nobody is asked for it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui.completion import Known, Option
from fileroom.entrypoints.tui.language import Kind
from fileroom.entrypoints.tui.levels import UID_KINDS, uids_of
from fileroom.entrypoints.tui.records import Record

if TYPE_CHECKING:
    from fileroom.application.task_queue import TaskView
    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.widgets.record_list import RecordList

_SELECTED: Final = 200
"""Rows that are selected which are looked at: what is known is asked for with each key."""


def known_values(
    nodes: "Iterable[Node]",
    tasks: "Iterable[TaskView]",
    lists: "Iterable[tuple[RecordList, QueryLevel]]",
) -> Known:
    """Return options by the kind of value; of lists, what is selected comes first, then what is near the mark."""
    named = [Option(node.name, f"{node.ae_title} at {node.address}") for node in nodes]
    numbered = [Option(str(view.record.number), f"{view.record.state} {view.record.title}") for view in tasks]
    uids: dict[Kind, dict[str, Option]] = {kind: {} for kind in UID_KINDS.values()}
    for records, level in lists:
        for record in _in_order(records):
            for kind, uid, says in _uids(record, level):
                uids[kind].setdefault(uid, Option(uid, says))
    told = {kind: tuple(options.values()) for kind, options in uids.items()}
    return {Kind.NODE: named, Kind.PEER: named, Kind.TASK: numbered, **told}


def _in_order(records: "RecordList") -> Iterator[Record]:
    yield from islice(records.selected, _SELECTED)
    yield from records.near


def _uids(record: Record, level: QueryLevel) -> Iterator[tuple[Kind, str, str]]:
    """Yield the UIDs that a row has, and what is said of each: of the row's own, what the row says."""
    for at, uid in uids_of(record.value).items():
        says = " ".join(cell for cell in record.cells if cell and cell != uid) if at is level else ""
        yield UID_KINDS[at], uid, says
