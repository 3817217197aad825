"""`fileroom storage-scp`: listen for peers."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.domain.filing import DuplicatePolicy, NamingScheme
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.use_cases.run_listener import ListenerResult, ListenerStarted


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "storage-scp",
        cls=Command,
        rich_help_panel="Nodes",
        help=with_examples(
            "Listen for peers: store what they send, and answer their queries and retrieves. Ctrl-C ends it: "
            "objects in flight are finished, then a summary is printed. By default only programs on this machine can "
            "connect; set an allowlist (see `fileroom config show`) or --bind to open it.",
            "fileroom storage-scp --port 11112",
            "fileroom storage-scp --bind 0.0.0.0 --ae-title STORE --storage-dir /data/in --naming date --accept CT,MR",
        ),
    )(storage_scp)


def storage_scp(
    context: typer.Context,
    ae_title: Annotated[str | None, typer.Option("--ae-title", help="Our AE title.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="TCP port; 0 asks the system for a free one.")
    ] = None,
    bind: Annotated[str | None, typer.Option("--bind", metavar="ADDR", help="Address to listen at.")] = None,
    storage_dir: Annotated[
        Path | None,
        typer.Option("--storage-dir", metavar="DIR", help="Where objects go instead of the data directory."),
    ] = None,
    index_db: Annotated[
        str | None, typer.Option("--index-db", metavar="FILE|URL", help="Catalog to use instead of our own.")
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="CT,MR,...", help="Modalities or SOP classes; default: all."),
    ] = None,
    naming: Annotated[NamingScheme | None, typer.Option("--naming", help="Layout of the folder.")] = None,
    duplicate: Annotated[
        DuplicatePolicy | None,
        typer.Option(
            "--duplicate", help="What to do with a known SOP Instance UID that comes with other content."
        ),
    ] = None,
    max_assoc: Annotated[
        int | None, typer.Option("--max-assoc", metavar="N", help="Associations at once.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="S", help="Seconds of silence that end an association."),
    ] = None,
    json: Json = False,
) -> None:
    """Listen for peers."""
    overrides: dict[str, object] = {
        "local.ae_title": ae_title,
        "storage_scp.port": port,
        "storage_scp.bind": bind,
        "storage_scp.accept": accept,
        "storage_scp.max_associations": max_assoc,
        "storage_scp.timeout": timeout,
        "objects.root": str(storage_dir.expanduser().absolute()) if storage_dir else None,
        "objects.naming": naming,
        "objects.duplicates": duplicate,
        "catalog.url": index_db,
    }

    def work(operation: Operation) -> Report:
        result = operation.container.run_listener().execute(
            progress=operation.progress, cancel=operation.cancel, started=_announcement(operation.output)
        )
        return _report(result)

    run(context, "storage_scp", work, json=json, overrides=overrides, show_log=True)


def _announcement(output: Printer) -> "ListenerStarted":
    """Return what tells people where the listener is."""
    from fileroom.application.listener_activity import ListenerActivity
    from fileroom.application.ports.dicom_server import Listening
    from fileroom.application.ports.listener_presence import ListenerInfo
    from fileroom.application.use_cases.run_listener import ListenerStarted
    from fileroom.domain.node import format_address

    class Announcement(ListenerStarted):
        def started(self, info: ListenerInfo, listening: Listening, activity: ListenerActivity) -> None:
            del listening, activity
            gc.freeze()  # what is loaded by now stays, and need not be looked at again
            output.note(f"{info.ae_title} listens at {format_address(info.bind, info.port)}; Ctrl-C ends it")

    return Announcement()


def _report(result: "ListenerResult") -> Report:
    counts = result.counts
    return Report(
        fields={
            "ae_title": result.ae_title,
            "bind": result.bind,
            "port": result.port,
            "associations_accepted": counts.associations_accepted,
            "associations_refused": counts.associations_refused,
            "objects_stored": counts.objects_stored,
            "duplicates": counts.duplicates,
            "objects_refused": counts.objects_refused,
            "objects_abandoned": counts.objects_abandoned,
            "bytes": counts.bytes,
            "recovered": result.recovered,
            "uptime_seconds": round(result.uptime_seconds, 3),
        },
        show=lambda output: _show(output, result),
    )


def _show(output: Printer, result: "ListenerResult") -> None:
    counts = result.counts
    output.note(
        f"{counted(counts.associations_accepted, 'association')} accepted, {counts.associations_refused} refused; "
        f"{counted(counts.objects_stored, 'object')} stored, {human_bytes(counts.bytes)}; "
        f"up for {result.uptime_seconds:.0f} s"
    )
    for number, what in (
        (counts.duplicates, "duplicates"),
        (counts.objects_refused, "objects refused"),
        (counts.objects_abandoned, "objects that did not arrive whole"),
        (result.recovered, "objects recovered from an earlier crash"),
    ):
        if number:
            output.note(f"{number} {what}")
