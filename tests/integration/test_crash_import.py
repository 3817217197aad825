"""Killing an import, and killing between the object's commit and its catalog entry."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import a_dicom_file, a_record
from tests.entrypoints.agreement import assert_agreement
from tests.fileroom_cli import COMMAND, FileroomCli
from tests.integration.senders import Ledger, send_from_all_sides
from tests.interop.peers import wait_until

OBJECTS = 200
DIE_SECONDS = 20.0

# Runs the command line, and dies where the catalog is about to be written, which the system's crash could do as well.
DIES_BEFORE_THE_CATALOG = """
import os, sys
from fileroom.adapters.catalog.sql.catalog import SqlCatalog
SqlCatalog.exchange = lambda *_: os._exit(9)
from fileroom.entrypoints.cli.main import main
main(sys.argv[1:])
"""


def write_objects(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"{number:04d}.dcm").write_bytes(a_dicom_file(a_record(number), pixel_bytes=20_000))
    return folder


def stored(cli: FileroomCli) -> int:
    return sum(path.suffix == ".dcm" for path in (cli.data_dir / "store").rglob("*"))


@pytest.mark.parametrize("moment", [1, OBJECTS // 2])
def test_killed_import_is_completed_by_the_next(tmp_path: Path, moment: int) -> None:
    inbox = write_objects(tmp_path / "inbox", OBJECTS)
    cli = FileroomCli(tmp_path / "room")
    process = subprocess.Popen([*COMMAND, "import", inbox], env=cli.environment(), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: stored(cli) >= moment, f"{moment} objects are stored")
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert moment <= stored(cli) < OBJECTS

    document = cli.json("import", inbox)

    assert document["accepted"] + document["duplicates"] == OBJECTS
    assert document["duplicates_by_cause"]["identical"] == document["duplicates"]
    assert len(assert_agreement(cli.data_dir)) == OBJECTS


def test_objects_stored_but_not_catalogued_are_taken_in_by_the_listener(tmp_path: Path) -> None:
    inbox = write_objects(tmp_path / "inbox", 3)
    cli = FileroomCli(tmp_path / "room")
    died = subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_THE_CATALOG, "import", inbox],
        env=cli.environment(),
        check=False,
        timeout=DIE_SECONDS,
    )
    assert died.returncode == 9
    assert stored(cli) == 3

    with cli.storage_scp() as listener:
        assert len(assert_agreement(cli.data_dir, running=True)) == 3
    assert listener.summary["recovered"] == 3
    assert_agreement(cli.data_dir)


def test_objects_stored_but_not_catalogued_are_taken_in_by_an_import(tmp_path: Path) -> None:
    inbox = write_objects(tmp_path / "inbox", 3)
    cli = FileroomCli(tmp_path / "room")
    subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_THE_CATALOG, "import", inbox],
        env=cli.environment(),
        check=False,
        timeout=DIE_SECONDS,
    )
    (inbox / "0003.dcm").unlink()
    (inbox / "0004.dcm").write_bytes(a_dicom_file(a_record(4)))

    document = cli.json("import", inbox)

    assert (document["accepted"], document["duplicates"], document["recovered"]) == (1, 2, 3)
    assert len(assert_agreement(cli.data_dir)) == 4


def test_objects_stored_but_not_catalogued_are_taken_in_by_a_retrieve_even_where_it_fails(
    tmp_path: Path,
) -> None:
    inbox = write_objects(tmp_path / "inbox", 3)
    cli = FileroomCli(tmp_path / "room")
    subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_THE_CATALOG, "import", inbox],
        env=cli.environment(),
        check=False,
        timeout=DIE_SECONDS,
    )
    assert stored(cli) == 3
    assert cli.run("retrieve", "--node", "nobody", "--study-instance-uid", "1.2").code != 0
    assert len(assert_agreement(cli.data_dir)) == 3


def test_object_received_but_not_catalogued_is_taken_in(tmp_path: Path) -> None:
    inbox = write_objects(tmp_path / "inbox", 1)
    cli = FileroomCli(tmp_path / "room")
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", DIES_BEFORE_THE_CATALOG, "storage-scp", "--port", "0"],
            env=cli.environment(),
            stderr=stderr,
        )
    try:
        wait_until(lambda: " listens at " in said.read_text(), "it listens")
        port = int(said.read_text().partition("127.0.0.1:")[2].partition(";")[0])
        ledger = Ledger()
        send_from_all_sides(port, [sorted(inbox.iterdir())], ledger)
        assert process.wait(DIE_SECONDS) == 9
    finally:
        process.kill()
        process.wait()

    with cli.storage_scp() as listener:
        here = assert_agreement(cli.data_dir, running=True)
        assert len(here) == 1
        assert set(ledger.acknowledged) <= here.keys()
    assert listener.summary["recovered"] == 1


def test_catalog_that_is_lost_is_made_anew_from_the_store(tmp_path: Path) -> None:
    inbox = write_objects(tmp_path / "inbox", 5)
    cli = FileroomCli(tmp_path / "room")
    cli.json("import", inbox)
    database = cli.data_dir / "fileroom.sqlite3"
    database.write_bytes(b"no database" * 1000)
    told = cli.json("import", inbox, code=2)
    assert "import the store" in told["error"]["hint"]
    for file in cli.data_dir.glob("fileroom.sqlite3*"):
        file.unlink()

    document = cli.json("import", cli.data_dir / "store")

    assert document["status"] == "success"
    assert len(assert_agreement(cli.data_dir)) == 5
