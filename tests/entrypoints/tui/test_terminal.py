"""The real program in a terminal of its own: however it ends, the terminal is as it was before."""

import fcntl
import os
import pty
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 60.0
IN_ALTERNATE_SCREEN, OUT_OF_IT = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_HIDDEN, CURSOR_SHOWN = b"\x1b[?25l", b"\x1b[?25h"
CRASHING = """
import sys
from fileroom.entrypoints.cli.main import main
from fileroom.entrypoints.tui.widgets.footer import StatusFooter
left = iter(range(5))
def crash(self):
    if next(left, None) is None:
        raise ZeroDivisionError("Doe^Jane")
StatusFooter.look_again = crash
main(sys.argv[1:])
"""
BUSY = """
import sys
from fileroom.entrypoints.cli.main import main
from fileroom.entrypoints.report import Report, Status
from fileroom.entrypoints.tui.app import FileroomApp
def on_ready(self):
    def work(progress, cancel):
        cancel.wait(60)
        return Report(status=Status.CANCELLED, show=lambda output: output.note("1 of 2 filed"))
    self.submit("busy", work)
FileroomApp.on_ready = on_ready
main(sys.argv[1:])
"""


@dataclass
class Terminal:
    """A program, and the terminal that it runs in."""

    process: "subprocess.Popen[bytes]"
    master: int
    slave: int
    before: list[Any]
    output: bytearray = field(default_factory=bytearray)

    def read(self, seconds: float) -> None:
        """Take what the program has written."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.master, selectors.EVENT_READ)
            if selector.select(seconds):
                with suppress(OSError):
                    self.output += os.read(self.master, 1 << 16)

    def wait_for(self, text: str) -> None:
        """Read until the program has written a text."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text.encode() not in self.output:
            assert time.monotonic() < deadline, self.output[-4000:].decode("utf-8", "replace")
            assert self.process.poll() is None, self.output[-4000:].decode("utf-8", "replace")
            self.read(0.2)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        """Read until the program has ended, and return its exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output[-4000:].decode("utf-8", "replace")
            self.read(0.2)
        self.read(0)
        return self.process.returncode

    def assert_restored(self) -> None:
        """The screen, the cursor and the line discipline are as they were."""
        assert self.output.rfind(OUT_OF_IT) > self.output.rfind(IN_ALTERNATE_SCREEN) > -1
        assert self.output.rfind(CURSOR_SHOWN) > self.output.rfind(CURSOR_HIDDEN) > -1
        assert termios.tcgetattr(self.slave) == self.before

    def after(self) -> str:
        """What was written when the screen was left."""
        return self.output[self.output.rfind(OUT_OF_IT) :].decode("utf-8", "replace")


@contextmanager
def running(data_dir: Path, *program: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    before = termios.tcgetattr(slave)
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm-256color", "FILEROOM_DATA_DIR": str(data_dir),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *(program or ("-m", "fileroom")), "tui"],
        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        yield Terminal(process, master, slave, before)
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        with suppress(OSError):
            os.close(master)


def test_terminal_is_restored_when_one_quits(data_dir: Path) -> None:
    with running(data_dir) as terminal:
        terminal.wait_for("Press i to import files")
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.assert_restored()


def test_shell_has_the_terminal_while_the_program_is_suspended(data_dir: Path) -> None:
    with running(data_dir) as terminal:
        terminal.wait_for("Press i to import files")
        terminal.press("\x1a")  # Ctrl+Z
        terminal.wait_for(OUT_OF_IT.decode())
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
        terminal.read(0)
        terminal.assert_restored()
        terminal.output.clear()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for("Press i to import files")  # drawn anew, not only what has changed
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.assert_restored()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_terminal_is_restored_when_a_signal_ends_the_program(data_dir: Path, name: str) -> None:
    with running(data_dir) as terminal:
        terminal.wait_for("Press i to import files")
        terminal.process.send_signal(getattr(signal, name))
        assert terminal.ended() == 130
        terminal.assert_restored()


def test_tasks_reach_a_safe_point_when_a_signal_ends_the_program(data_dir: Path) -> None:
    with running(data_dir, "-c", BUSY) as terminal:
        terminal.wait_for("busy")
        terminal.wait_for("Press i to import files")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 130
        terminal.assert_restored()
    assert "1 of 2 filed" in (data_dir / "tasks.jsonl").read_text()


@pytest.mark.parametrize("names", [("SIGHUP",), ("SIGHUP", "SIGCONT")], ids=" ".join)
def test_program_ends_when_its_terminal_is_gone(data_dir: Path, names: tuple[str, ...]) -> None:
    with running(data_dir) as terminal:
        terminal.wait_for("Press i to import files")
        os.write(terminal.master, b"a")  # a form, so that there is more to draw
        os.close(terminal.master)
        for name in names:  # as the system sends them together
            terminal.process.send_signal(getattr(signal, name))
        assert terminal.process.wait(PATIENCE_SECONDS) is not None


def test_terminal_is_restored_when_the_screen_fails_and_names_are_not_printed(data_dir: Path) -> None:
    with running(data_dir, "-c", CRASHING) as terminal:
        assert terminal.ended() == 1
        terminal.assert_restored()
        assert "this is a bug in fileroom (ZeroDivisionError)" in terminal.after()
        assert "Doe^Jane" not in terminal.after()
    assert "ZeroDivisionError" in (data_dir / "logs" / "app.log").read_text()
