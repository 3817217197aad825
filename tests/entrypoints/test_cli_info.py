"""`fileroom info`, as people and scripts use it."""

import shutil
from pathlib import Path

import pytest

from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.samples import BUNDLED

CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
CUT_OFF = next(path for path in BUNDLED if path.name == "MR_truncated.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an object, a damaged one, and a text."""
    files = tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    shutil.copy(CT, files / "deep" / "ct.dcm")
    shutil.copy(CUT_OFF, files / "cut.dcm")
    (files / "notes.txt").write_text("nothing here", encoding="utf-8")
    return files


def test_single_file_is_told_in_sections(program: Program) -> None:
    said = program.run("info", CT).stdout

    assert "  Patient\n    Name" in said
    assert "CompressedSamples^CT1" in said
    assert "Elements" not in said
    assert "Elements" in program.run("info", "--verbose", CT).stdout


def test_document_of_a_single_file_is_flat(program: Program) -> None:
    document = program.json("info", CT)

    assert_document(document, operation="info", status="success")
    assert document["file"] == str(CT)
    assert document["modality"] == "CT"
    assert document["pixel_spacing"] == [0.661468, 0.661468]


def test_folder_gives_a_list_and_names_what_failed(program: Program, folder: Path) -> None:
    document = program.json("info", "--recursive", folder, code=3)

    assert_document(document, operation="info", status="partial")
    assert [Path(each["file"]).name for each in document["files"]] == ["ct.dcm"]
    assert (document["processed"], document["failed"], document["not_dicom"]) == (1, 1, 1)
    (failure,) = document["failures"]
    assert failure["what"] == str(folder / "cut.dcm")
    assert failure["kind"] == "invalid_dicom"


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    [("cut.dcm", 3, "invalid_dicom"), ("notes.txt", 3, "not_dicom"), ("nowhere", 6, "not_found")],
)
def test_single_file_that_fails_is_an_error(
    program: Program, folder: Path, name: str, code: int, kind: str
) -> None:
    document = program.json("info", folder / name, code=code)

    assert_document(document, operation="info", status="failed")
    assert document["error"]["kind"] == kind
    assert name in document["error"]["message"]
    assert name in program.run("info", folder / name, code=code).stderr


def test_folder_without_recursive_is_told(program: Program, folder: Path) -> None:
    assert "--recursive" in program.run("info", folder, code=3).stderr


def test_values_do_not_steer_the_terminal(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "evil.dcm"
    path.write_bytes(CT.read_bytes().replace(b"CompressedSamples^CT1", b"\x1b[31messedSamples^CT1"))

    said = program.run("info", path).stdout

    assert "\x1b" not in said
    assert "essedSamples^CT1" in said
