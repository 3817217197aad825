"""`fileroom import`: file what is in files, folders and archives."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Failure, Operation, Report, Status, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.cli.output import Output, counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.use_cases.import_files import ImportResult


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "import",
        cls=Command,
        rich_help_panel="This file room",
        help=with_examples(
            "File DICOM objects from files, folders and ZIP archives, and catalogue them.",
            "fileroom import /media/cdrom study.zip",
            "fileroom import --in-place /archive/2026 --json",
        ),
    )(import_files)


def import_files(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders and ZIP archives.")],
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Index files where they are instead of copying them.")
    ] = False,
    json: Json = False,
) -> None:
    """File what is in files, folders and archives."""
    from fileroom.application.use_cases.import_files import ImportRequest

    def work(operation: Operation) -> Report:
        # What an import that was killed has left comes first: it would be met as duplicates otherwise, or never.
        recovered = operation.container.recover_store().execute(
            progress=operation.progress, cancel=operation.cancel
        )
        result = operation.container.import_files().execute(
            ImportRequest(paths=tuple(paths), in_place=in_place),
            progress=operation.progress,
            cancel=operation.cancel,
        )
        return _report(result, recovered.catalogued)

    run(context, "import", work, json=json, show_log=True)


def _report(result: "ImportResult", recovered: int) -> Report:
    duplicates = result.duplicates
    if result.cancelled:
        status = Status.CANCELLED
    elif result.is_complete:
        status = Status.SUCCESS
    else:
        status = Status.PARTIAL if result.accepted or duplicates.total else Status.FAILED
    return Report(
        status=status,
        failures=[
            Failure(what=each.name, why=each.why, hint=each.hint, kind=each.kind.value)
            for each in result.failures
        ],
        fields={
            "scanned_files": result.scanned_files,
            "accepted": result.accepted,
            "duplicates": duplicates.total,
            "duplicates_by_cause": {
                "identical": duplicates.identical,
                "conflict_rejected": duplicates.conflict_rejected,
                "conflict_replaced": duplicates.conflict_replaced,
                "conflict_ignored": duplicates.conflict_ignored,
            },
            "invalid_dicom": result.invalid_dicom,
            "not_dicom": result.not_dicom,
            "unreadable": result.unreadable,
            "skipped": result.skipped,
            "failed": result.failed,
            "failed_cleanup": result.failed_cleanup,
            "recovered": recovered,
            "bytes": result.bytes,
            "stopped_by": result.stopped_by or None,
        },
        show=lambda output: _show(output, result, recovered),
    )


def _show(output: Output, result: "ImportResult", recovered: int) -> None:
    if recovered:
        output.note(f"{counted(recovered, 'instance')} recovered from an earlier crash")
    rate = f"{human_bytes(result.bytes)} in {result.seconds:.1f} s"
    output.note(
        f"{counted(result.accepted, 'instance')} of {counted(result.scanned_files, 'file')} accepted, {rate}"
    )
    duplicates = result.duplicates
    if duplicates.total:
        causes = (
            (duplicates.identical, "identical"),
            (duplicates.conflict_rejected, "in conflict and rejected"),
            (duplicates.conflict_replaced, "replaced"),
            (duplicates.conflict_ignored, "ignored"),
        )
        told = ", ".join(f"{number} {what}" for number, what in causes if number)
        output.note(f"{counted(duplicates.total, 'duplicate')}: {told}")
    damaged = result.invalid_dicom - result.not_dicom
    for number, what in (
        (result.not_dicom, "not DICOM, passed over"),
        (damaged, "invalid DICOM"),
        (result.unreadable, "unreadable"),
        (result.skipped, "skipped"),
        (result.failed, "could not be written"),
        (result.failed_cleanup, "temporary files could not be removed"),
    ):
        if number:
            output.note(f"{number} {what}")
    if result.stopped_by:
        output.warning(f"the import stopped early: {result.stopped_by}")
    if result.cancelled:
        output.note("cancelled: what was accepted until then stays")
