"""Documents that people and other programs write: what is understood, and what is refused and how."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from fileroom.adapters.files.json_model.converter import TreeJsonConverter
from fileroom.application.ports.json_converter import FromJsonOptions, ToJsonOptions
from fileroom.domain.errors import FileroomError, InvalidJson, LimitExceeded, NotDicom, NotFound, StorageError
from fileroom.domain.uid import is_valid_uid
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.unit.adapters.files.json_documents import CONVERTER, as_json, contents, from_json, sample

IDENTITY: dict[str, Any] = {
    "00080016": {"vr": "UI", "Value": [CT_IMAGE_STORAGE]},
    "00080018": {"vr": "UI", "Value": [a_uid(1)]},
}
NATIVE = base64.b64encode(bytes(range(8))).decode()


def refused(document: object, folder: Path, kind: type[FileroomError] = InvalidJson) -> FileroomError:
    """Convert a document that is refused; no file comes of it."""
    with pytest.raises(kind) as raised:
        from_json(document, folder)
    assert not (folder / "made.dcm").exists()
    assert not list(folder.glob(".*.part"))
    return raised.value


def test_document_by_hand_becomes_a_file_that_pydicom_reads(tmp_path: Path) -> None:
    made = from_json(
        {
            "SOPClassUID": {"Value": [CT_IMAGE_STORAGE]},
            "PatientName": {"Value": ["Doe^Jane"]},
            "Rows": {"Value": [2]},
            "SmallestImagePixelValue": {"Value": [-5]},
            "PixelRepresentation": {"Value": [1]},
            "00090010": {"Value": ["GEMS_IDEN_01"]},
            "00091027": {"Value": [7]},
            "ReferencedStudySequence": {
                "Value": [{"ReferencedSOPInstanceUID": {"Value": ["1.2"]}}, {}, None]
            },
            "SliceThickness": {"Value": [1.5]},
            "StudyDate": {},
            "PixelData": {"InlineBinary": NATIVE},
        },
        tmp_path,
    )

    read = dcmread(tmp_path / "made.dcm")

    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID == made.sop_instance_uid
    assert is_valid_uid(made.sop_instance_uid)
    assert read.PatientName == "Doe^Jane"
    assert read.SmallestImagePixelValue == -5
    assert read[0x00091027].VR == "SL"
    assert [len(item) for item in read.ReferencedStudySequence] == [1, 0, 0]
    assert read.StudyDate == ""
    assert read.PixelData == bytes(range(8))
    assert [int(element.tag) for element in read] == sorted(int(element.tag) for element in read)
    assert any("SOPInstanceUID" in note for note in made.notes)


@pytest.mark.parametrize(
    ("declared", "text", "becomes"),
    [
        (None, "Jürgen", "ISO_IR 192"),
        ("ISO_IR 100", "Jürgen", "ISO_IR 100"),
        ("ISO_IR 100", "山田", "ISO_IR 192"),
        (None, "Jurgen", None),
    ],
)
def test_character_set_is_one_that_holds_the_text(
    declared: str | None, text: str, becomes: str | None, tmp_path: Path
) -> None:
    inner = {"00080005": {"vr": "CS", "Value": ["ISO_IR 144"]}, "00081030": {"vr": "LO", "Value": ["Ж"]}}
    document = IDENTITY | {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": text}]},
        "00081030": {"vr": "LO", "Value": ["é" if becomes else "e"]},
        "00081140": {"vr": "SQ", "Value": [inner]},
    }
    if declared is not None:
        document["00080005"] = {"vr": "CS", "Value": [declared]}

    made = from_json(document, tmp_path)

    read = dcmread(tmp_path / "made.dcm")
    assert read.get("SpecificCharacterSet") == becomes
    assert read.PatientName == text
    assert read.ReferencedImageSequence[0].StudyDescription == "Ж"
    assert len(made.notes) == (becomes != declared)


def test_document_with_one_object_in_an_array_is_understood(tmp_path: Path) -> None:
    assert from_json([IDENTITY], tmp_path).elements == 2


@pytest.mark.parametrize("document", [[], [IDENTITY, IDENTITY], [1], [[IDENTITY]]])
def test_document_without_one_object_is_refused(document: object, tmp_path: Path) -> None:
    refused(document, tmp_path)


def test_missing_sop_class_is_told(tmp_path: Path) -> None:
    assert "SOPClassUID" in refused({"00080018": IDENTITY["00080018"]}, tmp_path).message


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"PatientNam": {"Value": ["x"]}}, "PatientNam"),
        ({"0010001": {"vr": "LO"}}, "0010001"),
        ({"00000010": {"vr": "LO"}}, "00000010"),
        ({"FFFEE000": {"vr": "OB"}}, "FFFEE000"),
        ({"00100010": {"vr": "PN"}, "PatientName": {"vr": "PN"}}, "the same attribute"),
        ({"00100010": "Doe"}, "00100010"),
        ({"00100010": {"vr": "pn"}}, "00100010"),
        ({"00100010": {"vr": 7}}, "00100010"),
        ({"00100010": {"vr": "ZZ", "Value": ["x"]}}, "ZZ"),
        ({"00111001": {"Value": ["x"]}}, "vr is missing"),
        ({"00100010": {"vr": "PN", "Value": "Doe"}}, "array"),
        ({"00280010": {"vr": "US", "Value": [1], "InlineBinary": "AAA="}}, "exclude"),
        ({"00280010": {"vr": "US", "InlineBinary": "A"}}, "base64"),
        ({"00280010": {"vr": "US", "InlineBinary": "A*=="}}, "base64"),
        ({"00280010": {"vr": "US", "InlineBinary": 7}}, "string"),
        ({"00280010": {"vr": "US", "InlineBinary": ["AAA=", "AAA="]}}, "string"),
        ({"00100020": {"vr": "LO", "Value": ["x"], "OriginalBytes": 1}}, "OriginalBytes"),
        ({"00100020": {"vr": "LO", "InlineBinary": "AAAA", "OriginalBytes": "AAAA"}}, "exclude"),
        ({"00100020": {"vr": "LO", "InlineBinary": "A" * 100_000}}, "bulk data"),
        ({"00081140": {"vr": "SQ", "Value": {}}}, "array"),
        ({"00081140": {"vr": "SQ", "InlineBinary": "AAAA"}}, "sequence"),
        ({"00081140": {"vr": "SQ", "Value": ["x"]}}, "[0]"),
        (
            {"00081140": {"vr": "SQ", "Value": [{"00081150": {"vr": "UI", "Value": [1]}}]}},
            "00081140[0].00081150",
        ),
        ({"00020010": {"vr": "UI", "Value": [1]}}, "00020010"),
        ({"00083002": {"vr": "UI", "Value": ["1.2", "1.3"]}}, "00083002"),
    ],
)
def test_what_is_not_in_the_model_is_told_with_its_place(
    attributes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    assert told in refused(IDENTITY | attributes, tmp_path).message


def test_nearest_keyword_is_hinted_at(tmp_path: Path) -> None:
    assert "PatientName" in refused(IDENTITY | {"PatientNam": {}}, tmp_path).hint


def test_nesting_has_an_end(tmp_path: Path) -> None:
    def nested(depth: int) -> dict[str, Any]:
        inner: dict[str, Any] = {"00080060": {"vr": "CS", "Value": ["CT"]}}
        for _ in range(depth):
            inner = {"00081140": {"vr": "SQ", "Value": [inner]}}
        return IDENTITY | inner

    assert from_json(nested(64), tmp_path).elements == 67
    assert len(contents(tmp_path / "made.dcm")) == 67
    (tmp_path / "made.dcm").unlink()
    assert "nested" in refused(nested(65), tmp_path).message


def test_group_lengths_are_passed_over(tmp_path: Path) -> None:
    from_json(IDENTITY | {"00080000": {"vr": "UL", "Value": [99]}}, tmp_path)
    assert set(contents(tmp_path / "made.dcm")) == set(IDENTITY)


@pytest.mark.parametrize("delimiter", [b"", b"\xfe\xff\xdd\xe0\0\0\0\0"])
def test_encapsulated_pixels_become_fragments(delimiter: bytes, tmp_path: Path) -> None:
    stream = b"\xfe\xff\0\xe0\0\0\0\0" + b"\xfe\xff\0\xe0\4\0\0\0abcd" + delimiter
    pixels = {"vr": "OB", "InlineBinary": base64.b64encode(stream).decode()}
    syntax = {"vr": "UI", "Value": ["1.2.840.10008.1.2.4.50"]}
    icon = {"vr": "OW", "InlineBinary": NATIVE}

    document = IDENTITY | {"7FE00010": pixels, "00880200": {"vr": "SQ", "Value": [{"7FE00010": icon}]}}
    assert "transfer syntax" in refused(document, tmp_path).message
    for told in ("00083002", "00020010"):
        from_json(document | {told: syntax}, tmp_path)
        made = contents(tmp_path / "made.dcm")
        assert made["7FE00010"] == ("fragments", [b"", b"abcd"])
        assert made["00880200[0].7FE00010"] == ("OW", bytes(range(8)))
        assert "00083002" not in made


def test_pixels_that_no_syntax_allows_are_refused(tmp_path: Path) -> None:
    big = {"vr": "UI", "Value": ["1.2.840.10008.1.2.2"]}
    made = from_json(IDENTITY | {"00083002": big, "7FE00010": {"vr": "OW", "InlineBinary": NATIVE}}, tmp_path)
    assert made.transfer_syntax_uid == "1.2.840.10008.1.2.2"
    assert dcmread(tmp_path / "made.dcm").PixelData == bytes([1, 0, 3, 2, 5, 4, 7, 6])


# ------------------------------------------------------------------------------------------------ bulk data


def with_uri(uri: object) -> dict[str, Any]:
    return IDENTITY | {"7FE00010": {"vr": "OW", "BulkDataURI": uri}}


@pytest.mark.parametrize("uri", ["bulk/a.bin", "./bulk/a.bin", "bulk/%61.bin", ["bulk/a.bin"]])
def test_bulk_data_is_found_beside_the_document(uri: object, tmp_path: Path) -> None:
    (tmp_path / "bulk").mkdir()
    (tmp_path / "bulk" / "a.bin").write_bytes(b"pixels")

    assert from_json(with_uri(uri), tmp_path).bulk_values == 1
    assert dcmread(tmp_path / "made.dcm").PixelData == b"pixels"


def test_bulk_data_is_found_in_the_folder_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"pixels")
    (tmp_path / "a.bin").write_bytes(b"others")

    from_json(with_uri("a.bin"), tmp_path, FromJsonOptions(bulk_dir=folder))

    assert dcmread(tmp_path / "made.dcm").PixelData == b"pixels"


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd", "file:///etc/passwd", "http://localhost/a", "//host/a", "../secret", "a/../../secret",
        "%2e%2e/secret", "..%2fsecret", "%2fetc/passwd", "C:/secret", "a\\..\\b", "a?x=1", "a#b", "", ".", "a%00b",
        "x" * 5000, "http://[", 7,
    ],
)  # fmt: skip
def test_uri_that_leads_elsewhere_is_refused(uri: object, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    refused(with_uri(uri), folder, FileroomError)


def test_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "inside").symlink_to(folder / "inner" / "a.bin")
    (folder / "inner" / "a.bin").write_bytes(b"pixels")
    (folder / "loop").symlink_to(folder / "loop")

    assert "leads out" in refused(with_uri("link"), folder).message
    refused(with_uri("loop"), folder, NotFound)
    refused(with_uri("inner"), folder, NotFound)
    refused(with_uri("nothing"), folder, NotFound)
    from_json(with_uri("inside"), folder)
    assert dcmread(folder / "made.dcm").PixelData == b"pixels"


def test_bulk_data_elsewhere_is_found_with_its_folder_only(tmp_path: Path) -> None:
    document = as_json(
        sample("CT_small.dcm"), tmp_path / "documents", ToJsonOptions(bulk_dir=tmp_path / "bulk data")
    )
    assert ".." not in document["7FE00010"]["BulkDataURI"]
    source = tmp_path / "documents" / "document.json"

    with pytest.raises(NotFound, match="BulkDataURI"):
        CONVERTER.from_json(source, tmp_path / "made.dcm", FromJsonOptions())
    CONVERTER.from_json(source, tmp_path / "made.dcm", FromJsonOptions(bulk_dir=tmp_path / "bulk data"))

    assert contents(tmp_path / "made.dcm") == contents(sample("CT_small.dcm"))


def test_one_file_serves_some_attributes_and_not_any_number(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"pixels")
    attribute = {"vr": "UN", "BulkDataURI": "a.bin"}
    document = IDENTITY | {f"0009{number:04X}": attribute for number in range(0x1000, 0x1040)}

    assert from_json(document, tmp_path).bulk_values == 64
    (tmp_path / "made.dcm").unlink()
    refused(document | {"00091040": attribute}, tmp_path, LimitExceeded)


def test_text_in_files_is_not_taken_for_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"caf\xe9")
    document = IDENTITY | {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 100"]},
        "00104000": {"vr": "LT", "BulkDataURI": "a.bin"},
        "00081030": {"vr": "LO", "Value": ["é"]},
    }
    from_json(document, tmp_path)
    assert dcmread(tmp_path / "made.dcm").PatientComments == "café"
    (tmp_path / "made.dcm").unlink()
    document["00081030"]["Value"] = ["Ж"]
    assert "00104000" in refused(document, tmp_path).message


def test_documents_of_one_name_do_not_share_bulk_data(tmp_path: Path) -> None:
    options = ToJsonOptions(bulk_dir=tmp_path / "bulk")
    for number, name in enumerate(("CT_small.dcm", "MR_small.dcm")):
        as_json(sample(name), tmp_path / str(number), options)
    for number, name in enumerate(("CT_small.dcm", "MR_small.dcm")):
        source = tmp_path / str(number) / "document.json"
        CONVERTER.from_json(source, tmp_path / "made.dcm", FromJsonOptions(bulk_dir=tmp_path / "bulk"))
        assert contents(tmp_path / "made.dcm") == contents(sample(name))


def test_nothing_remains_of_a_document_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "document.json").mkdir()
    options = ToJsonOptions(bulk_dir=tmp_path / "bulk")

    with pytest.raises(StorageError):
        CONVERTER.to_json(sample("CT_small.dcm"), tmp_path / "document.json", options)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# ------------------------------------------------------------------------------------------------ limits


def test_large_documents_are_refused_unless_base64_makes_them_so(tmp_path: Path) -> None:
    converter = TreeJsonConverter(max_document_bytes=100_000)
    pixels = {"vr": "OW", "InlineBinary": base64.b64encode(bytes(300_000)).decode()}
    comments = {"vr": "UT", "Value": ["x y" * 50_000]}
    for attribute, is_fine in ((pixels, True), (comments, False)):
        (tmp_path / "given.json").write_text(json.dumps(IDENTITY | {"7FE00010": attribute}), encoding="utf-8")
        if is_fine:
            converter.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())
            continue
        with pytest.raises(LimitExceeded):
            converter.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())


@pytest.mark.parametrize("damage", [b"=", b"*", b"\\"])
def test_damaged_long_base64_leaves_no_file(damage: bytes, tmp_path: Path) -> None:
    whole = json.dumps(IDENTITY | {"7FE00010": {"vr": "OW", "InlineBinary": "A" * 400_000}}).encode()
    (tmp_path / "given.json").write_bytes(whole[:-200_000] + damage + whole[-200_000 + 1 :])

    with pytest.raises(InvalidJson):
        CONVERTER.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())

    assert [path.name for path in tmp_path.iterdir()] == ["given.json"]


@pytest.mark.parametrize("content", [b"", b"DICM", b"\x89PNG", b"nonsense", bytes(1000)])
def test_what_is_no_json_at_all_is_told_apart(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "given.json").write_bytes(content)
    with pytest.raises(NotDicom):
        CONVERTER.from_json(tmp_path / "given.json", tmp_path / "made.dcm", FromJsonOptions())


def test_document_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        CONVERTER.from_json(tmp_path / "nothing", tmp_path / "made.dcm", FromJsonOptions())
    with pytest.raises(FileroomError):
        CONVERTER.from_json(tmp_path, tmp_path / "made.dcm", FromJsonOptions())


def test_pipe_is_refused(tmp_path: Path) -> None:
    read, write = os.pipe()
    try:
        os.write(write, b"{}")
        os.close(write)
        with pytest.raises(FileroomError):
            CONVERTER.from_json(Path(f"/dev/fd/{read}"), tmp_path / "made.dcm", FromJsonOptions())
    finally:
        os.close(read)
