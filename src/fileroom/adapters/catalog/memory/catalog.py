"""The catalog in plain dictionaries: for tests of what stands on the port, and for a program without a disk."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC

from fileroom.adapters.catalog._shared.cleaning import (
    clean_filter,
    clean_identifier,
    clean_identifiers,
    clean_record,
    clean_text,
)
from fileroom.adapters.catalog._shared.patients import PATIENT_KEYWORDS, patient_key
from fileroom.adapters.catalog._shared.queries import Question, read_query
from fileroom.application.ports.catalog import Catalog
from fileroom.domain.attributes import BY_KEYWORD, Attribute, attributes_of
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.matching import Condition, accepts, parse_number, search_form
from fileroom.domain.query import Attributes, Query, QueryLevel, Selection
from fileroom.domain.records import (
    CatalogEntry,
    CatalogTotals,
    InstanceRecord,
    InstanceSummary,
    SeriesSummary,
    StudySummary,
)

_STUDY_KEYWORDS = (*PATIENT_KEYWORDS, *(one.keyword for one in attributes_of(QueryLevel.STUDY)))
_SERIES_KEYWORDS = tuple(one.keyword for one in attributes_of(QueryLevel.SERIES))
_IMAGE_KEYWORDS = tuple(one.keyword for one in attributes_of(QueryLevel.IMAGE))
_STUDY_DATE, _MODALITY = BY_KEYWORD["StudyDate"], BY_KEYWORD["Modality"]
_LAST = 1 << 64


@dataclass(slots=True)
class _Patient:
    shown: dict[str, str] = field(default_factory=dict)
    studies: "dict[str, _Study]" = field(default_factory=dict)


@dataclass(slots=True)
class _Study:
    uid: str
    shown: dict[str, str] = field(default_factory=dict)
    key: str = ""
    series: "dict[str, _Series]" = field(default_factory=dict)

    def entries(self) -> Iterator[CatalogEntry]:
        return (entry for series in self.series.values() for entry in series.entries.values())

    def modalities(self) -> tuple[str, ...]:
        found = "\\".join(series.shown.get("Modality", "") for series in self.series.values())
        return tuple(sorted(set(found.split("\\")) - {""}))

    def latest_date(self) -> str:
        return max(
            search_form(_STUDY_DATE.matching, entry.record.get("StudyDate")) for entry in self.entries()
        )


@dataclass(slots=True)
class _Series:
    uid: str
    study: _Study
    shown: dict[str, str] = field(default_factory=dict)
    entries: dict[str, CatalogEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """What a query looks at: one entity with all above it."""

    patient: _Patient
    study: _Study | None = None
    series: _Series | None = None
    entry: CatalogEntry | None = None

    def value(self, attribute: Attribute) -> str:
        if self.study is None:
            return self.patient.shown.get(attribute.keyword, "")
        match attribute.level:
            case QueryLevel.PATIENT | QueryLevel.STUDY:
                return self.study.shown.get(attribute.keyword, "")
            case QueryLevel.SERIES:
                return self.series.shown.get(attribute.keyword, "") if self.series else ""
            case QueryLevel.IMAGE:
                return self.entry.record.get(attribute.keyword) if self.entry else ""


class MemoryCatalog(Catalog):
    """A `Catalog` that lives as long as the process; one lock around every method."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._patients: dict[str, _Patient] = {}
        self._studies: dict[str, _Study] = {}
        self._places: dict[str, _Series] = {}

    def record(self, entries: Sequence[CatalogEntry]) -> None:
        """See `Catalog.record`."""
        # Whatever can fail is done first, so that all or none are recorded.
        cleaned = [
            replace(entry, record=clean_record(entry.record), recorded_at=entry.recorded_at.astimezone(UTC))
            for entry in entries
        ]
        with self._lock:
            for entry in cleaned:
                self._record(entry)

    def _record(self, entry: CatalogEntry) -> None:
        uid = entry.record.sop_instance_uid
        old = self._places.get(uid)
        duplicates = old.entries[uid].duplicates if old else entry.duplicates
        series = self._attach(entry.record)
        self._places[uid] = series
        series.entries[uid] = replace(entry, duplicates=duplicates)
        if old is not None and old is not series:
            self._detach(old, uid)

    def _attach(self, record: InstanceRecord) -> _Series:
        study = self._studies.setdefault(record.study_instance_uid, _Study(record.study_instance_uid))
        _fill(study.shown, _STUDY_KEYWORDS, record)
        key = patient_key(study.shown)
        patient = self._patients.setdefault(key, _Patient())
        if study.uid not in patient.studies:
            patient.studies[study.uid] = study
            if study.key:
                self._part(study)
            study.key = key
        for keyword in PATIENT_KEYWORDS:
            if not patient.shown.get(keyword):
                patient.shown[keyword] = study.shown.get(keyword, "")
        series = study.series.setdefault(
            record.series_instance_uid, _Series(record.series_instance_uid, study)
        )
        _fill(series.shown, _SERIES_KEYWORDS, record)
        return series

    def _part(self, study: _Study) -> None:
        patient = self._patients[study.key]
        del patient.studies[study.uid]
        if not patient.studies:
            del self._patients[study.key]

    def _detach(self, series: _Series, uid: str) -> None:
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
            return _as_shown(series, series.entries[uid]) if series else None

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
                _as_shown(series, entry)
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

    def _placed(self) -> Iterator[tuple[_Series, CatalogEntry]]:
        return ((series, series.entries[uid]) for uid, series in self._places.items())

    def find(self, query: Query) -> Iterator[Attributes]:
        """See `Catalog.find`."""
        question = read_query(query)
        with self._lock:
            answers = [
                _answer(question, row)
                for row in self._rows(question.level)
                if all(accepts(wanted, one, row.value(one)) for one, wanted in question.conditions)
                and (question.modalities is None or _has_modality(row, question.modalities))
            ]
        return iter(answers)

    def _rows(self, level: QueryLevel) -> Iterator[_Row]:
        for patient in self._patients.values():
            if level is QueryLevel.PATIENT:
                yield _Row(patient)
                continue
            for study in patient.studies.values():
                if level is QueryLevel.STUDY:
                    yield _Row(patient, study)
                    continue
                for series in study.series.values():
                    if level is QueryLevel.SERIES:
                        yield _Row(patient, study, series)
                    else:
                        yield from (_Row(patient, study, series, one) for one in series.entries.values())

    def studies(self, criteria: LocalFilter, page: Page) -> Sequence[StudySummary]:
        """See `Catalog.studies`."""
        with self._lock:
            found = [_study_summary(study) for study in self._matching_studies(criteria)]
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
            found = [_series_summary(one) for one in self._matching_series(study_instance_uid, criteria)]
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
            found = [
                _instance_summary(one) for one in self._matching_instances(series_instance_uid, criteria)
            ]
        found.sort(key=lambda one: (_number(one.instance_number), one.sop_instance_uid))
        return found[page.offset : page.offset + page.limit]

    def count_instances(self, series_instance_uid: str, criteria: LocalFilter) -> int:
        """See `Catalog.count_instances`."""
        with self._lock:
            return len(self._matching_instances(series_instance_uid, criteria))

    def _matching_studies(self, criteria: LocalFilter) -> list[_Study]:
        matches = _matcher(criteria)
        return [
            study
            for study in self._studies.values()
            if any(matches(one, entry) for one in study.series.values() for entry in one.entries.values())
        ]

    def _matching_series(self, study_instance_uid: str, criteria: LocalFilter) -> list[_Series]:
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

    def close(self) -> None:
        """See `Catalog.close`."""


def _fill(shown: dict[str, str], keywords: Iterable[str], record: InstanceRecord) -> None:
    for keyword in keywords:
        if not shown.get(keyword):
            shown[keyword] = record.get(keyword)


def _as_shown(series: _Series, entry: CatalogEntry) -> CatalogEntry:
    own = {key: value for key, value in entry.record.attributes.items() if key in _IMAGE_KEYWORDS}
    shown = {
        key: value
        for key, value in (series.study.shown | series.shown).items()
        if value and key not in {"StudyInstanceUID", "SeriesInstanceUID"}
    }
    return replace(entry, record=replace(entry.record, attributes=shown | own))


def _number(text: str) -> int:
    number = parse_number(text)
    return _LAST if number is None else number


def _has_modality(row: _Row, wanted: Condition) -> bool:
    study = row.study
    return study is not None and any(
        accepts(wanted, _MODALITY, series.shown.get("Modality", "")) for series in study.series.values()
    )


def _answer(question: Question, row: _Row) -> Attributes:
    answer = dict(question.blank)
    for attribute in question.catalogued:
        answer[attribute.keyword] = row.value(attribute)
    for keyword in question.computed:
        answer[keyword] = _COMPUTED[keyword](row)
    return answer


def _count_series(studies: Iterable[_Study]) -> str:
    return str(sum(len(study.series) for study in studies))


def _count_entries(studies: Iterable[_Study]) -> str:
    return str(sum(len(series.entries) for study in studies for series in study.series.values()))


def _sop_classes(row: _Row) -> str:
    entries = row.study.entries() if row.study else ()
    return "\\".join(sorted({entry.record.sop_class_uid for entry in entries} - {""}))


_COMPUTED: dict[str, Callable[[_Row], str]] = {
    "NumberOfPatientRelatedStudies": lambda row: str(len(row.patient.studies)),
    "NumberOfPatientRelatedSeries": lambda row: _count_series(row.patient.studies.values()),
    "NumberOfPatientRelatedInstances": lambda row: _count_entries(row.patient.studies.values()),
    "ModalitiesInStudy": lambda row: "\\".join(row.study.modalities() if row.study else ()),
    "SOPClassesInStudy": _sop_classes,
    "NumberOfStudyRelatedSeries": lambda row: _count_series([row.study] if row.study else []),
    "NumberOfStudyRelatedInstances": lambda row: _count_entries([row.study] if row.study else []),
    "NumberOfSeriesRelatedInstances": lambda row: str(len(row.series.entries) if row.series else 0),
}


def _matcher(criteria: LocalFilter) -> Callable[[_Series, CatalogEntry], bool]:
    criteria = clean_filter(criteria)
    conditions = criteria.conditions()

    def shown(series: _Series, attribute: Attribute) -> str:
        if attribute is _MODALITY:
            return series.shown.get("Modality", "")
        if attribute is _STUDY_DATE:
            return series.study.latest_date()
        return series.study.shown.get(attribute.keyword, "")

    def matches(series: _Series, entry: CatalogEntry) -> bool:
        return (
            all(accepts(wanted, attribute, shown(series, attribute)) for attribute, wanted in conditions)
            and (criteria.imported_from is None or entry.recorded_at >= criteria.imported_from)
            and (criteria.imported_to is None or entry.recorded_at < criteria.imported_to)
            and (criteria.duplicate is None or (entry.duplicates > 0) is criteria.duplicate)
        )

    return matches


def _study_summary(study: _Study) -> StudySummary:
    return StudySummary(
        study_instance_uid=study.uid,
        patient_name=study.shown["PatientName"],
        patient_id=study.shown["PatientID"],
        accession_number=study.shown["AccessionNumber"],
        study_date_max=study.latest_date(),
        study_description=study.shown["StudyDescription"],
        modalities=study.modalities(),
        series_count=len(study.series),
        instance_count=sum(1 for _ in study.entries()),
        imported_at_max=max(entry.recorded_at for entry in study.entries()),
    )


def _series_summary(series: _Series) -> SeriesSummary:
    return SeriesSummary(
        study_instance_uid=series.study.uid,
        series_instance_uid=series.uid,
        series_number=series.shown["SeriesNumber"],
        series_description=series.shown["SeriesDescription"],
        modality=series.shown["Modality"],
        instance_count=len(series.entries),
        imported_at_max=max(entry.recorded_at for entry in series.entries.values()),
    )


def _instance_summary(entry: CatalogEntry) -> InstanceSummary:
    record = entry.record
    return InstanceSummary(
        study_instance_uid=record.study_instance_uid,
        series_instance_uid=record.series_instance_uid,
        sop_instance_uid=record.sop_instance_uid,
        sop_class_uid=record.sop_class_uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
        instance_number=record.get("InstanceNumber"),
        number_of_frames=record.get("NumberOfFrames"),
        rows=record.get("Rows"),
        columns=record.get("Columns"),
        size=entry.stored.size,
        location=entry.stored.location,
        in_place=entry.stored.in_place,
        digest=entry.stored.digest,
        origin=entry.origin,
        source=entry.source,
        imported_at=entry.recorded_at,
        duplicates=entry.duplicates,
    )
