"""Ctrl-C and SIGTERM: all stops at a safe point, with true counts and nothing half-done left."""

import contextlib
import io
import itertools
import signal
import threading
import time
from pathlib import Path

import pytest

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.application.ports.dicom_client import Peer
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import PeerError
from fileroom.entrypoints.cli.interrupts import ECHO_SECONDS
from tests.builders import EXPLICIT_VR_LITTLE_ENDIAN, a_data_set, a_dicom_file, a_record, a_uid, encoded
from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.documents import assert_document
from tests.fileroom_cli import FileroomCli
from tests.integration.endless_peer import endless_peer
from tests.integration.running import running
from tests.integration.senders import CONTEXTS
from tests.interop.peers import free_port, wait_until

OBJECTS = 400
PIXEL_BYTES = 100_000


@pytest.fixture
def cli(tmp_path: Path) -> FileroomCli:
    """The program, with a data directory of its own."""
    return FileroomCli(tmp_path / "room")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """More objects than are done in an instant."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(1, OBJECTS + 1):
        (folder / f"{number}.dcm").write_bytes(a_dicom_file(a_record(number), pixel_bytes=PIXEL_BYTES))
    return folder


def stored(cli: FileroomCli) -> int:
    return sum(1 for _ in (cli.data_dir / "store").rglob("*.dcm"))


def test_cancelled_import_keeps_what_it_has_accepted(cli: FileroomCli, inbox: Path, tmp_path: Path) -> None:
    with running(cli, tmp_path / "run", "import", inbox) as command:
        wait_until(lambda: stored(cli) >= 3, "objects are stored")
        command.signal()
        document = command.ended(code=130)

    assert_document(document, operation="import", status="cancelled")
    assert 3 <= document["accepted"] < OBJECTS
    assert len(assert_agreement(cli.data_dir)) == document["accepted"]
    assert "stopping at a safe point" in command.stderr()


def test_cancelled_send_tells_what_was_not_attempted(cli: FileroomCli, inbox: Path, tmp_path: Path) -> None:
    receiver = FileroomCli(tmp_path / "receiver")
    with receiver.storage_scp() as listener:
        to = ("--to", listener.address)
        with running(cli, tmp_path / "run", "send", "files", inbox, "--recursive", *to) as command:
            wait_until(lambda: stored(receiver) >= 3, "objects arrive")
            command.signal()
            document = command.ended(code=130)

    assert_document(document, operation="send_files", status="cancelled")
    assert 3 <= document["sent"] < OBJECTS
    assert document["sent"] + document["not_attempted"] == document["objects"] == OBJECTS
    assert len(assert_agreement(receiver.data_dir)) == document["sent"]
    assert listener.summary["objects_abandoned"] == 0


def test_cancelled_query_sends_c_cancel(cli: FileroomCli, tmp_path: Path) -> None:
    with endless_peer() as peer:
        cli.add_node("pacs", ae_title="ENDLESS", port=peer.port)
        with running(cli, tmp_path / "run", "query", "--node", "pacs") as command:
            wait_until(lambda: peer.given >= 5, "matches are given")
            command.signal()
            document = command.ended(code=130)
        assert peer.cancelled.is_set()

    assert_document(document, operation="query", status="cancelled")
    assert len(document["matches"]) <= peer.given


@pytest.mark.parametrize("via", ["move", "get"])
def test_cancelled_retrieve_sends_c_cancel_and_keeps_what_came(
    cli: FileroomCli, tmp_path: Path, via: str
) -> None:
    port = free_port()
    us = FileroomCli(cli.data_dir, {"storage_scp.port": port})
    with endless_peer() as peer:
        peer.our_port = port
        us.add_node("pacs", ae_title="ENDLESS", port=peer.port)
        what = ("--study-instance-uid", a_uid(1), "--via", via)
        with running(us, tmp_path / "run", "retrieve", "--node", "pacs", *what) as command:
            wait_until(lambda: stored(us) >= 3, "instances arrive")
            command.signal()
            document = command.ended(code=130)
        wait_until(peer.cancelled.is_set, "the peer hears of it")

    assert_document(document, operation="retrieve", status="cancelled")
    assert 3 <= document["arrived"] < document["expected"]
    assert len(assert_agreement(us.data_dir)) == document["arrived"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listener_finishes_the_object_in_flight(cli: FileroomCli, tmp_path: Path, number: int) -> None:
    content = HesitantContent(encoded(a_data_set(a_record(1), pixel_bytes=2_000_000)))
    with running(cli, tmp_path / "run", "storage-scp", "--port", "0") as command:
        wait_until(lambda: " listens at " in command.stderr(), "it listens")
        port = int(command.stderr().partition("127.0.0.1:")[2].partition(";")[0])
        answers: list[int] = []
        sender = threading.Thread(target=send, args=(port, content, answers))
        sender.start()
        try:
            wait_until(lambda: in_flight(cli) > 0, "the object is on its way")
            command.signal(number)
            wait_until(lambda: "stopping" in command.stderr(), "it heard the signal")
        finally:
            content.go_on.set()
            sender.join()
        document = command.ended(code=0)

    assert answers == [0x0000]
    assert_document(document, operation="storage_scp", status="success")
    assert document["objects_stored"] == 1
    assert assert_agreement(cli.data_dir).keys() == {a_uid(1, 1, 1)}


def test_second_ctrl_c_stops_at_once_and_loses_nothing_acknowledged(cli: FileroomCli, tmp_path: Path) -> None:
    whole = HesitantContent(encoded(a_data_set(a_record(2))))
    whole.go_on.set()
    hesitant = HesitantContent(encoded(a_data_set(a_record(1), pixel_bytes=2_000_000)))
    with running(cli, tmp_path / "run", "storage-scp", "--port", "0") as command:
        wait_until(lambda: " listens at " in command.stderr(), "it listens")
        port = int(command.stderr().partition("127.0.0.1:")[2].partition(";")[0])
        answers: list[int] = []
        send(port, whole, answers, number=2)
        sender = threading.Thread(target=send, args=(port, hesitant, answers))
        sender.start()
        try:
            wait_until(lambda: in_flight(cli) > 0, "the object is on its way")
            command.signal()
            wait_until(lambda: "stopping" in command.stderr(), "it heard the signal")
            heard = time.monotonic()
            wait_until(lambda: time.monotonic() > heard + ECHO_SECONDS, "a second one counts")
            command.signal()
            document = command.ended(code=130)
        finally:
            hesitant.go_on.set()
            sender.join()

    assert_document(document, operation="storage_scp", status="cancelled")
    assert answers == [0x0000]
    with cli.storage_scp():
        assert assert_agreement(cli.data_dir, running=True).keys() == {a_uid(1, 1, 2)}


def test_idle_association_does_not_hold_the_listener_up(cli: FileroomCli) -> None:
    with cli.storage_scp() as listener:
        client = a_client()
        with client.open_store(peer_at(listener.port), CONTEXTS):
            pass
        session = client.open_store(peer_at(listener.port), CONTEXTS)
    session.__exit__(None, None, None)

    assert listener.code == 0
    assert listener.summary["associations_accepted"] == 2


class HesitantContent(ObjectContent):
    """Bytes of which the second half comes only when somebody says so."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.go_on = threading.Event()

    @property
    def path(self) -> Path | None:
        return None

    @property
    def size(self) -> int:
        return len(self._data)

    def open(self) -> io.BytesIO:
        return HesitantStream(self._data, self.go_on)


class HesitantStream(io.BytesIO):
    """Waits in the middle."""

    def __init__(self, data: bytes, go_on: threading.Event) -> None:
        super().__init__(data)
        self._half = len(data) // 2
        self._go_on = go_on

    def _wait(self) -> None:
        if self.tell() >= self._half:
            assert self._go_on.wait(30)

    def read(self, size: int | None = -1) -> bytes:
        self._wait()
        return super().read(size)

    def readinto(self, buffer: object) -> int:
        self._wait()
        return super().readinto(buffer)  # type: ignore[arg-type]  # whatever the caller has


def a_client() -> AssociationClient:
    return AssociationClient(
        PynetdicomUpperLayer(), AeTitle("SENDER"), connect_timeout=10, idle_timeout=30, max_pdu_length=65536
    )


def peer_at(port: int) -> Peer:
    return Peer(ae_title=AeTitle("ANY-SCP"), host="127.0.0.1", port=port)


def send(port: int, content: ObjectContent, answers: list[int], *, number: int = 1) -> None:
    """Send an object, and note the answer where one comes."""
    record = a_record(number)
    source = OutgoingObject(
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid,
        study_instance_uid=record.study_instance_uid,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        data_offset=0,
        content=content,
        name="hesitant",
    )
    with contextlib.suppress(PeerError), a_client().open_store(peer_at(port), CONTEXTS) as session:
        answers.append(session.send(source).status)


def in_flight(cli: FileroomCli) -> int:
    """Bytes of objects on their way in."""
    parts = (cli.data_dir / "store" / ".incoming").rglob("*.part")
    return sum(part.stat().st_size for part in itertools.islice(parts, 1))
