"""Worker processes, and the caller's own thread where one is enough."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from fileroom.application.ports.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")


class InlineExecutor(Executor):
    """Does what is submitted at once, in the caller's thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it to whoever asks
            future.set_exception(error)
        return future


class ProcessWorkers(Workers):
    """Starts fresh processes: they share no lock and no library's state with this one, on any platform."""

    def cores(self) -> int:
        """Return how many processors this process may use."""
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:
            return os.cpu_count() or 1

    @contextmanager
    def open(self, jobs: int) -> Iterator[Executor]:
        """Yield an executor over `jobs` processes."""
        executor = _processes(jobs) if jobs > 1 else InlineExecutor()
        try:
            yield executor
        finally:
            executor.shutdown(cancel_futures=True)


class InlineWorkers(Workers):
    """Knows no other processes; for tests."""

    def cores(self) -> int:
        """Return 1."""
        return 1

    @contextmanager
    def open(self, jobs: int) -> Iterator[Executor]:
        """Yield an executor that works in the caller's thread, whatever `jobs` says."""
        yield InlineExecutor()


def _processes(jobs: int) -> Executor:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
