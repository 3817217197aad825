"""Telling cheaply whether the database has changed."""

import threading
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, column, event, select
from sqlalchemy.types import String

from fileroom.adapters.catalog.sql.schema import totals


class Revisions:
    """Looks at what each transaction that writes leaves behind; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        """Look at this database; a connection that stays open for it is closed when the engine is disposed of."""
        self._engine = engine
        self._guard = threading.Lock()
        self._connection: Any = None
        self._opened = 0
        event.listen(engine, "engine_disposed", self._disposed)

    def current(self) -> str:
        """Return a word that changes with the database; raises what the database does."""
        if self._engine.dialect.name == "sqlite":
            return self._of_sqlite()
        # The transaction that wrote the row of totals last, as every one does that records or removes.
        writer = select(column("xmin").cast(String)).select_from(totals)
        with self._engine.connect() as connection:
            return str(connection.execute(writer).scalar_one())

    def _of_sqlite(self) -> str:
        """SQLite counts, for each connection, the transactions of others: so one stays open that never writes."""
        with self._guard:
            try:
                if self._connection is None:
                    pooled = self._engine.raw_connection()
                    self._connection = pooled.driver_connection
                    pooled.detach()  # the pool opens another where it needs one
                    self._opened += 1
                ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
            except BaseException:
                self._close()
                raise
            return f"{self._opened}.{version}"

    def _disposed(self, _: Engine) -> None:
        with self._guard:
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()
