"""`fileroom anonymize`, as people and scripts use it."""

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.samples import BUNDLED

CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
PLAN = next(path for path in BUNDLED if path.name == "rtplan.dcm")
CUT_OFF = next(path for path in BUNDLED if path.name == "MR_truncated.dcm")
DIRECTORY = next(path for path in BUNDLED if path.name == "DICOMDIR")
PATIENT_ID = "1CT1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two objects, a damaged one, a DICOMDIR, and a text."""
    files = tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    shutil.copy(CT, files / "deep" / "ct.dcm")
    shutil.copy(PLAN, files / "plan.dcm")
    shutil.copy(CUT_OFF, files / "cut.dcm")
    shutil.copy(DIRECTORY, files / "DICOMDIR")
    (files / "notes.txt").write_text("nothing here", encoding="utf-8")
    return files


def test_document_of_a_single_file_is_flat(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "anonymous.dcm"

    document = program.json("anonymize", CT, "--output", output)

    assert_document(document, operation="anonymize", status="success")
    assert document["file"] == str(CT)
    assert document["output"] == str(output)
    assert document["claims_profile"] is True
    assert document["size_bytes"] == output.stat().st_size
    assert dcmread(output).SOPInstanceUID == document["sop_instance_uid"]
    assert document["removed"] > 100
    assert document["residues"] == document["warnings"] == []


def test_folder_gives_a_list_and_names_what_failed(program: Program, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"

    document = program.json("anonymize", "--recursive", folder, "--output-dir", output, code=3)

    assert_document(document, operation="anonymize", status="partial")
    assert document["processed"] == 2
    assert document["not_dicom"] == 2
    assert [failure["what"] for failure in document["failures"]] == [str(folder / "cut.dcm")]
    assert sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()) == [
        "deep/ct.dcm",
        "plan.dcm",
    ]


def test_results_of_two_runs_fit_together_and_only_with_the_same_key(
    program: Program, tmp_path: Path
) -> None:
    key = tmp_path / "project.key"
    key.write_bytes(b"sixteen bytes and more")
    patients = []
    for number, options in enumerate(((), (), ("--key", key), ("--key", key))):
        output = tmp_path / f"{number}.dcm"
        assert program.run("anonymize", CT, "--output", output, *options).code == 0
        patients.append(dcmread(output).PatientID)
    assert patients[0] == patients[1] != patients[2] == patients[3]


def test_neither_key_nor_patient_is_printed_or_logged(program: Program, tmp_path: Path) -> None:
    key = tmp_path / "project.key"
    key.write_bytes(b"a secret of many bytes")

    ran = program.run("anonymize", CT, "--output", tmp_path / "a.dcm", "--key", key, "--json")

    logs = "".join(path.read_text("utf-8") for path in program.data_dir.rglob("*.log"))
    for secret in ("a secret of many", PATIENT_ID, "CompressedSamples"):
        assert secret not in ran.stdout + ran.stderr + logs


def test_options_are_recorded_in_the_result(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "a.dcm"
    program.run(
        "anonymize", CT, "--output", output, "--retain-longitudinal", "shifted", "--clean-descriptors",
        "--patient-name", "Anon^One", "--patient-id", "P1",
    )  # fmt: skip
    done = dcmread(output)
    assert [item.CodeValue for item in done.DeidentificationMethodCodeSequence] == [
        "113100",
        "113105",
        "113107",
    ]
    assert done.LongitudinalTemporalInformationModified == "MODIFIED"
    assert (done.PatientName, done.PatientID) == ("Anon^One", "P1")
    assert done.StudyDate < dcmread(CT).StudyDate


def test_warnings_name_attributes_and_rules_that_weaken(program: Program, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[elements]\nPatientSex = "keep"\n', encoding="utf-8")

    said = program.run("anonymize", CT, PLAN, "--output-dir", tmp_path / "out", "--rules", rules).stderr

    assert "still in: Manufacturer" in said
    assert "does not claim to conform" in said
    assert "2 files anonymized" in said
    assert dcmread(tmp_path / "out" / "CT_small.dcm").PatientIdentityRemoved == "NO"


@pytest.mark.parametrize(
    ("rules", "nearest"), [('[elements]\nPatientSecks = "keep"\n', "PatientSex"), ("[element]\n", "elements")]
)
def test_mistakes_in_rules_are_usage_errors(
    program: Program, tmp_path: Path, rules: str, nearest: str
) -> None:
    (tmp_path / "rules.toml").write_text(rules, encoding="utf-8")
    ran = program.run(
        "anonymize", CT, "--output", tmp_path / "a.dcm", "--rules", tmp_path / "rules.toml", code=2
    )
    assert nearest in ran.stderr
    assert not (tmp_path / "a.dcm").exists()


def test_what_cannot_be_anonymized_leaves_nothing(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "out" / "a.dcm"
    for source, code in ((CUT_OFF, 3), (DIRECTORY, 3), (tmp_path / "none", 6)):
        assert program.run("anonymize", source, "--output", output, code=code).stderr
    assert "DICOMDIR" in program.run("anonymize", DIRECTORY, "--output", output, code=3).stderr
    assert not list(tmp_path.rglob("a.dcm"))
    assert program.run("anonymize", CT, code=2).stderr
    assert program.run("anonymize", CT, "--output", output, "--key", tmp_path / "none", code=6).stderr


def test_source_is_not_replaced_without_force(program: Program, tmp_path: Path) -> None:
    source = shutil.copy(CT, tmp_path / "ct.dcm")
    before = Path(source).read_bytes()
    program.run("anonymize", source, "--output", source, code=2)
    assert Path(source).read_bytes() == before
    program.run("anonymize", source, "--output", source, "--force")
    assert dcmread(source).PatientIdentityRemoved == "YES"
