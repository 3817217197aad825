"""What every history of tasks promises, and what the one in a file does with damage and beside other processes."""

import json
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fileroom.adapters.system.task_history import KEPT, FileTaskHistory, MemoryTaskHistory
from fileroom.application.ports.task_history import TaskHistory
from fileroom.domain.task import TaskRecord, TaskState
from tests.builders import SOME_TIME
from tests.contract.object_stores import run_together
from tests.contract.suite import ContractSuite


def a_task(number: int = 1, *, summary: tuple[str, ...] = ("3 files filed",)) -> TaskRecord:
    created = SOME_TIME + timedelta(minutes=number)
    return TaskRecord(
        number=number,
        title="import /data/in",
        command="import path=/data/in",
        state=TaskState.PARTIAL,
        created_at=created,
        started_at=created + timedelta(seconds=1),
        finished_at=created + timedelta(seconds=3.25),
        summary=summary,
    )


class TaskHistoryContract(ContractSuite):
    """The promises of `TaskHistory`."""

    @pytest.fixture
    @abstractmethod
    def history(self, tmp_path: Path) -> TaskHistory:
        """The adapter, with nothing in it."""

    def test_nothing_is_known_at_first(self, history: TaskHistory) -> None:
        assert history.latest(10) == ()

    def test_task_comes_back_as_it_was(self, history: TaskHistory) -> None:
        task = a_task(summary=("two lines\nin one", "naïve \u2028 \x1b[31m"))
        history.add(task)
        assert history.latest(10) == (task,)

    def test_task_that_never_began_comes_back_as_it_was(self, history: TaskHistory) -> None:
        task = replace(a_task(), started_at=None, state=TaskState.CANCELLED, summary=())
        history.add(task)
        assert history.latest(1) == (task,)

    def test_latest_come_first(self, history: TaskHistory) -> None:
        for number in (1, 2, 3):
            history.add(a_task(number))
        assert [task.number for task in history.latest(10)] == [3, 2, 1]

    @pytest.mark.parametrize(("limit", "count"), [(2, 2), (0, 0), (-1, 0)])
    def test_no_more_come_than_were_asked_for(self, history: TaskHistory, limit: int, count: int) -> None:
        for number in (1, 2, 3):
            history.add(a_task(number))
        assert len(history.latest(limit)) == count

    def test_oldest_are_forgotten(self, history: TaskHistory) -> None:
        for number in range(KEPT + 20):
            history.add(a_task(number, summary=()))
        latest = history.latest(10 * KEPT)
        assert KEPT <= len(latest) <= KEPT + 20
        assert latest[0].number == KEPT + 19

    def test_threads_add_together(self, history: TaskHistory) -> None:
        def add(thread: int) -> None:
            for number in range(20):
                history.add(a_task(100 * thread + number))
                history.latest(5)

        run_together(add, threads=4)
        assert len({task.number for task in history.latest(1000)}) == 80


class TestMemoryTaskHistory(TaskHistoryContract):
    @pytest.fixture
    def history(self, tmp_path: Path) -> TaskHistory:
        return MemoryTaskHistory()


class TestFileTaskHistory(TaskHistoryContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "tasks.jsonl"

    @pytest.fixture
    def history(self, path: Path) -> TaskHistory:
        return FileTaskHistory(path)

    def test_tasks_are_known_to_the_next_process(self, history: TaskHistory, path: Path) -> None:
        history.add(a_task())
        assert FileTaskHistory(path).latest(10) == (a_task(),)

    def test_file_is_its_owners_alone(self, history: TaskHistory, path: Path) -> None:
        history.add(a_task())
        assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(
        "damage",
        [
            b"{",
            b"\xff\x00\xfe",
            b"[]",
            b"null",
            b'"text"',
            b"1e999",
            b"[" * 5000,
            b"{}",
            b'{"number": 1}',
            json.dumps({"number": "x", "title": "", "command": "", "state": "lost"}).encode(),
        ],
        ids=lambda damage: damage[:12].decode("ascii", "replace"),
    )
    def test_damaged_line_is_passed_over(self, history: TaskHistory, path: Path, damage: bytes) -> None:
        history.add(a_task(1))
        path.write_bytes(path.read_bytes() + damage + b"\n")
        history.add(a_task(2))
        assert [task.number for task in history.latest(10)] == [2, 1]

    def test_line_that_was_cut_off_does_not_take_the_next_with_it(
        self, history: TaskHistory, path: Path
    ) -> None:
        history.add(a_task(1))
        history.add(a_task(2))
        path.write_bytes(path.read_bytes()[:-20])
        history.add(a_task(3))
        assert [task.number for task in history.latest(10)] == [3, 1]

    @pytest.mark.parametrize("content", [b"\0" * (9 << 20), b"\n" * (9 << 20)], ids=["zeros", "newlines"])
    def test_huge_file_of_nothing_is_read_and_put_right(
        self, history: TaskHistory, path: Path, content: bytes
    ) -> None:
        path.write_bytes(content)
        assert history.latest(10) == ()
        history.add(a_task())
        assert history.latest(10) == (a_task(),)
        assert path.stat().st_size <= len(content)

    def test_summary_that_is_too_long_keeps_its_beginning(self, history: TaskHistory, path: Path) -> None:
        history.add(a_task(summary=tuple(f"file {number}: " + "x" * 900 for number in range(200))))
        (task,) = history.latest(10)
        assert task.summary[0].startswith("file 0: ")
        assert path.stat().st_size <= 64 << 10

    def test_long_file_is_shortened(self, history: TaskHistory, path: Path) -> None:
        history.add(a_task())
        line = path.read_bytes()
        path.write_bytes(line * (3 * KEPT))
        history.latest(1)
        assert path.read_bytes() == line * KEPT

    def test_nothing_is_lost_while_another_process_adds_and_shortens(
        self, history: TaskHistory, path: Path
    ) -> None:
        history.add(a_task(0))
        path.write_bytes(path.read_bytes() * (3 * KEPT))
        code = (
            "import sys; from pathlib import Path\n"
            "from fileroom.adapters.system.task_history import FileTaskHistory\n"
            "from tests.contract.test_task_history import a_task\n"
            "history = FileTaskHistory(Path(sys.argv[1]))\n"
            "for number in range(1, 101): history.add(a_task(number)); history.latest(1)\n"
        )
        root = Path(__file__).parents[2]
        environment = {"PYTHONPATH": f"{root / 'src'}:{root}"}
        other = subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment)
        for number in range(101, 201):
            history.add(a_task(number))
            history.latest(1)
        assert other.wait(60) == 0
        assert {task.number for task in history.latest(300)} >= set(range(1, 201))

    @pytest.mark.parametrize(
        "spoil", [Path.mkdir, lambda path: path.symlink_to(path)], ids=["folder", "loop"]
    )
    def test_what_cannot_be_written_is_logged_and_forgotten(
        self, path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        spoil(path)
        history = FileTaskHistory(path)
        history.add(a_task())
        assert "the history of tasks cannot be written" in caplog.text
        assert history.latest(10) == ()
