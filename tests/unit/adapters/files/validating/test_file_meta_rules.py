"""File meta information."""

from pathlib import Path

import pytest

from fileroom.adapters.files.tree import open_tree
from fileroom.adapters.files.validating.file_meta_rules import file_meta_findings
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.validation import Finding
from tests.builders import CT_IMAGE_STORAGE, a_dicom_file, a_uid
from tests.strategies import BIG_ENDIAN, EXPLICIT, encode
from tests.strategies import Element as Written
from tests.unit.adapters.files.validating.trees import a_tree, an_element, rules_of

META = (
    an_element(0x00020000, "UL", (0).to_bytes(4, "little")),
    an_element(0x00020001, "OB", b"\0\1"),
    an_element(0x00020002, "UI", CT_IMAGE_STORAGE),
    an_element(0x00020003, "UI", a_uid(1)),
    an_element(0x00020010, "UI", EXPLICIT),
    an_element(0x00020012, "UI", a_uid(2)),
)
DATA_SET = (an_element(0x00080016, "UI", CT_IMAGE_STORAGE), an_element(0x00080018, "UI", a_uid(1)))


def findings(tmp_path: Path, content: bytes) -> list[Finding]:
    """What is found at the beginning of a file."""
    path = tmp_path / "file.dcm"
    path.write_bytes(content)
    with open_tree(path) as tree:
        return list(file_meta_findings(tree))


def found_without(*left_out: int) -> list[tuple[str, str]]:
    """Rules and keywords, with elements left out."""
    meta = [element for element in META if element.tag not in left_out]
    tree = a_tree(*DATA_SET, meta=meta)
    tree.preamble = bytes(128)
    return [
        (finding.rule, finding.keyword)
        for finding in file_meta_findings(tree)
        if finding.rule != "group_length"
    ]


def test_file_that_we_write_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, a_dicom_file()) == []


@pytest.mark.parametrize(
    ("tag", "keyword"),
    [
        (0x00020000, "FileMetaInformationGroupLength"),
        (0x00020001, "FileMetaInformationVersion"),
        (0x00020002, "MediaStorageSOPClassUID"),
        (0x00020003, "MediaStorageSOPInstanceUID"),
        (0x00020010, "TransferSyntaxUID"),
        (0x00020012, "ImplementationClassUID"),
    ],
)
def test_what_is_missing_is_named(tag: int, keyword: str) -> None:
    assert found_without() == []
    assert found_without(tag) == [("required", keyword)]


def test_file_without_beginning(tmp_path: Path) -> None:
    content = a_dicom_file()
    assert rules_of(findings(tmp_path, content[132:])) == ["preamble"]
    data_set = content[132 + 12 + int.from_bytes(content[140:144], "little") :]
    assert rules_of(findings(tmp_path, data_set)) == ["preamble", "file_meta"]


def test_group_length_and_version_must_be_right(tmp_path: Path) -> None:
    content = bytearray(a_dicom_file())
    content[140] += 2
    (finding,) = findings(tmp_path, bytes(content))
    assert (finding.rule, finding.path) == ("group_length", "(0002,0000)")

    content = bytearray(a_dicom_file())
    content[156:158] = b"\1\0"
    (finding,) = findings(tmp_path, bytes(content))
    assert finding.message == "is 01 00, not 00 01"


def test_uids_are_those_of_the_data_set(tmp_path: Path) -> None:
    content = a_dicom_file()
    other = content.replace(a_uid(1, 1, 1).encode(), a_uid(1, 1, 2).encode(), 1)

    (finding,) = findings(tmp_path, other)

    assert (finding.rule, finding.keyword) == ("file_meta", "MediaStorageSOPInstanceUID")
    assert a_uid(1, 1, 2)[:30] in finding.message


def test_transfer_syntax_is_that_of_the_data_set(tmp_path: Path) -> None:
    def a_file(says: str, really: str) -> bytes:
        meta = encode_file_meta(
            sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1), transfer_syntax_uid=says
        )
        return meta + encode((Written(0x00080060, "CS", b"CT"),), really)

    assert findings(tmp_path, a_file(EXPLICIT, EXPLICIT)) == []
    (finding,) = findings(tmp_path, a_file(EXPLICIT, BIG_ENDIAN))
    assert (finding.rule, finding.severity.value) == ("transfer_syntax", "error")
    (finding,) = findings(tmp_path, a_file("1.2.3.4", EXPLICIT))
    assert (finding.rule, finding.severity.value) == ("transfer_syntax", "warning")
