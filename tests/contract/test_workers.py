"""What every kind of workers promises."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, wait

import pytest

from fileroom.adapters.system.workers import InlineWorkers, ProcessWorkers
from fileroom.application.ports.workers import Workers
from fileroom.domain.errors import InvalidDicom
from tests.contract.suite import ContractSuite


def double(number: int) -> int:
    """Return twice a number."""
    return 2 * number


def fail(why: str) -> None:
    """Fail as a port does."""
    raise InvalidDicom(why, hint="look elsewhere")


def process() -> int:
    """Return who does the work."""
    return os.getpid()


class WorkersContract(ContractSuite):
    """Results, errors and ends."""

    @pytest.fixture
    def workers(self) -> Workers:
        """The workers under test."""
        raise NotImplementedError

    @pytest.fixture
    def executor(self, workers: Workers) -> Iterator[Executor]:
        """Two of them."""
        with workers.open(2) as executor:
            yield executor

    def test_result_comes_back(self, executor: Executor) -> None:
        assert [executor.submit(double, number).result() for number in range(3)] == [0, 2, 4]

    def test_error_comes_back_whole(self, executor: Executor) -> None:
        error = executor.submit(fail, "damaged").exception()

        assert isinstance(error, InvalidDicom)
        assert (error.message, error.hint) == ("damaged", "look elsewhere")

    def test_one_job_is_done_by_the_caller(self, workers: Workers) -> None:
        with workers.open(1) as executor:
            assert executor.submit(process).result() == os.getpid()

    def test_there_is_a_core_at_least(self, workers: Workers) -> None:
        assert workers.cores() >= 1

    def test_what_was_begun_is_finished_at_the_end(self, workers: Workers) -> None:
        with workers.open(2) as executor:
            first = executor.submit(double, 1)
            wait([first])
        assert first.result() == 2


class TestInlineWorkers(WorkersContract):
    @pytest.fixture
    def workers(self) -> Workers:
        return InlineWorkers()


class TestProcessWorkers(WorkersContract):
    @pytest.fixture
    def workers(self) -> Workers:
        return ProcessWorkers()

    def test_other_processes_do_the_work(self, executor: Executor) -> None:
        assert executor.submit(process).result() != os.getpid()


_PARENT = """
import time
from fileroom.adapters.system.workers import ProcessWorkers
if __name__ == "__main__":
    with ProcessWorkers().open(2) as executor:
        print(executor.submit(__import__("os").getpid).result(), flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: object) -> None:
    script = f"{tmp_path}/parent.py"
    with open(script, "w", encoding="utf-8") as stream:  # noqa: PTH123 - the fixture's type does not matter
        stream.write(_PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 20
        while _lives(worker) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
