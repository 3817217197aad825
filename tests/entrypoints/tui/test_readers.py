"""Threads that read for the screen: they do what they are given, and nobody waits for one that hangs."""

import subprocess
import sys
import threading
from concurrent.futures import CancelledError, Future, wait
from functools import partial

import pytest

from fileroom.entrypoints.tui.readers import Readers, apart


def test_work_is_done_and_what_it_makes_or_raises_comes_back() -> None:
    readers = Readers(2)
    assert readers.submit(divmod, 7, 2).result(10) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        readers.submit(divmod, 7, 0).result(10)
    readers.shutdown()


def test_as_many_work_at_once_as_there_may_be() -> None:
    readers = Readers(3)
    together = threading.Barrier(3)
    done = [readers.submit(together.wait, 10) for _ in range(3)]
    assert sorted(each.result(10) for each in done) == [0, 1, 2]
    names: set[int] = set()
    wait([readers.submit(_note, names) for _ in range(100)])
    assert len(names) <= 3
    readers.shutdown()


def _note(names: set[int]) -> None:
    names.add(threading.get_ident())


def test_what_waits_is_done_before_the_end_or_cancelled() -> None:
    for is_cancelled in (False, True):
        readers, gate = Readers(1), threading.Event()
        begun = threading.Event()
        first: Future[bool] = readers.submit(partial(_hold, begun, gate))
        second = readers.submit(divmod, 7, 2)
        assert begun.wait(10)
        readers.shutdown(wait=False, cancel_futures=is_cancelled)
        gate.set()
        assert first.result(10)
        if is_cancelled:
            with pytest.raises(CancelledError):
                second.result(10)
        else:
            assert second.result(10) == (3, 1)
        readers.join(10)
        with pytest.raises(RuntimeError):
            readers.submit(divmod, 7, 2)


def _hold(begun: threading.Event, gate: threading.Event) -> bool:
    begun.set()
    return gate.wait(10)


def test_program_ends_while_one_hangs() -> None:
    program = (
        "import threading\n"
        "from fileroom.entrypoints.tui.readers import Readers, apart\n"
        "readers = Readers(2)\n"
        "readers.submit(threading.Event().wait)\n"
        "apart(threading.Event().wait, 'far')\n"
        "readers.shutdown(wait=False, cancel_futures=True)\n"
        "readers.join(0.1)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_work_apart_is_done_and_what_goes_wrong_with_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def fail() -> None:
        threading.current_thread().name = "failing"
        try:
            raise ValueError
        finally:
            done.set()

    apart(fail, "look")
    assert done.wait(10)
    for thread in threading.enumerate():
        if thread.name == "failing":
            thread.join(10)
    assert "what was done apart (look) failed" in caplog.text
