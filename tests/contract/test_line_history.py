"""What every history of typed lines promises, and what the one in a file does with damage and with other eyes."""

import stat
import sys
from abc import abstractmethod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.system.line_history import KEPT, LONGEST, FileLineHistory, MemoryLineHistory
from fileroom.application.ports.line_history import LineHistory
from tests.contract.object_stores import run_together
from tests.contract.suite import ContractSuite

NAME = "commands.jsonl"


class LineHistoryContract(ContractSuite):
    """The promises of `LineHistory`."""

    @pytest.fixture
    @abstractmethod
    def history(self, tmp_path: Path) -> LineHistory:
        """The adapter, with nothing in it."""

    def test_nothing_is_known_at_first(self, history: LineHistory) -> None:
        assert history.latest(10) == ()

    def test_latest_come_first(self, history: LineHistory) -> None:
        for line in ("echo pacs", "query pacs", "quit"):
            history.add(line)
        assert history.latest(2) == ("quit", "query pacs")

    def test_line_comes_back_as_it_was(self, history: LineHistory) -> None:
        line = "query patient_name='Müller^Zoë \u2028 \x1b[31m' two\nlines \udc80"
        history.add(line)
        assert history.latest(1) == (line,)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_nothing_is_returned_when_nothing_is_wanted(self, history: LineHistory, limit: int) -> None:
        history.add("quit")
        assert history.latest(limit) == ()

    def test_line_that_is_too_long_is_forgotten(self, history: LineHistory) -> None:
        history.add("x" * (LONGEST + 1))
        assert history.latest(1) == ()

    def test_old_lines_are_forgotten(self, history: LineHistory) -> None:
        for number in range(KEPT + 3):
            history.add(str(number))
        latest = history.latest(2 * KEPT)
        assert len(latest) == KEPT
        assert latest[0] == str(KEPT + 2)

    def test_lines_of_several_threads_are_all_kept(self, history: LineHistory) -> None:
        run_together(lambda number: history.add(str(number)), threads=8)
        assert set(history.latest(8)) == set(map(str, range(8)))


class TestMemoryLineHistory(LineHistoryContract):
    """In memory."""

    @pytest.fixture
    def history(self, tmp_path: Path) -> LineHistory:
        return MemoryLineHistory()


class TestFileLineHistory(LineHistoryContract):
    """In a file."""

    @pytest.fixture
    def history(self, tmp_path: Path) -> LineHistory:
        return FileLineHistory(tmp_path / NAME)

    def test_lines_are_there_for_the_next_run(self, history: LineHistory, tmp_path: Path) -> None:
        history.add("echo pacs")
        assert FileLineHistory(tmp_path / NAME).latest(1) == ("echo pacs",)

    @pytest.mark.skipif(sys.platform == "win32", reason="the mode says nothing there")
    def test_nobody_else_may_read_what_was_typed(self, history: LineHistory, tmp_path: Path) -> None:
        history.add("quit")
        path = tmp_path / NAME
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

        path.write_bytes(path.read_bytes() * 3 * KEPT)
        history.latest(1)  # shortens the file
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
        assert len((tmp_path / NAME).read_text("ascii").splitlines()) == KEPT

    def test_damage_is_passed_over(self, history: LineHistory, tmp_path: Path) -> None:
        history.add("first")
        with (tmp_path / NAME).open("ab") as file:
            file.write(b'\xff\xfe\n{"no": 1}\n"half')
        history.add("last")
        assert history.latest(10) == ("last", "first")

    def test_place_that_cannot_be_written_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        history = FileLineHistory(tmp_path / "file" / NAME)
        history.add("quit")
        assert history.latest(1) == ()


@given(lines=st.lists(st.text(max_size=60), max_size=8))
def test_any_lines_come_back(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    history = FileLineHistory(tmp_path_factory.mktemp("lines") / NAME)
    for line in lines:
        history.add(line)
    assert history.latest(len(lines)) == tuple(reversed(lines))
