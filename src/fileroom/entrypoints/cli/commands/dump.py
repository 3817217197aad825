"""`fileroom dump`: all that is in files, element by element."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fileroom.entrypoints.cli.file_options import Files, Recursive, report, selection
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Operation, Report, Status, run
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.cli.output import Output, OutputClosed

if TYPE_CHECKING:
    from fileroom.application.use_cases.dump_files import DumpFilesRequest
    from fileroom.domain.dump import DumpDocument, DumpHeading, DumpLine, LeftOut
    from fileroom.domain.errors import StorageError

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
    from fileroom.application.use_cases.dump_files import DumpFilesRequest
    from fileroom.domain.dump import DumpOptions

    request = DumpFilesRequest(
        selection=selection(files, recursive=recursive),
        options=DumpOptions(max_depth=max_depth, max_value_length=max_value_len),
    )

    def work(operation: Operation) -> Report:
        return _documents(operation, request) if json else _lines(operation, request)

    run(context, "dump", work, json=json)


def _lines(operation: Operation, request: "DumpFilesRequest") -> Report:
    operation.progress.stop()
    shown = _Shown(operation.output)
    result = operation.container.dump_files().execute(
        request, show=shown, progress=operation.progress, cancel=operation.cancel
    )
    if shown.failure is not None:
        raise shown.failure
    return report(result, lambda _: {}, summary="shown")


class _Shown:
    """Prints files; once nobody takes the output any more, nothing else is read."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_first = True
        self.failure: OutputClosed | StorageError | None = None

    def __call__(self, path: Path, lines: "Iterator[DumpHeading | DumpLine]") -> None:
        """Print one file."""
        from fileroom.domain.errors import StorageError

        if self.failure is not None:
            return
        try:
            self._output.lines(self._texts(path, lines))
        except (OutputClosed, StorageError) as error:
            self.failure = error

    def _texts(self, path: Path, lines: "Iterator[DumpHeading | DumpLine]") -> Iterator[str]:
        from fileroom.domain.dump import DumpHeading

        is_begun = False
        for line in lines:
            if not is_begun:  # what turns out to be no DICOM is not shown at all
                yield from (f"# {path}",) if self._is_first else ("", f"# {path}")
                is_begun, self._is_first = True, False
            if isinstance(line, DumpHeading):
                yield ""
                yield f"# {line.title}"
            else:
                yield _text(line)


def _text(line: "DumpLine") -> str:
    """Write a line as people know it from other programs: tag, VR and value, then length, VM and name."""
    length = "u/l" if line.length is None else line.length
    tag = f"({line.tag >> 16:04X},{line.tag & 0xFFFF:04X})"
    value = f"{_INDENT * line.depth}{tag} {line.vr or '--'} {line.value:{_VALUE_WIDTH}}"
    return f"{value} # {length:>3}, {line.multiplicity} {line.name}"


def _documents(operation: Operation, request: "DumpFilesRequest") -> Report:
    result = operation.container.dump_files().documents(
        request, progress=operation.progress, cancel=operation.cancel
    )
    damaged = sum(bool(outcome.result.damage) for outcome in result.outcomes if outcome.result is not None)
    return report(
        result,
        _fields,
        totals={"damaged_files": damaged},
        status=Status.PARTIAL if damaged else None,
    )


def _fields(document: "DumpDocument") -> dict[str, object]:
    told: dict[str, object] = {
        "transfer_syntax_uid": document.transfer_syntax_uid,
        "file_meta": document.file_meta,
        "data_set": document.data_set,
        "left_out": [_left_out(each) for each in document.left_out],
    }
    return told | ({"damage": document.damage} if document.damage else {})


def _left_out(each: "LeftOut") -> dict[str, object]:
    told = (
        ("path", each.path),
        ("keyword", each.keyword or None),
        ("bytes", each.bytes),
        ("elements", each.elements),
    )
    return {key: value for key, value in told if value is not None}
