"""Actions on nodes: register, change, forget, verify."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.entrypoints.operations import nodes as operations
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.tui.panes.nodes import Heard
from fileroom.entrypoints.tui.written import written

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.echo_node import EchoRequest
    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.screens.fields import Values
    from fileroom.entrypoints.tui.work import Work

TOLD_EACH: Final = 6
"""Echoes that get a message each; of more, only failures do."""
MARK_FIRST: Final = "Go to a node first: 1 leads to them."


class NodeActions(AskingActions):
    """Actions of the group Nodes, but for the query."""

    def action_add_node(self) -> None:
        """Register a node."""
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.node_form import node_fields, node_in

        def attempt(values: "Values") -> Report:
            return operations.add_node(self.room.container, node_in(values))

        fields = node_fields(self.nodes_pane.nodes)
        screen = FormScreen("Register a node", fields, attempt=attempt, verb="Register")
        self.ask(screen, self.nodes_changed)

    def action_edit_node(self) -> None:
        """Change the node that is marked."""
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.node_form import changes_in, node_fields

        node = self.nodes_pane.marked_node
        if node is None:
            self.notify(MARK_FIRST, severity="warning")
            return
        name = node.name

        def attempt(values: "Values") -> Report:
            return operations.edit_node(self.room.container, name, changes_in(values))

        fields = node_fields(self.nodes_pane.nodes, node)
        screen = FormScreen(f"Change {name}", fields, attempt=attempt, verb="Save")
        self.ask(screen, self.nodes_changed)

    def action_delete_node(self) -> None:
        """Forget the nodes that are selected, after a question."""
        nodes = self.nodes_pane.selected_nodes()
        if not nodes:
            self.notify(MARK_FIRST, severity="warning")
            return
        self.ask_whether(
            f"Forget {nodes[0].name}?" if len(nodes) == 1 else f"Forget {len(nodes)} nodes?",
            [f"{node.name}: {node.ae_title} at {node.address}" for node in nodes],
            partial(self.delete_nodes, [node.name for node in nodes]),
            yes="Forget",
        )

    def delete_nodes(self, names: Iterable[str]) -> None:
        """Forget nodes, without a question."""
        self.nodes_pane.records.let_go()
        for name in names:
            self.aside(partial(operations.delete_node, self.room.container, name), self.nodes_changed)

    def nodes_changed(self, report: Report) -> None:
        """Tell what was done to a node, and show the register as it is now."""
        self.tell_report(report)
        self.nodes_pane.records.read_again()

    def action_echo_node(self) -> None:
        """Verify that the nodes that are selected answer."""
        nodes = self.nodes_pane.selected_nodes()
        if not nodes:
            self.notify(MARK_FIRST, severity="warning")
            return
        self.echo_nodes(nodes)

    def echo_nodes(self, nodes: "Sequence[Node]") -> None:
        """Verify that nodes answer, each in a task of its own."""
        from fileroom.application.use_cases.echo_node import EchoRequest

        are_few = len(nodes) <= TOLD_EACH
        if not are_few:
            self.notify(f"{len(nodes)} nodes are asked: 1 goes to the nodes, which tell how they answer.")
        for node in nodes:
            self.submit(
                f"echo {node.name}",
                self.echo_work(EchoRequest(target=node.name)),
                command=written("echo", target=node.name),
                is_told=are_few,
            )

    def echo_work(self, request: "EchoRequest") -> "Work":
        """Return the work of an echo, of which the list of nodes shows what it came to."""
        from fileroom.entrypoints.operations.echo import echo

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            hear = partial(self.post, self.nodes_pane.hear, request.target)
            try:
                report = echo(self.room.container, request, progress=progress, cancel=cancel)
            except Cancelled:
                raise
            except FileroomError as error:
                hear(Heard.failure(datetime.now(UTC), error))
                raise
            seconds = report.fields["echo_seconds"]
            hear(Heard.answer(datetime.now(UTC), seconds if isinstance(seconds, float) else 0.0))
            return report

        return work
