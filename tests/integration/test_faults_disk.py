"""Disks that are full or read-only: what is told is true, nothing half-done stays, and later all goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.entrypoints.cli.main import main
from tests.builders import a_dicom_file, a_record
from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.program import Program
from tests.fileroom_cli import FileroomCli
from tests.integration.small_disks import SmallDisk, small_disk

SIZE = 1 << 20
OBJECTS = 20
PIXEL_BYTES = 100_000
ROOM_TO_OPEN = 64 << 10
"""What SQLite takes to open a catalog, before anything is recorded."""


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line, which tries nothing twice."""
    monkeypatch.setenv("FILEROOM_SEND_RETRIES", "0")
    return Program(tmp_path / "room", capsys)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that cannot hold all of the inbox."""
    with small_disk(tmp_path / "disk", SIZE) as mounted:
        yield mounted


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder of objects that take twice the room of the disk."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(1, OBJECTS + 1):
        content = a_dicom_file(a_record(number, study=number), pixel_bytes=PIXEL_BYTES)
        (folder / f"{number:02d}.dcm").write_bytes(content)
    return folder


@pytest.fixture
def store_on_disk(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store is on the small disk, the catalog is not."""
    monkeypatch.setenv("FILEROOM_OBJECTS_ROOT", str(disk.folder / "store"))
    return disk.folder / "store"


def test_import_stops_when_the_store_is_full_and_goes_on_when_there_is_room(
    program: Program, disk: SmallDisk, store_on_disk: Path, inbox: Path
) -> None:
    document = program.json("import", inbox, code=3)

    assert document["status"] == "partial"
    assert 0 < document["accepted"] < OBJECTS
    assert "No space left" in document["stopped_by"]
    assert {failure["kind"] for failure in document["failures"]} == {"storage"}
    assert len(assert_agreement(program.data_dir, store=store_on_disk)) == document["accepted"]

    disk.resize(10 * SIZE)
    again = program.json("import", inbox)
    assert again["accepted"] == OBJECTS - document["accepted"]
    assert again["duplicates"] == document["accepted"]
    assert len(assert_agreement(program.data_dir, store=store_on_disk)) == OBJECTS


def test_listener_answers_a700_when_the_store_is_full_and_stores_again_when_there_is_room(
    program: Program, disk: SmallDisk, store_on_disk: Path, inbox: Path, tmp_path: Path
) -> None:
    listening = FileroomCli(tmp_path / "listening")
    with listening.storage_scp("--storage-dir", store_on_disk) as listener:
        document = program.json("send", "files", inbox, "--recursive", "--to", listener.address, code=3)

        assert document["status"] == "partial"
        assert 0 < document["sent"] < OBJECTS
        assert all("A700" in failure["why"] for failure in document["failures"])
        stored = assert_agreement(listening.data_dir, store=store_on_disk, running=True)
        assert len(stored) == document["sent"]

        disk.resize(10 * SIZE)
        again = program.json("send", "files", inbox, "--recursive", "--to", listener.address)
        assert again["sent"] == OBJECTS

    assert listener.summary["objects_stored"] == OBJECTS
    assert listener.summary["objects_refused"] == OBJECTS - document["sent"]
    assert len(assert_agreement(listening.data_dir, store=store_on_disk)) == OBJECTS


def test_import_takes_back_what_a_full_catalog_cannot_record(
    program: Program, disk: SmallDisk, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("FILEROOM_OBJECTS_ROOT", str(store))
    room = Program(disk.folder / "room", program._capture)
    room.run("node", "list")
    ballast = disk.fill(leave=ROOM_TO_OPEN)

    document = room.json("import", inbox, code=3)

    assert document["status"] == "failed"
    assert document["accepted"] == 0
    assert {failure["kind"] for failure in document["failures"]} == {"storage"}
    assert not assert_agreement(room.data_dir, store=store)

    ballast.unlink()
    assert room.json("import", inbox)["accepted"] == OBJECTS
    assert len(assert_agreement(room.data_dir, store=store)) == OBJECTS


def test_listener_answers_a700_when_the_catalog_is_full(
    program: Program, disk: SmallDisk, inbox: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    listening = FileroomCli(disk.folder / "room", {"objects.root": store})
    with listening.storage_scp() as listener:
        disk.fill()
        # The catalog follows the answers: that it cannot is known a moment after the first.
        files = iter(sorted(inbox.iterdir()))
        while send_to(program, listener.address, next(files)) == 0:
            pass
        for file in files:
            assert send_to(program, listener.address, file) == 4

        disk.resize(10 * SIZE)
        again = program.json("send", "files", inbox, "--recursive", "--to", listener.address)
        assert again["sent"] == OBJECTS

    assert len(assert_agreement(listening.data_dir, store=store)) == OBJECTS


def send_to(program: Program, address: str, file: Path) -> int:
    """Send one object; returns the exit code, which is 4 where it is refused, and that with A700H."""
    arguments = ("--data-dir", program.data_dir, "send", "files", file, "--to", address, "--json")
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    said = program._capture.readouterr().out
    assert stop.value.code == 0 or "A700" in said
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_import_into_a_read_only_store_tells_why(
    program: Program, disk: SmallDisk, store_on_disk: Path, inbox: Path
) -> None:
    disk.make_read_only()

    document = program.json("import", inbox, code=3)

    assert document["status"] == "failed"
    assert document["accepted"] == 0
    assert "Read-only file system" in document["failures"][0]["why"]
    assert str(store_on_disk) in document["failures"][0]["why"]

    disk.make_writable()
    assert program.json("import", inbox / "01.dcm")["accepted"] == 1
    assert len(assert_agreement(program.data_dir, store=store_on_disk)) == 1


def test_listener_on_a_read_only_store_refuses_and_lives_on(
    program: Program, disk: SmallDisk, store_on_disk: Path, inbox: Path, tmp_path: Path
) -> None:
    listening = FileroomCli(tmp_path / "listening")
    disk.make_read_only()
    with listening.storage_scp("--storage-dir", store_on_disk) as listener:
        document = program.json("send", "files", inbox / "01.dcm", "--to", listener.address, code=4)
        assert "A700" in document["failures"][0]["why"]

        disk.make_writable()
        assert program.json("send", "files", inbox / "01.dcm", "--to", listener.address)["sent"] == 1

    assert len(assert_agreement(listening.data_dir, store=store_on_disk)) == 1


def test_completely_full_disk_of_the_catalog_is_told(program: Program, disk: SmallDisk) -> None:
    room = Program(disk.folder / "room", program._capture)
    room.run("node", "list")
    disk.fill()

    document = room.json("node", "list", code=2)

    assert document["error"]["kind"].startswith("storage")
    assert "fileroom.sqlite3" in document["error"]["message"]
    assert "full" in document["error"]["hint"]


def test_read_only_room_is_told_and_stays_as_it_is(program: Program, disk: SmallDisk, inbox: Path) -> None:
    room = Program(disk.folder / "room", program._capture)
    room.run("import", inbox / "01.dcm")
    disk.make_read_only()

    document = room.json("import", inbox / "02.dcm", code=2)
    assert document["error"]["kind"] == "storage"
    assert str(room.data_dir / "fileroom.sqlite3") in document["error"]["message"]
    assert "permissions" in document["error"]["hint"]

    disk.make_writable()
    assert room.json("import", inbox / "02.dcm")["accepted"] == 1
    assert len(assert_agreement(room.data_dir)) == 2


def test_read_only_place_for_a_new_room_is_told(program: Program, disk: SmallDisk) -> None:
    disk.make_read_only()

    document = Program(disk.folder / "room", program._capture).json("node", "list", code=2)

    assert str(disk.folder / "room") in document["error"]["message"]
    assert "--data-dir" in document["error"]["hint"]
