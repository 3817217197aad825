"""Asks nodes what they have, and goes down and up in what they tell."""

import re
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.domain.node import node_key
from fileroom.entrypoints.report import Report, Status
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.tui.levels import UID_KEYS
from fileroom.entrypoints.tui.panes.query import (
    ASKING_NOTE,
    Asked,
    again,
    below,
    changed_rows,
    put_in_order,
    record_of,
)
from fileroom.entrypoints.tui.records import Record
from fileroom.entrypoints.tui.written import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.query_node import QueryRequest
    from fileroom.domain.node import Node
    from fileroom.entrypoints.container import Container
    from fileroom.entrypoints.tui.screens.fields import Values

SHOWN_EVERY: Final = 0.2
"""Seconds after which matches that came are shown, while more come."""
COUNTED: Final = 5000
"""Matches of which it is told how much of them is here."""
_UID: Final = re.compile(r"[0-9.]{1,64}")


class QueryActions(AskingActions):
    """The query of the group Nodes, and Enter and Escape in its matches."""

    def __init__(self, container: "Container", data_dir: Path) -> None:
        """Nothing was asked yet."""
        super().__init__(container, data_dir)
        self._asked_before: dict[str, Values] = {}
        """What was asked last, by node, as long as the program runs."""
        self._is_counting = self._is_to_count = False
        """What is here of the matches."""

    def action_query_node(self) -> None:
        """Ask a node what it has."""
        self.with_nodes(self._ask_for_query)

    def _ask_for_query(self, nodes: "Sequence[Node]") -> None:
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.query_form import adapt, parts_in, query_fields, request_in
        from fileroom.entrypoints.tui.screens.query_form import names_a_person as tells_about_a_person

        asked = self.query_pane.asked if self.focused_pane() is self.query_pane else None
        known = {node_key(node.name) for node in nodes}
        again = asked.node if asked is not None and node_key(asked.node) in known else ""
        name = again or self.likely_node() or nodes[0].name
        before = self._asked_before.get(node_key(name))

        def attempt(values: "Values") -> "tuple[QueryRequest, str]":
            request = request_in(values)
            command = "" if tells_about_a_person(values) else written("query", **parts_in(values))
            self.remember_query(dict(values))
            return request, command

        screen = FormScreen(
            "Ask a node what it has",
            query_fields(nodes, name, before),
            attempt=attempt,
            verb="Ask",
            check=request_in,
            adapt=adapt,
            first="patient_name",
            defaults={field.key: field.value for field in query_fields(nodes, name)},
        )
        self.ask(screen, lambda made: self.begin_query(made[0], command=made[1]))

    def remember_query(self, values: "Values") -> None:
        """Have the form begin with what was asked otherwise."""
        self._asked_before[node_key(values["node"])] = values

    def begin_query(self, request: "QueryRequest", *, command: str = "") -> None:
        """Ask a node, and show matches as they come."""
        self._begin(Asked(request, command=command))
        self.go_to(self.query_pane)

    def look_around(self) -> None:
        """Show what has happened since: a query that was cancelled before it began has no other way to tell."""
        super().look_around()
        asked = self.query_pane.asked
        if asked is None or asked.note != ASKING_NOTE or not asked.task:
            return
        task = self.room.tasks.find(asked.task)
        if task is not None and task.record.started_at is None and task.record.state.is_over:
            self.query_pane.fail(asked, "cancelled")

    def action_enter(self) -> None:
        """Open what is marked; in matches, ask for what is below."""
        asked = self.query_pane.asked
        if self.focused_pane() is not self.query_pane or asked is None:
            super().action_enter()
            return
        marked = self.query_pane.records.marked
        deeper = below(asked, marked.value) if marked is not None and isinstance(marked.value, dict) else None
        if deeper is None:
            super().action_enter()
        else:
            request = deeper.request
            keys = {_KEYS[keyword]: value for keyword, value in request.keys.items() if keyword in _KEYS}
            parts = {"level": request.level.value, **keys}
            is_whole = len(keys) == len(request.keys)
            deeper.command = written("query", node=request.target, **parts) if is_whole else ""
            self._begin(deeper)

    def action_refresh(self) -> None:
        """Read the list again; of matches, ask the node again."""
        asked = self.query_pane.asked
        if self.focused_pane() is not self.query_pane or asked is None:
            super().action_refresh()
        elif asked.note == ASKING_NOTE:
            self.notify("The node is being asked.", severity="warning")
        else:
            self._begin(again(asked))

    def action_leave(self) -> None:
        """Go back; what is here of the matches above may be another number by now."""
        super().action_leave()
        if self.focused_pane() is self.query_pane:
            self.count_here()

    def changed_here(self) -> None:
        """Show what has changed since something came or went."""
        super().changed_here()
        self.count_here()

    def count_here(self) -> None:
        """Tell what is here of the matches that are listed; once more where something came meanwhile."""
        asked = self.query_pane.asked
        if asked is None or asked.level not in UID_KEYS or not asked.records:
            return
        if self._is_counting:
            self._is_to_count = True
            return
        self._is_counting, self._is_to_count = True, False
        records, before = asked.records[:COUNTED], asked.here
        uids = [record.key for record in records if _UID.fullmatch(record.key)]

        def count() -> None:
            counts, changed = before, dict[str, Record]()
            try:
                found = self.room.container.browse_local().counts(asked.level, uids)
                counts = dict.fromkeys(uids, 0) | found
                changed = changed_rows(asked.level, records, before, counts)
            except FileroomError:
                pass  # the lists tell what is wrong
            finally:
                self.post(take, counts, changed)

        def take(counts: "Mapping[str, int]", changed: dict[str, Record]) -> None:
            self._is_counting = False
            is_current = asked.here is before  # else the matches are others by now, and are counted anew
            if is_current:
                self.query_pane.count_here(asked, counts, changed)
            if self._is_to_count or not is_current:
                self.count_here()

        self.room.background(count)

    def _begin(self, asked: Asked) -> None:
        from fileroom.entrypoints.operations.query import RunningQuery

        pane = self.query_pane
        came: deque[Record] = deque()
        is_due = threading.Event()

        def show() -> None:
            """Show what came; a match that comes meanwhile is shown now or has this called again."""
            is_due.clear()
            pane.take(asked, [came.popleft() for _ in range(len(came))])

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            records: list[Record] = []
            try:
                running = RunningQuery(self.room.container, asked.request, progress=progress, cancel=cancel)
                for match in running.matches():
                    records.append(record_of(asked.level, match, asked.here))
                    came.append(records[-1])
                    if not is_due.is_set():
                        is_due.set()
                        self.post(self.set_timer, SHOWN_EVERY, show)
            except Exception as error:
                self.post(show)
                why = error.message if isinstance(error, FileroomError) else "this is a bug in fileroom"
                self.post(pane.fail, asked, "cancelled" if isinstance(error, Cancelled) else "failed", why)
                raise
            self.post(show)
            report = running.report()
            put_in_order(asked.level, records)
            self.post(pane.end, asked, records, _note(report, is_limited=running.is_limited))
            self.post(self.count_here)
            if report.status is not Status.SUCCESS:
                self.post(self.tell_report, report)
            return report

        pane.begin(asked)
        title = f"query {asked.level.entity} of {asked.node}"
        asked.task = self.submit(title, work, command=asked.command, is_told=False).number


_KEYS: Final = {level.unique_key: key for level, key in UID_KEYS.items()}


def _note(report: Report, *, is_limited: bool) -> str:
    if report.status is Status.CANCELLED:
        return "cancelled: there may be more"
    if report.status is Status.PARTIAL:
        return "cut short by the node"
    return "the limit: there may be more" if is_limited else ""
