"""The thread that accepts connections, and turns away those whose address may not call.

It must not die, whatever the system or a caller does: a listener without it stays up and is deaf.
"""

import logging
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from fileroom.adapters.dicom._services.connection import SLICE_SECONDS
from fileroom.application.ports.dicom_server import RejectReason

_log = logging.getLogger(__name__)

_FAREWELL_SECONDS: Final = 1.0
"""How long a connection that was turned away stays open, so that its caller can ask, and read why not."""
_MOST_FAREWELLS: Final = 32

_A_ASSOCIATE_RJ: Final = struct.Struct(">BxIxBBB")

Address = tuple[str, int]


class FrontDoor:
    """A listening socket and its thread; `take` gets each connection that `turn_away` gives no reason against.

    The others are told why where `tells_why`, as long as the connection speaks the upper layer protocol at once.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        take: Callable[[socket.socket, Address], None],
        turn_away: Callable[[Address], RejectReason | None],
        tells_why: bool,
        name: str,
    ) -> None:
        self._socket = sock
        self._take = take
        self._turn_away = turn_away
        self._tells_why = tells_why
        self._closing = threading.Event()
        self._alarm, self._alarmed = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._leaving: deque[tuple[float, socket.socket]] = deque()
        """Connections that were turned away, and when they are closed."""
        self._in_trouble = False
        sock.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._thread.is_alive() and not self._closing.is_set()

    def close(self) -> None:
        """Accept nothing more, from now on."""
        self._closing.set()
        with suppress(OSError):
            self._alarm.send(b"!")
        self._thread.join()
        self._alarm.close()

    def _run(self) -> None:
        with self._socket, self._alarmed, self._selector:
            self._selector.register(self._socket, selectors.EVENT_READ)
            self._selector.register(self._alarmed, selectors.EVENT_READ)
            while not self._closing.is_set():
                try:
                    ready = self._selector.select(SLICE_SECONDS if self._leaving else None)
                    self._answer([key for key, _ in ready if key.data is not None])
                    self._see_off(_MOST_FAREWELLS)
                    self._accept()
                    self._in_trouble = False
                except BlockingIOError:
                    continue
                except Exception as error:  # noqa: BLE001 - no descriptors, no memory, no threads: they may come back
                    self._complain(error)
                    self._closing.wait(SLICE_SECONDS)
            self._see_off(0)

    def _accept(self) -> None:
        connection, name = self._socket.accept()
        address = (str(name[0]), int(name[1]))
        try:
            reason = self._turn_away(address)
            if reason is None:
                self._take(connection, address)
            elif self._tells_why:
                self._say_no(connection, reason)
            else:
                connection.close()
        except BaseException:
            connection.close()
            raise

    def _say_no(self, connection: socket.socket, reason: RejectReason) -> None:
        """Have a caller told, as soon as it asks: many take an answer before the question for a broken protocol."""
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, rejection(reason))
        self._leaving.append((monotonic() + _FAREWELL_SECONDS, connection))

    def _answer(self, asking: list[selectors.SelectorKey]) -> None:
        for key in asking:
            self._selector.unregister(key.fileobj)
            if isinstance(key.fileobj, socket.socket):
                with suppress(OSError):
                    key.fileobj.send(key.data)
                    key.fileobj.shutdown(socket.SHUT_WR)

    def _see_off(self, most: int) -> None:
        """Close what was turned away, except for the last few that have not had their time."""
        while self._leaving and (len(self._leaving) > most or self._leaving[0][0] < monotonic()):
            _, connection = self._leaving.popleft()
            with suppress(KeyError):
                self._selector.unregister(connection)
            connection.close()

    def _complain(self, error: Exception) -> None:
        """Log the first of a row of failures: each connection that waits would tell it again."""
        if not self._in_trouble:
            why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
            _log.warning("accepting a connection failed, and is tried again: %s", why)
        self._in_trouble = True


def rejection(reason: RejectReason) -> bytes:
    """Return an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    return _A_ASSOCIATE_RJ.pack(3, 4, *reason.value)
