"""Works of several threads in one commit: combined, told apart when they fail, and never left waiting."""

import threading
from collections.abc import Callable, Sequence

import pytest

from fileroom.adapters.catalog.sql.group_commit import GroupCommit
from fileroom.domain.errors import StorageError


class Hopeless(Exception):
    """A failure that concerns all."""


def is_hopeless(error: Exception) -> bool:
    return isinstance(error, Hopeless)


class Commits:
    """A commit that waits, the first time, until it is let go, and fails on works that are negative."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, works: Sequence[int]) -> Sequence[int]:
        self.calls.append(list(works))
        if len(self.calls) == 1:
            self.entered.set()
            assert self.let_go.wait(10)
        for work in works:
            if work == -1:
                raise ValueError(work)
            if work == -2:
                raise Hopeless(work)
            if work == -3:
                raise KeyboardInterrupt
        return [work * 10 for work in works]


def run_behind_a_first(commits: Commits, group: GroupCommit[int, int], works: list[int]) -> dict[int, object]:
    """Run works in threads that all queue up while the first commit is on its way; what each got."""
    got: dict[int, object] = {}

    def run(work: int) -> None:
        try:
            got[work] = group.run(work)
        except BaseException as error:  # noqa: BLE001 - this is what is looked at
            got[work] = type(error)

    first = threading.Thread(target=run, args=(100,))
    first.start()
    assert commits.entered.wait(10)
    threads = []
    for queued, work in enumerate(works, 1):
        thread = threading.Thread(target=run, args=(work,))
        thread.start()
        threads.append(thread)
        _until(lambda queued=queued: len(group._queue) == queued)  # type: ignore[misc]
    commits.let_go.set()
    for thread in (first, *threads):
        thread.join(10)
        assert not thread.is_alive()
    return got


def _until(condition: Callable[[], bool]) -> None:
    turn = threading.Event()
    while not condition():
        turn.wait(0.001)


def test_work_alone_is_committed_alone() -> None:
    group = GroupCommit[int, int](lambda works: [work + 1 for work in works], hopeless=is_hopeless)
    assert [group.run(1), group.run(2)] == [2, 3]


def test_works_that_wait_are_committed_together() -> None:
    commits = Commits()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless)
    got = run_behind_a_first(commits, group, [1, 2, 3])
    assert got == {100: 1000, 1: 10, 2: 20, 3: 30}
    assert commits.calls == [[100], [1, 2, 3]]


def test_commit_takes_no_more_than_the_limit() -> None:
    commits = Commits()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless, most=2)
    got = run_behind_a_first(commits, group, [1, 2, 3])
    assert got == {100: 1000, 1: 10, 2: 20, 3: 30}
    assert commits.calls == [[100], [1, 2], [3]]


def test_failure_reaches_its_own_caller_and_the_others_are_committed() -> None:
    commits = Commits()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless)
    got = run_behind_a_first(commits, group, [1, -1, 3])
    assert got == {100: 1000, 1: 10, -1: ValueError, 3: 30}
    assert commits.calls == [[100], [1, -1, 3], [1], [-1], [3]]


def test_hopeless_failure_reaches_everybody_at_once() -> None:
    commits = Commits()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless)
    got = run_behind_a_first(commits, group, [1, -2, 3])
    assert got == {100: 1000, 1: Hopeless, -2: Hopeless, 3: Hopeless}
    assert commits.calls == [[100], [1, -2, 3]]


def test_nobody_is_left_waiting_when_the_leader_is_interrupted() -> None:
    commits = Commits()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless, most=3)
    got = run_behind_a_first(commits, group, [-3, 2, 3, 4])
    assert got == {100: 1000, -3: KeyboardInterrupt, 2: StorageError, 3: StorageError, 4: 40}


def test_next_work_is_committed_after_a_failure() -> None:
    commits = Commits()
    commits.let_go.set()
    group = GroupCommit[int, int](commits, hopeless=is_hopeless)
    with pytest.raises(ValueError, match="-1"):
        group.run(-1)
    assert group.run(2) == 20
