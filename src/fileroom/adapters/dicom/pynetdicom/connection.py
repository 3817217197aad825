"""A TCP connection that carries PDUs: one buffer, few system calls, limits before allocation.

Nagle's algorithm and delayed acknowledgement are switched off, since each of them alone costs 40 ms an object with
peers that do not care (PS3.8 has a request and an answer for everything).
"""

import select
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

BEFORE_ASSOCIATION: Final = 1 << 20
"""Longest PDU before an association stands: 128 contexts with all transfer syntaxes need a quarter of it."""
LARGEST_PDU: Final = 16 << 20
"""Longest PDU at all, unless a longer one was announced."""
SLICE_SECONDS: Final = 0.2
"""How long a wait lasts before its caller may look at other things (cancel, stop)."""

_HEADER = struct.Struct(">BxI")
_SMALLEST_BUFFER: Final = 1 << 16
_LARGEST_FIRST_BUFFER: Final = 1 << 20
_ROOM: Final = 1 << 14
_MAX_PARTS: Final = 512
_DRIP_BYTES: Final = 1 << 16
_LINGER_SECONDS: Final = 0.5
_PDU_TYPES = range(1, 8)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class ConnectionLost(Exception):
    """The other end closed, or the network failed."""


class ConnectionStalled(Exception):
    """The other end does not take what is sent."""


class NoPdu(Exception):
    """What comes is not the upper layer protocol, or too long."""


class Connection:
    """A connected socket; used by one thread, `interrupt` excepted."""

    def __init__(self, sock: socket.socket, *, max_pdu_length: int, stall_seconds: float) -> None:
        self.socket = sock
        self.limit = BEFORE_ASSOCIATION
        """Longest PDU that is read."""
        self._announced = max_pdu_length
        self._stall_seconds = stall_seconds
        wanted = 2 * max_pdu_length if max_pdu_length else _LARGEST_FIRST_BUFFER
        self._buffer = bytearray(min(max(wanted, _SMALLEST_BUFFER), _LARGEST_FIRST_BUFFER))
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._begun = monotonic()
        self._closed = False
        sock.settimeout(SLICE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledge()

    def take_large_pdus(self) -> None:
        """Read what an association may bring, from now on: PDUs as long as we announced, and up to 16 MiB at least."""
        self.limit = max(LARGEST_PDU, self._announced)

    def next_pdu(self) -> tuple[int, memoryview] | None:
        """Return type and body of a PDU that has come whole; the view is valid until the next `fill`.

        Raises:
            NoPdu: what came is none, or longer than `limit`.
        """
        available = self._end - self._start
        if available == 0 or (available < _HEADER.size and self._buffer[self._start] in _PDU_TYPES):
            return None
        if self._buffer[self._start] not in _PDU_TYPES:
            raise NoPdu(self._noise(bytes(self._view[self._start : self._start + min(available, 16)])))
        kind, length = _HEADER.unpack_from(self._buffer, self._start)
        if length > self.limit:
            raise NoPdu(f"a PDU of {length} bytes, which is over the limit of {self.limit}")
        if available < _HEADER.size + length:
            return None
        begin = self._start + _HEADER.size
        self._start = begin + length
        self._begun = monotonic()
        return kind, self._view[begin : self._start]

    @property
    def has_partial(self) -> bool:
        """Whether a PDU has begun to come."""
        return self._end > self._start

    def resume(self) -> None:
        """Begin to wait: for what has come of a PDU until now, nobody has."""
        self._begun = monotonic()

    def is_dripping(self, seconds: float) -> bool:
        """Whether the PDU that comes takes longer than `seconds` for each 64 KiB of it that have begun."""
        if not self.has_partial:
            return False
        length = 0
        if self._end - self._start >= _HEADER.size:
            _, length = _HEADER.unpack_from(self._buffer, self._start)
        return monotonic() - self._begun > seconds * (1 + length // _DRIP_BYTES)

    def fill(self, seconds: float) -> bool:
        """Wait for bytes, no longer than `seconds` or a slice; tell whether any came.

        Raises:
            ConnectionLost: there will be no more.
        """
        self._make_room()
        try:
            if seconds < SLICE_SECONDS and not self._readable(max(seconds, 0.0)):
                return False
            count = self.socket.recv_into(self._view[self._end :])
        except TimeoutError:
            return False
        except (OSError, ValueError) as error:
            raise ConnectionLost(_words(error)) from error
        if count == 0:
            raise ConnectionLost("it closed the connection")
        self._acknowledge()
        if not self.has_partial:
            self._begun = monotonic()
        self._end += count
        return True

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """Send buffers, all of them.

        Raises:
            ConnectionLost: the connection is gone.
            ConnectionStalled: nothing could be sent within the time-out for silence.
        """
        left = [memoryview(part) for part in parts if len(part)]
        deadline = monotonic() + self._stall_seconds
        while left:
            try:
                sent = self._send_some(left)
            except TimeoutError:
                if monotonic() > deadline:
                    raise ConnectionStalled("it takes no more bytes") from None
                continue
            except (OSError, ValueError) as error:
                raise ConnectionLost(_words(error)) from error
            deadline = monotonic() + self._stall_seconds
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if sent:
                left[0] = left[0][sent:]

    def close(self) -> None:
        """Close, after the last bytes that were sent have had a chance to arrive.

        Closing with bytes unread resets the connection, which may swallow an A-ABORT on its way.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
            deadline = monotonic() + _LINGER_SECONDS
            while monotonic() < deadline:
                try:
                    if not self.socket.recv(1 << 16):
                        break
                except TimeoutError:
                    continue
        except OSError:
            pass
        self.socket.close()

    def interrupt(self) -> None:
        """Make whoever waits on the connection see its end; may be called from another thread."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def _noise(self, first: bytes) -> str:
        if self.limit != BEFORE_ASSOCIATION:
            return "noise"  # in an association that may be anything, of a patient's too, and this is logged
        return f"HTTP ({first!r})" if first.startswith(b"HTTP/") else f"noise ({first!r})"

    def _send_some(self, left: list[memoryview]) -> int:
        if hasattr(self.socket, "sendmsg"):
            return self.socket.sendmsg(left[:_MAX_PARTS])
        return self.socket.send(left[0])

    def _make_room(self) -> None:
        if self._start == self._end:
            self._start = self._end = 0
            return
        room = len(self._buffer) - self._end
        if room >= _ROOM or (room and self._start == 0):
            return
        # A PDU reaches the end of the buffer: move it to the front, or, where it is there, double the buffer.
        waiting = self._view[self._start : self._end]
        if self._start == 0:
            self._buffer = bytearray(2 * len(self._buffer))
        fresh = memoryview(self._buffer)
        fresh[: len(waiting)] = waiting
        self._start, self._end, self._view = 0, len(waiting), fresh

    def _readable(self, seconds: float) -> bool:
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        return bool(select.select([self.socket], [], [], seconds)[0])

    def _acknowledge(self) -> None:
        # The kernel clears the option at will, so it is set again after each read.
        if _QUICKACK is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
