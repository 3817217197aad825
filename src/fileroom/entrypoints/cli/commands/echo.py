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
    from fileroom.domain.node import format_address

    def work(operation: Operation) -> Report:
        request = EchoRequest(
            target=target, called_ae_title=AeTitle(called_ae_title) if called_ae_title else None
        )
        result = operation.container.echo_node().execute(
            request, progress=operation.progress, cancel=operation.cancel
        )
        answer, peer = result.answer, result.peer
        milliseconds = answer.echo_seconds * 1000
        software = answer.implementation_version or answer.implementation_class_uid or "unknown software"
        return Report(
            fields={
                "target": target,
                "ae_title": str(peer.ae_title),
                "host": peer.host,
                "port": peer.port,
                "dimse_status": f"{answer.status:04X}",
                "associate_seconds": round(answer.associate_seconds, 6),
                "echo_seconds": round(answer.echo_seconds, 6),
                "implementation_class_uid": answer.implementation_class_uid or None,
                "implementation_version": answer.implementation_version or None,
                "max_pdu_length": answer.max_pdu_length,
            },
            show=lambda output: output.line(
                f"{result.name}: {peer.ae_title} at {format_address(peer.host, peer.port)} answers "
                f"in {milliseconds:.1f} ms ({software})"
            ),
        )

    run(context, "echo", work, json=json)
