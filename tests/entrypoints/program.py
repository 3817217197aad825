"""Runs the command line inside the test's process, which is quicker than a program of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from fileroom.entrypoints.cli.main import main
from tests.fileroom_cli import Ran


class Program:
    """The command line with one data directory."""

    def __init__(self, data_dir: Path, capture: pytest.CaptureFixture[str]) -> None:
        """Use this data directory, which need not exist."""
        self.data_dir = data_dir
        self._capture = capture

    def run(self, *arguments: str | Path, code: int = 0, quiet: bool = False) -> Ran:
        """Run a command; it must end with `code`."""
        options = ["--data-dir", str(self.data_dir), *(["--quiet"] if quiet else [])]
        return self.bare(*options, *arguments, code=code)

    def bare(self, *arguments: str | Path, code: int = 0) -> Ran:
        """Run with these arguments and no others."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        said = self._capture.readouterr()
        left_with = stop.value.code
        assert isinstance(left_with, int)
        assert left_with == code, f"exit code {left_with} instead of {code}\n{said.out}\n{said.err}"
        return Ran(code=left_with, stdout=said.out, stderr=said.err)

    def json(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json` and return its document; it must end with `code`."""
        document = json.loads(self.run(*arguments, "--json", code=code).stdout)
        assert isinstance(document, dict)
        return document

    def add_node(self, name: str, *, ae_title: str, port: int, host: str = "127.0.0.1") -> None:
        """Register a node."""
        where = ("--ae-title", ae_title, "--host", host, "--port", str(port))
        self.run("node", "add", "--name", name, *where)

    def log(self) -> str:
        """What was logged so far."""
        return (self.data_dir / "logs" / "app.log").read_text(encoding="utf-8")
