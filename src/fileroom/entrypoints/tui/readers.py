"""Threads beside the screen's. The program waits for none of them for long: what they look at may be far away."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
_Job = tuple["Future[object]", Callable[[], object]]


def apart(work: Callable[[], object], name: str) -> None:
    """Do something in a thread of its own: what may never end, as looking into a folder, or must not wait.

    What goes wrong with it is logged.
    """

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("what was done apart (%s) failed", name)

    threading.Thread(target=run, name=name, daemon=True).start()


class Readers(Executor):
    """A few threads that read the catalog for the screen."""

    def __init__(self, most: int) -> None:
        """Begin with none; there will be at most so many."""
        self._most = most
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_over = False
        self._guard = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Have something done by whoever is free first.

        Raises:
            RuntimeError: they have ended.
        """
        future: Future[T] = Future()
        with self._guard:
            if self._is_over:
                raise RuntimeError("the readers have ended")
            self._jobs.put((future, partial(fn, *args, **kwargs)))  # type: ignore[arg-type]
            if len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name="reader", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as any Executor
        """Begin nothing new; what waits is done first, unless it is to be cancelled."""
        with self._guard:
            self._is_over = True
        if cancel_futures:
            self._cancel_what_waits()
        for _ in self._threads:
            self._jobs.put(None)
        if wait:
            self.join()

    def join(self, seconds: float | None = None) -> None:
        """Wait until all have ended, not longer than so many seconds."""
        deadline = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if deadline is None else max(deadline - time.monotonic(), 0.0))

    def _cancel_what_waits(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if job is not None:
                job[0].cancel()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            del job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                made = work()
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                future.set_exception(error)
            else:
                future.set_result(made)
            del future, work
