"""Commands that a test interrupts while they run."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fileroom_cli import COMMAND, FileroomCli

ENDS_WITHIN = 20.0


class RunningCommand:
    """A command of the program, with `--json`, while it runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        """What it says stands in the folder."""
        self._process = process
        self._folder = folder

    def signal(self, number: int = signal.SIGINT) -> None:
        """Interrupt it as Ctrl-C does, or by another signal."""
        assert self._process.poll() is None, f"it has ended: {self.stderr()}"
        os.kill(self._process.pid, number)

    def stderr(self) -> str:
        """What it has told people so far."""
        return (self._folder / "stderr").read_text(encoding="utf-8")

    def ended(self, *, code: int) -> dict[str, Any]:
        """Wait for its end, which must be with `code`, and return its document."""
        left_with = self._process.wait(ENDS_WITHIN)
        assert left_with == code, f"exit code {left_with} instead of {code}\n{self.stderr()}"
        document = json.loads((self._folder / "stdout").read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        return document


@contextmanager
def running(cli: FileroomCli, folder: Path, *arguments: str | Path) -> Iterator[RunningCommand]:
    """Start a command; it is killed at the end of the block unless it has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments), "--json"],
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield RunningCommand(process, folder)
    finally:
        process.kill()
        process.wait()
