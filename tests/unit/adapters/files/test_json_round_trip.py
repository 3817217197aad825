"""DICOM files to JSON and back: the same elements, whatever is in them."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from fileroom.adapters.files.json_model.vrs import BINARY, NUMBER, ORIGINAL_BYTES, TEXT
from fileroom.adapters.files.tree import open_tree
from fileroom.application.ports.json_converter import FromJsonOptions, ToJsonOptions
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_data_set, a_dicom_file, a_uid
from tests.samples import READABLE, name_of
from tests.strategies import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, Element, encode, uid_value
from tests.unit.adapters.files.json_documents import (
    CONVERTER,
    as_json,
    contents,
    from_json,
    is_in_order,
    sample,
)

CHARACTER_SETS = (
    b"", b"ISO_IR 100", b"ISO_IR 144", b"ISO_IR 13 ", b"ISO_IR 192", b"GB18030 ", b"GBK ", b"ISO_IR 166",
    b"\\ISO 2022 IR 87 ", b"ISO 2022 IR 13\\ISO 2022 IR 87 ", b"\\ISO 2022 IR 149", b"\\ISO 2022 IR 58 ",
    b"ISO 2022 IR 100\\ISO 2022 IR 144 ", b"\\ISO 2022 IR 87\\ISO 2022 IR 159 ", b"nonsense",
)  # fmt: skip
TEXT_VRS = sorted(vr.decode() for vr in TEXT)
NUMBER_VRS = [*(vr.decode() for vr in NUMBER), "AT"]
BINARY_VRS = sorted(vr.decode() for vr in BINARY)


@pytest.mark.parametrize("path", READABLE, ids=name_of)
@pytest.mark.parametrize("options", [ToJsonOptions(), ToJsonOptions(pretty=True)], ids=["compact", "pretty"])
def test_bundled_file_comes_back_with_the_same_elements(
    path: Path, options: ToJsonOptions, tmp_path: Path
) -> None:
    told = CONVERTER.to_json(path, tmp_path / "document.json", options)
    made = CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())

    before = contents(path)
    assert contents(tmp_path / "made.dcm") == before
    assert is_in_order(tmp_path / "made.dcm")
    assert told.elements == made.elements == len(before)
    assert made.notes == ()
    assert len(told.notes) == (path.name == "winter.dcm")  # which has its SOP Instance UID twice
    with open_tree(path) as tree:
        assert made.transfer_syntax_uid == tree.transfer_syntax_uid


@pytest.mark.parametrize("path", READABLE, ids=name_of)
@pytest.mark.parametrize("threshold", [1, 1024])
def test_bundled_file_comes_back_from_bulk_data(path: Path, threshold: int, tmp_path: Path) -> None:
    options = ToJsonOptions(bulk_dir=tmp_path / "bulk", bulk_threshold=threshold)
    told = CONVERTER.to_json(path, tmp_path / "document.json", options)
    made = CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())

    assert contents(tmp_path / "made.dcm") == contents(path)
    files = [each for each in (tmp_path / "bulk").rglob("*") if each.is_file()]
    assert len(files) == told.bulk_files == made.bulk_values
    assert sum(each.stat().st_size for each in files) == told.bulk_bytes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_pydicom_reads_the_same_pixels_from_what_comes_back(path: Path, tmp_path: Path) -> None:
    as_json(path, tmp_path)
    CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())

    before, after = dcmread(path, force=True), dcmread(tmp_path / "made.dcm")

    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "PatientName", "SOPInstanceUID"):
        assert after.get(keyword) == before.get(keyword), keyword


def test_bytes_that_values_do_not_lead_back_to_stand_besides(tmp_path: Path) -> None:
    names = {path.name for path in READABLE if ORIGINAL_BYTES in json.dumps(as_json(path, tmp_path))}

    # Escape sequences that nobody asks for, and names that end in an equals sign.
    assert names == {
        "chrKoreanMulti.dcm", "chrSQEncoding.dcm", "chrSQEncoding1.dcm", "chrX1.dcm", "chrX2.dcm"
    }  # fmt: skip


@st.composite
def elements(draw: st.DrawFn, tag: int) -> Element:
    """An element of any VR with any bytes in it, most of them such as belong there."""
    vr = draw(st.sampled_from(TEXT_VRS + NUMBER_VRS + BINARY_VRS))
    if vr in TEXT_VRS:
        value = draw(
            st.one_of(
                st.binary(max_size=24),
                st.text(st.sampled_from("ABC^=\\ 019.-+eé山Ж\x1b\0"), max_size=16).map(str.encode),
                st.text(st.sampled_from("0123456789.-+eE\\ "), max_size=16).map(str.encode),
                st.lists(
                    st.sampled_from(
                        [
                            b"\x1b$B;3",
                            b"\x1b(B",
                            b"\x1b(J",
                            b"\x1b)I",
                            b"\x1b$)C\xb1\xe8",
                            b"\x1b-L",
                            b"A",
                            b"^",
                            b"\\",
                        ]
                    ),
                    max_size=6,
                ).map(b"".join),
            )
        )
    else:
        value = draw(st.one_of(st.binary(max_size=24), st.binary(max_size=4).map(lambda part: part * 8)))
    padding = b" " if vr in TEXT_VRS and vr != "UI" else b"\0"
    value += padding * (len(value) % 2)
    looks_like_items = value.startswith((b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00"))
    return Element(tag, vr, b"" if looks_like_items else value)


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 0) -> tuple[Element, ...]:
    """Elements by ascending tags: text and numbers, private ones, sequences, character sets of their own."""
    found: dict[int, Element] = {}
    if not depth:
        found[0x00080016] = Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE))
        found[0x00080018] = Element(0x00080018, "UI", uid_value(a_uid(1)))
    character_set = draw(st.none() | st.sampled_from(CHARACTER_SETS))
    if character_set is not None:
        found[0x00080005] = Element(0x00080005, "CS", character_set)
    tags = st.builds(
        lambda group, number: group << 16 | number, st.integers(0x09, 0xFF), st.integers(0x10, 0x10FF)
    )
    for tag in draw(st.sets(tags, max_size=4)):
        if depth < 3 and draw(st.integers(0, 3)) == 0:
            items = tuple(draw(st.lists(data_sets(depth + 1), max_size=2)))
            found[tag] = Element(tag, "SQ", items=items, undefined=draw(st.booleans()))
        else:
            found[tag] = draw(elements(tag))
    return tuple(found[tag] for tag in sorted(found))


@given(data_set=data_sets(), syntax=st.sampled_from((EXPLICIT, BIG_ENDIAN, DEFLATED)), bulk=st.booleans())
def test_any_data_set_comes_back_with_the_same_elements(
    tmp_path_factory: pytest.TempPathFactory, data_set: tuple[Element, ...], syntax: str, bulk: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=syntax
    )
    (folder / "given.dcm").write_bytes(header + encode(data_set, syntax))
    options = ToJsonOptions(bulk_dir=folder / "bulk" if bulk else None, bulk_threshold=8)

    told = CONVERTER.to_json(folder / "given.dcm", folder / "document.json", options)
    made = CONVERTER.from_json(folder / "document.json", folder / "made.dcm", FromJsonOptions())

    assert contents(folder / "made.dcm") == contents(folder / "given.dcm")
    assert made.transfer_syntax_uid == syntax
    assert told.notes == made.notes == ()


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_transfer_syntax_is_told_unless_it_is_the_one_that_is_assumed(syntax: str, tmp_path: Path) -> None:
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=syntax
    )
    identity = (
        Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
        Element(0x00080018, "UI", uid_value(a_uid(1))),
    )
    (tmp_path / "given.dcm").write_bytes(header + encode(identity, syntax))

    document = as_json(tmp_path / "given.dcm", tmp_path)

    told = {} if syntax == EXPLICIT else {"00083002": {"vr": "UI", "Value": [syntax]}}
    assert {tag: document[tag] for tag in document if tag not in {"00080016", "00080018"}} == told


def test_attribute_that_tells_the_transfer_syntax_is_kept_where_the_object_has_it(tmp_path: Path) -> None:
    values: dict[str, object] = {"AvailableTransferSyntaxUID": "1.2.840.10008.1.2.4.50"}
    (tmp_path / "given.dcm").write_bytes(a_dicom_file(values=values))

    document = as_json(tmp_path / "given.dcm", tmp_path)
    made = CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())

    assert document["00020010"] == {"vr": "UI", "Value": [EXPLICIT]}
    assert made.transfer_syntax_uid == EXPLICIT
    assert dcmread(tmp_path / "made.dcm").AvailableTransferSyntaxUID == "1.2.840.10008.1.2.4.50"


def test_object_without_uids_brings_its_file_meta_information(tmp_path: Path) -> None:
    document = as_json(sample("DICOMDIR-nopatient"), tmp_path)
    made = CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())

    assert document["00020002"]["Value"] == ["1.2.840.10008.1.3.10"]
    assert made.sop_class_uid == "1.2.840.10008.1.3.10"
    assert dcmread(tmp_path / "made.dcm").file_meta.MediaStorageSOPClassUID == "1.2.840.10008.1.3.10"


def test_edited_value_wins_over_its_original_bytes(tmp_path: Path) -> None:
    document = as_json(sample("chrKoreanMulti.dcm"), tmp_path)
    assert ORIGINAL_BYTES in document["00100010"]
    document["00100010"]["Value"] = [{"Alphabetic": "홍길동"}]

    from_json(document, tmp_path)

    assert contents(tmp_path / "made.dcm")["00100010"] == ("PN", b"\x1b$)C\xc8\xab\xb1\xe6\xb5\xbf")


def test_repeated_element_is_left_out_and_told(tmp_path: Path) -> None:
    twice = (
        Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
        Element(0x00100020, "LO", b"first "),
        Element(0x00100020, "LO", b"second"),
    )
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=EXPLICIT
    )
    (tmp_path / "given.dcm").write_bytes(header + encode(twice, EXPLICIT))

    told = CONVERTER.to_json(tmp_path / "given.dcm", tmp_path / "document.json", ToJsonOptions())

    assert len(told.notes) == 1
    assert json.loads((tmp_path / "document.json").read_text())["00100020"]["Value"] == ["first"]


@settings(max_examples=10)
@given(size=st.integers(190_000, 210_000), unit=st.sampled_from(["OW", "US", "FD"]))
def test_large_values_come_back(tmp_path_factory: pytest.TempPathFactory, size: int, unit: str) -> None:
    folder = tmp_path_factory.mktemp("large")
    value = bytes(index * 7 % 251 for index in range(size // 8 * 8))
    elements = (
        Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
        Element(0x00080018, "UI", uid_value(a_uid(1))),
        Element(0x00091001, "UN", value),
        Element(0x00091002, "UT", b"A" * size + b" " * (size % 2)),
        Element(0x7FE00010, unit, value if unit == "OW" else value[:0xFFF8]),
    )
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=EXPLICIT
    )
    (folder / "given.dcm").write_bytes(header + encode(elements, EXPLICIT))

    as_json(folder / "given.dcm", folder)
    CONVERTER.from_json(folder / "document.json", folder / "made.dcm", FromJsonOptions())

    assert contents(folder / "made.dcm") == contents(folder / "given.dcm")


@pytest.mark.parametrize("bulk", [True, False])
def test_large_values_are_not_held_in_memory(bulk: bool, tmp_path: Path) -> None:
    pixels = Element(0x7FE00010, "OW", b"pixels.." * (6 << 20))
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=EXPLICIT
    )
    (tmp_path / "given.dcm").write_bytes(header + encode((pixels,), EXPLICIT))
    options = ToJsonOptions(bulk_dir=tmp_path / "bulk" if bulk else None)

    tracemalloc.start()
    try:
        CONVERTER.to_json(tmp_path / "given.dcm", tmp_path / "document.json", options)
        CONVERTER.from_json(tmp_path / "document.json", tmp_path / "made.dcm", FromJsonOptions())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 12 << 20
    assert (tmp_path / "made.dcm").stat().st_size > 48 << 20


def test_pydicom_reads_our_documents(tmp_path: Path) -> None:
    (tmp_path / "given.dcm").write_bytes(
        a_dicom_file(values={"PatientComments": "é", "SpecificCharacterSet": "ISO_IR 100"})
    )

    read = Dataset.from_json(as_json(tmp_path / "given.dcm", tmp_path))

    assert read == a_data_set(PatientComments="é", SpecificCharacterSet="ISO_IR 100")
