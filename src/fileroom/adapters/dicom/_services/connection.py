"""A TCP connection: one reusable buffer, as few system calls as possible, and waits that end.

Nagle's algorithm and delayed acknowledgement are switched off, since each of them alone costs 40 ms an object with
peers that do not care (PS3.8 has a request and an answer for everything).
"""

import select
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from fileroom.adapters.dicom._shared.framing import Buffer

SLICE_SECONDS: Final = 0.2
"""How long a wait lasts before its caller may look at other things (cancel, stop)."""
BUFFER_BYTES: Final = 1 << 18
"""Bytes that are taken at once: more does not fit the cache of a core, and gets slower."""

_MOST_PARTS: Final = 512
_LINGER_SECONDS: Final = 0.5
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_DONT_WAIT: Final[int | None] = getattr(socket, "MSG_DONTWAIT", None)
_WAITED_IN_VAIN: Final = (TimeoutError, BlockingIOError)


class ConnectionLost(Exception):
    """The other end closed, or the network failed."""


class ConnectionStalled(Exception):
    """The other end does not take what is sent."""


class Connection:
    """A connected socket, of TLS too; used by one thread, `interrupt` excepted."""

    def __init__(self, sock: socket.socket, *, stall_seconds: float) -> None:
        """Take over a socket; after `stall_seconds` in which nothing could be sent, it counts as stalled.

        Raises:
            OSError: it is gone already.
        """
        self.socket = sock
        self._stall_seconds = stall_seconds
        self._is_plain = type(sock) is socket.socket
        self._view = memoryview(bytearray(BUFFER_BYTES))
        self._closed = False
        self.moved_at = monotonic()
        """When bytes came or went last, as far as anybody waited for it."""
        self.is_given_up: Callable[[], bool] = _never
        """Asked after each slice of a wait: whether it is to end before its time."""
        _wait_in_slices(sock, is_plain=self._is_plain)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledge()

    def receive(self, seconds: float) -> memoryview | None:
        """Return bytes that came, valid until the next call; wait for them no longer than `seconds` or a slice.

        Raises:
            ConnectionLost: there will be no more.
        """
        self._acknowledge()
        try:
            if seconds >= SLICE_SECONDS:
                count = self.socket.recv_into(self._view)
            elif seconds <= 0 and _DONT_WAIT is not None and self._is_plain:
                count = self.socket.recv_into(self._view, 0, _DONT_WAIT)
            elif self._readable(max(seconds, 0.0)):
                count = self.socket.recv_into(self._view)
            else:
                return None
        except _WAITED_IN_VAIN:
            return None
        except (OSError, ValueError) as error:
            raise ConnectionLost(_words(error)) from error
        if count == 0:
            raise ConnectionLost("it closed the connection")
        return self._view[:count]

    def send(self, parts: Sequence[Buffer]) -> None:
        """Send buffers, all of them.

        Raises:
            ConnectionLost: the connection is gone.
            ConnectionStalled: nothing could be sent within the time-out for silence.
        """
        try:
            sent = self._send_some(parts)
        except _WAITED_IN_VAIN:
            sent = 0
        except (OSError, ValueError) as error:
            raise ConnectionLost(_words(error)) from error
        if sent < sum(map(len, parts)):
            self._send_rest(parts, sent)

    def _send_rest(self, parts: Sequence[Buffer], sent: int) -> None:
        left = [memoryview(part) for part in parts]
        deadline = monotonic() + self._stall_seconds
        while True:
            done = 0
            while done < len(left) and sent >= len(left[done]):
                sent -= len(left[done])
                done += 1
            del left[:done]
            if not left:
                return
            left[0] = left[0][sent:]
            try:
                sent = self._send_some(left)
                self.moved_at = monotonic()
                deadline = self.moved_at + self._stall_seconds
            except _WAITED_IN_VAIN:
                sent = 0
                if monotonic() > deadline or self.is_given_up():
                    raise ConnectionStalled("it takes no more bytes") from None
            except (OSError, ValueError) as error:
                raise ConnectionLost(_words(error)) from error

    def close(self) -> None:
        """Close, after the last bytes that were sent have had a chance to arrive.

        Closing with bytes unread resets the connection, which may swallow an A-ABORT on its way.
        """
        if self._closed:
            return
        self._closed = True
        with suppress(OSError, ValueError):
            self.socket.shutdown(socket.SHUT_WR)
            deadline = monotonic() + _LINGER_SECONDS
            while monotonic() < deadline:
                try:
                    if not self.socket.recv_into(self._view):
                        break
                except _WAITED_IN_VAIN:
                    continue
        self.socket.close()

    def interrupt(self) -> None:
        """Make whoever waits on the connection see its end; may be called from another thread."""
        shut_down(self.socket)

    def _send_some(self, parts: Sequence[Buffer]) -> int:
        if self._is_plain and hasattr(self.socket, "sendmsg"):
            return self.socket.sendmsg(parts if len(parts) <= _MOST_PARTS else parts[:_MOST_PARTS])
        # TLS makes a record of each call, and Windows has no gathering: copying is cheaper than many calls.
        return self.socket.send(b"".join(parts[:_MOST_PARTS]))

    def _readable(self, seconds: float) -> bool:
        if not self._is_plain and self.socket.pending():  # type: ignore[attr-defined] # of ssl.SSLSocket
            return True
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        return bool(select.select([self.socket], [], [], seconds)[0])

    def _acknowledge(self) -> None:
        # The kernel clears the option with what we send, so it is set again before each read.
        if _QUICKACK is not None:
            try:  # noqa: SIM105 - for each read, where a context manager costs as much as the call
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError:  # the read tells what is wrong
                pass


def _never() -> bool:
    return False


def shut_down(sock: socket.socket) -> None:
    """End a connection under whoever uses it."""
    with suppress(OSError):
        # Not the method of ssl.SSLSocket, which takes the TLS away from the thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _wait_in_slices(sock: socket.socket, *, is_plain: bool) -> None:
    """Have reads and writes give up after a slice: in the kernel where it can, which saves a call for each."""
    if not is_plain or sys.platform == "win32":
        sock.settimeout(SLICE_SECONDS)
        return
    seconds, fraction = divmod(SLICE_SECONDS, 1)
    slice_time = struct.pack("@ll", int(seconds), int(fraction * 1_000_000))
    sock.settimeout(None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, slice_time)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, slice_time)


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
