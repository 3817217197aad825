"""Combines what several threads want to write at the same moment into one transaction.

A commit costs a disk flush, whatever its size. The first thread that finds nobody writing becomes the leader: it
writes for all who have queued up, then hands over to the next that waits. Each caller returns when its own work is
durable, or with its own failure.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from fileroom.domain.errors import StorageError

W = TypeVar("W")
R = TypeVar("R")


class _Waiting(Generic[W, R]):
    """One caller's work on its way."""

    __slots__ = ("error", "is_done", "leads", "result", "wake", "work")

    def __init__(self, work: W) -> None:
        self.work = work
        self.wake = threading.Event()
        self.leads = False
        self.is_done = False
        self.result: R | None = None
        self.error: Exception | None = None

    def succeed(self, result: R) -> None:
        self.result, self.is_done = result, True

    def fail(self, error: Exception) -> None:
        self.error, self.is_done = error, True


class GroupCommit(Generic[W, R]):
    """Runs `commit` on the work of all threads that wait, one call at a time."""

    def __init__(
        self,
        commit: Callable[[Sequence[W]], Sequence[R]],
        *,
        hopeless: Callable[[Exception], bool],
        most: int = 256,
    ) -> None:
        """Combine at most `most` callers.

        `commit` writes all works in one transaction, or raises and writes none; each work is then tried alone, unless
        the failure is `hopeless`.
        """
        self._commit = commit
        self._hopeless = hopeless
        self._most = most
        self._lock = threading.Lock()
        self._queue: list[_Waiting[W, R]] = []
        self._busy = False

    def run(self, work: W) -> R:
        """Have `work` committed and return its result.

        Raises:
            Exception: what committing it alone raises.
        """
        mine: _Waiting[W, R] = _Waiting(work)
        with self._lock:
            self._queue.append(mine)
            if not self._busy:
                self._busy = mine.leads = True
        if not mine.leads:
            self._wait(mine)
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value] # set wherever there is no error

    def _wait(self, mine: _Waiting[W, R]) -> None:
        try:
            mine.wake.wait()
        except BaseException:
            # Interrupted (Ctrl-C): whoever was to be led by this thread still needs a leader.
            with self._lock:
                if mine in self._queue and not mine.leads:
                    self._queue.remove(mine)
            if mine.leads:
                self._lead()
            raise

    def _lead(self) -> None:
        with self._lock:
            together, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            self._write(together)
        finally:
            with self._lock:
                if self._queue:
                    self._queue[0].leads = True
                    self._queue[0].wake.set()
                else:
                    self._busy = False
            for one in together:
                one.wake.set()

    def _write(self, together: list[_Waiting[W, R]]) -> None:
        try:
            if len(together) > 1 and self._write_as_one(together):
                return
            for one in together:
                self._write_alone(one)
        except BaseException:
            for one in together:
                if not one.is_done:
                    one.fail(StorageError("the write was interrupted"))
            raise

    def _write_as_one(self, together: list[_Waiting[W, R]]) -> bool:
        """Tell whether each now has its result or its failure; otherwise nothing was written."""
        try:
            results = self._commit([one.work for one in together])
        except Exception as error:  # noqa: BLE001 - told to all, or tried again one by one to find its caller
            if self._hopeless(error):
                for one in together:
                    one.fail(error)
            return together[0].is_done
        for one, result in zip(together, results, strict=True):
            one.succeed(result)
        return True

    def _write_alone(self, one: _Waiting[W, R]) -> None:
        try:
            (result,) = self._commit([one.work])
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that it belongs to
            one.fail(error)
        else:
            one.succeed(result)
