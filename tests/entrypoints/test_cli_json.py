"""`fileroom to-json` and `fileroom from-json`, as people and scripts use them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.unit.adapters.files.json_documents import contents, sample

CT = sample("CT_small.dcm")
JPEG = sample("JPEG2000.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two objects, a damaged one, and a text."""
    files = tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    shutil.copy(CT, files / "ct.dcm")
    shutil.copy(JPEG, files / "deep" / "jpeg.dcm")
    shutil.copy(sample("MR_truncated.dcm"), files / "cut.dcm")
    (files / "notes.txt").write_text("nothing here", encoding="utf-8")
    return files


def test_single_file_goes_there_and_back(program: Program, tmp_path: Path) -> None:
    said = program.run("to-json", CT, "--output", tmp_path / "ct.json", "--pretty")
    assert "262 elements" in said.stderr
    assert said.stdout == ""
    assert (tmp_path / "ct.json").read_text(encoding="utf-8").startswith('{\n  "00080005"')

    document = program.json("from-json", tmp_path / "ct.json", "--output", tmp_path / "ct.dcm")

    assert_document(document, operation="from_json", status="success")
    assert document["output"] == str(tmp_path / "ct.dcm")
    assert document["elements"] == 262
    assert contents(tmp_path / "ct.dcm") == contents(CT)


def test_folders_go_there_and_back_with_bulk_data(program: Program, folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "json"
    options = (
        "--recursive",
        folder,
        "--output-dir",
        made,
        "--bulk-dir",
        made / "bulk",
        "--bulk-threshold",
        "100",
    )
    told = program.json("to-json", *options, code=3)

    assert_document(told, operation="to_json", status="partial")
    assert (told["processed"], told["failed"], told["not_dicom"]) == (2, 1, 1)
    assert all(each["bulk_files"] for each in told["files"])
    document = json.loads((made / "deep" / "jpeg.json").read_text(encoding="utf-8"))
    assert document["00083002"]["Value"] == ["1.2.840.10008.1.2.4.91"]

    back = program.json(
        "from-json", "--recursive", made, "--output-dir", tmp_path / "again", "--bulk-dir", made / "bulk"
    )

    assert (back["processed"], back["failed"]) == (2, 0)
    assert back["not_dicom"] == sum(each["bulk_files"] for each in told["files"])
    assert contents(tmp_path / "again" / "ct.dcm") == contents(CT)
    assert contents(tmp_path / "again" / "deep" / "jpeg.dcm") == contents(JPEG)


def test_what_was_decided_for_a_document_is_told(program: Program, tmp_path: Path) -> None:
    by_hand = {
        "SOPClassUID": {"Value": ["1.2.840.10008.5.1.4.1.1.7"]},
        "PatientName": {"Value": ["Müller^Änne"]},
    }
    (tmp_path / "note.json").write_text(json.dumps(by_hand), encoding="utf-8")

    document = program.json("from-json", tmp_path / "note.json", "--output", tmp_path / "note.dcm")

    assert_document(document, operation="from_json", status="success")
    assert len(document["notes"]) == 2
    assert document["sop_instance_uid"] in document["notes"][1]
    said = program.run("from-json", tmp_path / "note.json", "--output", tmp_path / "note.dcm").stderr
    assert said.count("warning: ") == 2
    assert "Müller" not in said
    assert "Müller" not in program.log()


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        ("[", 3, "invalid_json"),
        ("text", 3, "not_dicom"),
        (
            '{"00080016": {"vr": "UI", "Value": ["1.2"]}, "7FE00010": {"vr": "OW", "BulkDataURI": "x"}}',
            6,
            "not_found",
        ),
        ("{}", 3, "invalid_json"),
    ],
)
def test_document_that_is_refused_is_an_error(
    program: Program, tmp_path: Path, content: str, code: int, kind: str
) -> None:
    (tmp_path / "given.json").write_text(content, encoding="utf-8")

    document = program.json(
        "from-json", tmp_path / "given.json", "--output", tmp_path / "made.dcm", code=code
    )

    assert_document(document, operation="from_json", status="failed")
    assert document["error"]["kind"] == kind
    assert not (tmp_path / "made.dcm").exists()


def test_output_has_to_be_named(program: Program, tmp_path: Path) -> None:
    assert "--output" in program.run("to-json", CT, code=2).stderr
    shutil.copy(CT, tmp_path / "ct.dcm")
    said = program.run("to-json", tmp_path / "ct.dcm", "--output", tmp_path / "ct.dcm", code=2)
    assert "--force" in said.stderr


@pytest.mark.parametrize("option", ["--output", "--output-dir", "--bulk-dir"])
def test_nothing_is_written_into_the_store(program: Program, tmp_path: Path, option: str) -> None:
    program.run("import", CT)
    store = program.data_dir / "store"
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert before
    elsewhere = ("--output", tmp_path / "out.json") if option == "--bulk-dir" else ()
    said = program.run("to-json", CT, *elsewhere, option, store / "made", "--force", code=2)
    assert "is inside the store" in said.stderr
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_standard_output_is_no_place_for_results(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "not to standard output" in program.run("to-json", CT, "--output", "-", code=2).stderr
    assert list(tmp_path.glob("-")) == []
