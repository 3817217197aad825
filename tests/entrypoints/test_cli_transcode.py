"""`fileroom transcode`, as people and scripts use it."""

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

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


def test_single_file_is_told_in_a_line(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "small.dcm"
    said = program.run("transcode", CT, "--output", output, "--transfer-syntax", "jpeg2000-lossless").stdout

    assert "explicit-vr-little-endian to jpeg2000-lossless" in said
    assert "1 frame compared: identical" in said
    assert dcmread(output).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.90"


def test_document_of_a_lossless_result_promises_its_pixels(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "small.dcm"
    document = program.json("transcode", CT, "-o", output, "-t", "JPEGLSLossless")

    assert_document(document, operation="transcode", status="success")
    assert (document["lossless"], document["pixels_identical"], document["frames"]) == (True, True, 1)
    assert document["transfer_syntax_uid"] == "1.2.840.10008.1.2.4.80"
    assert document["source_transfer_syntax"] == "Explicit VR Little Endian"
    assert document["sop_instance_uid"] == document["source_sop_instance_uid"]
    assert document["output_bytes"] == output.stat().st_size
    assert document["compression_ratio"] > 1
    assert "max_difference" not in document


def test_document_of_a_lossy_result_says_what_was_lost(program: Program, tmp_path: Path) -> None:
    document = program.json("transcode", CT, "-o", tmp_path / "lossy.dcm", "-t", "jpeg2000", "--ratio", "20")

    assert (document["lossless"], document["pixels_identical"]) == (False, False)
    assert document["max_difference"] > 0
    assert document["compression_ratio"] == pytest.approx(20, rel=0.2)
    assert document["sop_instance_uid"] != document["source_sop_instance_uid"]


def test_folder_gives_a_folder_and_names_what_failed(program: Program, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    document = program.json(
        "transcode", "--recursive", folder, "--output-dir", out, "-t", "implicit", "--jobs", "2", code=3
    )

    assert_document(document, operation="transcode", status="partial")
    assert [each["output"] for each in document["files"]] == [str(out / "deep" / "ct.dcm")]
    assert document["output_bytes"] == (out / "deep" / "ct.dcm").stat().st_size
    (failure,) = document["failures"]
    assert failure["what"] == str(folder / "cut.dcm")
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["ct.dcm"]


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        (("-t", "jpeg-baseline"), "invalid_input", "cannot be written"),
        (("-t", "jpeg2000-losles"), "invalid_input", "jpeg2000-lossless"),
        (("-t", "jpeg2000"), "invalid_input", "--ratio=10"),
        (("-t", "rle", "--near", "2"), "invalid_input", "jpeg-ls-near-lossless"),
    ],
)
def test_target_that_cannot_be_is_a_mistake(
    program: Program, tmp_path: Path, options: tuple[str, ...], kind: str, says: str
) -> None:
    document = program.json("transcode", CT, "-o", tmp_path / "out.dcm", *options, code=2)

    assert document["error"]["kind"] == kind
    assert says in document["error"]["message"] + document["error"]["hint"]
    assert not (tmp_path / "out.dcm").exists()


def test_input_is_replaced_only_by_force(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "ct.dcm"
    shutil.copy(CT, path)
    assert "--force" in program.run("transcode", path, "-o", path, "-t", "rle", code=2).stderr
    assert path.read_bytes() == CT.read_bytes()
    program.run("transcode", path, "-o", path, "-t", "rle", "--force")
    assert dcmread(path).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"


def test_damaged_file_leaves_nothing(program: Program, tmp_path: Path) -> None:
    assert (
        "truncated"
        in program.run("transcode", CUT_OFF, "-o", tmp_path / "out.dcm", "-t", "rle", code=3).stderr
    )
    assert [path for path in tmp_path.iterdir() if path.suffix == ".dcm"] == []
