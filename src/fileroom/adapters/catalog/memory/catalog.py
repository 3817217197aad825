"""The catalog in plain dictionaries: for tests of what stands on the port, and for a program without a disk."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from fileroom.adapters.catalog._shared.cleaning import (
    clean_filter,
    clean_identifier,
    clean_identifiers,
    clean_record,
    clean_text,
)
from fileroom.adapters.catalog._shared.patients import PATIENT_KEYWORDS, patient_key
from fileroom.adapters.catalog._shared.queries import read_query
from fileroom.adapters.catalog.memory.holdings import (
    MODALITY,
    SERIES_KEYWORDS,
    STUDY_DATE,
    STUDY_KEYWORDS,
    Patient,
    Row,
    Series,
    Study,
    answer_from,
    as_shown,
    fill,
    has_modality,
    instance_summary,
    series_summary,
    study_summary,
)
from fileroom.application.ports.catalog import Catalog, Change
from fileroom.domain.attributes import Attribute
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.matching import accepts, parse_number
from fileroom.domain.query import Attributes, Query, QueryLevel, Selection
from fileroom.domain.records import (
    CatalogEntry,
    CatalogTotals,
    InstanceRecord,
    InstanceSummary,
    SeriesSummary,
    StoredObject,
    StudySummary,
)

_LAST = 1 << 64


class MemoryCatalog(Catalog):
    """A `Catalog` that lives as long as the process; one lock around every method."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._patients: dict[str, Patient] = {}
        self._studies: dict[str, Study] = {}
        self._places: dict[str, Series] = {}
        self._changes = 0

    def record(self, entries: Sequence[CatalogEntry]) -> None:
        """See `Catalog.record`."""
        cleaned = [_clean(entry) for entry in entries]
        with self._lock:
            for entry in cleaned:
                self._record(entry)

    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """See `Catalog.exchange`."""
        cleaned = [_clean(change.entry) for change in changes]
        refused = set()
        with self._lock:
            for change, entry in zip(changes, cleaned, strict=True):
                if change.holds(self._stored(entry.record.sop_instance_uid)):
                    self._record(entry)
                else:
                    refused.add(change.entry.record.sop_instance_uid)
        return frozenset(refused)

    def _stored(self, uid: str) -> StoredObject | None:
        series = self._places.get(uid)
        return series.entries[uid].stored if series else None

    def _record(self, entry: CatalogEntry) -> None:
        self._changes += 1
        uid = entry.record.sop_instance_uid
        old = self._places.get(uid)
        duplicates = old.entries[uid].duplicates if old else entry.duplicates
        series = self._attach(entry.record)
        self._places[uid] = series
        series.entries[uid] = replace(entry, duplicates=duplicates)
        if old is not None and old is not series:
            self._detach(old, uid)

    def _attach(self, record: InstanceRecord) -> Series:
        study = self._studies.setdefault(record.study_instance_uid, Study(record.study_instance_uid))
        fill(study.shown, STUDY_KEYWORDS, record)
        key = patient_key(study.shown)
        patient = self._patients.setdefault(key, Patient())
        if study.uid not in patient.studies:
            patient.studies[study.uid] = study
            if study.key:
                self._part(study)
            study.key = key
        for keyword in PATIENT_KEYWORDS:
            if not patient.shown.get(keyword):
                patient.shown[keyword] = study.shown.get(keyword, "")
        series = study.series.setdefault(
            record.series_instance_uid, Series(record.series_instance_uid, study)
        )
        fill(series.shown, SERIES_KEYWORDS, record)
        return series

    def _part(self, study: Study) -> None:
        patient = self._patients[study.key]
        del patient.studies[study.uid]
        if not patient.studies:
            del self._patients[study.key]

    def _detach(self, series: Series, uid: str) -> None:
        self._changes += 1
        study = series.study
        del series.entries[uid]
        if not series.entries:
            del study.series[series.uid]
        if not study.series:
            self._part(study)
            del self._studies[study.uid]

    def count_duplicates(self, sop_instance_uids: Iterable[str]) -> None:
        """See `Catalog.count_duplicates`."""
        offered = Counter(map(clean_identifier, sop_instance_uids))
        with self._lock:
            for uid, times in offered.items():
                if uid in self._places:
                    entries = self._places[uid].entries
                    entries[uid] = replace(entries[uid], duplicates=entries[uid].duplicates + times)

    def remove(self, sop_instance_uids: Iterable[str]) -> int:
        """See `Catalog.remove`."""
        uids = clean_identifiers(sop_instance_uids)
        with self._lock:
            here = [uid for uid in uids if uid in self._places]
            for uid in here:
                self._detach(self._places.pop(uid), uid)
            return len(here)

    def instance(self, sop_instance_uid: str) -> CatalogEntry | None:
        """See `Catalog.instance`."""
        uid = clean_identifier(sop_instance_uid)
        with self._lock:
            series = self._places.get(uid)
            return as_shown(series, series.entries[uid]) if series else None

    def stored(self, sop_instance_uids: Iterable[str]) -> Mapping[str, StoredObject]:
        """See `Catalog.stored`."""
        asked = list(sop_instance_uids)
        with self._lock:
            found = {uid: self._stored(clean_identifier(uid)) for uid in asked}
        return {uid: stored for uid, stored in found.items() if stored is not None}

    def present(self, sop_instance_uids: Iterable[str]) -> frozenset[str]:
        """See `Catalog.present`."""
        asked = list(sop_instance_uids)
        with self._lock:
            return frozenset(uid for uid in asked if clean_identifier(uid) in self._places)

    def select(self, selection: Selection) -> Iterator[CatalogEntry]:
        """See `Catalog.select`."""
        patient_id = clean_text(selection.patient_id)
        studies = set(map(clean_identifier, selection.study_instance_uids))
        series_uids = set(map(clean_identifier, selection.series_instance_uids))
        uids = set(map(clean_identifier, selection.sop_instance_uids))
        with self._lock:
            found = [
                as_shown(series, entry)
                for series, entry in self._placed()
                if (not patient_id or series.study.shown.get("PatientID", "") == patient_id)
                and (not studies or series.study.uid in studies)
                and (not series_uids or series.uid in series_uids)
                and (not uids or entry.record.sop_instance_uid in uids)
            ]
        found.sort(
            key=lambda entry: (
                entry.record.study_instance_uid,
                entry.record.series_instance_uid,
                _number(entry.record.get("InstanceNumber")),
                entry.record.sop_instance_uid,
            )
        )
        return iter(found)

    def _placed(self) -> Iterator[tuple[Series, CatalogEntry]]:
        return ((series, series.entries[uid]) for uid, series in self._places.items())

    def find(self, query: Query) -> Iterator[Attributes]:
        """See `Catalog.find`."""
        question = read_query(query)
        with self._lock:
            answers = [
                answer_from(question, row)
                for row in self._rows(question.level)
                if all(accepts(wanted, one, row.value(one)) for one, wanted in question.conditions)
                and (question.modalities is None or has_modality(row, question.modalities))
            ]
        return iter(answers)

    def _rows(self, level: QueryLevel) -> Iterator[Row]:
        for patient in self._patients.values():
            if level is QueryLevel.PATIENT:
                yield Row(patient)
                continue
            for study in patient.studies.values():
                if level is QueryLevel.STUDY:
                    yield Row(patient, study)
                    continue
                for series in study.series.values():
                    if level is QueryLevel.SERIES:
                        yield Row(patient, study, series)
                    else:
                        yield from (Row(patient, study, series, one) for one in series.entries.values())

    def studies(self, criteria: LocalFilter, page: Page) -> Sequence[StudySummary]:
        """See `Catalog.studies`."""
        with self._lock:
            found = [study_summary(study) for study in self._matching_studies(criteria)]
        found.sort(key=lambda one: one.study_instance_uid)
        found.sort(key=lambda one: one.study_date_max, reverse=True)
        return found[page.offset : page.offset + page.limit]

    def count_studies(self, criteria: LocalFilter) -> int:
        """See `Catalog.count_studies`."""
        with self._lock:
            return len(self._matching_studies(criteria))

    def series(self, study_instance_uid: str, criteria: LocalFilter, page: Page) -> Sequence[SeriesSummary]:
        """See `Catalog.series`."""
        with self._lock:
            found = [series_summary(one) for one in self._matching_series(study_instance_uid, criteria)]
        found.sort(key=lambda one: (_number(one.series_number), one.series_instance_uid))
        return found[page.offset : page.offset + page.limit]

    def count_series(self, study_instance_uid: str, criteria: LocalFilter) -> int:
        """See `Catalog.count_series`."""
        with self._lock:
            return len(self._matching_series(study_instance_uid, criteria))

    def instances(
        self, series_instance_uid: str, criteria: LocalFilter, page: Page
    ) -> Sequence[InstanceSummary]:
        """See `Catalog.instances`."""
        with self._lock:
            found = [instance_summary(one) for one in self._matching_instances(series_instance_uid, criteria)]
        found.sort(key=lambda one: (_number(one.instance_number), one.sop_instance_uid))
        return found[page.offset : page.offset + page.limit]

    def count_instances(self, series_instance_uid: str, criteria: LocalFilter) -> int:
        """See `Catalog.count_instances`."""
        with self._lock:
            return len(self._matching_instances(series_instance_uid, criteria))

    def _matching_studies(self, criteria: LocalFilter) -> list[Study]:
        matches = _matcher(criteria)
        return [
            study
            for study in self._studies.values()
            if any(matches(one, entry) for one in study.series.values() for entry in one.entries.values())
        ]

    def _matching_series(self, study_instance_uid: str, criteria: LocalFilter) -> list[Series]:
        matches = _matcher(criteria)
        study = self._studies.get(clean_identifier(study_instance_uid))
        return [
            series
            for series in (study.series.values() if study else ())
            if any(matches(series, entry) for entry in series.entries.values())
        ]

    def _matching_instances(self, series_instance_uid: str, criteria: LocalFilter) -> list[CatalogEntry]:
        matches = _matcher(criteria)
        uid = clean_identifier(series_instance_uid)
        return [entry for series, entry in self._placed() if series.uid == uid and matches(series, entry)]

    def totals(self) -> CatalogTotals:
        """See `Catalog.totals`."""
        with self._lock:
            return CatalogTotals(
                patients=len(self._patients),
                studies=len(self._studies),
                series=sum(len(study.series) for study in self._studies.values()),
                instances=len(self._places),
                bytes=sum(entry.stored.size for _, entry in self._placed()),
            )

    def revision(self) -> str:
        """See `Catalog.revision`."""
        return str(self._changes)

    def close(self) -> None:
        """See `Catalog.close`."""


def _clean(entry: CatalogEntry) -> CatalogEntry:
    """Do whatever can fail, so that all entries or none are recorded."""
    return replace(entry, record=clean_record(entry.record), recorded_at=entry.recorded_at.astimezone(UTC))


def _number(text: str) -> int:
    number = parse_number(text)
    return _LAST if number is None else number


def _matcher(criteria: LocalFilter) -> Callable[[Series, CatalogEntry], bool]:
    criteria = clean_filter(criteria)
    conditions = criteria.conditions()

    def shown(series: Series, attribute: Attribute) -> str:
        if attribute is MODALITY:
            return series.shown.get("Modality", "")
        if attribute is STUDY_DATE:
            return series.study.latest_date()
        return series.study.shown.get(attribute.keyword, "")

    def matches(series: Series, entry: CatalogEntry) -> bool:
        return (
            all(accepts(wanted, attribute, shown(series, attribute)) for attribute, wanted in conditions)
            and (criteria.imported_from is None or entry.recorded_at >= criteria.imported_from)
            and (criteria.imported_to is None or entry.recorded_at < criteria.imported_to)
            and (criteria.duplicate is None or (entry.duplicates > 0) is criteria.duplicate)
        )

    return matches
