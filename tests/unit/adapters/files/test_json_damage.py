"""Any bytes and any JSON, as files and as documents: a file comes of them or a reason, and nothing else remains."""

import base64
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.files.json_model.late_values import LONG_STRING, Base64Value, read_document
from fileroom.adapters.files.json_model.vrs import KNOWN
from fileroom.adapters.files.tree import Stored, open_tree
from fileroom.application.ports.json_converter import FromJsonOptions, ToJsonOptions
from fileroom.domain.errors import FileroomError, NotDicom
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.samples import READABLE, damaged_files
from tests.strategies import mutations
from tests.unit.adapters.files.json_documents import CONVERTER, as_json

IDENTITY: dict[str, Any] = {
    "00080016": {"vr": "UI", "Value": [CT_IMAGE_STORAGE]},
    "00080018": {"vr": "UI", "Value": [a_uid(1)]},
}
SMALL = [path for path in READABLE if path.stat().st_size < 20_000]

texts = st.text(max_size=8) | st.sampled_from(
    ["1.5", "山", "a\\b", "NaN", "AAAA", "AA==", "\ud800", "../a", "a.bin"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
tags = st.sampled_from([
    "00080005", "00080016", "00080018", "00083002", "00020010", "00100010", "00280010", "7FE00010", "00081140",
    "00091001", "00090010", "PatientName", "Rows", "00080000", "FFFEE000", "00000000", "0002", "FFFFFFFF",
    "00280103", "00280106",
])  # fmt: skip
names = st.fixed_dictionaries({}, optional={"Alphabetic": texts, "Ideographic": texts, "Phonetic": scalars})
syntaxes = st.sampled_from([
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1.99", "ISO_IR 100",
    "GB18030",
])  # fmt: skip


def attributes(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Attributes that are nearly right."""
    return st.fixed_dictionaries(
        {},
        optional={
            "vr": st.sampled_from([*(vr.decode() for vr in sorted(KNOWN)), "SQ", "ZZ", "x"]) | scalars,
            "Value": st.lists(scalars | names | syntaxes | items, max_size=3) | any_json,
            "InlineBinary": texts,
            "BulkDataURI": texts,
            "OriginalBytes": texts,
        },
    )


documents = st.recursive(
    st.dictionaries(tags, attributes(st.none()), max_size=4),
    lambda inner: st.dictionaries(tags, attributes(inner), max_size=4),
    max_leaves=4,
).map(lambda members: {**IDENTITY, **members})


def assert_file_or_reason(folder: Path, content: bytes) -> None:
    """Convert a document; what comes of it can be read, and nothing else is there."""
    source, made = folder / "given.json", folder / "made.dcm"
    source.write_bytes(content)
    with suppress(FileroomError):
        CONVERTER.from_json(source, made, FromJsonOptions())
        with open_tree(made) as tree:
            assert tree.has_file_meta
        made.unlink()
    assert {path.name for path in folder.iterdir()} <= {"given.json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


@given(document=documents | any_json)
def test_any_document_becomes_a_file_or_is_told(folder: Path, document: object) -> None:
    assert_file_or_reason(folder, json.dumps(document).encode())


@given(data=st.data(), path=st.sampled_from(SMALL), pretty=st.booleans())
def test_damaged_document_becomes_a_file_or_is_told(
    folder: Path, data: st.DataObject, path: Path, pretty: bool
) -> None:
    document = folder / "whole"
    CONVERTER.to_json(path, document, ToJsonOptions(pretty=pretty))
    content = document.read_bytes()
    document.unlink()
    assert_file_or_reason(folder, data.draw(mutations(content)))


@given(content=damaged_files(), bulk=st.booleans())
def test_damaged_file_becomes_a_document_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, bulk: bool
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    source, document = folder / "given.dcm", folder / "made.json"
    source.write_bytes(content)
    try:
        CONVERTER.to_json(source, document, ToJsonOptions(bulk_dir=folder / "bulk" if bulk else None))
    except FileroomError:
        assert [path for path in folder.rglob("*") if path.is_file()] == [source]
        return
    text = document.read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    with suppress(NotDicom):  # elements before the first group, which the reader of files would refuse too
        CONVERTER.from_json(document, folder / "made.dcm", FromJsonOptions())


# ------------------------------------------------------------------------------------------------ long strings

pieces = st.sampled_from([
    b'"', b"\\", b'\\"', b"{", b"[", b",", b":", b" ", b"=", b"AAAA", b"A" * (LONG_STRING - 1), b"B" * LONG_STRING,
    b"/+9=" * (LONG_STRING // 2), b"1" * (1 << 20), "é".encode(), b"\n",
])  # fmt: skip


@given(st.lists(pieces, max_size=12).map(b"".join), st.sampled_from([b"{", b"["]))
def test_long_strings_are_taken_out_and_nothing_else(content: bytes, start: bytes) -> None:
    content = start + content
    document = read_document(io.BytesIO(content), max_bytes=1 << 30)

    restored = document.text
    for name, value in document.long_strings.items():
        assert restored.count(name.encode()) == 1
        assert len(value) >= LONG_STRING
        restored = restored.replace(name.encode(), value.read())
    assert restored == content


@given(st.binary(max_size=100), st.data())
def test_pieces_of_base64_are_decoded_alone(raw: bytes, data: st.DataObject) -> None:
    text = base64.b64encode(raw)
    value = Base64Value(Stored(io.BytesIO(b"xx" + text), 2, len(text)))
    start = data.draw(st.integers(0, len(raw)))
    size = data.draw(st.integers(0, len(raw) - start))

    assert len(value) == len(raw)
    assert value.read() == raw
    assert value.within(start, size).read() == raw[start:][:size]
    assert b"".join(value.within(start, size).parts(7)) == raw[start:][:size]
    assert value.read(5, start) == raw[start:][:5]


@pytest.mark.parametrize("escaped", [True, False])
def test_long_base64_is_read_however_its_slashes_are_written(escaped: bool, tmp_path: Path) -> None:
    text = "abc/" * (LONG_STRING // 2)
    document = json.dumps(IDENTITY | {"7FE00010": {"vr": "OW", "InlineBinary": text}})
    (tmp_path / "given.json").write_text(document.replace("/", "\\/") if escaped else document)

    CONVERTER.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())

    again = as_json(tmp_path / "made.dcm", tmp_path)
    assert again["7FE00010"]["InlineBinary"] == text


def test_long_text_of_letters_is_text(tmp_path: Path) -> None:
    text = "A" * (LONG_STRING * 2)
    document = IDENTITY | {
        "00091001": {"vr": "UT", "Value": [text]},
        "00091002": {"vr": "UC", "Value": ["a", text]},
        "00091003": {"vr": "PN", "Value": [{"Phonetic": text[:60_000]}]},
    }
    (tmp_path / "given.json").write_text(json.dumps(document))

    CONVERTER.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())

    assert as_json(tmp_path / "made.dcm", tmp_path) == document
