"""Our documents against those of DCMTK's dcm2json, attribute by attribute, over all bundled files.

dcm2json writes no encapsulated pixels: they are taken out of copies before. All text becomes UTF-8 with it, Specific
Character Set too. What it cannot convert at all are exact lists, so that a newer DCMTK shows.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.interop import peers
from tests.samples import READABLE, name_of
from tests.unit.adapters.files.json_documents import as_json

pytestmark = pytest.mark.interop

JIS = frozenset({
    "chrH31.dcm", "chrH32.dcm", "chrJapMulti.dcm", "chrJapMultiExplicitIR6.dcm", "chrSQEncoding1.dcm",
    "J2K_pixelrep_mismatch.dcm",
})  # fmt: skip
"""DCMTK with the C library's iconv knows no ISO 2022 IR 87."""
UNUSABLE = frozenset({"SC_rgb_jpeg.dcm", "chrSQEncoding.dcm"})
"""Encapsulated pixels without VRs; Japanese in an item, which comes out as bytes that are no UTF-8."""
FILES = [path for path in READABLE if path.name not in JIS | UNUSABLE]
Attribute = Mapping[str, Any]


def dcm2json(path: Path, folder: Path) -> dict[str, Any]:
    """What dcm2json says of a file, without its encapsulated pixels."""
    copy = folder / "copy.dcm"
    shutil.copyfile(path, copy)
    ran = _convert(copy)
    if "compressed pixel data" in ran.stderr:
        erase = [peers.program("dcmodify"), "--no-backup", "--erase-all", "(7fe0,0010)", str(copy)]
        subprocess.run(erase, check=True, capture_output=True)
        ran = _convert(copy)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert isinstance(document, dict)
    return document


def _convert(path: Path) -> subprocess.CompletedProcess[str]:
    command = [peers.program("dcm2json"), "--compact-code", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")


def differences(
    ours: Attribute, theirs: Attribute, path: str = ""
) -> Iterator[tuple[str, Attribute, Attribute]]:
    """Yield attributes that do not say the same, with where they are."""
    for tag in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(tag, {}), theirs.get(tag, {})
        if one.get("vr") == other.get("vr") == "SQ":
            items, others = one.get("Value", []), other.get("Value", [])
            assert len(items) == len(others), path + tag
            for number, (item, another) in enumerate(zip(items, others, strict=True)):
                yield from differences(item, another, f"{path}{tag}[{number}].")
        elif plain(one) != plain(other):
            yield path + tag, one, other


def plain(attribute: Attribute) -> object:
    """Return what an attribute says, however it is written."""
    vr, values = attribute.get("vr"), attribute.get("Value")
    if vr in {"DS", "IS", "FL", "FD"} and values:
        values = [None if value in {None, ""} else _number(value) for value in values]
    elif vr == "PN" and values:
        # dcm2json leaves out empty components at the end.
        names = [{key: group.rstrip("^ ") for key, group in (name or {}).items()} for name in values]
        values = [{key: group for key, group in name.items() if group} for name in names]
        values = values if any(values) else None
    elif values:
        values = [value.strip(" ") or None if isinstance(value, str) else value for value in values]
    return vr, values, attribute.get("InlineBinary")


def _number(value: float | str) -> float | str:
    try:
        return float(f"{float(value):.6g}")  # dcm2json writes single precision with that many digits
    except ValueError:
        return value


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_document_says_what_that_of_dcm2json_says(path: Path, tmp_path: Path) -> None:
    unexplained = [
        found
        for found in differences(as_json(path, tmp_path), dcm2json(path, tmp_path))
        if not is_explained(*found)
    ]

    assert unexplained == []


def is_explained(where: str, ours: Attribute, theirs: Attribute) -> bool:
    """Tell whether a difference is one that is meant."""
    tag = where[-8:]
    if tag == "00080005":
        return theirs.get("Value") == ["ISO_IR 192"]  # ours says what the file goes back to
    if not theirs:
        # Told for a file to be made again; and what was taken out before.
        return where in {"00083002", "00020002", "00020003", "00020010", "FFFCFFFC"} or tag == "7FE00010"
    if theirs["vr"] == "UN":
        # Items of private elements without a VR, or an odd number of bytes: padded with a NUL.
        raw = _bytes(theirs)
        return raw.startswith(b"\xfe\xff\x00\xe0") if ours["vr"] == "SQ" else raw == _bytes(ours) + b"\0"
    return False


def _bytes(attribute: Attribute) -> bytes:
    return base64.b64decode(attribute["InlineBinary"])


@pytest.mark.parametrize("name", sorted(JIS))
def test_dcm2json_knows_no_japanese_character_set(name: str) -> None:
    path = next(path for path in READABLE if path.name == name)
    assert "ISO 2022 IR 87" in _convert(path).stderr
