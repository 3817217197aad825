"""Our documents against pydicom's, element by element, over all bundled files; each difference has its reason."""

import base64
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from fileroom.adapters.files.json_model.vrs import ORIGINAL_BYTES
from fileroom.adapters.files.tree import open_tree
from fileroom.adapters.files.tree_writing import UNITS, swapped
from tests.samples import READABLE, name_of
from tests.unit.adapters.files.json_documents import as_json

pytestmark = pytest.mark.filterwarnings("ignore")
BAD_NUMBERS = "badVR.dcm"
"""It has an IS that is no number, which pydicom does not convert."""
KNOWN_AS_UN = frozenset({"J2K_pixelrep_mismatch.dcm", "rtdose_rle.dcm", "rtdose_rle_1frame.dcm"})
"""They have elements of VR UN whose VR pydicom knows, at which its reading of JSON stumbles."""
FILES = [path for path in READABLE if path.name != BAD_NUMBERS]
Attribute = Mapping[str, Any]


def differences(
    ours: Attribute, theirs: Attribute, path: str = ""
) -> Iterator[tuple[str, Attribute, Attribute]]:
    """Yield attributes that are not the same, with where they are."""
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
    vr = attribute.get("vr")
    values = [value or None for value in attribute.get("Value", [])] if vr == "CS" else attribute.get("Value")
    if vr in {"DS", "IS"} and values:
        values = [None if value in {None, ""} else float(value) for value in values]
    if vr in {"LO", "SH", "UI", "CS"} and values:
        values = [value.rstrip(" ") or None if value else None for value in values]
    return str(vr) if vr else None, values, attribute.get("InlineBinary")


def is_explained(where: str, ours: Attribute, theirs: Attribute, *, is_big_endian: bool) -> bool:
    """Tell whether a difference is one that is meant."""
    tag = where[-8:]
    if not ours:
        return tag.endswith("0000")  # group lengths have no place in the model (PS3.18 F.2.2)
    if not theirs:
        return where in {"00083002", "00020002", "00020003", "00020010"}  # told for a file to be made again
    if ours["vr"] == "UN":
        # A VR that was written as UN stays; pydicom puts the dictionary's in its place.
        return str(theirs["vr"]) != "UN"
    if ours["vr"] == "SQ" and theirs["vr"] == "UN":
        # Items of private elements without a VR: pydicom keeps their bytes.
        return base64.b64decode(theirs["InlineBinary"]).startswith(b"\xfe\xff\x00\xe0")
    if is_big_endian and "InlineBinary" in ours:
        # Words are little endian in JSON (PS3.18 F.2.7, by way of PS3.19 A.1.5); pydicom leaves them as they are.
        unit = UNITS.get(ours["vr"].encode(), 1)
        return base64.b64decode(theirs["InlineBinary"]) == swapped(
            base64.b64decode(ours["InlineBinary"]), unit
        )
    return False


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_document_says_what_that_of_pydicom_says(path: Path, tmp_path: Path) -> None:
    ours, theirs = as_json(path, tmp_path), dcmread(path, force=True).to_json_dict()
    with open_tree(path) as tree:
        is_big_endian = not tree.encoding.is_little

    unexplained = [
        found for found in differences(ours, theirs) if not is_explained(*found, is_big_endian=is_big_endian)
    ]

    assert unexplained == []


@pytest.mark.parametrize("path", [path for path in FILES if path.name not in KNOWN_AS_UN], ids=name_of)
def test_pydicom_reads_from_the_document_what_it_reads_from_the_file(path: Path, tmp_path: Path) -> None:
    document = as_json(path, tmp_path)
    with open_tree(path) as tree:
        is_big_endian = not tree.encoding.is_little

    read = Dataset.from_json(document).to_json_dict()

    unexplained = [
        found
        for found in differences(read, dcmread(path, force=True).to_json_dict())
        if not is_explained(*found, is_big_endian=is_big_endian)
    ]
    assert unexplained == []


def test_numbers_that_are_none_stay_text(tmp_path: Path) -> None:
    path = next(path for path in READABLE if path.name == BAD_NUMBERS)
    values = [value for each in as_json(path, tmp_path).values() for value in each.get("Value", [])]
    assert "1A" in values


def test_numbers_are_finite_and_bytes_stand_besides_text_only(tmp_path: Path) -> None:
    for path in FILES:
        for attribute in as_json(path, tmp_path).values():
            numbers = [value for value in attribute.get("Value", []) if isinstance(value, float)]
            assert all(map(math.isfinite, numbers))
            assert ORIGINAL_BYTES not in attribute or attribute["vr"] in {"PN", "LO", "LT", "SH"}
