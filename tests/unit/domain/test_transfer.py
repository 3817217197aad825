"""Reports of transfers: counts made of lines, and what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.transfer import (
    SubOperations,
    TransferLine,
    TransferOutcome,
    TransferReport,
    missing,
)
from tests.builders import CT_IMAGE_STORAGE, a_uid

counts = st.one_of(st.none(), st.integers(0, 20))


def a_line(outcome: TransferOutcome, *, size: int = 100) -> TransferLine:
    return TransferLine(
        sop_instance_uid=a_uid(1, 1, 1),
        sop_class_uid=CT_IMAGE_STORAGE,
        study_instance_uid=a_uid(1),
        name="1.dcm",
        outcome=outcome,
        bytes=size,
        seconds=0.1,
        attempts=1,
    )


@given(outcomes=st.lists(st.tuples(st.sampled_from(TransferOutcome), st.integers(0, 1000))))
def test_report_counts_each_line_once(outcomes: list[tuple[TransferOutcome, int]]) -> None:
    report = TransferReport(
        lines=tuple(a_line(outcome, size=size) for outcome, size in outcomes), seconds=1.0, associations=1
    )
    assert sum(report.count(outcome) for outcome in TransferOutcome) == len(report.lines)
    assert report.sent + len(report.failures) == len(report.lines)
    arrived = {TransferOutcome.SENT, TransferOutcome.WARNED}
    assert report.bytes_sent == sum(size for outcome, size in outcomes if outcome in arrived)


def test_report_takes_a_warning_for_sent_and_no_attempt_for_a_failure() -> None:
    report = TransferReport(lines=tuple(map(a_line, TransferOutcome)), seconds=1.0, associations=1)
    assert report.sent == 2
    assert [line.outcome for line in report.failures] == [
        TransferOutcome.FAILED,
        TransferOutcome.NOT_ATTEMPTED,
    ]


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        (SubOperations(), False),
        (SubOperations(failed=0, completed=0), False),
        (SubOperations(failed=3), True),
        (SubOperations(failed=3, completed=0, warning=0, remaining=0), True),
        (SubOperations(failed=3, completed=1), False),
        (SubOperations(failed=3, warning=1), False),
    ],
)
def test_all_failed_tells_that_nothing_arrived(counters: SubOperations, *, expected: bool) -> None:
    assert counters.all_failed is expected


@given(remaining=counts, completed=counts, failed=counts, warning=counts)
def test_total_is_told_only_when_the_peer_says_enough(
    remaining: int | None, completed: int | None, failed: int | None, warning: int | None
) -> None:
    total = SubOperations(remaining=remaining, completed=completed, failed=failed, warning=warning).total
    if remaining is None and completed is None:
        assert total is None
    else:
        assert total == sum(filter(None, (remaining, completed, failed, warning)))


@given(expected=st.lists(st.sampled_from("abcdef")), arrived=st.lists(st.sampled_from("abcdef")))
def test_missing_names_each_absent_uid_once_in_the_order_expected(
    expected: list[str], arrived: list[str]
) -> None:
    found = missing(iter(expected), iter(arrived))
    assert set(found) == set(expected) - set(arrived)
    assert list(found) == sorted(found, key=expected.index)
    assert len(found) == len(set(found))
