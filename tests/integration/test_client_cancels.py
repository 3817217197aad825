"""Clients that are cancelled while a peer keeps them waiting: they are back soon, whatever the time-outs are."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fileroom.adapters.dicom._services import requestor
from fileroom.adapters.dicom._shared.dimse import CommandField, decode_command
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Cancelled, PeerSilent
from tests.builders import CT_IMAGE_STORAGE
from tests.contract.dicom_clients import ALL_STUDIES, CT_CONTEXT, ONE_STUDY, an_object
from tests.contract.dicom_handlers import Flag, RecordingStore
from tests.integration.backends import Backend
from tests.integration.dicom_wire import accept_association, acceptor, read_commands, read_pdu
from tests.integration.test_client_among_odd_peers import SUCCESS, answer, release

TIME_OUT = 60.0
"""Far more than a test waits."""
SOON = 5.0
PATIENCE = 0.5
ABORT_PDU = 7
Ask = Callable[[DicomClient, Peer, Flag], object]

EVERYTHING: dict[str, Ask] = {
    "echo": lambda client, peer, cancel: client.echo(peer, cancel),
    "find": lambda client, peer, cancel: list(client.find(peer, ALL_STUDIES, cancel)),
    "move": lambda client, peer, cancel: list(client.move(peer, ONE_STUDY, AeTitle("X"), cancel)),
    "get": lambda client, peer, cancel: list(
        client.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], RecordingStore(), cancel)
    ),
    "store": lambda client, peer, cancel: client.open_store(peer, [CT_CONTEXT], cancel),
}
anything = pytest.mark.parametrize("ask", EVERYTHING.values(), ids=EVERYTHING)


@pytest.fixture
def client(backend: Backend) -> DicomClient:
    return backend.client(connect_timeout=TIME_OUT, idle_timeout=TIME_OUT)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requestor, "DRAIN_SECONDS", PATIENCE)


@contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def last_words(sock: socket.socket) -> list[int]:
    """Read to the end of the connection; the types of the PDUs that came."""
    kinds = []
    while (kind := read_pdu(sock)[0]) != 0:
        kinds.append(kind)
    return kinds


@anything
def test_wait_for_a_connection_ends(client: DicomClient, ask: Ask) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        host, port = full.getsockname()
        others = [socket.socket() for _ in range(3)]  # the system's queue takes one or two
        try:
            for other in others:
                other.setblocking(False)
                other.connect_ex((host, port))
            cancel = Flag()
            timer = threading.Timer(0.2, cancel.cancel)
            timer.start()
            with soon(), pytest.raises(Cancelled):
                ask(client, Peer(ae_title=AeTitle("X"), host=host, port=port), cancel)
            timer.join()
        finally:
            for other in others:
                other.close()


@anything
def test_wait_for_the_association_ends_with_an_abort(client: DicomClient, ask: Ask) -> None:
    cancel = Flag()
    kinds: list[int] = []

    def serve(sock: socket.socket) -> None:
        read_pdu(sock)
        cancel.cancel()
        kinds.extend(last_words(sock))

    with acceptor(serve) as peer, soon(), pytest.raises(Cancelled):
        ask(client, peer, cancel)
    assert kinds == [ABORT_PDU]


def test_echo_that_is_not_answered_is_aborted(client: DicomClient) -> None:
    cancel = Flag()
    kinds: list[int] = []

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        read_pdu(sock)
        cancel.cancel()
        kinds.extend(last_words(sock))

    with acceptor(serve) as peer, soon(), pytest.raises(Cancelled):
        client.echo(peer, cancel)
    assert kinds == [ABORT_PDU]


@pytest.mark.parametrize(("name", "error"), [("find", Cancelled), ("move", PeerSilent), ("get", PeerSilent)])
def test_peer_that_does_not_hear_a_cancel_is_given_up(
    client: DicomClient, name: str, error: type[Exception]
) -> None:
    cancel = Flag()
    fields: list[int] = []

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        commands = read_commands(sock)
        next(commands)
        cancel.cancel()
        fields.extend(decode_command(command).field for _, command in commands)

    with acceptor(serve) as peer, soon(), pytest.raises(error):
        EVERYTHING[name](client, peer, cancel)
    assert fields == [CommandField.C_CANCEL]


def test_object_that_is_not_answered_after_a_cancel_is_given_up(client: DicomClient) -> None:
    cancel = Flag()

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        next(read_commands(sock))
        cancel.cancel()
        last_words(sock)

    with (
        acceptor(serve) as peer,
        soon(),
        client.open_store(peer, [CT_CONTEXT], cancel) as session,
        pytest.raises(PeerSilent, match="after a cancel"),
    ):
        session.send(an_object())


def test_peer_that_stops_reading_is_given_up(client: DicomClient) -> None:
    cancel, done = Flag(), threading.Event()

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        done.wait(SOON)

    timer = threading.Timer(0.3, cancel.cancel)
    with acceptor(serve) as peer, soon():
        with client.open_store(peer, [CT_CONTEXT], cancel) as session:
            timer.start()
            with pytest.raises(PeerSilent):
                session.send(an_object(data=bytes(50_000_000)))
        done.set()
    timer.join()


def test_object_that_is_answered_late_after_a_cancel_is_sent(client: DicomClient) -> None:
    cancel = Flag()

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        _, command = next(read_commands(sock))
        cancel.cancel()
        time.sleep(PATIENCE / 2)
        sock.sendall(answer(decode_command(command), SUCCESS))
        release(sock)

    with acceptor(serve) as peer, client.open_store(peer, [CT_CONTEXT], cancel) as session:
        assert session.send(an_object()).status == SUCCESS
