"""Thousands of callers that do not behave, beside one that does: it is served on, and nothing piles up."""

import gc
import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fileroom.adapters.dicom._shared.dimse import CommandSet, c_store_rq, decode_command
from fileroom.application.ports.dicom_server import ListenerOptions, Listening
from fileroom.domain.ae_title import AeTitle
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN
from tests.contract.dicom_handlers import eventually
from tests.contract.dicom_servers import Handlers
from tests.integration.backends import Backend
from tests.integration.dicom_wire import (
    ABORT,
    CT,
    ECHO,
    RELEASE_RP,
    RELEASE_RQ,
    associate_rq,
    associated,
    message,
    read_commands,
    read_pdu,
    values,
)

ROUNDS = 25
"""Each round is every kind of misbehaviour once, by several callers at a time."""
CALLERS = 4
WARM_UP = 3
GROWTH_BLOCKS = 3000
"""Memory blocks that may be more afterwards than before: less than two a bad connection."""

OPTIONS = ListenerOptions(
    ae_title=AeTitle("FILEROOM"), idle_timeout=5.0, sop_class_uids=(CT_IMAGE_STORAGE,), max_associations=8
)
STORE = c_store_rq(1, CT_IMAGE_STORAGE, "1.2.3.4")
OBJECT = message(CT, STORE, bytes(50_000))
CONTEXTS = [(2 * n + 1 & 0xFF, CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN) for n in range(9000)]

Misbehaviour = Callable[[socket.socket], None]


def says(what: bytes) -> Misbehaviour:
    """Say something, and wait for the end."""

    def misbehave(sock: socket.socket) -> None:
        sock.sendall(what)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    return misbehave


def resets_after(what: bytes) -> Misbehaviour:
    """Say something, and reset the connection."""

    def misbehave(sock: socket.socket) -> None:
        sock.sendall(what)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return misbehave


def associates_and(then: Misbehaviour) -> Misbehaviour:
    """Behave until the association stands."""

    def misbehave(sock: socket.socket) -> None:
        sock.sendall(associate_rq())
        if read_pdu(sock)[0] == 2:
            then(sock)

    return misbehave


MISBEHAVIOURS = (
    says(b""),
    says(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"),
    says(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
    says(os.urandom(300)),
    says(b"\x01\0\xff\xff\xff\xff" + bytes(100)),
    says(associate_rq()[:40]),
    says(associate_rq(CONTEXTS)),
    says(RELEASE_RQ + RELEASE_RP + ABORT),
    resets_after(b""),
    resets_after(associate_rq()),
    associates_and(says(b"")),
    associates_and(says(ABORT)),
    associates_and(says(OBJECT[:200])),
    associates_and(says(OBJECT[:20_000])),
    associates_and(says(OBJECT[:30_000] + ABORT)),
    associates_and(says(b"\x04\0\xff\xff\xff\xff")),
    associates_and(says(b"\x04\0\0\0\0\x06" + b"\xff" * 6)),
    associates_and(says(values((CT, 0, b"")) * 2000)),
    associates_and(says(values((CT, 1, bytes(60_000))) * 3)),
    associates_and(says(message(CT, STORE, b"data") + b"noise")),
    associates_and(says(values((99, 3, STORE.encode())))),
    associates_and(says(message(ECHO, CommandSet(field=0x7777, message_id=1)))),
    associates_and(resets_after(OBJECT[:10_000])),
    associates_and(resets_after(OBJECT)),
)


def misbehave(address: tuple[str, int], rounds: int) -> None:
    """Have several callers at a time do all that is wrong."""

    def call() -> None:
        for _ in range(rounds):
            for misbehaviour in MISBEHAVIOURS:
                with suppress(OSError), socket.create_connection(address, timeout=10) as sock:
                    misbehaviour(sock)

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def storing(listening: Listening) -> Iterator[list[int | None]]:
    """Send one object after the other on one association for as long as the context lasts; yields the statuses."""
    statuses: list[int | None] = []
    over = threading.Event()

    def store() -> None:
        with associated(listening.address) as sock:
            commands = read_commands(sock)
            number = 0
            while not over.is_set():
                number += 1
                request = replace(STORE, message_id=number % 0xFFFF + 1, sop_instance_uid=f"1.2.9.{number}")
                sock.sendall(message(CT, request, bytes(1000)))
                statuses.append(decode_command(next(commands)[1]).status)
            sock.sendall(RELEASE_RQ)
            assert read_pdu(sock)[0] == 6

    thread = threading.Thread(target=store)
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


def allocated_blocks() -> int:
    """How many blocks of memory the interpreter has in use."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.fixture
def silent_log() -> Iterator[None]:
    """No log: pytest keeps every record."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def open_files() -> int:
    """How many files and sockets this process has open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("silent_log")
def test_thousands_of_bad_connections_leave_nothing_behind(backend: Backend) -> None:
    handlers = Handlers()
    handlers.store.keeps_data = False
    with backend.server().listen(OPTIONS, handlers.services) as listening:
        misbehave(listening.address, WARM_UP)
        eventually(lambda: listening.active() == 0)
        forget(handlers)
        threads, files = threading.active_count(), open_files()
        before = allocated_blocks()
        with storing(listening) as statuses:
            misbehave(listening.address, ROUNDS)
        eventually(lambda: listening.active() == 0)
        ends_once = handlers.store.all_ended_once
        forget(handlers)
        after = allocated_blocks()
        eventually(lambda: threading.active_count() <= threads)
        eventually(lambda: open_files() <= files)

    assert ends_once
    assert len(statuses) > 100
    assert set(statuses) == {0}
    assert after - before < GROWTH_BLOCKS


def forget(handlers: Handlers) -> None:
    """Let go of what the test's own handlers remember."""
    handlers.store.received.clear()
    handlers.observer.asked.clear()
    handlers.observer.ends.clear()
    handlers.observer.refusals.clear()
