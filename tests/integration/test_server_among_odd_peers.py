"""Servers among peers that do not behave."""

import errno
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from fileroom.adapters.dicom._shared.dimse import (
    DATA_SET,
    NO_DATA_SET,
    RESPONSE,
    CommandField,
    CommandSet,
    decode_command,
)
from fileroom.application.ports.dicom_server import ListenerOptions, Listening, RejectReason
from fileroom.domain.ae_title import AeTitle
from tests.builders import CT_IMAGE_STORAGE
from tests.contract.dicom_handlers import eventually
from tests.contract.dicom_servers import OPTIONS, Handlers
from tests.integration.backends import Backend
from tests.integration.dicom_wire import (
    ABORT,
    CT,
    ECHO,
    FIND,
    RELEASE_RP,
    RELEASE_RQ,
    associate_rq,
    associated,
    connected,
    is_closed,
    message,
    read_commands,
    read_pdu,
    values,
)

IDLE_SECONDS = 0.4
UID = "1.2.3.4"
STORE = CommandSet(
    field=CommandField.C_STORE,
    message_id=1,
    sop_class_uid=CT_IMAGE_STORAGE,
    sop_instance_uid=UID,
    priority=0,
    data_set_type=DATA_SET,
)
ECHO_RQ = CommandSet(field=CommandField.C_ECHO, message_id=1, sop_class_uid="1.2.840.10008.1.1")
FIND_RQ = CommandSet(
    field=CommandField.C_FIND,
    message_id=1,
    sop_class_uid="1.2.840.10008.5.1.4.1.2.2.1",
    priority=0,
    data_set_type=DATA_SET,
)

STUDY_LEVEL = struct.pack("<HHI", 0x0008, 0x0052, 6) + b"STUDY "


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def listening(backend: Backend, handlers: Handlers) -> Iterator[Listening]:
    options = ListenerOptions(
        ae_title=AeTitle("FILEROOM"), idle_timeout=IDLE_SECONDS, sop_class_uids=(CT_IMAGE_STORAGE,)
    )
    with backend.server().listen(options, handlers.services) as running:
        yield running


def answers(listening: Listening) -> bool:
    """Whether a good peer is served."""
    with associated(listening.address) as sock:
        sock.sendall(message(ECHO, ECHO_RQ))
        _, command = next(read_commands(sock))
        sock.sendall(RELEASE_RQ)
        read_pdu(sock)
        return decode_command(command).status == 0


def is_closed_on_drips(sock: socket.socket, what: bytes) -> bool:
    """Whether the other end closes before all was said, byte by byte, with pauses."""
    sock.settimeout(IDLE_SECONDS / 10)
    for byte in what:
        try:
            sock.send(bytes([byte]))
            if not sock.recv(100):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


# Before the association


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100,
        b"\x01\0\0\0\0\x02ab",
        b"\x01\0\0\0\0\x46" + b"\xff" * 70,
        ABORT,
        RELEASE_RQ,
        RELEASE_RP,
        values((CT, 3, b"")),
    ],
)
def test_noise_is_closed_and_the_others_are_served(
    listening: Listening, handlers: Handlers, noise: bytes
) -> None:
    with connected(listening.address) as sock:
        sock.sendall(noise)
        assert answers(listening)
        assert is_closed(sock)
    eventually(lambda: listening.active() == 0)
    assert len(handlers.observer.asked) == 1


def test_connection_that_says_nothing_is_closed(listening: Listening) -> None:
    started = time.monotonic()
    with connected(listening.address) as sock:
        assert answers(listening)
        assert is_closed(sock)
    assert time.monotonic() - started < 10 * IDLE_SECONDS


def test_silent_connections_do_not_keep_others_out(backend: Backend, handlers: Handlers) -> None:
    options = ListenerOptions(ae_title=AeTitle("FILEROOM"), max_associations=8)
    with backend.server().listen(options, handlers.services) as listening, ExitStack() as silent:
        socks = [silent.enter_context(connected(listening.address)) for _ in range(100)]
        assert all(answers(listening) for _ in range(3))
        assert is_closed(socks[0])


def test_silent_connections_are_closed_long_before_the_time_out_of_associations(
    backend: Backend, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fileroom.adapters.dicom._services.acceptor.ASSOCIATION_SECONDS", 0.2)
    options = ListenerOptions(ae_title=AeTitle("FILEROOM"), idle_timeout=600)
    with (
        backend.server().listen(options, handlers.services) as listening,
        connected(listening.address) as sock,
    ):
        assert is_closed(sock)


def test_listener_survives_that_no_thread_can_be_started(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, failures = threading.Thread.start, iter(range(2))

    def start_if_possible(thread: threading.Thread) -> None:
        if thread.name.startswith("dicom-association") and next(failures, None) is not None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_possible)
    for _ in range(2):
        with connected(listening.address) as sock:
            assert is_closed(sock)
    assert answers(listening)
    assert listening.is_accepting()


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "Too many open files"), MemoryError()])
def test_listener_survives_that_nothing_can_be_accepted(
    backend: Backend, handlers: Handlers, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    accept, failures = socket.socket.accept, iter(range(2))

    def accept_if_possible(sock: socket.socket) -> tuple[socket.socket, Any]:
        if next(failures, None) is not None:
            raise error
        return accept(sock)

    monkeypatch.setattr(socket.socket, "accept", accept_if_possible)
    with backend.server().listen(OPTIONS, handlers.services) as listening:
        assert answers(listening)
        assert listening.is_accepting()


def test_listener_stops_without_waiting_for_its_next_look(backend: Backend, handlers: Handlers) -> None:
    started = time.monotonic()
    for _ in range(10):
        with backend.server().listen(OPTIONS, handlers.services):
            pass
    assert time.monotonic() - started < 0.5


def test_connection_that_drips_before_the_association_is_closed(listening: Listening) -> None:
    started = time.monotonic()
    with connected(listening.address) as sock:
        assert is_closed_on_drips(sock, associate_rq())
    assert time.monotonic() - started < 10 * IDLE_SECONDS


@pytest.mark.parametrize("odd", [b"", b"A\nFORGED", b"\x1b[31mRED", b"AB\0CD", b"\xff\xfe", b"A\\B"])
@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("calling", RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED),
        ("called", RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED),
    ],
)
def test_request_with_an_ae_title_that_is_none_is_rejected(
    listening: Listening, handlers: Handlers, odd: bytes, which: str, reason: RejectReason
) -> None:
    with connected(listening.address) as sock:
        sock.sendall(associate_rq(**{which: odd}))  # type: ignore[arg-type] # titles only
        assert read_pdu(sock) == (3, bytes([0, *reason.value]))
        assert is_closed(sock)
    eventually(lambda: [why for _, why in handlers.observer.refusals] == [reason])
    ((caller, _),) = handlers.observer.refusals
    assert (caller.calling_ae_title + caller.called_ae_title).isprintable()
    assert caller.address == "127.0.0.1"
    assert handlers.observer.asked == []


@pytest.mark.parametrize(
    "request_pdu",
    [
        associate_rq([(1, "\x1b[31m\n\xff", "1.2.840.10008.1.2")]),
        associate_rq([(1, "1.2.840.10008.1.1", "\n\xff")]),
        associate_rq([(1, "1" * 80, "1.2.840.10008.1.2")]),
        associate_rq([(1, "", "")]),
        associate_rq([(2, "1.2.840.10008.1.1", "1.2.840.10008.1.2")]),
        associate_rq([(1, "1.2.840.10008.1.1", "1.2.840.10008.1.2")] * 3),
        associate_rq([(1, "a.b c", "x y\n")]),
        associate_rq()[:7] + b"\x09" + associate_rq()[8:],
        struct.pack(">BxI", 1, 10) + bytes(10),
        struct.pack(">BxI", 1, 80) + associate_rq()[6:80] + bytes(6),
    ],
)
def test_odd_request_is_answered_or_counted_without_a_traceback(
    listening: Listening, handlers: Handlers, caplog: pytest.LogCaptureFixture, request_pdu: bytes
) -> None:
    with connected(listening.address) as sock:
        sock.sendall(request_pdu)
        assert read_pdu(sock)[0] in {2, 3, 7}
        sock.sendall(ABORT)
        is_closed(sock)
    eventually(lambda: len(handlers.observer.ends) + len(handlers.observer.refusals) == 1)
    ours = [record for record in caplog.records if record.name.startswith("fileroom")]
    assert not [record for record in ours if record.exc_info]


def test_request_for_another_application_is_rejected(listening: Listening, handlers: Handlers) -> None:
    request = associate_rq().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.9")
    with connected(listening.address) as sock:
        sock.sendall(request)
        assert read_pdu(sock) == (3, b"\0\1\1\2")
        assert is_closed(sock)
    eventually(
        lambda: (
            [reason for _, reason in handlers.observer.refusals]
            == [RejectReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED]
        )
    )
    assert handlers.observer.asked == []


def test_pdu_over_the_limit_is_refused_before_its_body(listening: Listening) -> None:
    with connected(listening.address) as sock:
        sock.sendall(struct.pack(">BxI", 1, 64 << 20))
        kind, _ = read_pdu(sock)
        assert kind == 7
        assert is_closed(sock)


def test_association_request_is_read_byte_by_byte(listening: Listening) -> None:
    with connected(listening.address) as sock:
        for byte in associate_rq():
            sock.sendall(bytes([byte]))
        assert read_pdu(sock)[0] == 2


# In the association


def test_pdu_over_the_limit_ends_the_association_before_its_body(
    listening: Listening, handlers: Handlers
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(struct.pack(">BxI", 4, (16 << 20) + 1))
        assert read_pdu(sock)[0] == 7
        assert is_closed(sock)
    eventually(lambda: [why for _, why in handlers.observer.ends] == ["protocol error"])
    assert answers(listening)


def test_silent_association_is_aborted(listening: Listening, handlers: Handlers) -> None:
    with associated(listening.address) as sock:
        assert read_pdu(sock)[0] == 7
    eventually(lambda: [why for _, why in handlers.observer.ends] == ["silent"])


def test_association_whose_bytes_drip_is_aborted(listening: Listening, handlers: Handlers) -> None:
    started = time.monotonic()
    with associated(listening.address) as sock:
        assert is_closed_on_drips(sock, message(CT, STORE, bytes(1000)))
    assert time.monotonic() - started < 10 * IDLE_SECONDS
    eventually(lambda: [why for _, why in handlers.observer.ends] == ["silent"])


def test_large_pdu_that_comes_slowly_is_taken(listening: Listening, handlers: Handlers) -> None:
    data = bytes(1 << 20)
    whole = message(CT, STORE, data)
    with associated(listening.address) as sock:
        for start in range(0, len(whole), 1 << 17):
            sock.sendall(whole[start : start + (1 << 17)])
            time.sleep(IDLE_SECONDS / 4)
        _, command = next(read_commands(sock))
    assert decode_command(command).status == 0
    assert handlers.store.data == {UID: data}


def test_why_a_caller_broke_off_is_logged_without_what_it_sent(
    listening: Listening, handlers: Handlers, caplog: pytest.LogCaptureFixture
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, STORE.encode())) + values((CT, 0, b"the first half")))
        assert handlers.store.fed.wait(10)
        sock.sendall(b"Smith^Secret")
        assert is_closed(sock)
    eventually(lambda: [why for _, why in handlers.observer.ends] == ["protocol error"])
    assert "RAW at 127.0.0.1: protocol error: it sent noise" in caplog.text
    assert "Smith" not in caplog.text


def test_object_of_another_class_than_its_context_is_refused(
    listening: Listening, handlers: Handlers
) -> None:
    other = CommandSet(
        field=CommandField.C_STORE,
        message_id=1,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
        sop_instance_uid=UID,
        priority=0,
        data_set_type=DATA_SET,
    )
    with associated(listening.address) as sock:
        sock.sendall(message(CT, other, b"data") + message(CT, STORE, b"data"))
        commands = read_commands(sock)
        assert [decode_command(next(commands)[1]).status for _ in range(2)] == [0x0122, 0]
    assert [one.request.sop_class_uid for one in handlers.store.received] == [CT_IMAGE_STORAGE]


def test_store_request_without_a_data_set_is_refused(listening: Listening, handlers: Handlers) -> None:
    with associated(listening.address) as sock:
        sock.sendall(message(CT, replace(STORE, data_set_type=NO_DATA_SET)) + message(ECHO, ECHO_RQ))
        commands = read_commands(sock)
        assert [decode_command(next(commands)[1]).status for _ in range(2)] == [0xC000, 0]
    assert handlers.store.received == []


def test_message_is_read_byte_by_byte(listening: Listening, handlers: Handlers) -> None:
    with associated(listening.address) as sock:
        for byte in message(CT, STORE, b"a data set"):
            sock.sendall(bytes([byte]))
        _, command = next(read_commands(sock))
    assert decode_command(command).status == 0
    assert handlers.store.data == {UID: b"a data set"}


def test_fragments_are_put_together_however_they_are_cut(listening: Listening, handlers: Handlers) -> None:
    command = STORE.encode()
    with associated(listening.address) as sock:
        sock.sendall(
            values((CT, 1, command[:7]), (CT, 1, b""), (CT, 3, command[7:]), (CT, 0, b"a "))
            + values((CT, 0, b""))
            + values((CT, 0, b"data "), (CT, 2, b"set"))
        )
        _, answer = next(read_commands(sock))
    assert decode_command(answer).status == 0
    assert handlers.store.data == {UID: b"a data set"}


def test_message_after_message_in_separate_pdus_is_answered(listening: Listening) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, STORE.encode()), (CT, 2, b"one")) + message(ECHO, ECHO_RQ))
        commands = read_commands(sock)
        fields = [decode_command(next(commands)[1]).field for _ in range(2)]
    assert fields == [CommandField.C_STORE | RESPONSE, CommandField.C_ECHO | RESPONSE]


def test_requests_that_do_not_wait_for_answers_are_answered_one_by_one(
    listening: Listening, handlers: Handlers
) -> None:
    request = ((CT, 3, STORE.encode()), (CT, 2, b"one"))
    with associated(listening.address) as sock:
        sock.sendall(values(*request * 100))
        commands = read_commands(sock)
        statuses = [decode_command(next(commands)[1]).status for _ in range(100)]
    assert statuses == [0] * 100
    assert len(handlers.store.received) == 100
    assert answers(listening)


def test_request_while_a_query_is_answered_ends_the_association(
    listening: Listening, handlers: Handlers
) -> None:
    handlers.query.matches, handlers.query.endless = [{"PatientID": "1"}], True
    with associated(listening.address) as sock:
        sock.sendall(message(FIND, FIND_RQ, STUDY_LEVEL))
        assert read_pdu(sock)[0] == 4
        sock.sendall(message(CT, STORE, b"data"))
        assert is_closed(sock)
    eventually(lambda: [said for _, said in handlers.observer.ends] == ["protocol error"])
    assert handlers.store.received == []


def test_answers_to_nothing_while_a_query_is_answered_end_the_association(
    listening: Listening, handlers: Handlers
) -> None:
    handlers.query.matches, handlers.query.endless = [{"PatientID": "1"}], True
    with associated(listening.address) as sock:
        sock.sendall(message(FIND, FIND_RQ, STUDY_LEVEL))
        assert read_pdu(sock)[0] == 4
        sock.sendall(
            message(ECHO, CommandSet(field=CommandField.C_ECHO | RESPONSE, responding_to=9, status=0))
        )
        assert is_closed(sock)
    eventually(lambda: [said for _, said in handlers.observer.ends] == ["protocol error"])


@pytest.mark.parametrize(("announced", "length"), [(0, 15 << 20), (4 << 20, 4 << 20), (20 << 20, 20 << 20)])
def test_pdu_as_long_as_was_announced_is_taken(
    backend: Backend, handlers: Handlers, announced: int, length: int
) -> None:
    options = ListenerOptions(
        ae_title=AeTitle("FILEROOM"), max_pdu_length=announced, sop_class_uids=(CT_IMAGE_STORAGE,)
    )
    data = bytes(length - 6)
    with (
        backend.server().listen(options, handlers.services) as listening,
        associated(listening.address) as sock,
    ):
        sock.sendall(message(CT, STORE, data))
        _, answer = next(read_commands(sock))
    assert decode_command(answer).status == 0
    assert handlers.store.data == {UID: data}


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (ABORT, "aborted by peer"),
        (b"", "closed by peer"),
        (values((CT, 0, b"some"))[:-2], "closed by peer"),
        (values((ECHO, 2, b"on another context")), "protocol error"),
        (values((99, 2, b"on no context")), "protocol error"),
        (values((CT, 3, ECHO_RQ.encode())), "protocol error"),
        (struct.pack(">BxIIBB", 4, 6, 100, CT, 0), "protocol error"),
        (struct.pack(">BxIIBB", 4, 6, 1, CT, 0), "protocol error"),
        (struct.pack(">BxI", 4, 3) + b"abc", "protocol error"),
        (b"GET / HTTP/1.1", "protocol error"),
        (associate_rq(), "protocol error"),
    ],
)
def test_object_is_abandoned_once_when_the_association_ends_in_its_middle(
    listening: Listening, handlers: Handlers, rest: bytes, why: str
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, STORE.encode())) + values((CT, 0, b"the first half")))
        assert handlers.store.fed.wait(10)
        sock.sendall(rest)
        if why == "closed by peer":
            sock.shutdown(1)
        assert is_closed(sock)
    eventually(lambda: [said for _, said in handlers.observer.ends] == [why])
    (received,) = handlers.store.received
    assert len(received.ends) == 1
    assert received.ends[0].startswith(why)
    assert answers(listening)


def test_object_is_abandoned_once_when_its_sender_falls_silent(
    listening: Listening, handlers: Handlers
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, STORE.encode())) + values((CT, 0, b"the first half")))
        assert is_closed(sock)
    eventually(lambda: [said for _, said in handlers.observer.ends] == ["silent"])
    assert handlers.store.all_ended_once


@pytest.mark.parametrize(
    "command", [b"", b"abc", b"\0\0\0\0\x04\0\0\0\0\0\0\0", b"\0\0\0\x01\xff\xff\xff\xff"]
)
def test_command_set_that_is_none_ends_the_association(
    listening: Listening, handlers: Handlers, command: bytes
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((ECHO, 3, command)))
        assert is_closed(sock)
    eventually(lambda: [said for _, said in handlers.observer.ends] == ["protocol error"])


@pytest.mark.parametrize(
    "uid", ["1.2.3.4\0\0", " 1.2.3.4 ", "1.02.3", "1.2.x", "..", "1" * 70, "../../etc/passwd"]
)
def test_odd_uids_are_handed_over_as_they_come(listening: Listening, handlers: Handlers, uid: str) -> None:
    command = STORE.encode().replace(UID.encode() + b"\0", b"")
    at = command.index(struct.pack("<HHI", 0, 0x1000, len(UID) + 1))
    raw = uid.encode()
    command = command[:at] + struct.pack("<HHI", 0, 0x1000, len(raw)) + raw + command[at + 8 :]
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, command)) + values((CT, 2, b"data")))
        _, answer = next(read_commands(sock))
    assert decode_command(answer).status == 0
    assert list(handlers.store.data) == [uid.strip("\0 ")]


def test_request_on_a_context_of_another_service_is_refused(listening: Listening, handlers: Handlers) -> None:
    with associated(listening.address) as sock:
        sock.sendall(message(ECHO, STORE, b"data") + message(CT, FIND_RQ, b"keys") + message(ECHO, ECHO_RQ))
        commands = read_commands(sock)
        assert [decode_command(next(commands)[1]).status for _ in range(3)] == [0x0122, 0x0122, 0]
    assert handlers.store.received == []


@pytest.mark.parametrize(
    "identifier",
    [b"", b"\x08\x00\x52\x00\x02\0\0\0XX", b"\xff" * 40, b"\x08\x00\x52\x00\xff\xff\xff\x7fSTUDY "],
)
def test_query_without_a_level_that_can_be_read_is_refused(
    listening: Listening, handlers: Handlers, identifier: bytes
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(message(FIND, FIND_RQ, identifier) + message(ECHO, ECHO_RQ))
        commands = read_commands(sock)
        assert [decode_command(next(commands)[1]).status for _ in range(2)] == [0xA900, 0]
    assert handlers.query.asked == []


def test_response_that_nobody_asked_for_ends_the_association(
    listening: Listening, handlers: Handlers
) -> None:
    with associated(listening.address) as sock:
        sock.sendall(
            message(ECHO, CommandSet(field=CommandField.C_ECHO | RESPONSE, responding_to=1, status=0))
        )
        assert read_pdu(sock)[0] == 7
    eventually(lambda: [said for _, said in handlers.observer.ends] == ["protocol error"])


def test_release_in_the_middle_of_an_object_abandons_it(listening: Listening, handlers: Handlers) -> None:
    with associated(listening.address) as sock:
        sock.sendall(values((CT, 3, STORE.encode())) + values((CT, 0, b"the first half")) + RELEASE_RQ)
        assert read_pdu(sock)[0] == 6
    eventually(lambda: handlers.store.received != [] and handlers.store.all_ended_once)
    assert not handlers.store.received[0].is_finished
