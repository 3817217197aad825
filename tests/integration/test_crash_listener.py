"""Killing the listener while several senders store: what was answered with success is there after the next start."""

import os
import random
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.builders import a_dicom_file, a_record
from tests.entrypoints.agreement import assert_agreement
from tests.fileroom_cli import FileroomCli
from tests.integration.senders import Ledger, send_from_all_sides

SENDERS = 3
OBJECTS_EACH = 15


def write_objects(folder: Path, *, pixel_bytes: int) -> list[list[Path]]:
    """Write what each sender sends."""
    folders = []
    for sender in range(1, SENDERS + 1):
        files = []
        for number in range(1, OBJECTS_EACH + 1):
            file = folder / f"{sender}-{number}.dcm"
            file.write_bytes(a_dicom_file(a_record(number, study=sender), pixel_bytes=pixel_bytes))
            files.append(file)
        folders.append(files)
    return folders


@pytest.mark.parametrize(("seed", "pixel_bytes"), [(1, 2_000), (2, 200_000), (4, 1_000_000)])
def test_acknowledged_objects_survive_a_kill(tmp_path: Path, seed: int, pixel_bytes: int) -> None:
    moment = random.Random(seed).randint(2, SENDERS * OBJECTS_EACH - 5)  # noqa: S311 - a moment, no secret
    folders = write_objects(tmp_path, pixel_bytes=pixel_bytes)
    cli = FileroomCli(tmp_path / "room")

    with cli.storage_scp() as listener:

        def kill_in_time(answers: int) -> None:
            if answers == moment:
                os.kill(listener.process_id, signal.SIGKILL)

        ledger = Ledger(kill_in_time)
        send_from_all_sides(listener.port, folders, ledger)
    assert listener.code == -signal.SIGKILL
    assert moment <= len(ledger.acknowledged) < SENDERS * OBJECTS_EACH

    with cli.storage_scp() as again:
        here = assert_agreement(cli.data_dir, running=True)
        assert set(ledger.acknowledged) <= here.keys()

        rest = Ledger()
        send_from_all_sides(again.port, folders, rest)
    assert len(rest.acknowledged) == SENDERS * OBJECTS_EACH
    assert len(assert_agreement(cli.data_dir)) == SENDERS * OBJECTS_EACH


def test_listener_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    folders = write_objects(tmp_path, pixel_bytes=50_000)
    cli = FileroomCli(tmp_path / "room")
    acknowledged: set[str] = set()
    for moment in (3, 9):
        with cli.storage_scp() as listener:

            def kill_in_time(answers: int, moment: int = moment, process: int = listener.process_id) -> None:
                if answers == moment:
                    os.kill(process, signal.SIGKILL)

            ledger = Ledger(kill_in_time)
            send_from_all_sides(listener.port, folders, ledger)
        acknowledged |= set(ledger.acknowledged)

    with cli.storage_scp():
        assert acknowledged <= assert_agreement(cli.data_dir, running=True).keys()


def test_looking_at_what_is_here_does_not_wait_for_the_listener(tmp_path: Path) -> None:
    """Recovery is the business of who writes: a list shows what is catalogued, and changes nothing."""
    folders = write_objects(tmp_path, pixel_bytes=2_000)
    cli = FileroomCli(tmp_path / "room")
    with cli.storage_scp() as listener:

        def kill_in_time(answers: int) -> None:
            if answers == 5:
                os.kill(listener.process_id, signal.SIGKILL)

        ledger = Ledger(kill_in_time)
        send_from_all_sides(listener.port, folders, ledger)

    before = set((cli.data_dir / "store").rglob("*"))
    cli.json("local", "studies")

    assert set((cli.data_dir / "store").rglob("*")) == before


def test_object_that_was_answered_before_the_catalog_knew_it_survives_a_kill(tmp_path: Path) -> None:
    folders = write_objects(tmp_path, pixel_bytes=2_000)[:1]
    cli = FileroomCli(tmp_path / "room")
    with cli.storage_scp() as listener:
        # Nobody else can write to the catalog while this goes on, so that nothing of it follows the answers.
        other = sqlite3.connect(cli.data_dir / "fileroom.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def kill_in_time(answers: int) -> None:
            if answers == OBJECTS_EACH - 1:
                os.kill(listener.process_id, signal.SIGKILL)

        ledger = Ledger(kill_in_time)
        send_from_all_sides(listener.port, folders, ledger)
        other.close()
    assert len(ledger.acknowledged) >= OBJECTS_EACH - 1
    assert cli.json("local", "studies")["studies"] == []

    with cli.storage_scp() as again:
        here = assert_agreement(cli.data_dir, running=True)
        assert set(ledger.acknowledged) <= here.keys()
    assert again.summary["recovered"] >= OBJECTS_EACH - 1
    assert set(ledger.acknowledged) <= assert_agreement(cli.data_dir).keys()
