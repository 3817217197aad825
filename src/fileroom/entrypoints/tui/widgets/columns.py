"""Texts in columns of terminal cells."""

import re
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, chop_cells, set_cell_size

from fileroom.entrypoints.tui.records import Column

GAP: Final = 2
"""Cells between columns."""
_WORDS: Final = re.compile(r"\s*\S+\s*|\s+")


def widths_of(columns: Sequence[Column], width: int) -> tuple[int, ...]:
    """Share `width` cells among columns; the last ones are left out (0) where there is no room for all."""
    left = width - 1
    kept = 0
    for column in columns:
        if left < column.least:
            break
        left -= column.least + GAP
        kept += 1
    left = max(left + GAP, 0)
    shares = sum(column.share for column in columns[:kept])
    widths = []
    for column in columns[:kept]:
        more = left * column.share // shares if shares else 0
        widths.append(column.least + more)
    if not kept and columns and width > 1:
        widths.append(width - 1)
        kept = 1
    return (*widths, *(0 for _ in columns[kept:]))


def fitted(text: str, width: int, *, is_right: bool = False) -> str:
    """Cut a text to cells, with an ellipsis, and pad it."""
    taken = cell_len(text)
    if taken > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - taken) + text if is_right else text + " " * (width - taken)


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines of `width` cells, between words where that is possible; at least one line."""
    if "\n" not in text and cell_len(text) <= width:
        return [text.rstrip()]
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _WORDS.findall(paragraph):
            if cell_len(line) + cell_len(word.rstrip()) <= width:
                line += word
                continue
            if line.strip():
                lines.append(line.rstrip())
            *whole, line = chop_cells(word, width) if cell_len(word) > width else [word.lstrip() or word]
            lines += whole
        lines.append(line.rstrip())
    return lines
