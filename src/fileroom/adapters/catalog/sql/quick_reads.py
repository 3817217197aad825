"""Looking one thing up at the price of the database alone.

A peer waits for the look before each object that it sends, so this goes around SQLAlchemy: a prepared statement on a
connection of its own that stays open, without a transaction around it. Connections belong to no thread, since those of
a listener come and go; as many stay as have been in use at once, a few at most.
"""

import os
from collections import deque
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Engine, event

from fileroom.adapters.catalog.sql.statements import Statement

_MOST_IDLE: Final = 8


class QuickReads:
    """Runs queries that read a row or two; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        """Read where the engine does; what is open is closed when the engine is disposed of."""
        self._engine = engine
        self._idle: deque[Any] = deque()
        self._process = os.getpid()
        self._inherited: list[deque[Any]] = []
        event.listen(engine, "engine_disposed", self._disposed)

    def rows(self, statement: Statement, **values: str) -> list[dict[str, Any]] | None:
        """Run a query; None says that it failed, and that the ordinary way may succeed, or tells why not."""
        if self._process != os.getpid():
            self._leave_to_parent()
        idle = self._idle
        connection = None
        try:
            try:
                connection = idle.pop()
            except IndexError:
                connection = self._connect()
            found = statement.read(connection, values)
        except Exception:  # noqa: BLE001 - of any driver; a server that was started anew is no failure yet
            if connection is not None:
                _close(connection)
            return None
        if idle is self._idle and len(idle) < _MOST_IDLE:
            idle.append(connection)
            if idle is not self._idle:  # disposed of meanwhile
                _close_all(idle)
        else:
            _close(connection)
        return found

    def _connect(self) -> Any:  # noqa: ANN401 - of any driver
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # the pool opens another where it needs one
        if (
            self._engine.dialect.name != "sqlite"
        ):  # whose connections are made without transactions of the driver's
            connection.autocommit = True
        return connection

    def _disposed(self, _: Engine) -> None:
        idle, self._idle = self._idle, deque()
        _close_all(idle)

    def _leave_to_parent(self) -> None:
        """Begin anew after a fork: a connection that two processes use, or close, breaks for both."""
        self._inherited.append(self._idle)
        self._idle, self._process = deque(), os.getpid()


def _close_all(idle: deque[Any]) -> None:
    with suppress(IndexError):
        while True:
            _close(idle.pop())


def _close(connection: Any) -> None:  # noqa: ANN401 - of any driver
    with suppress(Exception):
        connection.close()
