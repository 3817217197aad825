"""A client of bare sockets that asks for echoes: the same for every server, and cheaper than any of them.

PDUs as in PS3.8 9.3, the command as in PS3.7 9.3.5. It knows no more than it needs to ask, and to tell a good answer.
"""

import socket
import struct
import time

from bench._processes import LOOPBACK, MeasurementFailed

VERIFICATION = b"1.2.840.10008.1.1"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = b"1.2.840.10008.1.2"
ACCEPTED, DATA, RELEASED = 2, 4, 6
RELEASE = struct.pack(">BxII", 5, 4, 0)


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def _request(called: bytes) -> bytes:
    context = _item(
        0x20,
        struct.pack(">Bxxx", 1) + _item(0x30, VERIFICATION) + _item(0x40, IMPLICIT_VR_LITTLE_ENDIAN),
    )
    user = _item(0x50, _item(0x51, struct.pack(">I", 16384)) + _item(0x52, b"1.2.3.4"))
    body = struct.pack(">H2x16s16s32x", 1, called.ljust(16), b"BENCH".ljust(16))
    body += _item(0x10, APPLICATION_CONTEXT) + context + user
    return struct.pack(">BxI", 1, len(body)) + body


def _echo() -> bytes:
    command = b"".join(
        (
            _element(0x0002, VERIFICATION + b"\0"),
            _element(0x0100, struct.pack("<H", 0x0030)),
            _element(0x0110, struct.pack("<H", 1)),
            _element(0x0800, struct.pack("<H", 0x0101)),
        )
    )
    command = _element(0x0000, struct.pack("<I", len(command))) + command
    value = struct.pack(">IBB", len(command) + 2, 1, 3) + command
    return struct.pack(">BxI", DATA, len(value)) + value


ECHO = _echo()
SUCCESS = _element(0x0900, struct.pack("<H", 0))


class RawAssociation:
    """An association for echoes."""

    def __init__(self, port: int, called: str) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(_request(called.encode("ascii")))
        self._answer(ACCEPTED)

    def _answer(self, kind: int) -> bytes:
        head = self._stream.read(6)
        if len(head) < 6 or head[0] != kind:
            raise MeasurementFailed(f"instead of PDU {kind} came {head!r}")
        return self._stream.read(int.from_bytes(head[2:6], "big"))

    def echo(self) -> None:
        """Ask, and wait for success."""
        self._socket.sendall(ECHO)
        if SUCCESS not in self._answer(DATA):
            raise MeasurementFailed("the answer to an echo was no success")

    def release(self) -> None:
        """End the association in good order."""
        self._socket.sendall(RELEASE)
        self._answer(RELEASED)
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()
        self._socket.close()


def echoes(port: int, called: str, seconds: float) -> float:
    """Return echoes a second on one association."""
    try:
        association = RawAssociation(port, called)
        try:
            count, began = 0, time.perf_counter()
            while (took := time.perf_counter() - began) < seconds:
                association.echo()
                count += 1
            association.release()
        finally:
            association.close()
    except OSError as error:
        raise MeasurementFailed(f"echoes on one association: {error}") from error
    return count / took


def associations(port: int, called: str, seconds: float) -> float:
    """Return associations a second, each opened, asked for one echo, and released."""
    count, began = 0, time.perf_counter()
    try:
        while (took := time.perf_counter() - began) < seconds:
            association = RawAssociation(port, called)
            try:
                association.echo()
                association.release()
            finally:
                association.close()
            count += 1
    except OSError as error:
        raise MeasurementFailed(f"associations, after {count}: {error}") from error
    return count / took
