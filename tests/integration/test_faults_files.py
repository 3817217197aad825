"""Files, folders and archives that are damaged, hostile or no DICOM: each is told by name, and nothing else suffers."""

import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.builders import a_dicom_file, a_record, a_uid
from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.program import Program
from tests.integration.raw_objects import a_raw_file

GOOD = a_dicom_file(a_record(1))


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line, with a data directory of its own; quick, since no power is lost here."""
    monkeypatch.setenv("FILEROOM_OBJECTS_DURABILITY", "relaxed")
    return Program(tmp_path / "room", capsys)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder that holds one good file."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "good.dcm").write_bytes(GOOD)
    return folder


def a_zip(path: Path, **entries: bytes) -> Path:
    return a_zip_of(path, entries)


def a_zip_of(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        (b"", "invalid_dicom", "not DICOM"),
        (bytes(4096), "invalid_dicom", "not DICOM"),
        (b"<!DOCTYPE html><html>no</html>" * 100, "invalid_dicom", "not DICOM"),
        (GOOD[:-100], "invalid_dicom", "truncated"),
        (GOOD[:200], "invalid_dicom", ""),
        (GOOD[:132], "invalid_dicom", ""),
    ],
    ids=["empty", "zeros", "html", "truncated in the pixels", "truncated in the header", "prefix alone"],
)
def test_named_file_that_is_no_whole_object_is_told(
    program: Program, inbox: Path, content: bytes, kind: str, why: str
) -> None:
    bad = inbox / "bad.dcm"
    bad.write_bytes(content)

    document = program.json("import", bad, inbox / "good.dcm", code=3)

    (failure,) = document["failures"]
    assert failure["what"] == str(bad)
    assert failure["kind"] == kind
    assert why in failure["why"]
    assert document["status"] == "partial"
    assert document["accepted"] == 1
    assert len(assert_agreement(program.data_dir)) == 1


def test_import_of_damaged_files_alone_has_failed(program: Program, inbox: Path) -> None:
    (inbox / "good.dcm").write_bytes(GOOD[:-1])

    document = program.json("import", inbox, code=3)

    assert document["status"] == "failed"
    assert document["invalid_dicom"] == 1
    assert not assert_agreement(program.data_dir)


def test_folder_without_dicom_is_passed_over(program: Program, inbox: Path) -> None:
    (inbox / "good.dcm").write_text("no longer")
    (inbox / "readme.txt").write_text("text")

    document = program.json("import", inbox)

    assert document["accepted"] == 0
    assert document["not_dicom"] == 2
    assert document["failures"] == []


def test_one_missing_path_keeps_all_from_being_imported(program: Program, inbox: Path) -> None:
    said = program.run("import", inbox, inbox / "none", code=6).stderr

    assert str(inbox / "none") in said
    assert not assert_agreement(program.data_dir)


def encrypted_by_hand(path: Path, good: Path) -> None:
    a_zip(path, secret=GOOD)
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(signature) + offset] |= 1
    path.write_bytes(raw)
    assert good.exists()


def encrypted_for_real(path: Path, good: Path) -> None:
    if not shutil.which("zip"):
        pytest.skip("zip is not installed")
    subprocess.run(["zip", "-q", "-j", "-P", "secret", path, good], check=True)


@pytest.mark.parametrize("encrypt", [encrypted_by_hand, encrypted_for_real])
def test_encrypted_archive_is_told(program: Program, inbox: Path, encrypt: object) -> None:
    assert callable(encrypt)
    encrypt(inbox / "locked.zip", inbox / "good.dcm")

    document = program.json("import", inbox / "locked.zip", code=3)

    (failure,) = document["failures"]
    assert document["unreadable"] == 1
    assert "encrypted" in failure["why"]
    assert not assert_agreement(program.data_dir)


def test_bomb_is_stopped_by_what_comes_out(
    program: Program, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_IMPORT_MAX_ZIP_ENTRY_BYTES", "1000000")
    bomb = a_zip(inbox / "bomb.zip", bomb=GOOD + bytes(8_000_000), good=GOOD)
    lying = bytearray(bomb.read_bytes())
    # The declared size says nothing: make it small in the local header and in the directory.
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", lying, lying.index(signature) + offset, 1000)
    (inbox / "lying.zip").write_bytes(lying)

    for archive in (bomb, inbox / "lying.zip"):
        document = program.json("import", archive, code=3)

        assert [failure["what"] for failure in document["failures"]] == [f"{archive}!bomb"]
        assert document["skipped"] + document["unreadable"] == 1
    assert len(assert_agreement(program.data_dir)) == 1


def test_bomb_of_many_entries_is_stopped(
    program: Program, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_IMPORT_MAX_ZIP_ENTRY_COUNT", "100")
    entries = {f"{number}.dcm": b"x" for number in range(200)}

    document = program.json("import", a_zip_of(inbox / "many.zip", entries), code=3)

    assert "100" in document["failures"][0]["why"]
    assert document["accepted"] == 0


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm", "..\\evil.dcm", "C:\\evil.dcm"]
)
def test_archive_entry_whose_name_leads_out_is_told_and_writes_nothing(
    program: Program, inbox: Path, tmp_path: Path, name: str
) -> None:
    archive = a_zip_of(inbox / "evil.zip", {name: a_dicom_file(a_record(2)), "good.dcm": GOOD})

    document = program.json("import", archive, code=3)

    assert document["accepted"] == 1
    assert name in document["failures"][0]["what"]
    assert len(assert_agreement(program.data_dir)) == 1
    assert not list(tmp_path.rglob("evil.dcm"))


@pytest.mark.parametrize(
    "archive", [b"PK\3\4" + bytes(100), b"PK\5\6" + bytes(18), GOOD[:50]], ids=["cut", "empty", "no archive"]
)
def test_damaged_archive_is_told(program: Program, inbox: Path, archive: bytes) -> None:
    (inbox / "bad.zip").write_bytes(archive)

    document = program.json(
        "import", inbox / "bad.zip", inbox / "good.dcm", code=0 if archive[2:3] == b"\5" else 3
    )

    assert document["accepted"] == 1


ODD_UIDS = {
    "leads out": b"../../../../evil",
    "absolute": b"/tmp/evil",
    "dots": b"..",
    "300 characters": b"1." + b"2" * 298,
    "NUL inside": b"1.2\x003.4",
    "newline": b"1.2\n3",
    "escape": b"1.2\x1b[2J",
    "not ASCII": b"1.2.\xff\xfe",
}


@pytest.mark.parametrize("uid", ODD_UIDS.values(), ids=ODD_UIDS)
@pytest.mark.parametrize("naming", ["hierarchical", "date", "flat"])
def test_odd_uid_never_leads_out_of_the_store(
    program: Program, inbox: Path, tmp_path: Path, *, uid: bytes, naming: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_OBJECTS_NAMING", naming)
    before = {path for path in tmp_path.rglob("*") if program.data_dir not in path.parents}
    (inbox / "odd.dcm").write_bytes(a_raw_file(uid, study_instance_uid=uid, series_instance_uid=uid))

    ran = program.run("import", inbox / "odd.dcm", inbox / "good.dcm", "--json")
    listed = program.run("local", "studies")

    assert '"accepted": 2' in ran.stdout
    assert len(assert_agreement(program.data_dir)) == 2
    assert {path for path in tmp_path.rglob("*") if program.data_dir not in path.parents} - before <= {
        inbox / "odd.dcm",
        program.data_dir,
    }
    assert not set(ran.stderr + listed.stdout + program.log()) & set("\x1b\x00")


@pytest.mark.parametrize("uid", [b"", b"\0\0", b"   "], ids=["empty", "NULs", "blanks"])
def test_object_without_identity_is_refused(program: Program, inbox: Path, uid: bytes) -> None:
    (inbox / "nobody.dcm").write_bytes(a_raw_file(uid))

    document = program.json("import", inbox / "nobody.dcm", code=3)

    assert document["invalid_dicom"] == 1
    assert "SOP Instance UID" in document["failures"][0]["why"]
    assert not assert_agreement(program.data_dir)


def test_file_indexed_in_place_that_is_damaged_leaves_no_entry(program: Program, inbox: Path) -> None:
    (inbox / "bad.dcm").write_bytes(GOOD[:-10])

    document = program.json("import", "--in-place", inbox, code=3)

    assert document["accepted"] == document["invalid_dicom"] == 1
    assert assert_agreement(program.data_dir) == {a_uid(1, 1, 1): inbox / "good.dcm"}
