"""Lists of what is here, in portions."""

from collections.abc import Sequence

import pytest

from fileroom.adapters.catalog.memory.catalog import MemoryCatalog
from fileroom.application.use_cases.browse_local import ROWS_AT_A_TIME, BrowseLocal
from fileroom.domain.errors import InvalidInput, NotFound
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import QueryLevel
from fileroom.domain.records import CatalogTotals, InstanceSummary
from tests.builders import a_record, a_uid, an_entry

EVERYTHING = LocalFilter()


class _CountsPages(MemoryCatalog):
    def __init__(self) -> None:
        super().__init__()
        self.pages: list[Page] = []

    def instances(
        self, series_instance_uid: str, criteria: LocalFilter, page: Page
    ) -> Sequence[InstanceSummary]:
        self.pages.append(page)
        return super().instances(series_instance_uid, criteria, page)


def a_catalog(instances: int, *, series: int = 1, studies: int = 1) -> _CountsPages:
    catalog = _CountsPages()
    catalog.record(
        [
            an_entry(a_record(number, series=one, study=study))
            for study in range(1, studies + 1)
            for one in range(1, series + 1)
            for number in range(1, instances + 1)
        ]
    )
    return catalog


@pytest.mark.parametrize(
    "count", [1, ROWS_AT_A_TIME - 1, ROWS_AT_A_TIME, ROWS_AT_A_TIME + 1, 2 * ROWS_AT_A_TIME + 3]
)
def test_every_row_is_listed_once_in_order_whatever_the_portions(count: int) -> None:
    rows = BrowseLocal(catalog=a_catalog(count)).instances(a_uid(1, 1), EVERYTHING)
    assert [row.instance_number for row in rows] == [str(number) for number in range(1, count + 1)]


def test_instances_are_counted_by_what_they_are_of() -> None:
    browse = BrowseLocal(catalog=a_catalog(3, series=2, studies=2))
    study = {a_uid(1): 6, a_uid(2): 6}
    assert browse.counts(QueryLevel.STUDY, [a_uid(1), a_uid(2), a_uid(9)]) == study
    assert browse.counts(QueryLevel.SERIES, [a_uid(2, 1), a_uid(9, 1)]) == {a_uid(2, 1): 3}
    assert browse.counts(QueryLevel.IMAGE, [a_uid(1, 2, 3), a_uid(9, 9, 9)]) == {a_uid(1, 2, 3): 1}
    assert browse.counts(QueryLevel.STUDY, []) == {}
    many = [a_uid(number) for number in range(1, 2 * ROWS_AT_A_TIME)]
    assert browse.counts(QueryLevel.STUDY, many) == study


@pytest.mark.parametrize(
    ("limit", "offset", "first", "last"),
    [
        (10, 0, 1, 10),
        (10, 495, 496, 505),
        (600, 300, 301, 900),
        (ROWS_AT_A_TIME, 0, 1, 500),
        (9999, 1000, 1001, 1203),
    ],
)
def test_limit_and_offset_choose_rows_across_portions(limit: int, offset: int, first: int, last: int) -> None:
    rows = BrowseLocal(catalog=a_catalog(1203)).instances(a_uid(1, 1), EVERYTHING, limit=limit, offset=offset)
    assert [row.instance_number for row in rows] == [str(number) for number in range(first, last + 1)]


def test_no_more_rows_are_fetched_than_are_taken() -> None:
    catalog = a_catalog(1203)
    rows = BrowseLocal(catalog=catalog).instances(a_uid(1, 1), EVERYTHING)
    assert catalog.pages == []
    next(rows)
    assert catalog.pages == [Page(limit=ROWS_AT_A_TIME)]


def test_limit_of_nothing_lists_nothing() -> None:
    assert list(BrowseLocal(catalog=a_catalog(3)).instances(a_uid(1, 1), EVERYTHING, limit=0)) == []


def test_studies_and_series_are_listed_and_counted() -> None:
    browse = BrowseLocal(catalog=a_catalog(2, series=3, studies=2))
    assert [study.study_instance_uid for study in browse.studies(EVERYTHING)] == [a_uid(1), a_uid(2)]
    assert [series.series_instance_uid for series in browse.series(a_uid(2), EVERYTHING)] == [
        a_uid(2, number) for number in (1, 2, 3)
    ]
    assert browse.count_studies(EVERYTHING) == 2
    assert browse.count_series(a_uid(1), EVERYTHING) == 3
    assert browse.count_instances(a_uid(1, 1), EVERYTHING) == 2
    assert browse.totals() == CatalogTotals(patients=2, studies=2, series=6, instances=12, bytes=12_000)


def test_filter_that_leaves_nothing_is_an_empty_list_and_not_an_error() -> None:
    browse = BrowseLocal(catalog=a_catalog(2))
    nobody = LocalFilter(patient_name="nobody")
    assert list(browse.studies(nobody)) == []
    assert list(browse.series(a_uid(1), nobody)) == []
    assert list(browse.instances(a_uid(1, 1), nobody)) == []


def test_unknown_study_and_series_are_told_at_once() -> None:
    browse = BrowseLocal(catalog=a_catalog(1))
    with pytest.raises(NotFound, match=r"study 9\.9") as study:
        browse.series("9.9", EVERYTHING)
    assert "local studies" in study.value.hint
    with pytest.raises(NotFound, match=r"series 9\.9"):
        browse.instances("9.9", EVERYTHING)


def test_impossible_filter_is_told() -> None:
    with pytest.raises(InvalidInput):
        list(BrowseLocal(catalog=a_catalog(1)).studies(LocalFilter(study_date="yesterday")))
