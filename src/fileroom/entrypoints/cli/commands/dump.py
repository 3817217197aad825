"""`fileroom dump`: all that is in files, element by element."""

from typing import Annotated

import typer

from fileroom.entrypoints.cli.file_options import Files, Recursive, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, run
from fileroom.entrypoints.cli.options import Json

_INDENT = "  "
_VALUE_WIDTH = 40


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "dump",
        cls=Command,
        rich_help_panel="Files",
        help=with_examples(
            "Show all that is in DICOM files, element by element.",
            "fileroom dump slice.dcm",
            "fileroom dump --max-depth 0 --max-value-len 200 report.dcm",
            "fileroom dump --json slice.dcm",
        ),
    )(dump)


def dump(
    context: typer.Context,
    files: Files,
    max_depth: Annotated[
        int | None,
        typer.Option(
            "--max-depth",
            min=0,
            metavar="N",
            help="Levels of items that are shown below the data set. Default: all.",
        ),
    ] = None,
    max_value_len: Annotated[
        int | None,
        typer.Option(
            "--max-value-len",
            min=0,
            metavar="N",
            help="Characters of a value that are shown, 64 by default; 0 shows values whole, up to 64 KiB. "
            "With --json: values of more bytes are left out, 65536 by default.",
        ),
    ] = None,
    recursive: Recursive = False,
    json: Json = False,
) -> None:
    """Show all that is in DICOM files."""
    from fileroom.domain.errors import StorageError
    from fileroom.entrypoints.cli.output import OutputClosed
    from fileroom.entrypoints.operations import dumping

    def work(operation: Operation) -> Report:
        chosen = selection(files, recursive=recursive)
        if json:
            return dumping.document(
                operation.container,
                chosen,
                max_depth=max_depth,
                max_value_len=max_value_len,
                progress=operation.progress,
                cancel=operation.cancel,
            )
        operation.progress.stop()
        return dumping.dump(
            operation.container,
            chosen,
            operation.output.lines,
            max_depth=max_depth,
            max_value_len=max_value_len,
            ends=(OutputClosed, StorageError),
            progress=operation.progress,
            cancel=operation.cancel,
        )

    run(context, "dump", work, json=json)
