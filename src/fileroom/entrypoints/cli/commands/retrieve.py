"""`fileroom retrieve`: fetch from a node."""

from typing import Annotated

import typer

from fileroom.domain.retrieve import Via
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json, NodeOption


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "retrieve",
        cls=Command,
        rich_help_panel="Nodes",
        help=with_examples(
            "Fetch a study, a series or an instance from a node (C-MOVE to our own listener, or C-GET), and compare "
            "what came with what the node said it has.",
            "fileroom retrieve --node pacs --study-instance-uid 1.2.3",
            "fileroom retrieve --node pacs --study-instance-uid 1.2.3 --via get --json",
        ),
    )(retrieve)


def retrieve(
    context: typer.Context,
    node: NodeOption,
    study_instance_uid: Annotated[str, typer.Option("--study-instance-uid", help="The study.")],
    series_instance_uid: Annotated[
        str | None, typer.Option("--series-instance-uid", help="Only this series of it.")
    ] = None,
    sop_instance_uid: Annotated[
        str | None, typer.Option("--sop-instance-uid", help="Only this instance of it.")
    ] = None,
    via: Annotated[
        Via, typer.Option("--via", help="auto takes what worked with this node before, and tries the other.")
    ] = Via.AUTO,
    move_destination: Annotated[
        str | None,
        typer.Option(
            "--move-destination", metavar="AE", help="AE title that C-MOVE sends to. Default: our own."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch from a node."""
    from fileroom.application.use_cases.retrieve_objects import RetrieveRequest
    from fileroom.domain.ae_title import AeTitle
    from fileroom.domain.uid import parse_uid
    from fileroom.entrypoints.operations import retrieve as operations

    def work(operation: Operation) -> Report:
        request = RetrieveRequest(
            node=node,
            study_instance_uid=parse_uid(study_instance_uid),
            series_instance_uid=parse_uid(series_instance_uid) if series_instance_uid else "",
            sop_instance_uid=parse_uid(sop_instance_uid) if sop_instance_uid else "",
            via=via,
            move_destination=AeTitle(move_destination) if move_destination else None,
        )
        return operations.retrieve(
            operation.container, request, progress=operation.progress, cancel=operation.cancel
        )

    run(context, "retrieve", work, json=json, show_log=True)
