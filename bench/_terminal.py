"""A program in a terminal of its own, which is typed to and read from."""

import fcntl
import os
import pty
import re
import selectors
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench._processes import Command, MeasurementFailed

PATIENCE_SECONDS = 120.0
LINES, CELLS = 44, 140
LAST_WORDS = 2000


class Terminal:
    """What a program in a terminal has written since somebody typed."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self._process = process
        self._master = master
        self._written = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(master, selectors.EVENT_READ)

    def press(self, keys: bytes) -> float:
        """Type, forget what was written until then, and return the moment."""
        self.read(0)
        self._written.clear()
        os.write(self._master, keys)
        return time.perf_counter()

    def wait_for(self, pattern: bytes) -> float:
        """Read until what was written has the pattern, and return the moment.

        Raises:
            MeasurementFailed: it never had, or the program has ended.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not re.search(pattern, self._written):
            if time.monotonic() > deadline or self._process.poll() is not None:
                told = bytes(self._written[-LAST_WORDS:]).decode("utf-8", "replace")
                raise MeasurementFailed(f"{pattern!r} was not written but {told!r}")
            self.read(0.5)
        return time.perf_counter()

    def read(self, seconds: float) -> None:
        """Take what is written within this time."""
        while self._selector.select(seconds):
            with suppress(OSError):
                self._written += os.read(self._master, 1 << 16)
            if seconds:
                return

    def rest(self, seconds: float) -> None:
        """Let the program work, and take what it writes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(left)

    def close(self) -> None:
        """Look no more."""
        self._selector.close()


@contextmanager
def in_terminal(command: Command, folder: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program in a terminal, and end it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, CELLS, 0, 0))
    process = subprocess.Popen(
        [*map(str, command)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        start_new_session=True,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            terminal.read(0.1)
        process.kill()
        process.wait()
        terminal.close()
        os.close(master)
