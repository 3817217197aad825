"""What typed commands do: the same as the forms and keys, with what was typed in the place of what is selected."""

import logging
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from fileroom.domain.errors import FileroomError, InvalidInput
from fileroom.domain.query import QueryLevel, QueryModel
from fileroom.domain.retrieve import Via
from fileroom.entrypoints.export import ExportFormat
from fileroom.entrypoints.operations import nodes as node_operations
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.requests import selection_of
from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS, FILTER_KEYS
from fileroom.entrypoints.tui.doing.exports import ExportActions, local_listing, some_of, target_in
from fileroom.entrypoints.tui.doing.file_tools import FileToolActions
from fileroom.entrypoints.tui.doing.finding import FindingActions
from fileroom.entrypoints.tui.doing.listening import ListeningActions
from fileroom.entrypoints.tui.doing.nodes import NodeActions
from fileroom.entrypoints.tui.doing.objects import ObjectActions
from fileroom.entrypoints.tui.doing.queries import QueryActions
from fileroom.entrypoints.tui.file_commands import FILE_COMMANDS
from fileroom.entrypoints.tui.file_tools import paths_in
from fileroom.entrypoints.tui.filters import keyed_filter
from fileroom.entrypoints.tui.language import Mistake, Typed, parse, write, write_without_patients
from fileroom.entrypoints.tui.levels import UID_KEYS
from fileroom.entrypoints.tui.words import looks_like_key, quoted

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.send_objects import SendRequest
    from fileroom.domain.ae_title import AeTitle
    from fileroom.domain.node import Node

log = logging.getLogger(__name__)

_NODE_TEXTS: Final = ("move_destination", "notes", "character_set")
_SENT: Final = {f"send-{level.entity}": level for level in UID_KEYS}


class CommandActions(
    FindingActions,
    NodeActions,
    QueryActions,
    ObjectActions,
    ExportActions,
    FileToolActions,
    ListeningActions,
):
    """A method for each command of the table, found by its name."""

    def run_line(self, line: str) -> None:
        """Do what a line says; a mistake in it is told."""
        try:
            typed = parse(line, COMMANDS)
        except Mistake as mistake:
            self.tell_error(mistake)
        else:
            self.run_typed(typed)

    def run_typed(self, typed: Typed) -> None:
        """Do what was typed; what cannot be done is told."""
        try:
            self._DOES[typed.name](self, typed)
        except FileroomError as error:
            self.tell_error(error)

    # Nodes ------------------------------------------------------------------------------------------------------------

    def _add_node(self, typed: Typed) -> None:
        from fileroom.entrypoints.requests import new_node

        node = new_node(
            name=typed.get("name") or "",
            ae_title=typed.get("ae_title") or "",
            host=typed.get("host") or "",
            port=typed.number("port") or 0,
            **typed.texts(*_NODE_TEXTS),
        )
        self.aside(partial(node_operations.add_node, self.room.container, node), self.nodes_changed)

    def _edit_node(self, typed: Typed) -> None:
        from fileroom.application.use_cases.manage_nodes import NodeChanges

        name = typed.get("node") or ""
        changes = NodeChanges(
            port=typed.number("port"), **typed.texts("name", "ae_title", "host", *_NODE_TEXTS)
        )
        self.aside(partial(node_operations.edit_node, self.room.container, name, changes), self.nodes_changed)

    def _delete_node(self, typed: Typed) -> None:
        name = typed.get("node") or ""
        if typed.flag("yes"):
            self.delete_nodes([name])
            return

        def question(node: "Node") -> None:
            self.ask_whether(
                f"Forget {node.name}?",
                [f"{node.name}: {node.ae_title} at {node.address}"],
                partial(self.delete_nodes, [node.name]),
                yes="Forget",
            )

        self.aside(lambda: self.room.container.manage_nodes().show(name), question)

    def _list_nodes(self, typed: Typed) -> None:
        del typed
        self.nodes_pane.records.read_again()
        self.action_focus_pane("nodes")

    def _echo_peer(self, typed: Typed) -> None:
        from fileroom.application.use_cases.echo_node import EchoRequest

        request = EchoRequest(target=typed.get("target") or "", called_ae_title=_ae_title(typed))
        self.submit(f"echo {request.target}", self.echo_work(request), command=write(typed))

    def _query(self, typed: Typed) -> None:
        from fileroom.entrypoints.requests import QUERY_TEXTS, query_request

        request = query_request(
            typed.get("node") or "",
            level=QueryLevel(typed.get("level") or QueryLevel.STUDY),
            model=QueryModel(typed.get("model") or QueryModel.STUDY_ROOT),
            key=typed.all("key"),
            limit=typed.number("limit"),
            **typed.texts(*QUERY_TEXTS),
        )
        given = ("node", "level", "model", *QUERY_TEXTS, "limit")
        values = {key: value for key in given if (value := typed.get(key))}
        self.remember_query(values | {"node": request.target, "key": shlex.join(typed.all("key"))})
        self.begin_query(request, command=write_without_patients(typed, BY_NAME[typed.name]))

    # Studies, series and instances ------------------------------------------------------------------------------------

    def _retrieve_one(self, typed: Typed) -> None:
        from fileroom.application.use_cases.retrieve_objects import RetrieveRequest

        request = RetrieveRequest(
            node=typed.get("node") or "",
            study_instance_uid=typed.get("study_instance_uid") or "",
            series_instance_uid=typed.get("series_instance_uid") or "",
            sop_instance_uid=typed.get("sop_instance_uid") or "",
            via=Via(typed.get("via") or Via.AUTO),
            move_destination=_ae_title(typed, "move_destination"),
        )
        self.retrieve_all([request])

    def _import(self, typed: Typed) -> None:
        self.import_paths(paths_in(typed), in_place=typed.flag("in_place"))

    def _send_objects(self, typed: Typed) -> None:
        from fileroom.application.use_cases.send_objects import SendRequest

        level = _SENT[typed.name]
        request = SendRequest(
            target=typed.get("destination_node") or "",
            selection=selection_of(level, [typed.get(UID_KEYS[level]) or ""]),
        )
        self._submit_send(f"send {level.entity} to {request.target}", request, typed)

    def _send_files(self, typed: Typed) -> None:
        from fileroom.application.use_cases.send_objects import SendRequest

        node, address = typed.get("destination_node"), typed.get("to")
        if (node is None) == (address is None):
            raise InvalidInput("name exactly one receiver", hint="destination_node=NODE, or to=HOST:PORT")
        paths = paths_in(typed)
        request = SendRequest(
            target=node or address or "",
            called_ae_title=_ae_title(typed),
            paths=paths,
            recursive=typed.flag("recursive"),
        )
        what = paths[0].name if len(paths) == 1 else f"{len(paths)} paths"
        self._submit_send(f"send {what} to {request.target}", request, typed)

    def _submit_send(self, title: str, request: "SendRequest", typed: Typed) -> None:
        from fileroom.domain.transfer import Transcoding
        from fileroom.entrypoints.operations.send import send

        transcode = typed.get("transcode")

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return send(
                self.room.container,
                request,
                progress=progress,
                cancel=cancel,
                session_folder=self.room.logs,
                jobs=typed.number("jobs"),
                preferred_transfer_syntax=typed.get("preferred_transfer_syntax"),
                transcoding=Transcoding(transcode) if transcode else None,
            )

        self.submit(title, work, command=write(typed))

    def _local(self, typed: Typed) -> None:
        level, uid = _place(typed)
        texts = [quoted(word, always=looks_like_key(word)) for word in typed.all("words")]
        filters = {key.name for key in FILTER_KEYS}
        texts += [f"{key}={quoted(value)}" for key, value in typed.values if key in filters]
        self.local_pane.go_to(level, uid, " ".join(texts))
        self.action_focus_pane("local")

    def _filter(self, typed: Typed) -> None:
        self.filtered_pane().filter_by_text(typed.rest)

    def _export(self, typed: Typed) -> None:
        level, uid = _place(typed)
        local = self.local_pane
        is_narrowed = any(key.name == name for key in FILTER_KEYS for name, _ in typed.values)
        if uid or is_narrowed:
            listing = local_listing(self.room.container, level, uid, keyed_filter(typed))
        else:
            some = some_of(local.records)
            listing = local_listing(self.room.container, local.level, local.uid, local.criteria, some)
        path = typed.get("path") or ""
        given = typed.get("format")
        ending = Path(path).suffix.lower().lstrip(".")
        export = given or (ending if ending in set(ExportFormat) else ExportFormat.CSV.value)
        self.aside(
            lambda: target_in({"path": path, "format": export}),
            lambda target: self.confirm_export(listing, target),
        )

    # Everything else --------------------------------------------------------------------------------------------------

    def _listen(self, typed: Typed) -> None:
        action, is_on = typed.get("action"), self.listener.is_on
        if (action == "start" and is_on) or (action == "stop" and not is_on):
            self.notify(f"The listener is {'on' if is_on else 'off'} already.", severity="warning")
        else:
            self.action_toggle_listener()

    def _cancel(self, typed: Typed) -> None:
        number = typed.number("task")
        if number is None:
            self.action_cancel_task()
            return
        self.aside(lambda: self.room.tasks.cancel(number), lambda _: None)

    def _theme(self, typed: Typed) -> None:
        self.set_theme(typed.get("theme") or "")

    def _help(self, typed: Typed) -> None:
        self.show_help(typed.get("command") or "")

    def _quit(self, typed: Typed) -> None:
        del typed
        self.call_later(self.run_action, "quit")

    _DOES: ClassVar[dict[str, Callable[["CommandActions", Typed], None]]] = {
        "node-add": _add_node,
        "node-edit": _edit_node,
        "node-delete": _delete_node,
        "node-list": _list_nodes,
        "echo": _echo_peer,
        "query": _query,
        "retrieve": _retrieve_one,
        "import": _import,
        "send-study": _send_objects,
        "send-series": _send_objects,
        "send-instance": _send_objects,
        "send-files": _send_files,
        "local": _local,
        "filter": _filter,
        "export": _export,
        "listen": _listen,
        "cancel": _cancel,
        **dict.fromkeys((command.name for command in FILE_COMMANDS), FileToolActions.work_on_files),
        "theme": _theme,
        "help": _help,
        "quit": _quit,
    }


def _place(typed: Typed) -> tuple[QueryLevel, str]:
    """Return whose contents are wanted."""
    if series := typed.get("series_instance_uid"):
        return QueryLevel.IMAGE, series
    if study := typed.get("study_instance_uid"):
        return QueryLevel.SERIES, study
    return QueryLevel.STUDY, ""


def _ae_title(typed: Typed, key: str = "called_ae_title") -> "AeTitle | None":
    from fileroom.domain.ae_title import AeTitle

    text = typed.get(key)
    return AeTitle(text) if text else None
