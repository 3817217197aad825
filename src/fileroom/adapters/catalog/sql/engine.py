"""Opens the database of catalog and nodes: made on first use, migrated, private, and safe to share.

SQLite runs in WAL mode: readers never wait for the writer, and a commit is one write. A transaction that writes takes
the one write lock when it begins (`BEGIN IMMEDIATE`; an advisory lock in PostgreSQL), so that what it looked up is
still true when it writes.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from fileroom.adapters.catalog.sql.migrations import migrate
from fileroom.domain.errors import ConfigurationError, FileroomError, StorageError, StorageFull
from fileroom.domain.filing import Durability

_POOL_SIZE: Final = 8
_POOL_OVERFLOW: Final = 24
_WRITES: Final = "fileroom_writes"
_ADVISORY_LOCK: Final = 0x66696C65726F6F6D  # "fileroom"
_DAMAGED_HINT: Final = "restore it; or move it away and import the store's folder, which catalogs it anew"
_LOCK_POLL_SECONDS: Final = 0.01


def open_catalog_engine(
    url: str, *, durability: Durability = Durability.STRICT, busy_seconds: float = 30.0
) -> Engine:
    """Return an engine on a database that exists and has the latest schema.

    `url` is an SQLAlchemy URL: `sqlite:////absolute/path`, or `postgresql://user@host/database`. A SQLite file and the
    folders above it are made where they are missing, readable by their owner only. Writers wait `busy_seconds` for each
    other at most.

    Raises:
        ConfigurationError: the URL cannot be used, its target is no database, or a newer program made it.
        StorageFull: no room.
        StorageError: it cannot be opened or written.
    """
    target = _target(url)
    where = target.database if target.get_backend_name() == "sqlite" else target.render_as_string()
    with translated(f"the catalog {where} could not be opened"):
        if target.get_backend_name() == "sqlite":
            _make_file(Path(target.database or ""))
            engine = _sqlite_engine(target, durability, busy_seconds)
        else:
            engine = _postgresql_engine(target, durability, busy_seconds)
        try:
            migrate(writing(engine))
        except BaseException:
            engine.dispose()
            raise
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write, which begin with the write lock."""
    return engine.execution_options(**{_WRITES: True})


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the failures of a database into those that callers know; `what` begins the message.

    Raises:
        StorageFull: no room.
        StorageError: the database could not be read or written.
        ConfigurationError: it is no database.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _translation(error, what) from error
    except Exception as error:
        # PostgreSQL's driver, which is not imported here: all its errors, and no others, have a SQLSTATE.
        if hasattr(error, "sqlstate"):
            raise _translation(error, what) from error
        raise


def _translation(error: Exception, what: str) -> FileroomError:
    cause = _driver_error(error)
    message = f"{what}: {str(cause).strip()}"
    if isinstance(cause, OSError):
        return StorageFull(message) if cause.errno == errno.ENOSPC else StorageError(message)
    if is_busy(error):
        return StorageError(message, hint="another program holds the catalog; try again")
    if getattr(cause, "sqlstate", None) == "53100":
        return StorageFull(message, hint="make room on the disk of the database server")
    match getattr(cause, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFull(message, hint="make room on the disk of the catalog")
        case sqlite3.SQLITE_NOTADB:
            return ConfigurationError(message, hint=_DAMAGED_HINT)
        case sqlite3.SQLITE_CORRUPT:
            return StorageError(message, hint=_DAMAGED_HINT)
        case sqlite3.SQLITE_IOERR:
            return StorageError(message, hint="see whether the disk of the catalog is full, or failing")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageError(message, hint="check the permissions of the file and its folder")
        case _:
            return StorageError(message)


def is_busy(error: BaseException) -> bool:
    """Tell whether a translated failure means that another program held the write lock for too long."""
    cause = _driver_error(error.__cause__ or error)
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} or getattr(cause, "sqlstate", "") == "55P03"


def _driver_error(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _target(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "the catalog's URL cannot be read", hint="use sqlite:////path or postgresql://user@host/database"
        ) from error
    match target.get_backend_name():
        case "sqlite":
            if not target.database or target.database == ":memory:" or target.query:
                raise ConfigurationError(
                    f"{url!r} names no file", hint="use sqlite:////path/to/catalog.sqlite3"
                )
            return target.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return target.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigurationError(f"the catalog cannot be in {other!r}", hint="use sqlite or postgresql")


def _make_file(path: Path) -> None:
    """Make an empty file that only its owner can read; SQLite gives its side files the same permissions."""
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sqlite_engine(target: URL, durability: Durability, busy_seconds: float) -> Engine:
    engine = create_engine(
        target,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        connect_args={"timeout": busy_seconds, "check_same_thread": False, "isolation_level": None},
    )
    synchronous = "FULL" if durability is Durability.STRICT else "NORMAL"

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        for pragma in (f"synchronous={synchronous}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    try:
        _enter_wal_mode(engine, busy_seconds)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _enter_wal_mode(engine: Engine, busy_seconds: float) -> None:
    """Switch once and for all; SQLite does not wait here when another process does the same, so this does."""
    deadline = time.monotonic() + busy_seconds
    while True:
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.close()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
        finally:
            connection.close()
        time.sleep(_LOCK_POLL_SECONDS)


def _postgresql_engine(target: URL, durability: Durability, busy_seconds: float) -> Engine:
    options = f"-c lock_timeout={int(busy_seconds * 1000)}"
    if durability is Durability.RELAXED:
        options += " -c synchronous_commit=off"
    given = target.query.get("options", "")
    given = given if isinstance(given, str) else " ".join(given)
    try:
        engine = create_engine(
            target,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_pre_ping=True,
            # What a writer reads after it has got the lock must be what the one before it wrote.
            isolation_level="READ COMMITTED",
            connect_args={"options": f"{options} {given}".strip()},
        )
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            "the driver for PostgreSQL is not installed", hint="install fileroom[postgresql]"
        ) from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")

    return engine
