"""`fileroom send`: give studies, series or files to a node."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.errors import InvalidInput
from fileroom.domain.transfer import Transcoding
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import CalledAeTitle, Json, complete_node
from fileroom.entrypoints.cli.state import State

if TYPE_CHECKING:
    from fileroom.domain.query import Selection

Destination = Annotated[
    str, typer.Option("--destination-node", help="A registered node.", autocompletion=complete_node)
]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=64, help="Associations in parallel.")]
Preferred = Annotated[
    str | None,
    typer.Option(
        "--preferred-transfer-syntax",
        metavar="NAME|UID",
        help="Convert to it, without loss, where the node takes it.",
    ),
]

Transcode = Annotated[
    Transcoding | None,
    typer.Option(
        "--transcode",
        help="What becomes of an object that the node does not take as it is: fallback converts it, without loss; "
        "never sends objects as they are or not at all.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(
        cls=Group, no_args_is_help=True, help="Send studies, series, instances or files to a node (C-STORE)."
    )
    app.add_typer(group, name="send", rich_help_panel="Nodes")
    group.command(
        "study",
        cls=Command,
        help=with_examples(
            "Send a study that is here.",
            "fileroom send study --study-instance-uid 1.2.3 --destination-node pacs",
        ),
    )(send_study)
    group.command(
        "series",
        cls=Command,
        help=with_examples(
            "Send a series that is here.",
            "fileroom send series --series-instance-uid 1.2.3.4 --destination-node pacs",
        ),
    )(send_series)
    group.command(
        "instance",
        cls=Command,
        help=with_examples(
            "Send one instance that is here.",
            "fileroom send instance --sop-instance-uid 1.2.3.4.5 --destination-node pacs",
        ),
    )(send_instance)
    group.command(
        "files",
        cls=Command,
        help=with_examples(
            "Send DICOM files as they are, without filing them here.",
            "fileroom send files scan.dcm --to 192.0.2.7:104 --called-ae-title STORE",
            "fileroom send files /data/2026 --recursive --jobs 4 --destination-node pacs --json",
        ),
    )(send_files)


def send_study(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Option("--study-instance-uid", help="The study.")],
    destination_node: Destination,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send a study that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_study",
        Selection(level=QueryLevel.STUDY, study_instance_uids=_uid(context, study_instance_uid)),
        destination_node,
        jobs=jobs,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def send_series(
    context: typer.Context,
    series_instance_uid: Annotated[str, typer.Option("--series-instance-uid", help="The series.")],
    destination_node: Destination,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send a series that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_series",
        Selection(level=QueryLevel.SERIES, series_instance_uids=_uid(context, series_instance_uid)),
        destination_node,
        jobs=jobs,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def send_instance(
    context: typer.Context,
    sop_instance_uid: Annotated[str, typer.Option("--sop-instance-uid", help="The instance.")],
    destination_node: Destination,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send one instance that is here."""
    from fileroom.domain.query import QueryLevel, Selection

    _send_selection(
        context,
        "send_instance",
        Selection(level=QueryLevel.IMAGE, sop_instance_uids=_uid(context, sop_instance_uid)),
        destination_node,
        jobs=None,
        preferred=preferred_transfer_syntax,
        transcode=transcode,
        json=json,
    )


def _uid(context: typer.Context, text: str) -> tuple[str, ...]:
    from fileroom.domain.uid import parse_uid

    del context
    try:
        return (parse_uid(text),)
    except InvalidInput as error:
        raise typer.BadParameter(f"{error.message}: {error.hint}") from None


def _send_selection(
    context: typer.Context,
    name: str,
    selection: "Selection",
    destination: str,
    *,
    jobs: int | None,
    preferred: str | None,
    transcode: Transcoding | None,
    json: bool,
) -> None:
    from fileroom.application.use_cases.send_objects import SendRequest
    from fileroom.entrypoints.operations import send as operations

    state: State = context.obj

    def work(operation: Operation) -> Report:
        return operations.send(
            operation.container,
            SendRequest(target=destination, selection=selection),
            progress=operation.progress,
            cancel=operation.cancel,
            session_folder=state.log_file.parent,
        )

    run(context, name, work, json=json, overrides=_overrides(jobs, preferred, transcode), show_log=True)


def send_files(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders with --recursive.")
    ],
    destination_node: Annotated[
        str | None,
        typer.Option("--destination-node", help="A registered node.", autocompletion=complete_node),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="HOST:PORT", help="An address instead of a node.")
    ] = None,
    called_ae_title: CalledAeTitle = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders.")] = False,
    jobs: Jobs = None,
    preferred_transfer_syntax: Preferred = None,
    transcode: Transcode = None,
    json: Json = False,
) -> None:
    """Send DICOM files as they are."""
    from fileroom.application.use_cases.send_objects import SendRequest
    from fileroom.domain.ae_title import AeTitle
    from fileroom.entrypoints.operations import send as operations

    state: State = context.obj

    def work(operation: Operation) -> Report:
        if (destination_node is None) == (to is None):
            raise InvalidInput("name exactly one receiver", hint="--destination-node NODE, or --to HOST:PORT")
        request = SendRequest(
            target=destination_node or to or "",
            called_ae_title=AeTitle(called_ae_title) if called_ae_title else None,
            paths=tuple(paths),
            recursive=recursive,
        )
        return operations.send(
            operation.container,
            request,
            progress=operation.progress,
            cancel=operation.cancel,
            session_folder=state.log_file.parent,
        )

    run(
        context,
        "send_files",
        work,
        json=json,
        overrides=_overrides(jobs, preferred_transfer_syntax, transcode),
        show_log=True,
    )


def _overrides(jobs: int | None, preferred: str | None, transcode: Transcoding | None) -> dict[str, object]:
    return {
        "send.jobs": jobs,
        "send.preferred_transfer_syntax": preferred,
        "send.transcode": None if transcode is None else transcode.value,
    }
