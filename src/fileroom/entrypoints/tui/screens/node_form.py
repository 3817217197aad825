"""Form of a node: registers one, or changes it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict, InvalidInput
from fileroom.domain.node import DICOM_PORT, Node, check_host, check_port, node_key
from fileroom.entrypoints.tui.screens.fields import Field, Values

if TYPE_CHECKING:
    from fileroom.application.use_cases.manage_nodes import NodeChanges


def node_fields(nodes: Sequence[Node], node: Node | None = None) -> tuple[Field, ...]:
    """Return the fields, filled with what `node` has; other nodes' names are taken."""
    taken = {each.key for each in nodes if node is None or each.key != node.key}

    def check_name(text: str) -> None:
        if node_key(text) in taken:
            raise Conflict(f"there is already a node called {text.strip()!r}", hint="choose another name")
        Node(name=text.strip(), ae_title=AeTitle("ANY"), host="localhost", port=DICOM_PORT)

    return (
        Field(
            key="name", label="Name", required=True, check=check_name, placeholder="what to call it here",
            value=node.name if node else "",
        ),
        Field(
            key="ae_title", label="AE title", required=True, check=AeTitle, placeholder="1 to 16 characters",
            value=str(node.ae_title) if node else "",
        ),
        Field(
            key="host", label="Host", required=True, check=check_host, placeholder="name or IP address",
            value=node.host if node else "",
        ),
        Field(
            key="port", label="Port", required=True, check=port_in, placeholder="1 to 65535, often 104 or 11112",
            value=str(node.port) if node else "",
        ),
        Field(
            key="move_destination", label="Move destination", check=AeTitle,
            placeholder="AE title under which it knows us; ours",
            value=str(node.move_destination or "") if node else "",
        ),
        Field(
            key="character_set", label="Character set", placeholder="where it names none: ISO_IR 100 …",
            value=node.character_set if node else "",
        ),
        Field(key="notes", label="Notes", placeholder="free text", value=node.notes if node else ""),
    )  # fmt: skip


def port_in(text: str) -> int:
    """Return a port from what was typed.

    Raises:
        InvalidInput: it is none.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 7):
        raise InvalidInput(f"{digits!r} is not a TCP port", hint="use a number from 1 to 65535")
    return check_port(int(digits))


def node_in(values: Values) -> Node:
    """Return the node that a form describes.

    Raises:
        InvalidInput: a field cannot be used.
    """
    from fileroom.entrypoints.requests import new_node

    return new_node(
        name=values["name"].strip(),
        ae_title=values["ae_title"],
        host=values["host"],
        port=port_in(values["port"]),
        move_destination=values["move_destination"].strip(),
        notes=values["notes"].strip(),
        character_set=values["character_set"].strip(),
    )


def changes_in(values: Values) -> "NodeChanges":
    """Return what a form changes.

    Raises:
        InvalidInput: a field cannot be used.
    """
    from fileroom.application.use_cases.manage_nodes import NodeChanges

    node = node_in(values)
    return NodeChanges(
        name=node.name,
        ae_title=str(node.ae_title),
        host=node.host,
        port=node.port,
        move_destination=str(node.move_destination or ""),
        notes=node.notes,
        character_set=node.character_set,
    )
