"""The progress bar on a terminal."""

import io
import sys

import pytest

from fileroom.application.ports.progress import Progress
from fileroom.entrypoints.cli.progress import TerminalProgress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with TerminalProgress(quiet=False) as progress:
        progress.report(Progress(task="importing", done=1, total=2, bytes_done=3_000_000))
    assert "importing" in terminal.getvalue()


def test_progress_draws_nothing_where_stderr_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with TerminalProgress(quiet=False) as progress:
        progress.report(Progress(task="importing", done=1))
    assert stream.getvalue() == ""
