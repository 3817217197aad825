"""All that the command line prints, and the only module that prints.

stdout carries data: one JSON document, or tables and lines. stderr carries all else: summaries, warnings, errors. Text
from files and peers never reaches the terminal raw: control characters are escaped.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

from fileroom.domain.errors import StorageError
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.report import Printer
from fileroom.entrypoints.wording import escape_json

CHUNK_ROWS = 500
CHUNK_SECONDS = 1.0


class Output(Printer):
    """Prints to a pair of streams."""

    def __init__(self, *, quiet: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """`quiet` leaves out what is neither data nor an error."""
        self._quiet = quiet
        self._out = out or sys.stdout
        self._err = err or sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether data goes to a person's terminal."""
        return self._out.isatty()

    def document(self, document: dict[str, object]) -> None:
        """Print one JSON document."""
        text = json.dumps(document, ensure_ascii=not _is_utf8(self._out), indent=2)
        self._write(self._out, escape_json(text) + "\n")

    def line(self, text: str) -> None:
        """Print a line of data."""
        self._write(self._out, for_terminal(text) + "\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Print lines of data as they come, many at a time."""
        chunk: list[str] = []
        try:
            for text in texts:
                chunk.append(for_terminal(text))
                if len(chunk) >= CHUNK_ROWS:
                    self._write_lines(chunk)
        finally:  # what came before an error counts
            self._write_lines(chunk)

    def raw(self, text: str) -> None:
        """Print data whose control characters are meant (line ends of our own)."""
        self._write(self._out, text)

    def note(self, text: str) -> None:
        """Print a line for people."""
        if not self._quiet:
            self._write(self._err, for_terminal(text) + "\n")

    def warning(self, text: str, hint: str = "") -> None:
        """Print a warning."""
        self._message("warning", text, hint)

    def error(self, text: str, hint: str = "") -> None:
        """Print an error."""
        self._message("error", text, hint)

    def _message(self, word: str, text: str, hint: str) -> None:
        self._write(self._err, f"{word}: {for_terminal(text)}\n")
        if hint:
            self._write(self._err, f"  hint: {for_terminal(hint)}\n")

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        before: Callable[[], None] | None = None,
    ) -> int:
        """Print rows as they come: a drawn table on a terminal, aligned text otherwise; returns how many.

        `before` is called before anything is printed.
        """
        count = 0
        widths: list[int] = []
        for chunk in _chunks(rows):
            if before is not None:
                before()
            escaped = [[for_terminal(cell) for cell in row] for row in chunk]
            if self.is_terminal:
                self._draw(columns, escaped)
            else:
                if not widths:
                    widths = [
                        max(_width(cell) for cell in column) for column in zip(columns, *escaped, strict=True)
                    ]
                    escaped.insert(0, list(columns))
                for row in escaped:
                    self._write(self._out, _aligned(row, widths) + "\n")
            count += len(chunk)
        return count

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Print names and values, a line each."""
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self.line(f"{name.ljust(width)}  {value}")

    def _draw(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(file=self._out)
        widths = [max(_width(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
        whole, without_last = _line_width(widths), _line_width(widths[:-1])
        if whole > console.width >= without_last > 0:
            # The last column holds UIDs, which nobody can copy when they are folded: it gets lines of its own.
            for row, style, style_below in ((columns, "bold", "bold"), *((row, "", "dim") for row in rows)):
                console.print(Text(_aligned(row[:-1], widths), style), soft_wrap=True)
                console.print(Text(f"  {row[-1]}", style_below), soft_wrap=True)
            return
        table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(Text(column), overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)

    def _write_lines(self, chunk: list[str]) -> None:
        """Write lines, once."""
        text = "".join(f"{line}\n" for line in chunk)
        chunk.clear()
        if text:
            self._write(self._out, text)

    def _write(self, stream: TextIO, text: str) -> None:
        encoding = stream.encoding or "utf-8"
        try:
            stream.write(text.encode(encoding, "replace").decode(encoding))
            stream.flush()
        except BrokenPipeError:
            raise OutputClosed from None
        except OSError as error:
            if stream is self._out:
                raise StorageError(f"the output could not be written: {error.strerror}") from None


class OutputClosed(Exception):
    """Whoever read the output went away (`| head`)."""


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _chunks(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Collect rows so that columns can be aligned, but let nobody wait long for the first ones."""
    chunk: list[Sequence[str]] = []
    begun = time.monotonic()
    for row in rows:
        chunk.append(row)
        if len(chunk) >= CHUNK_ROWS or time.monotonic() - begun >= CHUNK_SECONDS:
            yield chunk
            chunk, begun = [], time.monotonic()
    if chunk:
        yield chunk


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Join cells to a line, each as wide as its column."""
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False))
    return "  ".join(padded).rstrip()


def _line_width(widths: Sequence[int]) -> int:
    """Return how wide a drawn row is; the box takes two cells beside each column."""
    return sum(widths) + 2 * len(widths)


def _width(text: str) -> int:
    """Return how many cells a terminal takes for a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
