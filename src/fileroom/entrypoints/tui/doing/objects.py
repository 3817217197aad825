"""Actions on studies, series and instances: retrieve, import, send."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.query import Attributes, QueryLevel
from fileroom.domain.retrieve import Via
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.requests import selection_of
from fileroom.entrypoints.tui.batch import one_after_the_other
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.tui.levels import NOUNS, UID_KEYS, uids_of
from fileroom.entrypoints.tui.written import written
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.retrieve_objects import RetrieveRequest
    from fileroom.application.use_cases.send_objects import SendRequest
    from fileroom.domain.node import Node
    from fileroom.entrypoints.container import Container
    from fileroom.entrypoints.tui.screens.fields import Values
    from fileroom.entrypoints.tui.work import Work

TASKS_EACH: Final = 10
"""Objects that get a task each; more go one after the other in a task for all of them."""
MARK_FIRST: Final = "Select something to retrieve first: 2 leads to what a node has told, 3 to what is here."
NO_UID: Final = "The node has told no UID of this, so that it cannot be asked for it."


class ObjectActions(AskingActions):
    """Actions of the group of studies, series and instances."""

    def __init__(self, container: "Container", data_dir: Path) -> None:
        """Nothing was sent yet."""
        super().__init__(container, data_dir)
        self._sent_to = ""
        """Where something was sent last."""

    # Retrieve ---------------------------------------------------------------------------------------------------------

    def action_retrieve(self) -> None:
        """Fetch what is selected from its node, or fetch again what is here."""
        pane, asked = self.focused_pane(), self.query_pane.asked
        if pane is self.local_pane:
            chosen = self.local_pane.records.selected
            wanted = [{at.unique_key: uid for at, uid in uids_of(each.value).items()} for each in chosen]
            level, node = self.local_pane.level, self.likely_node()
        elif asked is not None:
            matches = self.query_pane.selected_matches()
            wanted = [dict(asked.above) | {k: v for k, v in match.items() if v} for match in matches]
            level, node = asked.level, asked.node
        else:
            wanted, level, node = [], QueryLevel.STUDY, ""
        if level is QueryLevel.PATIENT:
            self.notify("Studies can be retrieved: Enter shows those of a patient.", severity="warning")
        elif not wanted:
            self.notify(MARK_FIRST, severity="warning")
        elif not all(one.get("StudyInstanceUID") and one.get(level.unique_key) for one in wanted):
            self.notify(NO_UID, severity="warning")
        else:
            self.with_nodes(lambda nodes: self._ask_how_to_retrieve(nodes, node, level, wanted))

    def _ask_how_to_retrieve(
        self, nodes: "Sequence[Node]", node: str, level: QueryLevel, wanted: Sequence[Attributes]
    ) -> None:
        from fileroom.application.use_cases.retrieve_objects import RetrieveRequest
        from fileroom.domain.ae_title import AeTitle
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.object_forms import retrieve_fields

        def attempt(values: "Values") -> "list[RetrieveRequest]":
            destination = values["move_destination"].strip()
            return [
                RetrieveRequest(
                    node=values["node"].strip(),
                    study_instance_uid=one["StudyInstanceUID"],
                    series_instance_uid=_uid(one, QueryLevel.SERIES, level),
                    sop_instance_uid=_uid(one, QueryLevel.IMAGE, level),
                    via=Via(values["via"]),
                    move_destination=AeTitle(destination) if destination else None,
                )
                for one in wanted
            ]

        screen = FormScreen(
            f"Retrieve {counted(len(wanted), *NOUNS[level])}",
            retrieve_fields(nodes, node),
            attempt=attempt,
            verb="Retrieve",
            first="via" if node else "node",
        )
        self.ask(screen, self.retrieve_all)

    def retrieve_all(self, requests: "Sequence[RetrieveRequest]") -> None:
        """Fetch from a node, each object in a task of its own, or all in one where they are many."""
        self.query_pane.records.let_go()
        works = [(one.level, one.node, _written_retrieve(one), self._retrieve(one)) for one in requests]
        if len(works) <= TASKS_EACH:
            for level, node, command, work in works:
                self.submit(
                    f"retrieve {level.entity} from {node}", work, command=command, then=self._node_learnt
                )
            return
        level, node = works[0][:2]
        title = f"retrieve {counted(len(works), *NOUNS[level])} from {node}"
        named = [(_most_specific(one), self._retrieve(one)) for one in requests]
        self.submit(title, one_after_the_other(named), then=self._node_learnt)

    def _retrieve(self, request: "RetrieveRequest") -> "Work":
        from fileroom.entrypoints.operations.retrieve import retrieve

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return retrieve(self.room.container, request, progress=progress, cancel=cancel)

        return work

    def _node_learnt(self, report: Report) -> None:
        """The register remembers how a node was retrieved from."""
        del report
        self.nodes_pane.records.read_again()
        self.local_pane.records.read_again()

    # Import -----------------------------------------------------------------------------------------------------------

    def action_import_files(self) -> None:
        """File what is in files, folders and archives."""
        from fileroom.entrypoints.tui.screens.completing import paths_in
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.object_forms import import_fields

        screen = FormScreen(
            "Import",
            import_fields(),
            attempt=lambda values: (paths_in(values["path"]), bool(values["in_place"])),
            verb="Import",
        )
        self.ask(screen, lambda made: self.import_paths(made[0], in_place=made[1]))

    def import_paths(self, paths: Sequence[Path], *, in_place: bool = False) -> None:
        """File what is in paths."""
        from fileroom.entrypoints.operations.importing import import_files

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return import_files(
                self.room.container, paths, in_place=in_place, progress=progress, cancel=cancel
            )

        parts = [("path", str(path)) for path in paths] + [("in_place", "true" if in_place else "")]
        self.submit(
            f"import {_named(paths)}", work, command=written("import", *parts), then=self._local_changed
        )

    def _local_changed(self, report: Report) -> None:
        del report
        self.changed_here()

    # Send -------------------------------------------------------------------------------------------------------------

    def action_send(self) -> None:
        """Give what is selected here to a node; from elsewhere, send files."""
        selected = self.local_pane.records.selected if self.focused_pane() is self.local_pane else ()
        if selected:
            level, uids = self.local_pane.level, [record.key for record in selected]
            self.with_nodes(lambda nodes: self._ask_whereto(nodes, level, uids))
        else:
            self.with_nodes(self._ask_for_files)

    def _destination(self, nodes: "Sequence[Node]") -> str:
        """Return the name that a form offers: where something was sent last, or the only node."""
        if self._sent_to in {node.name for node in nodes}:
            return self._sent_to
        return nodes[0].name if len(nodes) == 1 else ""

    def _ask_whereto(self, nodes: "Sequence[Node]", level: QueryLevel, uids: Sequence[str]) -> None:
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.object_forms import send_fields

        screen = FormScreen(
            f"Send {counted(len(uids), *NOUNS[level])}",
            send_fields(nodes, self._destination(nodes)),
            attempt=lambda values: values["node"].strip(),
            verb="Send",
        )
        self.ask(screen, lambda node: self.send_objects(node, level, uids))

    def send_objects(self, node: str, level: QueryLevel, uids: Sequence[str]) -> None:
        """Send objects that are here, each study or series in a task of its own unless they are many."""
        from fileroom.application.use_cases.send_objects import SendRequest

        self._sent_to = node
        self.local_pane.records.let_go()
        is_each = level is not QueryLevel.IMAGE and len(uids) <= TASKS_EACH
        for group in [[uid] for uid in uids] if is_each else [list(uids)]:
            request = SendRequest(target=node, selection=selection_of(level, group))
            command = _written_send(level, group[0], node) if len(group) == 1 else ""
            what = level.entity if len(group) == 1 else counted(len(group), *NOUNS[level])
            self.submit(f"send {what} to {node}", self._send(request), command=command)

    def _ask_for_files(self, nodes: "Sequence[Node]") -> None:
        from fileroom.entrypoints.tui.screens.completing import paths_in
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.object_forms import send_files_fields

        screen = FormScreen(
            "Send files",
            send_files_fields(nodes, self._destination(nodes)),
            attempt=lambda values: (
                values["node"].strip(),
                paths_in(values["path"]),
                bool(values["recursive"]),
            ),
            verb="Send",
        )
        self.ask(screen, lambda made: self.send_files(made[0], made[1], recursive=made[2]))

    def send_files(self, node: str, paths: Sequence[Path], *, recursive: bool) -> None:
        """Send files as they are, without filing them here."""
        from fileroom.application.use_cases.send_objects import SendRequest

        self._sent_to = node
        request = SendRequest(target=node, paths=tuple(paths), recursive=recursive)
        parts = [("path", str(path)) for path in paths] + [("destination_node", node)]
        command = written("send-files", *parts, recursive="true" if recursive else "")
        self.submit(f"send {_named(paths)} to {node}", self._send(request), command=command)

    def _send(self, request: "SendRequest") -> "Work":
        from fileroom.entrypoints.operations.send import send

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return send(
                self.room.container,
                request,
                progress=progress,
                cancel=cancel,
                session_folder=self.room.logs,
            )

        return work


def _most_specific(request: "RetrieveRequest") -> str:
    return request.sop_instance_uid or request.series_instance_uid or request.study_instance_uid


def _uid(one: Attributes, level: QueryLevel, asked: QueryLevel) -> str:
    return one.get(level.unique_key, "") if level.depth <= asked.depth else ""


def _named(paths: Sequence[Path]) -> str:
    return paths[0].name or str(paths[0]) if len(paths) == 1 else counted(len(paths), "path")


def _written_retrieve(request: "RetrieveRequest") -> str:
    return written(
        "retrieve",
        node=request.node,
        study_instance_uid=request.study_instance_uid,
        series_instance_uid=request.series_instance_uid,
        sop_instance_uid=request.sop_instance_uid,
        via=request.via.value if request.via is not Via.AUTO else "",
        move_destination=str(request.move_destination or ""),
    )


def _written_send(level: QueryLevel, uid: str, node: str) -> str:
    return written(f"send-{level.entity}", (UID_KEYS[level], uid), ("destination_node", node))
