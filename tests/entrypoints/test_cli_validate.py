"""`fileroom validate`, as people and scripts use it."""

import shutil
from pathlib import Path

import pytest

from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.samples import BUNDLED

CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
PLAN = next(path for path in BUNDLED if path.name == "rtplan.dcm")
CUT_OFF = next(path for path in BUNDLED if path.name == "MR_truncated.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an object, one with an error, and a text."""
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(CT, files / "ct.dcm")
    shutil.copy(PLAN, files / "plan.dcm")
    (files / "notes.txt").write_text("nothing here", encoding="utf-8")
    return files


def test_valid_file_is_told_as_such(program: Program) -> None:
    assert program.run("validate", CT).stdout.splitlines() == [
        str(CT),
        "  valid: 0 errors, 0 warnings, 0 notes",
    ]


def test_findings_are_told_one_a_line_and_fail(program: Program) -> None:
    said = program.run("validate", PLAN, code=3).stdout.splitlines()

    assert said[0] == str(PLAN)
    assert said[1].startswith("  error   (0002,0003) MediaStorageSOPInstanceUID: ")
    assert said[1].endswith(" (PS3.10 7.1)")
    assert said[2].startswith(
        "  note    (300A,0070)[1].(300C,0004)[1].(300A,0082) BeamDoseSpecificationPoint: "
    )
    assert said[3] == "  not valid: 1 error, 0 warnings, 1 note"


def test_document_of_a_single_file_is_flat(program: Program) -> None:
    document = program.json("validate", PLAN, code=3)

    assert_document(document, operation="validate", status="partial")
    assert (document["valid"], document["errors"], document["notes"]) == (False, 1, 1)
    finding, _ = document["findings"]
    assert finding == {
        "severity": "error",
        "rule": "file_meta",
        "path": "(0002,0003)",
        "keyword": "MediaStorageSOPInstanceUID",
        "message": finding["message"],
        "clause": "PS3.10 7.1",
    }
    assert program.json("validate", CT)["status"] == "success"


def test_folder_gives_a_list_and_counts_invalid_files(program: Program, folder: Path) -> None:
    shutil.copy(CUT_OFF, folder / "cut.dcm")

    document = program.json("validate", "--recursive", folder, code=3)

    assert_document(document, operation="validate", status="partial")
    assert {Path(each["file"]).name: each["valid"] for each in document["files"]} == {
        "ct.dcm": True,
        "cut.dcm": False,  # damage is a finding like others
        "plan.dcm": False,
    }
    assert (document["valid_files"], document["invalid_files"], document["not_dicom"]) == (1, 2, 1)
    assert document["failures"] == []
    assert "3 files validated, 2 with errors" in program.run("validate", "--recursive", folder, code=3).stderr


def test_what_cannot_be_read_at_all_fails(program: Program, folder: Path) -> None:
    document = program.json("validate", folder / "notes.txt", code=3)

    assert_document(document, operation="validate", status="failed")
    assert document["error"]["kind"] == "not_dicom"


def test_values_of_patients_do_not_reach_the_log(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "odd.dcm"
    path.write_bytes(CT.read_bytes().replace(b"CompressedSamples^CT1", b"CompressedSample\n^CT1"))

    assert "CompressedSample" in program.run("validate", path, code=3).stdout
    assert "CompressedSample" not in program.log()
