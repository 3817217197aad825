"""`fileroom node`: the register of remote nodes."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.errors import Cancelled, InvalidInput
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json, complete_node
from fileroom.entrypoints.operations import nodes as operations
from fileroom.entrypoints.operations.nodes import node_fields
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.requests import new_node

if TYPE_CHECKING:
    from fileroom.domain.node import Node

AeTitleOption = Annotated[str, typer.Option("--ae-title", help="The node's AE title (1 to 16 characters).")]
HostOption = Annotated[str, typer.Option("--host", help="Host name or IP address.")]
PortOption = Annotated[int, typer.Option("--port", help="TCP port, 1 to 65535.")]
NodeName = Annotated[
    str, typer.Argument(metavar="NODE", help="The node's name.", autocompletion=complete_node)
]
MoveDestination = Annotated[
    str | None,
    typer.Option(
        "--move-destination", metavar="AE", help="The AE title under which this node knows us; '' for ours."
    ),
]
Notes = Annotated[str | None, typer.Option("--notes", help="Free text.")]
CharacterSet = Annotated[
    str | None,
    typer.Option(
        "--character-set", help="Specific Character Set to assume where the node names none (ISO_IR 100 …)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(
        cls=Group, no_args_is_help=True, help="Register, change, list and forget remote nodes."
    )
    app.add_typer(group, name="node", rich_help_panel="Nodes")
    group.command("add", cls=Command, help=with_examples("Register a node under a name.", _ADD))(add)
    group.command("edit", cls=Command, help=with_examples("Change some of a node's settings.", _EDIT))(edit)
    group.command("delete", cls=Command, help=with_examples("Forget a node.", _DELETE))(delete)
    group.command("list", cls=Command, help=with_examples("List all nodes.", "fileroom node list --json"))(
        list_nodes
    )
    group.command("show", cls=Command, help=with_examples("Show one node.", "fileroom node show pacs"))(show)


_ADD = "fileroom node add --name pacs --ae-title ORTHANC --host 192.0.2.7 --port 4242"
_DELETE = "fileroom node delete pacs --yes"
_EDIT = "fileroom node edit pacs --port 104 --notes 'new firewall'"


def add(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What to call it here; unique, regardless of case.")],
    ae_title: AeTitleOption,
    host: HostOption,
    port: PortOption,
    move_destination: MoveDestination = None,
    notes: Notes = None,
    character_set: CharacterSet = None,
    json: Json = False,
) -> None:
    """Register a node."""

    def work(operation: Operation) -> Report:
        node = new_node(
            name=name,
            ae_title=ae_title,
            host=host,
            port=port,
            move_destination=move_destination,
            notes=notes,
            character_set=character_set,
        )
        return operations.add_node(operation.container, node)

    run(context, "node_add", work, json=json)


def edit(
    context: typer.Context,
    node: NodeName,
    name: Annotated[str | None, typer.Option("--name", help="A new name.")] = None,
    ae_title: Annotated[str | None, typer.Option("--ae-title", help="A new AE title.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="A new host.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="A new port.")] = None,
    move_destination: MoveDestination = None,
    notes: Notes = None,
    character_set: CharacterSet = None,
    json: Json = False,
) -> None:
    """Change a node."""
    from fileroom.application.use_cases.manage_nodes import NodeChanges

    changes = NodeChanges(
        name=name,
        ae_title=ae_title,
        host=host,
        port=port,
        move_destination=move_destination,
        notes=notes,
        character_set=character_set,
    )

    def work(operation: Operation) -> Report:
        return operations.edit_node(operation.container, node, changes)

    run(context, "node_edit", work, json=json)


def delete(
    context: typer.Context,
    node: NodeName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Forget a node."""

    def work(operation: Operation) -> Report:
        found = operation.container.manage_nodes().show(node)
        if not yes:
            _ask(found, json=json)
        return operations.delete_node(operation.container, node)

    run(context, "node_delete", work, json=json)


def _ask(node: "Node", *, json: bool) -> None:
    if json or not sys.stdin.isatty():
        raise InvalidInput("deleting a node needs a yes, and nobody can be asked here", hint="add --yes")
    if not typer.confirm(f"Forget {node.name} ({node.ae_title} at {node.address})?", err=True):
        raise Cancelled("nothing was deleted")


def list_nodes(context: typer.Context, json: Json = False) -> None:
    """List all nodes."""

    def work(operation: Operation) -> Report:
        nodes = operation.container.manage_nodes().list()
        rows = [
            (each.name, each.ae_title, each.host, str(each.port), each.move_destination or "", each.notes)
            for each in nodes
        ]

        def show(output: Printer) -> None:
            if not output.table(("NAME", "AE TITLE", "HOST", "PORT", "MOVE DESTINATION", "NOTES"), rows):
                output.note("no node is registered yet: fileroom node add --help")

        return Report(fields={"nodes": [node_fields(each) for each in nodes]}, show=show)

    run(context, "node_list", work, json=json)


def show(
    context: typer.Context,
    node: NodeName,
    json: Json = False,
) -> None:
    """Show one node."""

    def work(operation: Operation) -> Report:
        found = node_fields(operation.container.manage_nodes().show(node))
        rows = [(key, str(value)) for key, value in found.items()]
        return Report(fields={"node": found}, show=lambda output: output.pairs(rows))

    run(context, "node_show", work, json=json)
