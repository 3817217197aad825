"""`dump` beside DCMTK's `dcmdump`, element by element, on every file that comes with pydicom and that dcmdump reads.

The two need not look the same: names of UIDs, words for items, numbers of digits. What must be the same are order and
nesting, tag, VR, length, multiplicity and value. Where they differ the test says why, element by element.
"""

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from fileroom.adapters.files.inspecting.dumper import TreeDumper
from fileroom.adapters.files.structure import ITEM, ITEM_END, PIXEL_DATA, SEQUENCE_END
from fileroom.domain.dump import DumpLine, DumpOptions
from fileroom.domain.errors import InvalidDicom
from tests.interop.peers import program
from tests.samples import BUNDLED, name_of

pytestmark = pytest.mark.interop

REFUSED_BY_DCMDUMP = frozenset(
    {"MR_truncated.dcm", "SC_rgb_jpeg.dcm", "README", "no_meta.dcm", "rtplan_truncated.dcm"}
)
DELIMITERS = frozenset({ITEM, ITEM_END, SEQUENCE_END})
FLOATS = frozenset({"FL", "FD", "OF", "OD"})
NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "OW", "OB", "UN"})
STOPS_EARLY = {
    # An element that is there twice: dcmdump keeps one.
    "winter.dcm": 0x00080018,
    # A length that is odd, which dcmdump rounds up.
    "meta_missing_tsyntax.dcm": 0x00010002,
    "nested_priv_SQ.dcm": 0x00010002,
    # A private sequence without VR: dcmdump shows bytes, we look whether they are items.
    "priv_SQ.dcm": 0x3F031001,
    # A directory whose records do not fit their sequence: what is before that is the same.
    "DICOMDIR-nooffset": 0x00041220,
}
"""Files that are compared up to an element, since the programs differ from there on."""

LINE = re.compile(
    r"( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (\S\S) (.*?) *# *(\d+|u/l), *(\d+) [^\n]*\n?\Z", re.DOTALL
)
STARTS = re.compile(r"^(?= *\([0-9a-f]{4},[0-9a-f]{4}\) )", re.MULTILINE)


class Line(NamedTuple):
    depth: int
    tag: int
    vr: str
    value: str
    length: int | None
    multiplicity: int


def dcmdump(path: Path) -> list[Line]:
    """What dcmdump shows, without the delimiters that it adds where there is a length, and its notes on records."""
    said = subprocess.run(
        [program("dcmdump"), "-q", "+L", "-Un", path], capture_output=True, check=False
    ).stdout
    text = "\n".join(
        line for line in said.decode("latin-1").split("\n") if line and not line.lstrip(" ").startswith("#")
    )
    lines = []
    for part in STARTS.split(text + "\n"):
        match = LINE.match(part)
        if match is None:
            continue
        indent, group, number, vr, value, length, multiplicity = match.groups()
        if "for re-encod" not in value:
            known = None if length == "u/l" else int(length)
            lines.append(Line(len(indent) // 2, int(group + number, 16), vr, value, known, int(multiplicity)))
    return lines


def ours(path: Path) -> list[Line]:
    """What we show; of a damaged file what comes before the damage."""
    lines: list[Line] = []
    with suppress(InvalidDicom):
        shown = TreeDumper().lines(path, DumpOptions(max_value_length=0))
        lines.extend(Line(*line[:6]) for line in shown if isinstance(line, DumpLine))
    return lines


def expected_vr(line: Line, theirs: Line) -> bool:
    """Tell whether two VRs mean the same."""
    if line.tag in DELIMITERS:
        return line.vr == "" and theirs.vr in {"na", "pi"}
    if line.vr == theirs.vr:
        return True
    if theirs.vr == "up":  # offsets of directory records, for itself
        return line.vr == "UL"
    if line.vr == "OW" and theirs.vr == "OB":  # encapsulated pixels are OB, whatever is written
        return line.tag == PIXEL_DATA and line.length is None
    if line.vr == "UN" and theirs.vr == "SQ":  # UN of undefined length is a sequence
        return line.length is None
    return line.vr == "UN" and theirs.vr == "??"  # no VR is written, and none known


def same_value(line: Line, theirs: Line) -> bool:
    """Tell whether two values are the same, as far as both are shown."""
    if line.tag in DELIMITERS or line.vr == "SQ" or theirs.vr == "SQ" or line.length is None:
        return True
    if line.value in {"(no value)", "[]"}:
        return theirs.value in {"(no value available)", "[]"} or not line.length
    if line.vr in FLOATS:
        numbers = [float(number) for number in line.value.removesuffix("...").split("\\")]
        their_numbers = [float(number) for number in theirs.value.split("\\")[: len(numbers)]]
        return numbers == pytest.approx(their_numbers, rel=1e-5, nan_ok=True)
    if line.value.endswith("..."):
        return theirs.value.startswith(line.value.removesuffix("..."))
    if line.vr == "AT":
        return line.value.lower() == theirs.value
    if line.vr in NUMBERS or theirs.vr == "??":
        return line.value == theirs.value
    if not line.value.isascii() or not theirs.value.isascii():
        return True  # we decode, and dcmdump shows bytes
    if "\x1b" in theirs.value:
        return True
    shown = line.value.split(" ", 1)[0] if line.vr == "UI" else line.value
    return shown == theirs.value.replace("\0]", "]")  # of padding, dcmdump drops blanks only


@pytest.mark.parametrize(
    "path", [path for path in BUNDLED if path.name not in REFUSED_BY_DCMDUMP], ids=name_of
)
def test_dump_shows_what_dcmdump_shows(path: Path) -> None:
    our_lines, their_lines = ours(path), dcmdump(path)
    assert their_lines
    if path.name in STOPS_EARLY:
        stop = STOPS_EARLY[path.name]
        our_lines = our_lines[: next(at for at, line in enumerate(our_lines) if line.tag == stop)]
        their_lines = their_lines[: len(our_lines)]

    for line, theirs in zip(our_lines, their_lines, strict=True):
        assert line.depth == theirs.depth, (line, theirs)
        assert line.tag == theirs.tag, (line, theirs)
        assert line.length == theirs.length, (line, theirs)
        assert expected_vr(line, theirs), (line, theirs)
        assert same_value(line, theirs), (line, theirs)
        if line.value not in {"(no value)", "[]"} and line.tag not in DELIMITERS:
            assert line.multiplicity == theirs.multiplicity, (line, theirs)


@pytest.mark.parametrize(
    "path",
    [path for path in BUNDLED if path.name in REFUSED_BY_DCMDUMP - {"README", "no_meta.dcm"}],
    ids=name_of,
)
def test_dump_shows_more_of_damaged_files(path: Path) -> None:
    assert ours(path)
