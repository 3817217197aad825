"""Failures in words, for any door."""

from fileroom.entrypoints.report import Failure, failures_in_words


def told(*failed: Failure) -> list[tuple[str, str]]:
    return list(failures_in_words(failed, reasons=2, names=2, elsewhere="look there"))


def test_failures_of_one_reason_share_a_line_and_a_hint_is_told_once() -> None:
    one = [Failure(what=what, why="it is full", hint="make room") for what in "ab"]
    other = Failure(what="c", why="it is slow", hint="make room")
    assert told(*one, other) == [("a, b: it is full", "make room"), ("c: it is slow", "")]


def test_many_failures_of_one_reason_are_counted() -> None:
    failed = [Failure(what=str(number), why="cancelled") for number in range(9)]
    assert told(*failed) == [("0, 1 and 7 more: cancelled", ""), ("not all are named here", "look there")]


def test_many_reasons_are_counted() -> None:
    failed = [Failure(what="it", why=str(number)) for number in range(5)]
    assert told(*failed) == [("it: 0", ""), ("it: 1", ""), ("3 more failed", "look there")]


def test_nothing_is_told_where_nothing_failed() -> None:
    assert told() == []
