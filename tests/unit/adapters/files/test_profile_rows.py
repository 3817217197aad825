"""Every row of table E.1-1, on every level, under no option and under each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from fileroom.adapters.files.dictionary import entry_of
from fileroom.adapters.files.tree import Element, Item, value_bytes
from fileroom.adapters.files.tree_writing import new_element
from fileroom.domain.confidentiality.options import Temporal
from fileroom.domain.uid import is_valid_uid
from tests.objects_to_hide import a_plan, hidden, sequence, text

REFERENCED_SERIES: Final = 0x00081115
SAFE_CREATOR: Final = (0x20010010, "Philips Imaging DD 001")
SAFE_SEQUENCE: Final = 0x2001105F
CODE_MEANING: Final = 0x00080104
PATIENT_NAME: Final = 0x00100010

LEVELS: Final[Mapping[str, Callable[[list[Element]], list[Element]]]] = {
    "top level": lambda elements: elements,
    "kept sequence": lambda elements: [sequence(REFERENCED_SERIES, elements)],
    "safe private sequence": lambda elements: [
        text(*SAFE_CREATOR, "LO"),
        sequence(SAFE_SEQUENCE, elements),
    ],
}
OPTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "uids": {"retain_uids": True},
    "device": {"retain_device": True},
    "institution": {"retain_institution": True},
    "patient": {"retain_patient_characteristics": True},
    "full_dates": {"temporal": Temporal.FULL},
    "modified_dates": {"temporal": Temporal.SHIFTED},
    "clean_descriptors": {"clean_descriptors": True},
    "clean_structured": {"clean_structured_content": True},
    "clean_graphics": {"clean_graphics": True},
}


@dataclass(frozen=True)
class Row:
    tag: int
    name: str
    basic: str
    options: Mapping[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """All rows that can be in a data set, read from the table without the code under test."""
    lines = files("fileroom.domain.confidentiality").joinpath("profile.tsv").read_text("utf-8").splitlines()
    head, *body = [line.split("\t") for line in lines if not line.startswith("#")]
    found = []
    for cells in body:
        if cells[0] == "private" or int(cells[0][:4].replace("X", "0"), 16) < 8:
            continue
        tag = {"50XXXXXX": 0x50023000, "60XX3000": 0x60023000, "60XX4000": 0x60044000}.get(cells[0])
        found.append(
            Row(
                tag=tag if tag is not None else int(cells[0], 16),
                name=cells[1],
                basic=cells[2],
                options={column: cell for column, cell in zip(head[3:], cells[3:], strict=False) if cell},
            )
        )
    return tuple(found)


def vr_of_row(row: Row) -> str:
    found = entry_of(row.tag)
    if found is not None:
        return found.vr if len(found.vr) == 2 else "OW"
    for word, vr in (("Sequence", "SQ"), ("DateTime", "DT"), ("UID", "UI")):
        if word in row.name:
            return vr
    return "LO"


def original(row: Row) -> Element:
    """An element that can be told apart from what takes its place."""
    vr = vr_of_row(row)
    word = f"Qx{row.tag:08x}"
    if vr == "SQ":
        return sequence(row.tag, [text(CODE_MEANING, word), text(PATIENT_NAME, f"Nx{row.tag:08x}^Zz")])
    texts = {
        "DA": "20210304", "DT": "20210304050607", "TM": "050607", "UI": f"1.2.3.{row.tag}", "AS": "042Y", "DS": "17",
        "IS": "17", "CS": "Q", "AE": word, "UR": f"http://q/{word}",
    }  # fmt: skip
    if vr in texts or vr in {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}:
        return text(row.tag, texts.get(vr, word), vr)
    return new_element(row.tag, b"\x11\x22\x33\x44\x55\x66\x77\x88", vr.encode())


def unchanged(element: Element | None, row: Row) -> bool:
    before = original(row)
    if element is None:
        return False
    if before.items is not None:
        return bool(element.items) and told(element, CODE_MEANING) == told(before, CODE_MEANING)
    return value_bytes(element.value) == before.value


def told(element: Element, tag: int) -> bytes:
    assert element.items
    inner = element.items[0].find(tag)
    assert inner is not None
    return value_bytes(inner.value).strip(b" \0")


def is_dummy(element: Element | None, row: Row) -> bool:
    if element is None or unchanged(element, row):
        return False
    if element.items is not None:
        return told(element, CODE_MEANING) == b"REMOVED" and told(element, PATIENT_NAME) == b""
    value = value_bytes(element.value)
    return bool(value) and b"Qx" not in value


def is_other_uid(element: Element | None, row: Row) -> bool:
    if element is None or unchanged(element, row):
        return False
    uid = value_bytes(element.value).decode().rstrip("\0")
    return uid.startswith("2.25.") and is_valid_uid(uid)


def is_empty(element: Element | None, row: Row) -> bool:
    del row
    return element is not None and not element.items and not element.size


def is_gone(element: Element | None, row: Row) -> bool:
    del row
    return element is None


def keeps_items_only(element: Element | None, row: Row) -> bool:
    return unchanged(element, row) and element is not None and told(element, PATIENT_NAME) == b""


BASIC: Final[Mapping[str, Callable[[Element | None, Row], bool]]] = {
    "D": is_dummy,
    "Z": is_empty,
    "X": is_gone,
    "U": is_other_uid,
    "X/Z": is_empty,
    "X/D": is_dummy,
    "Z/D": is_dummy,
    "X/Z/D": is_dummy,
    "X/Z/U*": keeps_items_only,
}


def is_cleaned(element: Element | None, row: Row, option: str) -> bool:
    """Tell whether C was done: nothing that is in the samples identifies anybody elsewhere, names apart."""
    vr = vr_of_row(row)
    if option == "modified_dates" and vr in {"DA", "DT"}:
        value = value_bytes(element.value).decode() if element is not None else ""
        return "20110101" < value[:8] < "20210304" and value[8:].strip() == ("050607" if vr == "DT" else "")
    if option == "modified_dates":
        return unchanged(element, row) or (vr not in {"TM", "SH"} and BASIC[row.basic](element, row))
    if option == "device":
        return element is not None and value_bytes(element.value).startswith(b"AE_")
    if option == "clean_graphics" and vr != "SQ":
        return element is None
    if vr == "SQ":
        return element is not None and b"Nx" not in told(element, PATIENT_NAME) and bool(element.items)
    if vr in {"LO", "SH", "ST", "LT", "UC", "UT"}:
        return element is not None and value_bytes(element.value).startswith(b"Qx")  # numbers in it may go
    return BASIC[row.basic](element, row)


def at_level(root: Item, level: str) -> Item:
    path = {"kept sequence": REFERENCED_SERIES, "safe private sequence": SAFE_SEQUENCE}
    if level not in path:
        return root
    found = root.find(path[level])
    assert found is not None
    assert found.items
    return found.items[0]


def wrong(
    root: Item, level: str, is_right: Callable[[Element | None, Row], bool]
) -> Iterator[tuple[str, str, str]]:
    """Names of rows whose attribute came out otherwise than it should."""
    found = at_level(root, level)
    for row in rows():
        if not is_right(found.find(row.tag), row):
            yield f"{row.tag:08X}", row.name, row.basic


def test_table_has_the_rows_of_its_edition() -> None:
    # 657 rows, of which four are groups 0000 and 0002, one is 0004, and one is about private attributes.
    assert len(rows()) == 657 - 5


@pytest.mark.parametrize("level", LEVELS)
def test_basic_profile_does_what_each_row_says(tmp_path: Path, level: str) -> None:
    elements = LEVELS[level]([original(row) for row in rows()])

    root = hidden(tmp_path, elements, a_plan(retain_safe_private=True))

    assert list(wrong(root, level, lambda element, row: BASIC[row.basic](element, row))) == []


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("level", ["top level", "kept sequence"])
def test_option_changes_the_rows_of_its_column_only(tmp_path: Path, option: str, level: str) -> None:
    elements = LEVELS[level]([original(row) for row in rows()])

    root = hidden(tmp_path, elements, a_plan(None, **OPTIONS[option]))

    def is_right(element: Element | None, row: Row) -> bool:
        code = row.options.get(option)
        if code == "K":
            return unchanged(element, row)
        return is_cleaned(element, row, option) if code == "C" else BASIC[row.basic](element, row)

    assert list(wrong(root, level, is_right)) == []


def test_cleaning_wins_where_device_and_modified_dates_disagree(tmp_path: Path) -> None:
    disagreeing = [
        row for row in rows() if row.options.get("device") == "K" and row.options.get("modified_dates") == "C"
    ]

    root = hidden(
        tmp_path,
        [original(row) for row in disagreeing],
        a_plan(retain_device=True, temporal=Temporal.SHIFTED),
    )

    assert len(disagreeing) == 11
    for row in disagreeing:
        assert is_cleaned(root.find(row.tag), row, "modified_dates"), row.name
