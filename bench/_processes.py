"""Programs that are measured: found, started, watched and ended.

What is started here is ended here, with its children, whatever happens in between: everything runs inside `with`
blocks, Ctrl-C and SIGTERM unwind them, and a signal that comes meanwhile does not interrupt that.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
SOURCES = Path(__file__).parents[1] / "src"
"""The fileroom that is measured: the one beside this file, whichever is installed."""
FIRST_PORT, LAST_PORT = 12000, 32000
"""Below the range that the system hands out to outgoing connections."""
START_SECONDS, STOP_SECONDS, RUN_SECONDS = 30.0, 15.0, 900.0
TOLD = 400
"""Characters of a program's last words that an error repeats."""

Command = Sequence[str | Path]


class LeftOut(Exception):
    """There is nothing to measure here; the text says why."""


class MeasurementFailed(Exception):
    """A program failed, or objects are missing: there is no figure."""


def program(name: str) -> Path:
    """Return where a program is.

    The scripts of our own Python environment do not count: pynetdicom's have the names of DCMTK's.

    Raises:
        LeftOut: it is not installed.
    """
    ours = Path(sys.prefix, "bin").resolve()
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/local/sbin", "/usr/sbin"]
    others = os.pathsep.join(folder for folder in folders if folder and Path(folder).resolve() != ours)
    found = shutil.which(name, path=others)
    if found is None:
        raise LeftOut(f"{name} is not installed")
    return Path(found)


def environment(*, nodelay: bool, **more: str) -> dict[str, str]:
    """Return the environment for a program: ours without settings of fileroom, with or without Nagle's algorithm.

    It keeps its bytecode, as an installed program has it: to compile all of fileroom takes longer than to start it.
    """
    dropped = {"TCP_NODELAY", "PYTHONDONTWRITEBYTECODE"}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("FILEROOM_")
    }
    inherited["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
    return inherited | ({"TCP_NODELAY": "1"} if nodelay else {}) | more


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    while True:
        port = random.SystemRandom().randint(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


class _Interrupts:
    """Ctrl-C and its like: the first raises KeyboardInterrupt, but not between a start and who will end it."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False

    def install(self) -> None:
        for number in self._numbers():
            signal.signal(number, self._interrupted)

    @staticmethod
    def _numbers() -> list[int]:
        return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def _interrupted(self, number: int, frame: object) -> None:
        del number, frame
        if self._depth:
            self._pending = True
            return
        for one in self._numbers():
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put an interrupt off until the block has ended."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._interrupted(signal.SIGINT, None)


_interrupts = _Interrupts()


def raise_on_signals() -> None:
    """Have the first SIGINT, SIGTERM or SIGHUP raise KeyboardInterrupt, and later ones wait for the cleaning up."""
    _interrupts.install()


@dataclass(kw_only=True, slots=True)
class Running:
    """A program that runs; what it says goes to files in its folder."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    @property
    def pid(self) -> int:
        """Its process identifier."""
        return self.process.pid

    def stdout(self) -> str:
        """What it has printed so far."""
        return (self.folder / "stdout").read_text(errors="replace")

    def last_words(self) -> str:
        """The end of what it has said, on one line."""
        text = self.stdout() + (self.folder / "stderr").read_text(errors="replace")
        return " ".join(text[-4 * TOLD :].split())[-TOLD:]

    def ended(self, seconds: float = RUN_SECONDS, *, codes: Sequence[int] = (0,)) -> None:
        """Wait for its end, and learn of it at once: waiting with a time-out would look only now and then.

        Raises:
            MeasurementFailed: it ended with another code, or not in time.
        """
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.daemon = True
        watchdog.start()
        code = self.process.wait()
        late = not watchdog.is_alive()
        watchdog.cancel()
        if late:
            raise MeasurementFailed(f"not done after {seconds:g} s: {self.last_words()}")
        if code not in codes:
            raise MeasurementFailed(f"ended with {code}: {self.last_words()}")

    def stop(self) -> None:
        """Ask it to end, as a service manager does, and wait until it has."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, and the processes that it started."""
        with _interrupts.held():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(command: Command, folder: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Run a program until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with (
            _interrupts.held(),
            (folder / "stdout").open("wb") as stdout,
            (folder / "stderr").open("wb") as stderr,
        ):
            process = subprocess.Popen(
                [*map(str, command)],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            one = Running(process=process, folder=folder)
            stack.callback(one.kill)
        yield one


@contextmanager
def serving(
    start: Callable[[int], Command], folder: Path, env: Mapping[str, str]
) -> Iterator[tuple[Running, int]]:
    """Run a server until the block ends, and yield it with the port on which it answers.

    Args:
        start: From a port to the command that listens there. Another process may take the port in between; then the
            next one is tried.
        folder: Where it runs and logs.
        env: Its environment.

    Raises:
        LeftOut: it does not come up.
    """
    words = ""
    for _ in range(3):
        port = free_port()
        with running(start(port), folder, env) as server:
            deadline = time.monotonic() + START_SECONDS
            while server.process.poll() is None and time.monotonic() < deadline:
                if accepts(port):
                    yield server, port
                    return
                time.sleep(0.01)
            words = server.last_words()
            if server.process.poll() is None:
                break
    raise LeftOut(f"it did not come up: {words}")
