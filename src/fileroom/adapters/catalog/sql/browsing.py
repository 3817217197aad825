"""Pages of studies, series and instances for people who look through what is here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Subquery,
    Table,
    exists,
    func,
    literal,
    literal_column,
    select,
)

from fileroom.adapters.catalog._shared.cleaning import clean_filter, clean_identifier
from fileroom.adapters.catalog.sql.conditions import clause, meets
from fileroom.adapters.catalog.sql.rows import to_microseconds
from fileroom.adapters.catalog.sql.schema import instances, series, studies
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.matching import Condition

_SERIES_COLUMNS = ("series_number", "series_description", "modality", "instance_count", "imported_at_max")
_INSTANCE_COLUMNS = (
    "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "instance_number", "number_of_frames", "rows",
    "columns", "size", "location", "in_place", "digest", "origin", "source", "recorded_at", "duplicates",
)  # fmt: skip

_BY_LATEST = (studies.c.study_date_max.desc(), studies.c.study_instance_uid)
_BY_SERIES_NUMBER = (series.c.series_number_value, series.c.series_instance_uid)
_BY_INSTANCE_NUMBER = (instances.c.instance_number_value, instances.c.sop_instance_uid)


class Browser:
    """Statements for one filter."""

    def __init__(self, dialect: Dialect, criteria: LocalFilter) -> None:
        """Raises InvalidInput where a condition is not possible for its attribute."""
        self._dialect = dialect
        self._criteria = criteria = clean_filter(criteria)
        self._of_study: list[ColumnElement[bool]] = []
        self._of_series: list[ColumnElement[bool]] = []
        for attribute, condition in criteria.conditions():
            if attribute.keyword == "Modality":
                self._of_series.append(clause(dialect, series, attribute, condition))
            elif attribute.keyword == "StudyDate":
                self._of_study.append(self._latest_date(condition))
            else:
                self._of_study.append(clause(dialect, studies, attribute, condition))

    def studies(self, page: Page) -> Select[Any]:
        """A page of studies; the window is found in an index, and whole rows are read for it alone."""
        window = self._window(
            studies, select(studies.c.pk).where(*self._study_conditions()), page, _BY_LATEST
        )
        return select(studies).join(window, studies.c.pk == window.c.pk).order_by(*_BY_LATEST)

    def count_studies(self) -> Select[Any]:
        """The number of all studies that fit."""
        return select(func.count()).select_from(studies).where(*self._study_conditions())

    def series(self, study_instance_uid: str, page: Page) -> Select[Any]:
        """A page of a study's series."""
        columns = [series.c[name] for name in ("series_instance_uid", *_SERIES_COLUMNS)]
        return (
            select(studies.c.study_instance_uid, *columns)
            .join_from(series, studies, series.c.study_pk == studies.c.pk)
            .where(studies.c.study_instance_uid == clean_identifier(study_instance_uid))
            .where(*self._of_study, *self._series_conditions())
            .order_by(*_BY_SERIES_NUMBER)
            .limit(page.limit)
            .offset(page.offset)
        )

    def count_series(self, study_instance_uid: str) -> Select[Any]:
        """The number of all of a study's series that fit."""
        return (
            select(func.count())
            .select_from(series)
            .join(studies, series.c.study_pk == studies.c.pk)
            .where(studies.c.study_instance_uid == clean_identifier(study_instance_uid))
            .where(*self._of_study, *self._series_conditions())
        )

    def instances(self, series_instance_uid: str, page: Page, *, only: int | None = None) -> Select[Any]:
        """A page of a series' instances; `only` is the series' key where one study alone has it.

        Given the key, an index has the rows in their order; otherwise all of them are read and sorted for each page.
        """
        columns = [instances.c[name] for name in _INSTANCE_COLUMNS]
        fitting = select(instances.c.pk)
        if only is None or self._of_study or self._of_series:
            fitting = self._instances(series_instance_uid, fitting)
        else:  # the index alone, without a look at the series for each row that is passed over
            fitting = fitting.where(*self._of_instance())
        if only is not None:
            fitting = fitting.where(instances.c.series_pk == only)
        window = self._window(instances, fitting, page, _BY_INSTANCE_NUMBER)
        return (
            select(studies.c.study_instance_uid, series.c.series_instance_uid, *columns)
            .join_from(instances, window, instances.c.pk == window.c.pk)
            .join(series, instances.c.series_pk == series.c.pk)
            .join(studies, series.c.study_pk == studies.c.pk)
            .order_by(*_BY_INSTANCE_NUMBER)
        )

    def series_keys(self, series_instance_uid: str) -> Select[Any]:
        """The keys of the series with this UID: one, unless studies share it."""
        return (
            select(series.c.pk)
            .where(series.c.series_instance_uid == clean_identifier(series_instance_uid))
            .limit(2)
        )

    def count_instances(self, series_instance_uid: str) -> Select[Any]:
        """The number of all of a series' instances that fit; where all do, writes have kept it."""
        if not self._of_instance():
            of_all = select(func.coalesce(func.sum(series.c.instance_count), 0)).select_from(series)
            return self._of_this_series(series_instance_uid, of_all)
        return self._instances(series_instance_uid, select(func.count()).select_from(instances))

    def _window(
        self, table: Table, statement: Select[Any], page: Page, order: Sequence[ColumnElement[Any]]
    ) -> Subquery:
        return statement.order_by(*order).limit(page.limit).offset(page.offset).subquery(f"{table.name}_page")

    def _instances(self, series_instance_uid: str, statement: Select[Any]) -> Select[Any]:
        statement = statement.join_from(instances, series, instances.c.series_pk == series.c.pk)
        return self._of_this_series(series_instance_uid, statement).where(*self._of_instance())

    def _of_this_series(self, series_instance_uid: str, statement: Select[Any]) -> Select[Any]:
        if self._of_study:
            statement = statement.join(studies, series.c.study_pk == studies.c.pk)
        return statement.where(
            series.c.series_instance_uid == clean_identifier(series_instance_uid),
            *self._of_study,
            *self._of_series,
        )

    def _latest_date(self, condition: Condition) -> ColumnElement[bool]:
        """A date is compared with what the list shows: the latest of the study."""
        return meets(self._dialect, studies.c.study_date_max, condition)

    def _study_conditions(self) -> list[ColumnElement[bool]]:
        """Conditions on `studies`, for one and the same instance where they are about instances."""
        conditions, of_series = list(self._of_study), self._series_conditions()
        since = self._criteria.imported_from
        if since is not None and self._criteria.imported_to is None:
            # By keys, so that the index of times is used, and not that of the order: what is new is little.
            recent = studies.alias("recent")
            conditions.append(
                studies.c.pk.in_(
                    select(recent.c.pk).where(recent.c.imported_at_max >= to_microseconds(since))
                )
            )
        elif since is not None:
            conditions.append(studies.c.imported_at_max >= to_microseconds(since))
        if self._criteria.duplicate:
            # There are few of them: begin at the index that holds nothing else.
            offered = select(series.c.study_pk).where(*of_series)
            conditions.append(studies.c.pk.in_(offered))
        elif of_series:
            below = select(literal(1)).select_from(series)
            conditions.append(
                exists(below.where(series.c.study_pk == studies.c.pk, *of_series).correlate(studies))
            )
        return conditions

    def _series_conditions(self) -> list[ColumnElement[bool]]:
        """Conditions on `series`: at least one of its instances fits."""
        conditions = list(self._of_series)
        since, until = self._criteria.imported_from, self._criteria.imported_to
        if since is not None:
            conditions.append(series.c.imported_at_max >= to_microseconds(since))
        if until is not None:
            conditions.append(series.c.imported_at_min < to_microseconds(until))
        if self._criteria.duplicate:
            conditions.append(series.c.pk.in_(select(instances.c.series_pk).where(*self._of_instance())))
        elif self._criteria.duplicate is False or (since is not None and until is not None):
            fitting = select(literal(1)).select_from(instances)
            conditions.append(
                exists(
                    fitting.where(instances.c.series_pk == series.c.pk, *self._of_instance()).correlate(
                        series
                    )
                )
            )
        return conditions

    def _of_instance(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        criteria, duplicates, none = self._criteria, instances.c.duplicates, literal_column("0", Integer)
        if criteria.imported_from is not None:
            conditions.append(instances.c.recorded_at >= to_microseconds(criteria.imported_from))
        if criteria.imported_to is not None:
            conditions.append(instances.c.recorded_at < to_microseconds(criteria.imported_to))
        if criteria.duplicate is not None:
            # Written out rather than as a parameter, so that it is seen to imply the condition of the partial index.
            conditions.append(duplicates > none if criteria.duplicate else duplicates == none)
        return conditions
