"""The log file: small, private, and with lines that nobody can forge."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from fileroom.adapters.system import logging as log_adapter
from fileroom.adapters.system.logging import FILE_NAME, FILES, LIBRARIES, LogFile, open_log

LOGGER = logging.getLogger("fileroom.test")
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) [\w.]+ \[[^]]+\] .*")
posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture(autouse=True)
def _levels_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("fileroom", *LIBRARIES)]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "logs"


@pytest.fixture
def log(folder: Path) -> Iterator[LogFile]:
    with open_log(folder) as log:
        yield log


def lines(folder: Path) -> list[str]:
    return (folder / FILE_NAME).read_text(encoding="utf-8").splitlines()


def test_record_is_one_line_in_utc(log: LogFile, folder: Path) -> None:
    LOGGER.info("received %s", "1.2.3")
    (line,) = lines(folder)
    assert LINE.fullmatch(line)
    assert line.endswith("INFO fileroom.test [MainThread] received 1.2.3")
    assert log.path == folder / FILE_NAME


@pytest.mark.parametrize(
    "forged", ["A\n2026-01-01", "A\r\nB", "A\x1b[2J", "A\u2028B", "A\x85B", "A\u202eB", "A\0"]
)
@pytest.mark.usefixtures("log")
def test_record_stays_one_harmless_line_whatever_a_peer_sends(folder: Path, forged: str) -> None:
    LOGGER.warning("calling AE title %s", forged)
    (line,) = lines(folder)
    assert LINE.fullmatch(line)
    assert line.isprintable()


@pytest.mark.usefixtures("log")
def test_traceback_is_indented_so_that_it_cannot_look_like_a_record(folder: Path) -> None:
    try:
        raise ValueError("bad\n2026-01-01T00:00:00.000Z INFO fileroom [MainThread] forged\x1b[0m")
    except ValueError:
        LOGGER.exception("failed", stack_info=True)
    first, *rest = lines(folder)
    assert LINE.fullmatch(first)
    assert any("ValueError: bad" in line for line in rest)
    assert any("Stack (most recent call last)" in line for line in rest)
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


@pytest.mark.usefixtures("log")
def test_text_that_no_encoding_carries_is_written_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What pytest captures goes through its own pipe, which does not carry such text.
    ours = [each for each in logging.getLogger().handlers if isinstance(each, RotatingFileHandler)]
    monkeypatch.setattr(logging.getLogger(), "handlers", ours)
    LOGGER.info("path %s", "\udcff.dcm")
    assert lines(folder)[0].endswith("path \\udcff.dcm")


def test_level_is_that_of_our_own_loggers(folder: Path) -> None:
    with open_log(folder, level="WARNING"):
        LOGGER.info("left out")
        LOGGER.warning("kept")
    with open_log(folder, level=logging.DEBUG):
        LOGGER.debug("kept too")
    assert [line.rpartition("] ")[2] for line in lines(folder)] == ["kept", "kept too"]


def test_level_that_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="LOUD"):
        open_log(folder, level="LOUD")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_libraries_never_log_patients(folder: Path, library: str, level: str) -> None:
    with open_log(folder, level=level):
        for name in (library, f"{library}.acse"):
            logging.getLogger(name).info("(0010,0010) PN [Doe^Jane]")
            logging.getLogger(name).debug("(0010,0010) PN [Doe^Jane]")
            logging.getLogger(name).warning("association aborted")
    assert "Doe" not in (folder / FILE_NAME).read_text()
    assert len(lines(folder)) == (2 if LIBRARIES[library] == logging.WARNING else 0)


def test_log_is_closed_with_its_context(folder: Path) -> None:
    before = list(logging.getLogger().handlers)
    with open_log(folder):
        LOGGER.info("inside")
    LOGGER.info("outside")
    assert logging.getLogger().handlers == before
    assert len(lines(folder)) == 1


def test_log_keeps_a_bounded_number_of_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_adapter, "MAX_BYTES", 2000)
    with open_log(folder):
        for number in range(500):
            LOGGER.info("%d %s", number, "x" * 50)
    files = sorted(folder.iterdir())
    assert len(files) == FILES == 5
    assert all(path.stat().st_size <= 2000 for path in files)
    assert lines(folder)[-1].split()[-2] == "499"


@posix_only
@pytest.mark.usefixtures("log")
def test_log_follows_when_another_process_rotates_it(folder: Path) -> None:
    LOGGER.info("before")
    (folder / FILE_NAME).rename(folder / f"{FILE_NAME}.1")
    LOGGER.info("after")
    assert len(lines(folder)) == 1
    assert lines(folder)[0].endswith("after")


@posix_only
def test_log_is_private_even_where_it_was_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_adapter, "MAX_BYTES", 500)
    folder.mkdir(parents=True, mode=0o755)
    (folder / FILE_NAME).touch(mode=0o644)
    with open_log(folder):
        for _ in range(20):
            LOGGER.info("x" * 50)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_missing_log_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    program = """
import logging, sys
from pathlib import Path
from fileroom.adapters.system.logging import open_log
with open_log(Path(sys.argv[1])) as log:
    assert log.path is None
    logging.getLogger("fileroom.test").error("not shown")
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data" / "logs")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert told.stdout == ""
    (line,) = told.stderr.splitlines()
    assert str(tmp_path / "data" / "logs" / FILE_NAME) in line
    assert "there is no log" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_stops_the_log_and_nothing_else(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with open_log(folder):
        (folder / FILE_NAME).unlink()
        (folder / FILE_NAME).symlink_to("/dev/full")
        LOGGER.info("lost")
        (folder / FILE_NAME).unlink()
        LOGGER.info("found")
    assert [line.rpartition("] ")[2] for line in lines(folder)] == ["found"]
    assert capfd.readouterr().err == ""
