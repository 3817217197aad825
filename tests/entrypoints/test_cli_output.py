"""What goes to stdout, what to stderr, what to the log, and what never reaches a terminal raw."""

import csv
import io
import json
from pathlib import Path

import pytest

from fileroom.domain.node import format_address
from tests.builders import a_dicom_file, a_record
from tests.entrypoints.peer_room import SERIES_UID, STUDY_UID, PeerRoom, fill, write_study
from tests.entrypoints.program import Program

STUDY_COLUMNS = (
    "study_instance_uid",
    "patient_name",
    "patient_id",
    "accession_number",
    "study_date_max",
    "study_description",
    "modalities",
    "series_count",
    "instance_count",
)
SERIES_COLUMNS = (
    "study_instance_uid",
    "series_instance_uid",
    "series_number",
    "series_description",
    "modality",
    "instance_count",
    "imported_at_max",
)
NAME, PATIENT_ID = "Secretive^Sybil", "ID-4711-X"
EVIL_NAME = "Evil\x1b[2J^\x9bNa\u202eme"


@pytest.fixture
def filled(program: Program, tmp_path: Path) -> Program:
    """A room that holds one study."""
    write_study(tmp_path / "files")
    fill(program.data_dir, tmp_path / "files")
    return program


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [(("studies",), STUDY_COLUMNS), (("series", STUDY_UID), SERIES_COLUMNS)],
)
def test_export_has_exactly_the_promised_columns(
    filled: Program, tmp_path: Path, arguments: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    as_csv = filled.run("local", *arguments, "--export", "csv").stdout
    as_json = filled.run("local", *arguments, "--export", "json").stdout

    assert as_csv.splitlines()[0] == ",".join(columns)
    rows = json.loads(as_json)
    assert [tuple(row) for row in rows] == [columns] * len(rows)
    assert len(rows) == len(list(csv.DictReader(io.StringIO(as_csv)))) == len(as_csv.splitlines()) - 1 > 0

    for form, content in (("csv", as_csv), ("json", as_json)):
        ran = filled.run("local", *arguments, "--export", form, "--out", out)
        assert ran.stdout == ""
        assert str(out) in ran.stderr
        assert out.read_text(encoding="utf-8") == content
    assert not list(tmp_path.glob("*.part"))


def test_export_rows_hold_what_was_imported(filled: Program) -> None:
    (row,) = json.loads(filled.run("local", "studies", "--export", "json").stdout)

    assert row == {
        "study_instance_uid": STUDY_UID,
        "patient_name": "Doe^Jane 1",
        "patient_id": "P1",
        "accession_number": "",
        "study_date_max": "20260102",
        "study_description": "",
        "modalities": ["CT"],
        "series_count": 2,
        "instance_count": 4,
    }


def test_export_to_a_folder_that_is_missing_is_an_error_that_names_it(
    filled: Program, tmp_path: Path
) -> None:
    ran = filled.run("local", "studies", "--export", "csv", "--out", tmp_path / "none" / "x.csv", code=2)

    assert str(tmp_path / "none" / "x.csv") in ran.stderr
    assert "hint:" in ran.stderr


@pytest.mark.parametrize("arguments", [("--out", "x"), ("--export", "csv", "--json")])
def test_export_options_that_contradict_each_other_are_refused(
    filled: Program, arguments: tuple[str, ...]
) -> None:
    assert "error:" in filled.run("local", "studies", *arguments, code=2).stderr


def test_piped_list_is_plain_aligned_text(filled: Program) -> None:
    ran = filled.run("local", "series", STUDY_UID)

    heading, *rows = ran.stdout.splitlines()
    assert len(rows) == 2
    assert ran.stdout.isascii()
    assert "\x1b" not in ran.stdout
    column = heading.index("SERIES INSTANCE UID")
    assert {row[column:].split()[0] for row in rows} == {f"{STUDY_UID}.1", f"{STUDY_UID}.2"}
    assert ran.stderr.strip() == "2 series"


def test_quiet_leaves_data_and_errors_only(filled: Program, tmp_path: Path) -> None:
    assert filled.run("local", "instances", SERIES_UID, quiet=True).stderr == ""
    assert filled.run("import", tmp_path / "files", quiet=True).stderr == ""
    assert "error:" in filled.run("node", "show", "nobody", code=6, quiet=True).stderr


def test_quiet_comes_from_the_environment_as_well(filled: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEROOM_QUIET", "1")

    assert filled.run("local", "studies").stderr == ""


def test_data_goes_to_stdout_and_all_else_to_stderr(program: Program, tmp_path: Path) -> None:
    write_study(tmp_path / "files")

    imported = program.run("import", tmp_path / "files")
    assert imported.stdout == ""
    assert "4 instances of 4 files accepted" in imported.stderr

    failed = program.run("node", "show", "nobody", code=6)
    assert failed.stdout == ""
    assert "error: there is no node called 'nobody'" in failed.stderr
    assert "  hint: " in failed.stderr

    empty = program.run("node", "list")
    assert empty.stdout == ""
    assert "no node is registered yet" in empty.stderr


def test_control_characters_of_a_name_never_reach_the_terminal(program: Program, tmp_path: Path) -> None:
    record = a_record(PatientName=EVIL_NAME, StudyDescription="two\rlines\x07")
    (tmp_path / "evil.dcm").write_bytes(a_dicom_file(record))
    program.run("import", tmp_path / "evil.dcm")

    listed = program.run("local", "studies")

    assert "Evil\\x1b[2J" in listed.stdout
    for text in (listed.stdout, listed.stderr, program.log()):
        assert not set(text) & set("\x1b\x9b\u202e\x07\r")


def test_control_characters_of_a_file_name_never_reach_the_terminal(program: Program, tmp_path: Path) -> None:
    (tmp_path / "evil\x1b]0;x\x07.dcm").write_bytes(b"DICM" * 100)

    ran = program.run("import", *tmp_path.glob("*.dcm"), code=3)

    assert "evil\\x1b]0;x\\x07.dcm" in ran.stderr
    assert not set(ran.stderr + program.log()) & set("\x1b\x07")


def test_log_names_no_patient(program: Program, peer: PeerRoom, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in (1, 2):
        record = a_record(number, study=77, PatientName=NAME, PatientID=PATIENT_ID)
        (files / f"{number}.dcm").write_bytes(a_dicom_file(record))
    peer.known_to(program)

    program.run("import", files)
    program.run("send", "files", files, "--recursive", "--destination-node", "pacs")
    program.run("query", "--node", "pacs", "--patient-name", NAME, "--patient-id", PATIENT_ID)
    receiver = peer.cli.__class__(tmp_path / "receiver", {"log.level": "debug"})
    with receiver.storage_scp() as listener:
        address = format_address(listener.host, listener.port)
        program.run("send", "files", files, "--recursive", "--to", address)
        program.add_node("other", ae_title=listener.ae_title, port=listener.port)
        program.run("query", "--node", "other", "--patient-id", PATIENT_ID)
        program.run(
            "retrieve",
            "--node",
            "other",
            "--study-instance-uid",
            a_record(study=77).study_instance_uid,
            "--via",
            "get",
        )

    assert listener.summary["objects_stored"] == 2
    logs = [
        program.log(),
        receiver.log(),
        peer.cli.log(),
        *(p.read_text() for p in program.data_dir.glob("logs/send-*")),
    ]
    assert "stored instance" in logs[1]
    for log in logs:
        for secret in ("Secretive", "Sybil", PATIENT_ID):
            assert secret not in log
