"""Runs `fileroom` as people and scripts do: as a program of its own, with a data directory of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fileroom

SOURCES = Path(fileroom.__file__).parents[1]
COMMAND = (sys.executable, "-m", "fileroom")
RUN_SECONDS = 60.0
START_SECONDS = 20.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02

_LISTENS = re.compile(r"^(?P<ae_title>\S+) listens at (?P<host>\S+):(?P<port>\d+);", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a run of the program left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


@dataclass(kw_only=True)
class RunningListener:
    """`fileroom storage-scp` while it runs, and its summary when it has ended."""

    ae_title: str
    host: str
    port: int
    process_id: int
    """Of the program: for tests that end it in ways of their own."""
    summary: dict[str, Any] = field(default_factory=dict)
    """The JSON document that it prints at its end; empty until then."""
    code: int | None = None
    """Its exit code; None until it has ended."""
    stderr: str = ""
    """What it said to people; empty until it has ended."""

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"


class FileroomCli:
    """The program with one data directory."""

    def __init__(self, data_dir: Path, settings: Mapping[str, object] | None = None) -> None:
        """Use this data directory.

        `settings` are given by the environment in every run: `section.key` to value, such as `storage_scp.port`.
        """
        self.data_dir = data_dir
        self._settings = dict(settings or {})

    def environment(self) -> dict[str, str]:
        """Nothing of the person who runs the tests, and the settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FILEROOM_")}
        home = str(self.data_dir)
        given = {
            f"FILEROOM_{path}".replace(".", "_").upper(): str(value) for path, value in self._settings.items()
        }
        fixed = {
            "FILEROOM_DATA_DIR": home,
            "HOME": home,
            "USERPROFILE": home,
            "PYTHONPATH": str(SOURCES),
            "PYTHONUTF8": "1",
            "NO_COLOR": "1",
        }
        return inherited | fixed | given

    def run(self, *arguments: str | Path, stdin: str = "", seconds: float = RUN_SECONDS) -> Ran:
        """Run a command to its end.

        Raises:
            subprocess.TimeoutExpired: it did not end within `seconds`.
        """
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=self.environment(),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        return Ran(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def json(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json` and return its document; it must end with `code`."""
        ran = self.run(*arguments, "--json")
        assert ran.code == code, f"exit code {ran.code} instead of {code}\n{ran.stdout}\n{ran.stderr}"
        return ran.document

    def add_node(self, name: str, *, ae_title: str, port: int, host: str = "127.0.0.1", **more: str) -> None:
        """Register a node; `more` are further options, such as `move_destination`."""
        options = [part for key, value in more.items() for part in (f"--{key.replace('_', '-')}", value)]
        where = ["--ae-title", ae_title, "--host", host, "--port", str(port)]
        self.json("node", "add", "--name", name, *where, *options)

    def copy(self, data_dir: Path) -> "FileroomCli":
        """Return the program with a copy of this data directory, which nothing may use meanwhile."""
        shutil.copytree(self.data_dir, data_dir)
        return FileroomCli(data_dir, self._settings)

    def log(self) -> str:
        """What the program logged so far."""
        file = self.data_dir / "logs" / "app.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @contextmanager
    def storage_scp(self, *arguments: str | Path, port: int = 0) -> Iterator[RunningListener]:
        """Run the listener until the block ends; then end it as Ctrl-C does, and fill in its summary.

        Args:
            arguments: Further options of `fileroom storage-scp`.
            port: Where it listens: given where a peer must know it beforehand, else any free one.

        Raises:
            AssertionError: it did not start, or did not end in good order.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        said = self.data_dir / f"storage-scp-{time.monotonic_ns()}"
        out, err = said.with_suffix(".out"), said.with_suffix(".err")
        command = [*COMMAND, "storage-scp", "--port", str(port), "--json", *map(str, arguments)]
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
        try:
            listener = _wait_until_it_listens(process, err)
            yield listener
            _end(process)
        finally:
            process.kill()
            process.wait()
        listener.stderr = err.read_text(encoding="utf-8")
        listener.code = process.returncode
        summary = out.read_text(encoding="utf-8")
        listener.summary = json.loads(summary) if summary else {}


def _wait_until_it_listens(process: subprocess.Popen[bytes], said: Path) -> RunningListener:
    deadline = time.monotonic() + START_SECONDS
    while True:
        text = said.read_text(encoding="utf-8")
        if found := _LISTENS.search(text):
            return RunningListener(
                ae_title=found["ae_title"],
                host=found["host"].strip("[]"),
                port=int(found["port"]),
                process_id=process.pid,
            )
        assert process.poll() is None, f"fileroom storage-scp ended with {process.returncode}: {text}"
        assert time.monotonic() < deadline, f"not within {START_SECONDS:g} s: it listens\n{text}"
        time.sleep(POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop it as Ctrl-C does, unless the test has ended it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise AssertionError(
            f"not within {STOP_SECONDS:g} s: fileroom storage-scp ends after Ctrl-C"
        ) from None
