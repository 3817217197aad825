"""`fileroom dump`, as people and scripts use it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

import fileroom
from tests.builders import a_dicom_file
from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.samples import BUNDLED

CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
REPORT = next(path for path in BUNDLED if path.name == "reportsi.dcm")
CUT_OFF = next(path for path in BUNDLED if path.name == "MR_truncated.dcm")
DIRECTORY = next(path for path in BUNDLED if path.name == "DICOMDIR")


def test_every_element_has_a_line(program: Program) -> None:
    said = program.run("dump", CT).stdout.splitlines()

    assert said[0] == f"# {CT}"
    assert said[2] == "# File meta information"
    assert "(0008,0060) CS [CT]                                     #   2, 1 Modality" in said
    read = dcmread(CT)
    assert sum(line.startswith("(") for line in said) == len(read) + len(read.file_meta)


def test_depth_and_length_of_values_are_chosen(program: Program) -> None:
    whole = program.run("dump", REPORT).stdout
    short = program.run("dump", "--max-depth", "0", "--max-value-len", "5", REPORT).stdout

    assert "\n  (0040,A040) CS [CODE]" not in short
    assert "(26 elements left out)" not in whole
    assert "elements left out)" in short
    assert "[OFFIS...]" in short


def test_damaged_file_is_shown_up_to_the_damage_and_fails(program: Program) -> None:
    ran = program.run("dump", CUT_OFF, code=3)

    assert "WindowWidth" in ran.stdout
    assert "PixelData" not in ran.stdout
    assert "truncated" in ran.stderr


def test_files_in_folders_follow_each_other(program: Program, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(CT, files / "a.dcm")
    (files / "b.txt").write_text("nothing here", encoding="utf-8")
    shutil.copy(CUT_OFF, files / "c.dcm")
    shutil.copy(DIRECTORY, files / "d")

    ran = program.run("dump", "--recursive", files, code=3)

    shown = [line for line in ran.stdout.splitlines() if line.startswith(f"# {files}")]
    assert [Path(line.removeprefix("# ")).name for line in shown] == ["a.dcm", "c.dcm", "d"]
    assert "c.dcm: truncated" in ran.stderr
    assert "1 not DICOM, passed over" in ran.stderr


def test_document_is_the_json_model(program: Program) -> None:
    document = program.json("dump", CT)

    assert_document(document, operation="dump", status="success")
    assert document["left_out"] == []
    read = Dataset.from_json(document["data_set"])
    assert read.PatientName == "CompressedSamples^CT1"
    assert document["file_meta"]["00020010"] == {"vr": "UI", "Value": [document["transfer_syntax_uid"]]}


def test_document_leaves_out_large_values_and_says_so(program: Program) -> None:
    document = program.json("dump", "--max-value-len", "100", CT)

    assert {"path": "(7FE0,0010)", "keyword": "PixelData", "bytes": 32768} in document["left_out"]
    assert document["data_set"]["7FE00010"] == {"vr": "OW"}


def test_document_of_a_damaged_file_is_partial(program: Program) -> None:
    document = program.json("dump", CUT_OFF, code=3)

    assert_document(document, operation="dump", status="partial")
    assert "truncated" in document["damage"]
    assert document["damaged_files"] == 1
    assert "00281051" in document["data_set"]


@pytest.mark.parametrize("options", [("--max-depth", "-1"), ("--max-value-len", "-1")])
def test_negative_limits_are_mistakes(program: Program, options: tuple[str, str]) -> None:
    program.run("dump", *options, CT, code=2)


def test_values_do_not_steer_the_terminal(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "evil.dcm"
    path.write_bytes(CT.read_bytes().replace(b"CompressedSamples^CT1", b"\x1b[31messedSamples^CT1"))

    assert "\x1b" not in program.run("dump", path).stdout


def test_values_of_patients_do_not_reach_the_log(program: Program) -> None:
    program.run("dump", CT)
    program.run("dump", "--json", CT)

    assert "CompressedSamples" not in program.log()


def test_reader_that_goes_away_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "many.dcm"
    path.write_bytes(a_dicom_file(values={"ImageComments": "x" * 5000}))
    command = [sys.executable, "-m", "fileroom", "--data-dir", str(tmp_path / "room"), "dump"]
    environment = {**os.environ, "PYTHONPATH": str(Path(fileroom.__file__).parents[1])}
    with subprocess.Popen(
        [*command, *[str(path)] * 500], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        said = running.stderr.read()
    assert b"Traceback" not in said
    assert b"bug" not in said
