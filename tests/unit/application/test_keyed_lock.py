"""Locks by key."""

import threading

import pytest

from fileroom.application.keyed_lock import KeyedLock


def test_key_is_held_by_one_at_a_time() -> None:
    locks, inside, most = KeyedLock(), [], []

    def work() -> None:
        for _ in range(200):
            with locks.hold("a"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    crew = [threading.Thread(target=work) for _ in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert set(most) == {1}


def test_other_keys_are_not_waited_for() -> None:
    locks = KeyedLock()
    done = threading.Event()

    def work() -> None:
        with locks.hold("b"):
            done.set()

    with locks.hold("a"):
        thread = threading.Thread(target=work)
        thread.start()
        assert done.wait(10)
    thread.join()


def test_thread_may_hold_a_key_twice() -> None:
    locks = KeyedLock()
    with locks.hold("a"), locks.hold("a"):
        pass
    assert not locks._held


def test_key_that_nobody_holds_takes_no_memory() -> None:
    locks = KeyedLock()
    with pytest.raises(RuntimeError), locks.hold("a"):
        raise RuntimeError
    with locks.hold("a"), locks.hold("b"):
        assert set(locks._held) == {"a", "b"}
    assert not locks._held
