"""Peers that refuse, stay silent, speak something else, or die in the middle: what is told, and what is here then."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.application.ports.dicom_client import Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import AssociationRejected
from tests.builders import a_dicom_file, a_record, a_uid
from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.peer_room import PeerRoom, peer_room
from tests.entrypoints.program import Program
from tests.fileroom_cli import FileroomCli
from tests.integration.senders import CONTEXTS
from tests.interop.peers import free_port, wait_until

STUDY = a_uid(1)
OBJECTS = 30


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line, which is quick to give up and tries nothing twice."""
    monkeypatch.setenv("FILEROOM_NETWORK_IDLE_TIMEOUT", "2")
    monkeypatch.setenv("FILEROOM_NETWORK_SETTLE_TIMEOUT", "0.3")
    monkeypatch.setenv("FILEROOM_SEND_RETRIES", "0")
    return Program(tmp_path / "room", capsys)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerRoom]:
    """A peer that is called by its own AE title only."""
    with peer_room(
        tmp_path_factory.mktemp("peer"), settings={"storage_scp.require_called_ae_title": True}
    ) as room:
        yield room


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A file to send."""
    file = tmp_path / "scan.dcm"
    file.write_bytes(a_dicom_file())
    return file


def commands(scan: Path) -> list[tuple[str | Path, ...]]:
    """All that asks a peer."""
    return [
        ("echo", "pacs"),
        ("query", "--node", "pacs"),
        ("retrieve", "--node", "pacs", "--study-instance-uid", STUDY),
        ("send", "files", scan, "--destination-node", "pacs"),
    ]


def test_closed_port_is_unreachable(program: Program, scan: Path) -> None:
    port = free_port()
    program.add_node("pacs", ae_title="PACS", port=port)
    for command in commands(scan):
        error = program.json(*command, code=5)["error"]

        assert error["kind"] == "peer_unreachable"
        assert f"127.0.0.1:{port}" in error["message"]
        assert "check host and port" in error["hint"]


def test_unknown_host_is_unreachable(program: Program) -> None:
    error = program.json("echo", "no-such-host.invalid:104", code=5)["error"]

    assert "no-such-host.invalid" in error["message"]


def test_wrong_ae_title_is_refused(program: Program, peer: PeerRoom, scan: Path) -> None:
    program.add_node("pacs", ae_title="WRONG", port=peer.listener.port)
    for command in commands(scan):
        error = program.json(*command, code=4)["error"]

        assert error["kind"] == "association_rejected"
        assert "called AE title" in error["message"]


def test_unknown_move_destination_tells_what_to_register(
    program: Program, peer: PeerRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_LOCAL_AE_TITLE", "STRANGER")
    monkeypatch.setenv("FILEROOM_STORAGE_SCP_PORT", str(peer.our_port))
    peer.known_to(program)

    document = program.json(
        "retrieve", "--node", "pacs", "--study-instance-uid", STUDY, "--via", "move", code=4
    )

    assert document["error"]["kind"] == "unknown_move_destination"
    for part in ("AE title STRANGER", "host 127.0.0.1", f"port {peer.our_port}", "--via=get"):
        assert part in document["error"]["hint"]


def test_unknown_move_destination_is_got_around_by_c_get(
    program: Program, peer: PeerRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_LOCAL_AE_TITLE", "STRANGER")
    monkeypatch.setenv("FILEROOM_STORAGE_SCP_PORT", str(peer.our_port))
    peer.known_to(program)

    document = program.json("retrieve", "--node", "pacs", "--study-instance-uid", STUDY)

    assert document["via"] == "get"
    assert document["arrived"] == document["expected"]
    assert program.json("node", "show", "pacs")["node"]["retrieve"] == "get"


def test_study_that_the_peer_does_not_have_is_not_found(program: Program, peer: PeerRoom) -> None:
    peer.known_to(program)

    document = program.json("retrieve", "--node", "pacs", "--study-instance-uid", "1.2.3.4", code=6)

    assert "1.2.3.4" in document["error"]["message"]


@contextlib.contextmanager
def a_stranger(says: bytes | None) -> Iterator[int]:
    """Listen on a port; answer everybody with these bytes, or with nothing at all, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        callers: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                callers.append(caller)
                if says is not None:
                    caller.recv(1)
                    caller.sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for caller in callers:
                caller.close()


def test_silent_peer_is_given_up(program: Program, scan: Path) -> None:
    with a_stranger(None) as port:
        program.add_node("pacs", ae_title="PACS", port=port)
        for command in commands(scan):
            assert program.json(*command, code=5)["error"]["kind"] == "peer_silent"


@pytest.mark.parametrize(
    "says",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\2\0\xff\xff\xff\xff" + bytes(1000), bytes(64)],
    ids=["HTTP", "oversized PDU", "zeros"],
)
def test_peer_that_speaks_no_dicom_is_told(program: Program, says: bytes) -> None:
    with a_stranger(says) as port:
        error = program.json("echo", f"127.0.0.1:{port}", code=5)["error"]

    assert error["kind"] == "protocol_violation"
    assert f"127.0.0.1:{port}" in error["message"]
    assert "broke the protocol" in error["message"]


@contextlib.contextmanager
def killed_when(process: int, store: Path, files: int) -> Iterator[None]:
    """Kill a process as soon as a store has so many files."""

    def watch() -> None:
        wait_until(lambda: sum(1 for _ in store.rglob("*.dcm")) >= files, "objects arrive")
        os.kill(process, signal.SIGKILL)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        watcher.join()


@pytest.mark.parametrize("via", ["move", "get"])
def test_peer_that_dies_in_a_retrieve_leaves_a_partial_result(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, via: str
) -> None:
    numbers = range(1, OBJECTS + 1)
    with peer_room(tmp_path / "peer", studies=[1], instances=numbers, pixel_bytes=500_000) as peer:
        monkeypatch.setenv("FILEROOM_STORAGE_SCP_PORT", str(peer.our_port))
        peer.known_to(program)
        with killed_when(peer.listener.process_id, program.data_dir / "store", 2):
            document = program.json(
                "retrieve", "--node", "pacs", "--study-instance-uid", STUDY, "--via", via, code=3
            )

    assert document["status"] == "partial"
    assert document["expected"] == 2 * OBJECTS
    assert 2 <= document["arrived"] < document["expected"]
    assert document["missing"] == document["expected"] - document["arrived"] == len(document["failures"])
    assert len(assert_agreement(program.data_dir)) == document["arrived"]


def test_peer_that_dies_in_a_send_has_what_was_told_sent(program: Program, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(1, OBJECTS + 1):
        (inbox / f"{number}.dcm").write_bytes(a_dicom_file(a_record(number), pixel_bytes=500_000))
    receiver = FileroomCli(tmp_path / "receiver")
    with (
        receiver.storage_scp() as listener,
        killed_when(listener.process_id, receiver.data_dir / "store", 2),
    ):
        document = program.json("send", "files", inbox, "--recursive", "--to", listener.address, code=3)

    assert document["status"] == "partial"
    assert 1 <= document["sent"] < OBJECTS
    assert document["sent"] + document["failed"] + document["not_attempted"] == document["objects"] == OBJECTS
    assert document["failures"][0]["kind"] in {"peer_dropped", "peer_unreachable"}
    with receiver.storage_scp():
        here = assert_agreement(receiver.data_dir, running=True)
    lost = {failure["what"] for failure in document["failures"]}
    assert {a_uid(1, 1, number) for number in range(1, OBJECTS + 1)} - lost <= here.keys()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"storage_scp.allowed_calling_ae_titles": "FRIEND"}, "calling AE title"),
        ({"storage_scp.allowed_peers": "192.0.2.0/24"}, "calling AE title"),
        ({"storage_scp.max_associations": 1}, "limit"),
    ],
)
def test_caller_that_is_not_let_in_is_told_why(
    program: Program, tmp_path: Path, section: dict[str, object], told: str
) -> None:
    guarded = FileroomCli(tmp_path / "guarded", section)
    client = AssociationClient(
        PynetdicomUpperLayer(), AeTitle("FRIEND"), connect_timeout=5, idle_timeout=5, max_pdu_length=65536
    )
    with guarded.storage_scp("--bind", "127.0.0.1") as listener, contextlib.ExitStack() as stack:
        peer = Peer(ae_title=AeTitle("ANY-SCP"), host="127.0.0.1", port=listener.port)
        with contextlib.suppress(AssociationRejected):  # where nobody may call from here at all
            stack.enter_context(client.open_store(peer, CONTEXTS))
        error = program.json("echo", listener.address, code=4)["error"]

    assert error["kind"] == "association_rejected"
    assert told in error["message"]


def test_port_in_use_is_told(program: Program, peer: PeerRoom) -> None:
    error = program.json("storage-scp", "--port", str(peer.listener.port), code=2)["error"]

    assert error["kind"] == "conflict"
    assert f"127.0.0.1:{peer.listener.port} is in use" in error["message"]
    assert "another port" in error["hint"]


def test_second_listener_of_a_room_is_told_where_the_first_is(peer: PeerRoom, program: Program) -> None:
    second = Program(peer.cli.data_dir, program._capture)

    error = second.json("storage-scp", "--port", "0", code=2)["error"]

    assert error["kind"] == "conflict"
    assert f"port {peer.listener.port}" in error["message"]
    assert str(peer.listener.process_id) in error["message"]


@pytest.mark.parametrize("option", [("--bind", "192.0.2.1"), ("--bind", "no-such-host.invalid")])
def test_address_that_is_not_ours_is_told(program: Program, option: tuple[str, str]) -> None:
    error = program.json("storage-scp", "--port", "0", *option, code=2)["error"]

    assert error["kind"] == "configuration"
    assert option[1] in error["message"]


def test_names_of_files_may_be_in_no_encoding(program: Program, peer: PeerRoom, tmp_path: Path) -> None:
    peer.known_to(program)
    folder = tmp_path / "odd"
    folder.mkdir()
    try:
        (folder / os.fsdecode(b"\xff.dcm")).write_bytes(a_dicom_file(a_record(1, study=77)))
    except OSError:
        pytest.skip("this file system takes no such name")

    document = program.json("send", "files", folder, "--recursive", "--destination-node", "pacs")

    assert document["sent"] == 1
    lines = Path(document["session_log"]).read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["outcome", "sent"]
    assert r"\udcff.dcm" in lines[1]
