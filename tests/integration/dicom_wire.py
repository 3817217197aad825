"""PDUs by hand (PS3.8 9.3), for peers that do what no library lets one do."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from fileroom.adapters.dicom._shared.dimse import CommandSet
from fileroom.application.ports.dicom_client import Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.sop_classes import VERIFICATION
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.builders import CT_IMAGE_STORAGE

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
WAIT_SECONDS = 10.0
CT, ECHO, FIND = 1, 3, 5
"""Context identifiers of `associate`."""
CONTEXTS = (
    (CT, CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN),
    (ECHO, VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN),
    (FIND, "1.2.840.10008.5.1.4.1.2.2.1", IMPLICIT_VR_LITTLE_ENDIAN),
)
RELEASE_RQ = struct.pack(">BxII", 5, 4, 0)
RELEASE_RP = struct.pack(">BxII", 6, 4, 0)
ABORT = struct.pack(">BxIxxBB", 7, 4, 0, 0)


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def user_information(max_pdu_length: int = 16384) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", max_pdu_length)) + item(0x52, b"1.2.3.4"))


def associate_rq(
    contexts: Sequence[tuple[int, str, str]] = CONTEXTS,
    *,
    calling: bytes = b"RAW",
    called: bytes = b"FILEROOM",
) -> bytes:
    """An A-ASSOCIATE-RQ."""
    body = struct.pack(">H2x16s16s32x", 1, called.ljust(16), calling.ljust(16)) + item(
        0x10, APPLICATION_CONTEXT
    )
    for identifier, abstract, transfer in contexts:
        proposed = item(0x30, abstract.encode()) + item(0x40, transfer.encode())
        body += item(0x20, struct.pack(">Bxxx", identifier) + proposed)
    body += user_information()
    return struct.pack(">BxI", 1, len(body)) + body


def associate_ac(request: bytes, max_pdu_length: int = 16384) -> bytes:
    """An A-ASSOCIATE-AC that accepts of each context the first transfer syntax."""
    body = request[:68] + item(0x10, APPLICATION_CONTEXT)
    offset = 68
    while offset < len(request):
        kind, length = struct.unpack_from(">BxH", request, offset)
        if kind == 0x20:
            identifier = request[offset + 4]
            at = offset + 8
            while request[at] != 0x40:
                at += 4 + struct.unpack_from(">xxH", request, at)[0]
            size = struct.unpack_from(">xxH", request, at)[0]
            chosen = item(0x40, request[at + 4 : at + 4 + size])
            body += item(0x21, struct.pack(">BxBx", identifier, 0) + chosen)
        offset += 4 + length
    body += user_information(max_pdu_length)
    return struct.pack(">BxI", 2, len(body)) + body


def values(*parts: tuple[int, int, bytes]) -> bytes:
    """A P-DATA-TF of presentation data values: context, control, bytes."""
    body = b"".join(
        struct.pack(">IBB", len(data) + 2, context, control) + data for context, control, data in parts
    )
    return struct.pack(">BxI", 4, len(body)) + body


def message(context: int, command: CommandSet, data: bytes = b"") -> bytes:
    """A whole message, in one P-DATA-TF for the command and one for the data."""
    pdus = values((context, 3, command.encode()))
    return pdus + values((context, 2, data)) if command.has_data_set else pdus


def read_pdu(sock: socket.socket) -> tuple[int, bytes]:
    """Read one PDU; (0, b"") at the end of the connection."""
    header = _exactly(sock, 6)
    if len(header) < 6:
        return 0, b""
    kind, length = struct.unpack(">BxI", header)
    return kind, _exactly(sock, length)


def read_commands(sock: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Yield context and bytes of the command sets that come, until there are no more."""
    while True:
        kind, body = read_pdu(sock)
        if kind != 4:
            return
        offset = 0
        while offset < len(body):
            length, context, control = struct.unpack_from(">IBB", body, offset)
            if control & 1:
                yield context, body[offset + 6 : offset + 4 + length]
            offset += 4 + length


def is_closed(sock: socket.socket) -> bool:
    """Whether the other end closes, after whatever it still sends."""
    with suppress(ConnectionError):
        while sock.recv(65536):
            pass
    return True


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    with suppress(ConnectionError):
        while len(data) < count:
            part = sock.recv(count - len(data))
            if not part:
                break
            data += part
    return data


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    """A connection."""
    with socket.create_connection(address, WAIT_SECONDS) as sock:
        yield sock


@contextmanager
def associated(
    address: tuple[str, int], contexts: Sequence[tuple[int, str, str]] = CONTEXTS
) -> Iterator[socket.socket]:
    """A connection with an association."""
    with connected(address) as sock:
        sock.sendall(associate_rq(contexts))
        kind, _ = read_pdu(sock)
        assert kind == 2
        yield sock


@contextmanager
def acceptor(serve: Callable[[socket.socket], None]) -> Iterator[Peer]:
    """A peer that gives its connections, one after the other, to a function."""
    stopping = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                sock, _ = listener.accept()
                sock.settimeout(WAIT_SECONDS)
                with sock:
                    try:
                        serve(sock)
                    except OSError:
                        pass
                    except BaseException as error:  # noqa: BLE001 - told below
                        failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield Peer(ae_title=AeTitle("RAW"), host="127.0.0.1", port=listener.getsockname()[1])
        finally:
            stopping.set()
            thread.join(WAIT_SECONDS)
    assert not failures


def accept_association(sock: socket.socket, max_pdu_length: int = 16384) -> None:
    """Answer the association request that comes."""
    kind, request = read_pdu(sock)
    assert kind == 1
    sock.sendall(associate_ac(request, max_pdu_length))
