"""One JSON document on stdout for every command, whether it succeeds or fails."""

import json
from pathlib import Path

import pytest

from tests.builders import a_uid
from tests.entrypoints.documents import assert_document
from tests.entrypoints.peer_room import SERIES_UID, STUDY_SIZE, STUDY_UID, PeerRoom, write_study
from tests.entrypoints.program import Program
from tests.interop.peers import free_port

NOWHERE = "9.9.9"


@pytest.fixture
def filled(program: Program, tmp_path: Path) -> Program:
    """A room that holds one study."""
    write_study(tmp_path / "files")
    program.run("import", tmp_path / "files")
    return program


def test_import_tells_its_counters(program: Program, tmp_path: Path) -> None:
    write_study(tmp_path / "files")
    (tmp_path / "files" / "notes.txt").write_text("no DICOM\n" * 50)

    document = program.json("import", tmp_path / "files")

    assert_document(document, operation="import", status="success")
    assert document["scanned_files"] == STUDY_SIZE + 1
    assert document["accepted"] == STUDY_SIZE
    assert document["duplicates"] == 0
    assert document["duplicates_by_cause"].keys() == {
        "identical",
        "conflict_rejected",
        "conflict_replaced",
        "conflict_ignored",
    }
    assert document["invalid_dicom"] == 1
    assert document["unreadable"] == document["skipped"] == document["failed_cleanup"] == 0


def test_import_tells_identical_files_from_new_ones(filled: Program, tmp_path: Path) -> None:
    document = filled.json("import", tmp_path / "files")

    assert_document(document, operation="import", status="success")
    assert document["accepted"] == 0
    assert document["duplicates"] == document["duplicates_by_cause"]["identical"] == STUDY_SIZE


@pytest.mark.parametrize(
    ("arguments", "operation", "rows"),
    [
        (("local", "studies"), "local_studies", 1),
        (("local", "series", STUDY_UID), "local_series", 2),
        (("local", "instances", SERIES_UID), "local_instances", 2),
    ],
)
def test_lists_stand_under_their_own_name(
    filled: Program, arguments: tuple[str, ...], operation: str, rows: int
) -> None:
    document = filled.json(*arguments)

    assert_document(document, operation=operation, status="success")
    assert len(document[operation.removeprefix("local_")]) == rows


def test_node_commands_tell_the_node(program: Program) -> None:
    added = program.json(
        "node", "add", "--name", "pacs", "--ae-title", "PACS", "--host", "pacs.example", "--port", "104"
    )
    node = {"name": "pacs", "ae_title": "PACS", "host": "pacs.example", "port": 104, "retrieve": "unknown"}
    assert_document(added, operation="node_add", status="success")
    assert added["node"] == node

    edited = program.json("node", "edit", "PACS", "--notes", "moved", "--port", "11112")
    node |= {"notes": "moved", "port": 11112}
    assert_document(edited, operation="node_edit", status="success")
    assert edited["node"] == node

    for arguments, operation in (
        (("show", "pacs"), "node_show"),
        (("delete", "pacs", "--yes"), "node_delete"),
    ):
        document = program.json("node", *arguments)
        assert_document(document, operation=operation, status="success")
        assert document["node"] == node

    listed = program.json("node", "list")
    assert_document(listed, operation="node_list", status="success")
    assert listed["nodes"] == []


def test_config_commands_tell_path_and_settings(program: Program) -> None:
    path = program.json("config", "path")
    assert_document(path, operation="config_path", status="success")
    assert path["path"] == str(program.data_dir / "config.toml")
    assert path["exists"] is False

    written = program.json("config", "init")
    assert_document(written, operation="config_init", status="success")

    shown = program.json("config", "show")
    assert_document(shown, operation="config_show", status="success")
    assert shown["settings"]["storage_scp"]["port"] == 11112


def test_echo_and_query_tell_what_the_peer_says(program: Program, peer: PeerRoom) -> None:
    peer.known_to(program)

    answer = program.json("echo", "pacs")
    assert_document(answer, operation="echo", status="success")
    assert answer["ae_title"] == "PEER"
    assert answer["dimse_status"] == "0000"

    studies = program.json("query", "--node", "pacs")
    assert_document(studies, operation="query", status="success")
    assert {match["StudyInstanceUID"] for match in studies["matches"]} == {a_uid(1), a_uid(2)}


def test_retrieve_tells_expected_and_arrived(
    program: Program, peer: PeerRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_STORAGE_SCP_PORT", str(peer.our_port))
    peer.known_to(program)

    for via, study in (("move", a_uid(1)), ("get", a_uid(2))):
        document = program.json("retrieve", "--node", "pacs", "--study-instance-uid", study, "--via", via)

        assert_document(document, operation="retrieve", status="success")
        assert document["via"] == via
        assert document["expected"] == document["arrived"] == document["received"] == STUDY_SIZE
        assert (document["missing"], document["refused"]) == (0, 0)


def test_retrieve_names_what_is_here_with_other_content(
    program: Program, peer: PeerRoom, tmp_path: Path
) -> None:
    peer.known_to(program)
    write_study(tmp_path / "other", pixel_bytes=600)
    program.run("import", tmp_path / "other" / "1-1-1.dcm")

    document = program.json(
        "retrieve", "--node", "pacs", "--study-instance-uid", a_uid(1), "--via", "get", code=3
    )

    assert (document["status"], document["missing"], document["refused"]) == ("partial", 0, 1)
    [failure] = document["failures"]
    assert (failure["what"], failure["kind"]) == (a_uid(1, 1, 1), "conflict")
    assert "with other content" in failure["why"]
    assert "[objects] duplicates" in failure["hint"]


def test_send_commands_tell_a_ledger(filled: Program, peer: PeerRoom, tmp_path: Path) -> None:
    peer.known_to(filled)
    commands = {
        "send_study": ("study", "--study-instance-uid", STUDY_UID, "--destination-node", "pacs"),
        "send_series": ("series", "--series-instance-uid", SERIES_UID, "--destination-node", "pacs"),
        "send_files": (
            "files",
            tmp_path / "files",
            "--recursive",
            "--destination-node",
            "pacs",
            "--jobs",
            "2",
        ),
    }
    for operation, arguments in commands.items():
        document = filled.json("send", *arguments)

        assert_document(document, operation=operation, status="success")
        assert document["objects"] == document["sent"] == (2 if operation == "send_series" else STUDY_SIZE)
        assert document["failed"] == document["not_attempted"] == 0


FAILING = [
    (("node", "show", "nobody"), "node_show", 6, "not_found"),
    (("node", "delete", "nobody", "--yes"), "node_delete", 6, "not_found"),
    (("node", "edit", "nobody", "--port", "104"), "node_edit", 6, "not_found"),
    (("echo", "nobody"), "echo", 6, "not_found"),
    (("query", "--node", "nobody"), "query", 6, "not_found"),
    (("retrieve", "--node", "nobody", "--study-instance-uid", "1.2"), "retrieve", 6, "not_found"),
    (("import", "/no/such/path"), "import", 6, "not_found"),
    (("local", "studies", "--study-date", "yesterday"), "local_studies", 2, "invalid_input"),
    (
        ("send", "study", "--study-instance-uid", NOWHERE, "--destination-node", "x"),
        "send_study",
        6,
        "not_found",
    ),
    (("send", "files", "/no/such/path", "--to", "localhost:104"), "send_files", 6, "not_found"),
    (("send", "files", "/no/such/path"), "send_files", 2, "invalid_input"),
    (("storage-scp", "--port", "-1"), "storage_scp", 2, "configuration"),
    (("storage-scp", "--accept", "XX"), "storage_scp", 2, "configuration"),
]


@pytest.mark.parametrize(
    ("arguments", "operation", "code", "kind"), FAILING, ids=lambda value: str(value)[:60]
)
def test_failing_command_prints_its_document(
    program: Program, arguments: tuple[str, ...], operation: str, code: int, kind: str
) -> None:
    document = program.json(*arguments, code=code)

    assert_document(document, operation=operation, status="failed")
    assert document["error"]["kind"] == kind


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [
        (("nonsense",), "fileroom"),
        (("local", "nonsense"), "local"),
        (("local", "studies", "--nonsense"), "local_studies"),
        (("local", "studies", "--limit", "0"), "local_studies"),
        (("query",), "query"),
        (("send", "files"), "send_files"),
        (("retrieve", "--node", "x", "--study-instance-uid", "1.2", "--via", "pigeon"), "retrieve"),
        (("storage-scp", "--port", "many"), "storage_scp"),
    ],
)
def test_usage_error_prints_its_document(
    program: Program, arguments: tuple[str, ...], operation: str
) -> None:
    document = program.json(*arguments, code=2)

    assert_document(document, operation=operation, status="failed")
    assert document["error"]["kind"] == "usage"


def test_unknown_peer_is_told_by_kind(program: Program) -> None:
    document = program.json("echo", f"127.0.0.1:{free_port()}", code=5)

    assert_document(document, operation="echo", status="failed")
    assert document["error"]["kind"] == "peer_unreachable"
    assert document["error"]["hint"]


def test_bug_prints_its_document_and_leaves_its_traceback_in_the_log(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("something nobody foresaw")

    monkeypatch.setattr("fileroom.application.use_cases.manage_nodes.ManageNodes.list", fail)

    document = program.json("node", "list", code=1)

    assert_document(document, operation="node_list", status="failed")
    assert document["error"]["kind"] == "bug"
    assert str(program.data_dir / "logs" / "app.log") in document["error"]["hint"]
    assert "RuntimeError: something nobody foresaw" in program.log()


def test_storage_scp_tells_its_counters(peer: PeerRoom, program: Program) -> None:
    other = peer.cli.__class__(program.data_dir)
    with other.storage_scp() as listener:
        program.run("echo", listener.address)

    assert listener.code == 0
    assert_document(listener.summary, operation="storage_scp", status="success")
    assert listener.summary["associations_accepted"] == 1
    assert listener.summary["objects_stored"] == listener.summary["duplicates"] == 0


def test_document_is_the_only_thing_on_stdout(program: Program, tmp_path: Path) -> None:
    write_study(tmp_path / "files")

    ran = program.run("import", tmp_path / "files", "--json")

    assert json.loads(ran.stdout)["status"] == "success"
    assert ran.stdout.lstrip().startswith("{")
    assert ran.stdout.rstrip().endswith("}")
