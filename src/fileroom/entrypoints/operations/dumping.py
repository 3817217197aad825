"""Shows files element by element: as lines, or as documents."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.operations.files import report
from fileroom.entrypoints.report import Report, Status

if TYPE_CHECKING:
    from fileroom.application.file_work import FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.dump_files import DumpFilesRequest
    from fileroom.domain.dump import DumpDocument, DumpHeading, DumpLine, LeftOut
    from fileroom.entrypoints.container import Container

Write = Callable[[Iterator[str]], object]
"""Takes the lines of one file, as they come."""
_INDENT = "  "
_VALUE_WIDTH = 40


def dump(
    container: "Container",
    selection: "FileSelection",
    write: Write,
    *,
    max_depth: int | None = None,
    max_value_len: int | None = None,
    ends: tuple[type[Exception], ...] = (),
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Write the lines of all files; after one of the errors `ends`, which `write` raises, nothing else is read.

    Raises:
        NotFound: a path does not exist; nothing was done.
        Exception: one of `ends`.
    """
    shown = _Shown(write, ends)
    result = container.dump_files().execute(
        _request(selection, max_depth, max_value_len), show=shown, progress=progress, cancel=cancel
    )
    if shown.failure is not None:
        raise shown.failure
    return report(result, lambda _: {}, summary="shown")


def _request(
    selection: "FileSelection", max_depth: int | None, max_value_len: int | None
) -> "DumpFilesRequest":
    from fileroom.application.use_cases.dump_files import DumpFilesRequest
    from fileroom.domain.dump import DumpOptions

    return DumpFilesRequest(
        selection=selection, options=DumpOptions(max_depth=max_depth, max_value_length=max_value_len)
    )


class _Shown:
    """Prints files; once nobody takes the output any more, nothing else is read."""

    def __init__(self, write: "Write", ends: tuple[type[Exception], ...]) -> None:
        self._write = write
        self._ends = ends
        self._is_first = True
        self.failure: Exception | None = None

    def __call__(self, path: Path, lines: "Iterator[DumpHeading | DumpLine]") -> None:
        """Print one file."""
        if self.failure is not None:
            return
        try:
            self._write(self._texts(path, lines))
        except self._ends as error:
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


def document(
    container: "Container",
    selection: "FileSelection",
    *,
    max_depth: int | None = None,
    max_value_len: int | None = None,
    progress: "ProgressSink",
    cancel: "CancelToken",
) -> Report:
    """Put files into the report in the DICOM JSON Model.

    Raises:
        NotFound: a path does not exist; nothing was done.
    """
    result = container.dump_files().documents(
        _request(selection, max_depth, max_value_len), progress=progress, cancel=cancel
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
