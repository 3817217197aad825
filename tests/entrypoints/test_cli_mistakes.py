"""Values that cannot be meant: each is refused with exit code 2 and a message that names it."""

import subprocess
from pathlib import Path

import pytest

from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.fileroom_cli import COMMAND, FileroomCli

HUGE = "9" * 40
NODE = ("node", "add", "--name", "n", "--ae-title", "AE", "--host", "h", "--port", "104")


def node(**changes: str) -> tuple[str, ...]:
    given = dict(zip(NODE[2::2], NODE[3::2], strict=True)) | {
        f"--{key}": value for key, value in changes.items()
    }
    return "node", "add", *(part for option in given.items() for part in option)


MISTAKES = [
    (node(name="a\x1bb"), "a\\x1bb"),
    (node(name="two words"), "two words"),
    (node(name=""), "name"),
    (node(name="n" * 65), "name"),
    (node(port="0"), "TCP port"),
    (node(port="-1"), "TCP port"),
    (node(port=HUGE), HUGE),
    (node(host=""), "host"),
    (node(host="a b"), "host"),
    (node(host="h" * 300), "host"),
    ((*NODE, "--move-destination", "SEVENTEEN_LETTERS"), "AE title"),
    (("echo", "127.0.0.1:104", "--called-ae-title", "BACK\\SLASH"), "AE title"),
    (("query", "--node", "n", "--limit", "-1"), "--limit"),
    (("query", "--node", "n", "--key", "=x"), "--key"),
    (("query", "--node", "n", "--study-date-from", "31.12.2026"), "31.12.2026"),
    (("query", "--node", "n", "--study-instance-uid", "1.2/../3"), "1.2/../3"),
    (("retrieve", "--node", "n", "--study-instance-uid", "1." + "2" * 64), "UID"),
    (("retrieve", "--node", "n", "--study-instance-uid", "*"), "UID"),
    (("local", "studies", "--study-date", "2026-12-31..2026-01-01"), "backwards"),
    (("local", "studies", "--duplicate", "perhaps"), "'true', 'false'"),
    (("local", "series", "no uid"), "no uid"),
    (("send", "files", "x", "--to", "localhost:104", "--jobs", "0"), "--jobs"),
    (("send", "files", "x", "--to", "localhost:104", "--jobs", HUGE), "--jobs"),
    (("send", "files", "x", "--to", "localhost:104", "--destination-node", "n"), "exactly one"),
    (("storage-scp", "--port", HUGE), HUGE),
    (("storage-scp", "--timeout", "-1"), "timeout"),
    (("storage-scp", "--timeout", "inf"), "timeout"),
    (("storage-scp", "--timeout", "nan"), "timeout"),
    (("storage-scp", "--max-assoc", "-1"), "max_associations"),
    (("storage-scp", "--ae-title", ""), "AE title"),
    (("storage-scp", "--accept", "CT,,nonsense"), "nonsense"),
    (("storage-scp", "--index-db", "mysql://localhost/x"), "mysql"),
]


@pytest.mark.parametrize(("arguments", "named"), MISTAKES, ids=lambda value: str(value)[:70])
def test_mistake_is_refused_by_name(program: Program, arguments: tuple[str, ...], named: str) -> None:
    ran = program.run(*arguments, code=2)

    said = " ".join(ran.stderr.replace("│", " ").split())
    assert named in said
    assert ran.stdout == ""
    assert "Traceback" not in said


@pytest.mark.parametrize("target", ["127.0.0.1:0", f"127.0.0.1:{HUGE}", "127.0.0.1:", ":104", "a:b:c"])
def test_address_that_is_none_is_told(program: Program, target: str) -> None:
    error = program.json("echo", target, code=6)["error"]

    assert target in error["message"]
    assert "HOST:PORT" in error["message"]
    assert error["hint"]


def test_data_directory_that_is_a_file_is_refused(program: Program) -> None:
    program.data_dir.write_text("no folder")

    for room in (program.data_dir, program.data_dir / "below"):
        document = Program(room, program._capture).json("node", "list", code=2)

        assert_document(document, operation="node_list", status="failed")
        assert document["error"]["kind"] == "configuration"
        assert str(room) in document["error"]["message"]


def test_catalog_that_is_no_database_is_refused_and_kept(program: Program) -> None:
    program.data_dir.mkdir()
    database = program.data_dir / "fileroom.sqlite3"
    database.write_bytes(b"something else" * 1000)

    document = program.json("local", "studies", code=2)

    assert str(database) in document["error"]["message"]
    assert "restore" in document["error"]["hint"]
    assert database.read_bytes() == b"something else" * 1000


def test_deleting_a_node_asks_where_nobody_can_answer(program: Program) -> None:
    program.run(*NODE)

    assert "--yes" in program.run("node", "delete", "n", code=2).stderr
    assert program.json("node", "list")["nodes"]


def test_reader_that_goes_away_is_no_bug(tmp_path: Path) -> None:
    cli = FileroomCli(tmp_path / "room")
    with subprocess.Popen(
        [*COMMAND, "config", "show"],
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert "Traceback" not in said
    assert "bug" not in said
