"""Callers that speak no DICOM, or hardly: the listener ends with each of them, and stores for the others meanwhile."""

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import a_dicom_file, a_record, a_uid
from tests.entrypoints.agreement import assert_agreement
from tests.entrypoints.program import Program
from tests.fileroom_cli import FileroomCli, RunningListener
from tests.integration.raw_objects import a_raw_file
from tests.integration.senders import Ledger, send_from_all_sides

TIMEOUT = 1.0
ENDS_WITHIN = 15.0
DRIP_SECONDS = 0.1
OBJECTS = 30


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """The command line, as a peer of the listener."""
    return Program(tmp_path / "sender", capsys)


@pytest.fixture
def inbox(tmp_path: Path) -> list[Path]:
    """Objects to send."""
    files = []
    for number in range(1, OBJECTS + 1):
        files.append(tmp_path / f"{number}.dcm")
        files[-1].write_bytes(a_dicom_file(a_record(number), pixel_bytes=20_000))
    return files


def pdu(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">BxL", kind, len(body) if length is None else length) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def associate_rq() -> bytes:
    """An A-ASSOCIATE-RQ that proposes Verification (PS3.8 9.3.2)."""
    context = b"\1\0\0\0" + item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, a_uid(0).encode())
    items = item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user)
    return pdu(1, struct.pack(">HH", 1, 0) + b"ANY-SCP".ljust(16) + b"NOISE".ljust(16) + bytes(32) + items)


def says(content: bytes) -> Callable[[socket.socket], None]:
    return lambda caller: caller.sendall(content)


def drips(caller: socket.socket) -> None:
    """Send a byte now and then, until the listener has enough."""
    caller.settimeout(DRIP_SECONDS)
    for byte in associate_rq() * 100:
        caller.send(bytes([byte]))
        try:
            if not caller.recv(1):
                return
        except TimeoutError:
            continue


def drips_after_associating(caller: socket.socket) -> None:
    caller.sendall(associate_rq())
    assert caller.recv(1) == b"\2"
    caller.settimeout(DRIP_SECONDS)
    for byte in pdu(4, bytes(1000)):
        caller.send(bytes([byte]))
        try:
            if not caller.recv(4096):
                return
        except TimeoutError:
            continue


NOISE: dict[str, Callable[[socket.socket], None]] = {
    "HTTP": says(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "TLS hello": says(bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    "random bytes": says(random.Random(7).randbytes(5000)),  # noqa: S311 - noise
    "oversized PDU": says(pdu(1, b"", length=0xFFFFFFFF)),
    "oversized PDU with data": says(pdu(1, bytes(100_000), length=0xFFFFFFFF)),
    "zero-length PDU": says(pdu(1, b"")),
    "unknown PDU": says(pdu(0x99, b"1234")),
    "data before association": says(pdu(4, struct.pack(">LBB", 6, 1, 3) + b"12345")),
    "release before association": says(pdu(5, bytes(4))),
    "abort before association": says(pdu(7, bytes(4))),
    "silence": says(b""),
    "half a PDU": says(associate_rq()[:30]),
    "association and silence": says(associate_rq()),
    "association and oversized data": says(associate_rq() + pdu(4, bytes(10), length=0xFFFFFFFF)),
    "association and garbage": says(associate_rq() + b"GET / HTTP/1.1\r\n\r\n" * 10),
    "association and empty data": says(associate_rq() + pdu(4, b"") * 3),
    "association and lying fragment": says(associate_rq() + pdu(4, struct.pack(">LBB", 0xFFFFFFFF, 1, 3))),
    "association in association": says(associate_rq() + associate_rq()),
    "slow drip": drips,
}


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileroomCli, RunningListener]]:
    """One listener for all callers, with a short time-out for silence."""
    cli = FileroomCli(tmp_path_factory.mktemp("room") / "data")
    with cli.storage_scp("--timeout", str(TIMEOUT)) as listener:
        yield cli, listener
    assert listener.code == 0, listener.stderr
    assert "Traceback" not in cli.log()
    assert_agreement(cli.data_dir)


def ended(caller: socket.socket) -> bool:
    """Whether the listener closes the connection in time, whatever it says before."""
    caller.settimeout(ENDS_WITHIN)
    try:
        while caller.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("noise", NOISE)
def test_caller_that_makes_noise_is_got_rid_of(
    listening: tuple[FileroomCli, RunningListener], noise: str
) -> None:
    with socket.create_connection(("127.0.0.1", listening[1].port)) as caller:
        with contextlib.suppress(ConnectionError):  # the listener may have had enough before all is said
            NOISE[noise](caller)
        assert ended(caller)


def test_others_store_while_callers_make_noise(
    listening: tuple[FileroomCli, RunningListener], inbox: list[Path]
) -> None:
    cli, listener = listening
    with contextlib.ExitStack() as stack:
        # A byte now and then is no silence: who drips within an association may stay, but keeps nobody waiting.
        for noise in (*NOISE.values(), drips_after_associating):
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", listener.port)))
            threading.Thread(target=_quietly, args=(noise, caller), daemon=True).start()
        for _ in range(50):
            socket.create_connection(("127.0.0.1", listener.port)).close()
        ledger = Ledger()
        send_from_all_sides(listener.port, [inbox[::2], inbox[1::2]], ledger)

    assert len(ledger.acknowledged) == OBJECTS
    assert assert_agreement(cli.data_dir, running=True).keys() >= set(ledger.acknowledged)


def _quietly(noise: Callable[[socket.socket], None], caller: socket.socket) -> None:
    with contextlib.suppress(OSError, AssertionError):
        noise(caller)


@pytest.mark.parametrize(
    "uid",
    [b"../../../evil", b"/tmp/evil", b"1.2\x003", b"1." + b"2" * 62, b"1.2.\xff"],
    ids=["leads out", "absolute", "NUL", "64 characters", "not ASCII"],
)
def test_odd_uid_that_is_received_stays_in_the_store(
    listening: tuple[FileroomCli, RunningListener], program: Program, tmp_path: Path, uid: bytes
) -> None:
    cli, listener = listening
    odd = tmp_path / "odd.dcm"
    odd.write_bytes(a_raw_file(uid, study_instance_uid=uid, series_instance_uid=uid))
    before = set(cli.data_dir.parent.iterdir())

    program.run("send", "files", odd, "--to", listener.address)

    here = assert_agreement(cli.data_dir, running=True)
    assert all(path.is_relative_to(cli.data_dir / "store") for path in here.values())
    assert set(cli.data_dir.parent.iterdir()) == before
