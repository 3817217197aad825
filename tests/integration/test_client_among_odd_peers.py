"""Clients among peers that do not behave."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from fileroom.adapters.dicom._services import operation
from fileroom.adapters.dicom._shared.dimse import (
    DATA_SET,
    NO_DATA_SET,
    RESPONSE,
    CommandField,
    CommandSet,
    decode_command,
)
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import (
    Cancelled,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerSilent,
    PeerUnreachable,
)
from fileroom.domain.transfer import SubOperations
from tests.contract.dicom_clients import ALL_STUDIES, CT_CONTEXT, ONE_STUDY, an_object
from tests.contract.dicom_handlers import Flag
from tests.integration.backends import Backend
from tests.integration.dicom_wire import (
    ABORT,
    RELEASE_RP,
    RELEASE_RQ,
    accept_association,
    acceptor,
    associate_ac,
    message,
    read_commands,
    read_pdu,
    values,
)

IDLE_SECONDS = 0.5
PENDING, SUCCESS, CANCELLED = 0xFF00, 0x0000, 0xFE00
Serve = Callable[[socket.socket], None]


@pytest.fixture
def client(backend: Backend) -> DicomClient:
    return backend.client(idle_timeout=IDLE_SECONDS)


def answer(request: CommandSet, status: int, data: bytes = b"", **values: int) -> bytes:
    """A response on the one context that finds and moves have."""
    told = CommandSet(
        field=request.field | RESPONSE,
        responding_to=request.message_id,
        status=status,
        data_set_type=DATA_SET if data else NO_DATA_SET,
        **values,  # type: ignore[arg-type] # counters
    )
    return message(1, told, data)


def release(sock: socket.socket) -> None:
    """Wait for the release request and answer it."""
    while read_pdu(sock)[0] not in {0, 5}:
        pass
    sock.sendall(RELEASE_RP)


def serving(*responses: Callable[[CommandSet], bytes], after: Serve = release) -> Serve:
    """A peer that answers the first request so."""

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        _, command = next(read_commands(sock))
        for response in responses:
            sock.sendall(response(decode_command(command)))
        after(sock)

    return serve


# Connecting


def test_unknown_host_is_told_apart(client: DicomClient) -> None:
    with pytest.raises(PeerUnreachable, match="not a known host"):
        client.echo(Peer(ae_title=AeTitle("X"), host="no.such.host.invalid", port=104))


def test_connection_without_answer_is_told_apart(backend: Backend) -> None:
    hasty = backend.client(connect_timeout=0.1, idle_timeout=1.0)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        peer = Peer(ae_title=AeTitle("X"), host=address[0], port=address[1])

        def fill() -> None:
            for _ in range(3):  # the system's queue may take one or two more
                hasty.echo(peer)

        with socket.create_connection(address), pytest.raises((PeerUnreachable, PeerSilent)):
            fill()


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", PeerBrokeProtocol, "HTTP"),
        (b"220 mail ready\r\n", PeerBrokeProtocol, "noise"),
        (b"", PeerDropped, "closed the connection"),
        (ABORT, PeerDropped, "ended the association"),
        (b"\x02\0\0\0\0\x01x", PeerBrokeProtocol, "broke the protocol"),
        (b"\x02\x00\xff\xff\xff\xff", PeerBrokeProtocol, "limit"),
        (RELEASE_RQ, PeerBrokeProtocol, "broke the protocol"),
        (values((1, 3, b"")), PeerBrokeProtocol, "broke the protocol"),
        (b"\x03\0\0\0\0\4\0\x09\x09\x09", PeerError, "rejected"),
    ],
)
def test_odd_answer_to_the_association_request_is_told_apart(
    client: DicomClient, reply: bytes, error: type[PeerError], told: str
) -> None:
    def serve(sock: socket.socket) -> None:
        read_pdu(sock)
        sock.sendall(reply)

    with acceptor(serve) as peer, pytest.raises(error, match=told):
        client.echo(peer)


@pytest.mark.parametrize("length", [0, 1, 100, 16384, 1 << 20, 0xFFFFFFFF])
def test_objects_are_cut_as_the_peer_can_take_them(client: DicomClient, length: int) -> None:
    data = bytes(range(256)) * 300
    received = bytearray()
    longest = 0

    def serve(sock: socket.socket) -> None:
        nonlocal longest
        _, request = read_pdu(sock)
        sock.sendall(associate_ac(request, length))
        command = b""
        while True:
            _, body = read_pdu(sock)
            longest = max(longest, len(body))
            offset = 0
            while offset < len(body):
                size = int.from_bytes(body[offset : offset + 4], "big")
                control, value = body[offset + 5], body[offset + 6 : offset + 4 + size]
                offset += 4 + size
                if control & 1:
                    command += value
                else:
                    received.extend(value)
                if control == 2:
                    sock.sendall(answer(decode_command(command), SUCCESS))
                    release(sock)
                    return

    with acceptor(serve) as peer, client.open_store(peer, [CT_CONTEXT]) as session:
        assert session.send(an_object(data=data)).status == 0
    assert bytes(received) == data
    assert longest <= (length if length >= 16 else 1 << 20)


# Answers


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (
            lambda rq: message(1, CommandSet(field=rq.field | RESPONSE, responding_to=99, status=0)),
            PeerBrokeProtocol,
        ),
        (
            lambda rq: message(1, CommandSet(field=rq.field | RESPONSE, responding_to=rq.message_id)),
            PeerBrokeProtocol,
        ),
        (
            lambda _: message(1, CommandSet(field=CommandField.C_ECHO | RESPONSE, responding_to=1, status=0)),
            PeerBrokeProtocol,
        ),
        (lambda _: message(1, CommandSet(field=CommandField.C_ECHO, message_id=1)), PeerBrokeProtocol),
        (
            lambda rq: message(7, CommandSet(field=rq.field | RESPONSE, responding_to=1, status=0)),
            PeerBrokeProtocol,
        ),
        (lambda _: RELEASE_RQ, PeerDropped),
        (lambda _: ABORT, PeerDropped),
        (lambda _: b"", PeerDropped),
        (lambda rq: answer(rq, PENDING)[:-3], PeerDropped),
    ],
)
def test_answer_that_is_none_is_told_apart(
    client: DicomClient, response: Callable[[CommandSet], bytes], error: type[PeerError]
) -> None:
    with acceptor(serving(response, after=lambda _: None)) as peer, pytest.raises(error):
        list(client.find(peer, ALL_STUDIES, Flag()))


def test_each_response_restarts_the_time_out_for_silence(client: DicomClient) -> None:
    tick = threading.Event()

    def slowly(request: CommandSet) -> bytes:
        tick.wait(0.6 * IDLE_SECONDS)
        return answer(request, PENDING, a_match(PatientName="Doe"))

    started = time.monotonic()
    with acceptor(serving(*[slowly] * 4, lambda request: answer(request, SUCCESS))) as peer:
        assert len(list(client.find(peer, ALL_STUDIES, Flag()))) == 4
    assert time.monotonic() - started > 2 * IDLE_SECONDS


def test_matches_without_identifier_are_passed_over(client: DicomClient) -> None:
    responses = [
        lambda request: answer(request, PENDING),
        lambda request: answer(request, 0xFF01, a_match(PatientName="Doe")),
        lambda request: answer(request, PENDING, b"\xff" * 30),
        lambda request: answer(request, SUCCESS),
    ]
    with acceptor(serving(*responses)) as peer:
        assert list(client.find(peer, ALL_STUDIES, Flag())) == [{"PatientName": "Doe"}, {}]


def test_final_move_response_may_lack_its_identifier_or_spoil_it(client: DicomClient) -> None:
    for identifier in (b"", b"\xff" * 30):
        final = [lambda request, data=identifier: answer(request, 0xB000, data, completed=1, failed=2)]
        with acceptor(serving(*final)) as peer:
            (step,) = client.move(peer, ONE_STUDY, AeTitle("X"), Flag())
        assert step.failed_sop_instance_uids == ()
        assert step.counters == SubOperations(completed=1, failed=2)


# Cancelling


def test_cancel_is_sent_at_once_while_the_peer_is_silent(backend: Backend) -> None:
    patient = backend.client(idle_timeout=60.0)
    cancel = Flag()
    raised = [0.0]
    came: list[float] = []

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        commands = read_commands(sock)
        request = decode_command(next(commands)[1])
        raised[0] = time.monotonic()
        cancel.cancel()
        assert decode_command(next(commands)[1]).field == CommandField.C_CANCEL
        came.append(time.monotonic())
        sock.sendall(answer(request, CANCELLED))
        release(sock)

    with acceptor(serve) as peer, pytest.raises(Cancelled):
        list(patient.find(peer, ALL_STUDIES, cancel))
    assert came[0] - raised[0] < 0.5


def test_closing_early_aborts_when_the_peer_never_ends(
    client: DicomClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "DRAIN_SECONDS", 0.3)
    seen: list[int] = []

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        _, command = next(read_commands(sock))
        request = decode_command(command)
        while True:
            sock.sendall(answer(request, PENDING, a_match(PatientName="Doe")))
            sock.settimeout(0.01)
            try:
                kind, _ = read_pdu(sock)
            except TimeoutError:
                continue
            seen.append(kind)
            if kind != 4:
                return

    with acceptor(serve) as peer, closing(client.find(peer, ALL_STUDIES, Flag())) as matches:  # type: ignore[type-var]
        assert next(matches)
    assert seen == [4, 4, 7]  # the identifier, C-CANCEL, A-ABORT


def test_move_is_cancelled_once(client: DicomClient) -> None:
    fields: list[int] = []

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        commands = read_commands(sock)
        request = decode_command(next(commands)[1])
        sock.sendall(answer(request, PENDING))
        fields.append(decode_command(next(commands)[1]).field)
        sock.sendall(answer(request, PENDING) * 3 + answer(request, CANCELLED))
        fields.extend(decode_command(command).field for _, command in commands)
        sock.sendall(RELEASE_RP)

    with acceptor(serve) as peer:
        cancel, statuses = Flag(), []
        for step in client.move(peer, ONE_STUDY, AeTitle("X"), cancel):
            statuses.append(step.status)
            cancel.cancel()
    assert statuses == [PENDING] * 4 + [CANCELLED]
    assert fields == [CommandField.C_CANCEL]


# Sending


def test_peer_that_stops_reading_is_silent(client: DicomClient) -> None:
    done = threading.Event()

    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        done.wait(20)

    with acceptor(serve) as peer:
        with client.open_store(peer, [CT_CONTEXT]) as session, pytest.raises(PeerSilent):
            session.send(an_object(data=bytes(50_000_000)))
        done.set()


@pytest.mark.parametrize("last", [ABORT, RELEASE_RQ, b"", b"\xaa" * 20])
def test_peer_that_ends_in_the_middle_of_an_object_is_told_apart(client: DicomClient, last: bytes) -> None:
    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        read_pdu(sock)
        sock.sendall(last)

    with acceptor(serve) as peer, client.open_store(peer, [CT_CONTEXT]) as session:
        with pytest.raises(PeerError):
            session.send(an_object(data=bytes(20_000_000)))
        with pytest.raises(PeerError):
            session.send(an_object())


def test_answer_to_a_store_carries_its_comment(client: DicomClient) -> None:
    def serve(sock: socket.socket) -> None:
        accept_association(sock)
        _, command = next(read_commands(sock))
        told = CommandSet(
            field=CommandField.C_STORE | RESPONSE,
            responding_to=decode_command(command).message_id,
            status=0xA900,
            error_comment="wrong class",
        )
        sock.sendall(message(1, told))
        release(sock)

    with acceptor(serve) as peer, client.open_store(peer, [CT_CONTEXT]) as session:
        assert session.send(an_object()).error_comment == "wrong class"


def a_match(**attributes: str) -> bytes:
    """An identifier, encoded by pydicom."""
    data_set = Dataset()
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return encode(data_set, False, True) or b""
