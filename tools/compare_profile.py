"""Compares the shipped table E.1-1 with that of an edition of PS3.15, given as a file (HTML or DocBook).

    python -m tools.compare_profile part15.xml

Prints what differs, a line each, and ends with 1 if anything does.
"""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from fileroom.domain.confidentiality.tables import OPTION_COLUMNS, PRIVATE, profile_rows

TITLE = "Table E.1-1."
_BEFORE_ACTIONS = 4
"""Name, tag, whether retired, whether in a standard IOD."""

Actions = tuple[str, ...]


class _Table(HTMLParser):
    """Reads the cells of the table of that number."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_announced = self._inside = self._is_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter a table, a row or a cell; DocBook names the table, HTML has its title before it."""
        if tag == "table":
            self._inside = self._is_announced or dict(attrs).get("xml:id") == "table_E.1-1"
            self._is_announced = False
        elif self._inside and tag == "tr":
            self.rows.append([])
        elif self._inside and tag == "td":
            self.rows[-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        """Leave a table or a cell."""
        if tag == "table":
            self._inside = False
        elif tag == "td":
            self._is_cell = False

    def handle_data(self, data: str) -> None:
        """Take the text of a cell, or the title of the table that comes."""
        if self._is_cell:
            self.rows[-1][-1] += data
        elif data.strip().startswith(TITLE):
            self._is_announced = True


def theirs(document: str) -> dict[str, Actions]:
    """Return the actions of a document's table by tag."""
    table = _Table()
    table.feed(document)
    found = {}
    for row in table.rows:
        cells = [" ".join(cell.split()) for cell in row]
        if len(cells) >= _BEFORE_ACTIONS + 1 + len(OPTION_COLUMNS):
            found[_tag(cells[1])] = tuple(cells[_BEFORE_ACTIONS : _BEFORE_ACTIONS + 1 + len(OPTION_COLUMNS)])
    return found


def _tag(cell: str) -> str:
    if "odd" in cell:
        return PRIVATE
    return cell.strip("()").replace(",", "").upper()


def ours() -> dict[str, Actions]:
    """Return the actions of the shipped table by tag."""
    return {
        row.tag: (row.basic, *(row.options.get(column, "") for column in OPTION_COLUMNS))
        for row in profile_rows()
    }


def differences(document: str) -> Iterator[str]:
    """Yield what differs between a document's table and ours."""
    other, own = theirs(document), ours()
    if not other:
        yield f"there is no {TITLE[:-1]}"
        return
    for tag in sorted(other.keys() | own.keys()):
        if other.get(tag) != own.get(tag):
            yield f"{tag}: theirs {_text(other.get(tag))}, ours {_text(own.get(tag))}"


def _text(actions: Actions | None) -> str:
    return "is missing" if actions is None else " ".join(action or "-" for action in actions)


def main(path: Path) -> int:
    """Print the differences and return the exit code."""
    found = list(differences(path.read_text(encoding="utf-8")))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
