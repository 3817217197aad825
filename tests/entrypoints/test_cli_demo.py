"""The demo shows the whole main job, and leaves nothing behind but its folder."""

from pathlib import Path

import pytest

from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.fileroom_cli import FileroomCli


@pytest.mark.slow
def test_demo_runs_through_and_leaves_no_process_behind(tmp_path: Path) -> None:
    place = tmp_path / "demo"

    document = FileroomCli(tmp_path / "data").json("demo", "--dir", place)

    assert_document(document, operation="demo", status="success")
    assert document["failed"] == 0
    assert document["steps"] >= 9
    assert len(assert_agreement(place / "room")) > len(assert_agreement(place / "peer")) / 4
    if Path("/proc/self").exists():
        running = map(_command, Path("/proc").glob("[0-9]*/cmdline"))
        assert not [command for command in running if str(place).encode() in command]


def _command(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended
        return b""


def test_demo_keeps_off_a_folder_that_exists(program: Program, tmp_path: Path) -> None:
    document = program.json("demo", "--dir", tmp_path, code=2)

    assert document["error"]["kind"] == "conflict"
    assert not list(tmp_path.iterdir())
