"""Options that several commands share."""

from typing import Annotated

import typer

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.cli.state import State

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many.")]


def complete_node(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of nodes that begin like what was typed, for the shell's completion."""
    given = context.find_root().params
    state = State(data_dir=given.get("data_dir"), config=given.get("config"), log_level=None, quiet=True)
    try:
        names = [node.name for node in state.container.manage_nodes().list()]
    except FileroomError:
        return []
    finally:
        state.close()
    return [name for name in names if name.casefold().startswith(incomplete.casefold())]


CalledAeTitle = Annotated[
    str | None, typer.Option("--called-ae-title", metavar="AE", help="Call the peer by this AE title.")
]
NodeOption = Annotated[str, typer.Option("--node", help="The node's name.", autocompletion=complete_node)]
