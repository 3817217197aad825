"""Writes rows as CSV or JSON, to stdout or to a file that appears whole or not at all."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from fileroom.domain.errors import StorageError
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.wording import escape_json

Row = dict[str, object]
Write = Callable[[str], object]


class ExportFormat(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"


def as_text(value: object) -> str:
    """Return a cell; several values stand as DICOM writes them."""
    return "\\".join(value) if isinstance(value, list) else str(value)


def write_rows(
    export: ExportFormat, columns: Sequence[str], rows: Iterable[Row], write: Write, *, plain: bool = False
) -> int:
    """Write rows one by one and return how many; `plain` escapes what could steer a terminal."""
    return (_write_csv if export is ExportFormat.CSV else _write_json)(columns, rows, write, plain=plain)


def _write_csv(columns: Sequence[str], rows: Iterable[Row], write: Write, *, plain: bool) -> int:
    count = 0
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = [as_text(row[key]) for key in columns]
        writer.writerow([for_terminal(cell) for cell in cells] if plain else cells)
        count += 1
        write(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()
    write(buffer.getvalue())
    return count


def _write_json(columns: Sequence[str], rows: Iterable[Row], write: Write, *, plain: bool) -> int:
    del columns, plain  # a row knows its keys, and JSON escapes in any case
    count = 0
    write("[")
    for row in rows:
        write(("," if count else "") + "\n  " + escape_json(json.dumps(row, ensure_ascii=False)))
        count += 1
    write("\n]\n")
    return count


@contextmanager
def whole_file(path: Path) -> Iterator[Write]:
    """Give a function that writes to a file, which takes its name when all is written.

    Raises:
        StorageError: it cannot be written; what was there before stays.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            yield stream.write
        partial.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}", hint="choose another file"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
