"""The log file: kept small, private, and such that nothing a peer sends can forge a line of it."""

import contextlib
import logging
import os
import sys
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fileroom.domain.text import for_terminal

FILE_NAME: Final = "app.log"
MAX_BYTES: Final = 5_000_000
FILES: Final = 5
"""The current file and those before it."""

LIBRARIES: Final = {"pydicom": logging.WARNING, "pynetdicom": logging.CRITICAL}
"""Least levels. Both log identifiers and data sets, and so patients, at DEBUG and INFO; pynetdicom also a traceback for
each mistake of a peer, which a flood of them would fill the log with. What matters of those is logged by us."""

_LOGGER: Final = logging.getLogger("fileroom")


class LogFile:
    """The log of this process, from `open_log` to `close`."""

    def __init__(self, path: Path | None, handler: logging.Handler) -> None:
        self.path = path
        """The file; None where there is none."""
        self._handler = handler

    def close(self) -> None:
        """Log to it no more."""
        logging.getLogger().removeHandler(self._handler)
        with contextlib.suppress(OSError):  # the last lines do not fit on a full disk
            self._handler.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_log(folder: Path, *, level: int | str = logging.INFO) -> LogFile:
    """Begin to log into `folder`, which is made where it is missing.

    `level` is that of fileroom's own loggers; libraries have levels of their own. Where the file cannot be written
    there is none, and one warning says so.

    Raises:
        ValueError: there is no such level.
    """
    _LOGGER.setLevel(level)
    for library, least in LIBRARIES.items():
        logging.getLogger(library).setLevel(least)
    path = folder / FILE_NAME
    handler: logging.Handler
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            folder.chmod(0o700)
        handler = _PrivateRotatingHandler(
            path, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        _LOGGER.warning("there is no log: %s cannot be written (%s)", path, error.strerror or error)
        handler = logging.NullHandler()
        logging.getLogger().addHandler(handler)
        return LogFile(None, handler)
    handler.setFormatter(LineFormatter())
    logging.getLogger().addHandler(handler)
    return LogFile(path, handler)


class LineFormatter(logging.Formatter):
    """One line a record, in UTC, with control characters escaped; lines of a traceback are indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        lines = [
            for_terminal(
                f"{moment}.{int(record.msecs):03d}Z {record.levelname} {record.name} [{record.threadName}] "
                f"{record.getMessage()}"
            )
        ]
        if record.exc_info:
            lines += _indented(self.formatException(record.exc_info))
        if record.stack_info:
            lines += _indented(self.formatStack(record.stack_info))
        return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {for_terminal(line)}" for line in text.split("\n")]


class _PrivateRotatingHandler(RotatingFileHandler):
    """Keeps its files from other accounts, and bears with other processes that rotate them."""

    def _open(self) -> TextIOWrapper:
        stream = open(  # noqa: SIM115 - Path.open takes no opener; the handler closes it
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_open_private
        )
        if os.name == "posix":
            with contextlib.suppress(OSError):
                os.fchmod(stream.fileno(), 0o600)
        return stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to the file that has the name now."""
        if os.name == "posix" and self._is_rotated_away():
            self.close_stream()
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Let a full disk stop the log and nothing else; logging would print a traceback for each record."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close_stream(self) -> None:
        """Have the next record open the file anew."""
        if self.stream is not None:
            with contextlib.suppress(OSError):
                self.stream.close()
            self.stream = None

    def _is_rotated_away(self) -> bool:
        if self.stream is None:
            return False
        try:
            return not os.path.samestat(os.stat(self.baseFilename), os.fstat(self.stream.fileno()))  # noqa: PTH116 - a string
        except OSError:
            return True


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
