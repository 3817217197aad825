"""`fileroom echo`: does a node answer?"""

from typing import Annotated

import typer

from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import CalledAeTitle, Json, complete_node


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "echo",
        cls=Command,
        rich_help_panel="Nodes",
        help=with_examples(
            "Verify that a node answers (C-ECHO).",
            "fileroom echo pacs",
            "fileroom echo 192.0.2.7:4242 --called-ae-title ORTHANC --json",
        ),
    )(echo)


def echo(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="NODE | HOST:PORT", help="A registered node, or an address.", autocompletion=complete_node
        ),
    ],
    called_ae_title: CalledAeTitle = None,
    json: Json = False,
) -> None:
    """Verify that a node answers."""
    from fileroom.application.use_cases.echo_node import EchoRequest
    from fileroom.domain.ae_title import AeTitle
    from fileroom.entrypoints.operations import echo as operations

    def work(operation: Operation) -> Report:
        request = EchoRequest(
            target=target, called_ae_title=AeTitle(called_ae_title) if called_ae_title else None
        )
        return operations.echo(
            operation.container, request, progress=operation.progress, cancel=operation.cancel
        )

    run(context, "echo", work, json=json)
