"""Lists what is here: studies, their series, their instances."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from fileroom.application.ports.catalog import Catalog
from fileroom.domain.errors import NotFound
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Query, QueryLevel
from fileroom.domain.records import CatalogTotals, InstanceSummary, SeriesSummary, StudySummary

ROWS_AT_A_TIME = 500
_ALL = LocalFilter()
_COUNTERS: Final = {
    QueryLevel.STUDY: "NumberOfStudyRelatedInstances",
    QueryLevel.SERIES: "NumberOfSeriesRelatedInstances",
}

Row = TypeVar("Row")


class BrowseLocal:
    """Reads the catalog page by page; lists of any length take flat memory."""

    def __init__(self, *, catalog: Catalog) -> None:
        """Read this catalog."""
        self._catalog = catalog

    def studies(
        self, criteria: LocalFilter, *, limit: int | None = None, offset: int = 0
    ) -> Iterator[StudySummary]:
        """Yield studies, latest study date first.

        Raises:
            InvalidInput: a condition is not possible for its attribute.
        """
        return _rows(lambda page: self._catalog.studies(criteria, page), limit, offset)

    def series(
        self, study_instance_uid: str, criteria: LocalFilter, *, limit: int | None = None, offset: int = 0
    ) -> Iterator[SeriesSummary]:
        """Yield the series of a study by series number.

        Raises:
            NotFound: there is no such study here.
            InvalidInput: a condition is not possible for its attribute.
        """
        if not self._catalog.count_series(study_instance_uid, _ALL):
            raise NotFound(
                f"there is no study {study_instance_uid} here", hint="see `fileroom local studies`"
            )
        return _rows(lambda page: self._catalog.series(study_instance_uid, criteria, page), limit, offset)

    def instances(
        self, series_instance_uid: str, criteria: LocalFilter, *, limit: int | None = None, offset: int = 0
    ) -> Iterator[InstanceSummary]:
        """Yield the instances of a series by instance number.

        Raises:
            NotFound: there is no such series here.
            InvalidInput: a condition is not possible for its attribute.
        """
        if not self._catalog.count_instances(series_instance_uid, _ALL):
            raise NotFound(
                f"there is no series {series_instance_uid} here", hint="see `fileroom local series STUDY_UID`"
            )
        return _rows(lambda page: self._catalog.instances(series_instance_uid, criteria, page), limit, offset)

    def count_studies(self, criteria: LocalFilter) -> int:
        """Count the studies that `studies` yields without limit."""
        return self._catalog.count_studies(criteria)

    def count_series(self, study_instance_uid: str, criteria: LocalFilter) -> int:
        """Count the series that `series` yields without limit."""
        return self._catalog.count_series(study_instance_uid, criteria)

    def count_instances(self, series_instance_uid: str, criteria: LocalFilter) -> int:
        """Count the instances that `instances` yields without limit."""
        return self._catalog.count_instances(series_instance_uid, criteria)

    def counts(self, level: QueryLevel, uids: Sequence[str]) -> dict[str, int]:
        """Return how many instances of studies or series, or which instances, are here, by UID; others are left out.

        Raises:
            StorageError: the catalog cannot be read.
        """
        if level is QueryLevel.IMAGE:
            return dict.fromkeys(self._catalog.present(uids), 1)
        counter = _COUNTERS[level]
        found: dict[str, int] = {}
        for start in range(0, len(uids), ROWS_AT_A_TIME):
            wanted = "\\".join(uids[start : start + ROWS_AT_A_TIME])
            query = Query(level=level, keys={level.unique_key: wanted, counter: ""})
            for match in self._catalog.find(query):
                found[match[level.unique_key]] = int(match[counter] or 0)
        return found

    def revision(self) -> str:
        """Return a word that is another one once something was recorded or removed, by this process or another.

        Raises:
            StorageError: the catalog cannot be read.
        """
        return self._catalog.revision()

    def totals(self) -> CatalogTotals:
        """Return how much is here."""
        return self._catalog.totals()


def _rows(fetch: Callable[[Page], Sequence[Row]], limit: int | None, offset: int) -> Iterator[Row]:
    left = limit
    while left is None or left > 0:
        asked = ROWS_AT_A_TIME if left is None else min(ROWS_AT_A_TIME, left)
        rows = fetch(Page(limit=asked, offset=offset))
        yield from rows
        if len(rows) < asked:
            return
        offset += asked
        left = None if left is None else left - asked
