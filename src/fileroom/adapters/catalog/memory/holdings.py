"""Patients, studies, series and instances in memory, and what is shown of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from fileroom.adapters.catalog._shared.patients import PATIENT_KEYWORDS
from fileroom.adapters.catalog._shared.queries import Question
from fileroom.domain.attributes import BY_KEYWORD, Attribute, attributes_of
from fileroom.domain.matching import Condition, accepts, search_form
from fileroom.domain.query import Attributes, QueryLevel
from fileroom.domain.records import (
    CatalogEntry,
    InstanceRecord,
    InstanceSummary,
    SeriesSummary,
    StudySummary,
)

STUDY_KEYWORDS = (*PATIENT_KEYWORDS, *(one.keyword for one in attributes_of(QueryLevel.STUDY)))
SERIES_KEYWORDS = tuple(one.keyword for one in attributes_of(QueryLevel.SERIES))
_IMAGE_KEYWORDS = tuple(one.keyword for one in attributes_of(QueryLevel.IMAGE))
STUDY_DATE, MODALITY = BY_KEYWORD["StudyDate"], BY_KEYWORD["Modality"]


@dataclass(slots=True)
class Patient:
    """A patient, and the studies by their UIDs."""

    shown: dict[str, str] = field(default_factory=dict)
    studies: "dict[str, Study]" = field(default_factory=dict)


@dataclass(slots=True)
class Study:
    """A study, and its series by their UIDs."""

    uid: str
    shown: dict[str, str] = field(default_factory=dict)
    key: str = ""
    series: "dict[str, Series]" = field(default_factory=dict)

    def entries(self) -> Iterator[CatalogEntry]:
        """All instances of the study."""
        return (entry for series in self.series.values() for entry in series.entries.values())

    def modalities(self) -> tuple[str, ...]:
        """Modalities in study, sorted."""
        found = "\\".join(series.shown.get("Modality", "") for series in self.series.values())
        return tuple(sorted(set(found.split("\\")) - {""}))

    def latest_date(self) -> str:
        """The latest date that an instance says."""
        return max(
            search_form(STUDY_DATE.matching, entry.record.get("StudyDate")) for entry in self.entries()
        )


@dataclass(slots=True)
class Series:
    """A series, and its instances by their UIDs."""

    uid: str
    study: Study
    shown: dict[str, str] = field(default_factory=dict)
    entries: dict[str, CatalogEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """What a query looks at: one entity with all above it."""

    patient: Patient
    study: Study | None = None
    series: Series | None = None
    entry: CatalogEntry | None = None

    def value(self, attribute: Attribute) -> str:
        """What is shown for an attribute."""
        if self.study is None:
            return self.patient.shown.get(attribute.keyword, "")
        match attribute.level:
            case QueryLevel.PATIENT | QueryLevel.STUDY:
                return self.study.shown.get(attribute.keyword, "")
            case QueryLevel.SERIES:
                return self.series.shown.get(attribute.keyword, "") if self.series else ""
            case QueryLevel.IMAGE:
                return self.entry.record.get(attribute.keyword) if self.entry else ""


def fill(shown: dict[str, str], keywords: Iterable[str], record: InstanceRecord) -> None:
    """Show what a header says, where nothing is known yet."""
    for keyword in keywords:
        if not shown.get(keyword):
            shown[keyword] = record.get(keyword)


def as_shown(series: Series, entry: CatalogEntry) -> CatalogEntry:
    """Return an entry whose header has what its study and series show."""
    own = {key: value for key, value in entry.record.attributes.items() if key in _IMAGE_KEYWORDS}
    shown = {
        key: value
        for key, value in (series.study.shown | series.shown).items()
        if value and key not in {"StudyInstanceUID", "SeriesInstanceUID"}
    }
    return replace(entry, record=replace(entry.record, attributes=shown | own))


def has_modality(row: Row, wanted: Condition) -> bool:
    """Tell whether a series of the study meets a condition with its modality."""
    study = row.study
    return study is not None and any(
        accepts(wanted, MODALITY, series.shown.get("Modality", "")) for series in study.series.values()
    )


def answer_from(question: Question, row: Row) -> Attributes:
    """Return the answer that describes a row."""
    answer = dict(question.blank)
    for attribute in question.catalogued:
        answer[attribute.keyword] = row.value(attribute)
    for keyword in question.computed:
        answer[keyword] = _COMPUTED[keyword](row)
    return answer


def _count_series(studies: Iterable[Study]) -> str:
    return str(sum(len(study.series) for study in studies))


def _count_entries(studies: Iterable[Study]) -> str:
    return str(sum(len(series.entries) for study in studies for series in study.series.values()))


def _sop_classes(row: Row) -> str:
    entries = row.study.entries() if row.study else ()
    return "\\".join(sorted({entry.record.sop_class_uid for entry in entries} - {""}))


_COMPUTED: dict[str, Callable[[Row], str]] = {
    "NumberOfPatientRelatedStudies": lambda row: str(len(row.patient.studies)),
    "NumberOfPatientRelatedSeries": lambda row: _count_series(row.patient.studies.values()),
    "NumberOfPatientRelatedInstances": lambda row: _count_entries(row.patient.studies.values()),
    "ModalitiesInStudy": lambda row: "\\".join(row.study.modalities() if row.study else ()),
    "SOPClassesInStudy": _sop_classes,
    "NumberOfStudyRelatedSeries": lambda row: _count_series([row.study] if row.study else []),
    "NumberOfStudyRelatedInstances": lambda row: _count_entries([row.study] if row.study else []),
    "NumberOfSeriesRelatedInstances": lambda row: str(len(row.series.entries) if row.series else 0),
}


def study_summary(study: Study) -> StudySummary:
    """Return a study for a list."""
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


def series_summary(series: Series) -> SeriesSummary:
    """Return a series for a list."""
    return SeriesSummary(
        study_instance_uid=series.study.uid,
        series_instance_uid=series.uid,
        series_number=series.shown["SeriesNumber"],
        series_description=series.shown["SeriesDescription"],
        modality=series.shown["Modality"],
        instance_count=len(series.entries),
        imported_at_max=max(entry.recorded_at for entry in series.entries.values()),
    )


def instance_summary(entry: CatalogEntry) -> InstanceSummary:
    """Return an instance for a list."""
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
