"""Patients, studies and series as a transaction holds them in memory while it changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fileroom.adapters.catalog._shared.patients import PATIENT_KEYWORDS
from fileroom.adapters.catalog.sql.rows import attribute_row
from fileroom.adapters.catalog.sql.schema import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, column_name
from fileroom.domain.attributes import IDENTIFYING
from fileroom.domain.records import InstanceRecord

_NEVER: Final = -(1 << 62)

_COLUMNS: Final = {
    one.keyword: column_name(one.keyword)
    for one in STUDY_ATTRIBUTES + SERIES_ATTRIBUTES
    if one.keyword not in IDENTIFYING
}
_STUDY_KEYWORDS: Final = tuple(one.keyword for one in STUDY_ATTRIBUTES if one.keyword in _COLUMNS)
_SERIES_KEYWORDS: Final = tuple(one.keyword for one in SERIES_ATTRIBUTES if one.keyword in _COLUMNS)


class Holding:
    """What the three have in common: a row, and values that are shown once they are known."""

    keywords: tuple[str, ...] = ()

    def __init__(self, pk: int, *, is_new: bool = True) -> None:
        self.pk = pk
        self.is_new = is_new
        """Not in the table yet."""
        self.has_changed = False
        """More than counts and times is to be written."""
        self.is_stale = False
        """Times, dates or modalities may have shrunk and are to be computed from the tables."""
        self.instance_count = 0
        self.shown = dict.fromkeys(self.keywords, "")
        self.missing = set(self.keywords)

    @property
    def is_gone(self) -> bool:
        """In the table, but empty now."""
        return not self.is_new and not self.instance_count

    def show(self, values: Mapping[str, str]) -> set[str]:
        """Take over values for what is not known yet; returns the keywords that have become known."""
        known = {keyword for keyword in self.missing & values.keys() if values[keyword]}
        if known:
            self.shown.update((keyword, values[keyword]) for keyword in known)
            self.missing -= known
            self.has_changed = True
        return known

    def load(self, row: Mapping[str, Any]) -> None:
        """Take over what the table shows."""
        self.instance_count = row["instance_count"]
        self.shown = {keyword: row[_COLUMNS[keyword]] for keyword in self.keywords}
        self.missing = {keyword for keyword, value in self.shown.items() if not value}

    def reset(self) -> None:
        """Forget what was shown, since the last instance has gone."""
        self.shown = dict.fromkeys(self.keywords, "")
        self.missing = set(self.keywords)
        self.has_changed = True

    def counts(self) -> dict[str, Any]:
        """Return the columns that every write may change."""
        return {"instance_count": self.instance_count}

    def row(self) -> dict[str, Any]:
        """Return all columns but the primary key."""
        return {**attribute_row(self.shown), **self.counts()}


class Patient(Holding):
    """A row of `patients`."""

    keywords = PATIENT_KEYWORDS

    def __init__(self, pk: int, key: str, *, is_new: bool = True) -> None:
        super().__init__(pk, is_new=is_new)
        self.key = key
        self.study_count = 0
        self.series_count = 0

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Patient":
        """Return a patient from the table."""
        patient = cls(row["pk"], row["patient_key"], is_new=False)
        patient.load(row)
        patient.study_count, patient.series_count = row["study_count"], row["series_count"]
        return patient

    def fill_from(self, shown: Mapping[str, str]) -> None:
        """Show what a study shows, where nothing is known yet."""
        self.show(shown)

    def count(self, study_count: int, series_count: int, instance_count: int) -> None:
        """Add to the counts; a patient whose last study left is forgotten."""
        self.study_count += study_count
        self.series_count += series_count
        self.instance_count += instance_count
        if not self.study_count:
            self.reset()

    def counts(self) -> dict[str, Any]:
        """Return the columns that every write may change."""
        return {
            "study_count": self.study_count,
            "series_count": self.series_count,
            "instance_count": self.instance_count,
        }

    def row(self) -> dict[str, Any]:
        """Return all columns but the primary key."""
        return {"patient_key": self.key, **super().row()}


class Study(Holding):
    """A row of `studies`."""

    keywords = _STUDY_KEYWORDS

    def __init__(self, pk: int, uid: str, *, is_new: bool = True) -> None:
        super().__init__(pk, is_new=is_new)
        self.uid = uid
        self.patient: Patient | None = None
        self.told_anew = False
        """What it shows about its patient has changed."""
        self.series_count = 0
        self.modalities: set[str] = set()
        self.study_date_max = ""
        self.imported_at_max = _NEVER

    @classmethod
    def from_row(cls, row: Mapping[str, Any], patient: Patient) -> "Study":
        """Return a study from the table."""
        study = cls(row["pk"], row["study_instance_uid"], is_new=False)
        study.load(row)
        study.patient = patient
        study.series_count = row["series_count"]
        study.modalities = set(row["modalities"].split("\\")) - {""}
        study.study_date_max, study.imported_at_max = row["study_date_max"], row["imported_at_max"]
        return study

    def fill(self, record: InstanceRecord) -> None:
        """Show what an instance says, where nothing is known yet."""
        if self.missing:
            known = self.show(record.attributes)
            self.told_anew = self.told_anew or not known.isdisjoint(PATIENT_KEYWORDS)

    def add_modality(self, modality: str) -> None:
        """Note the modality of one of its series."""
        if modality:
            self.modalities.update(modality.split("\\"))

    def reach(self, recorded_at: int, study_date: str) -> None:
        """Note the times of one of its instances."""
        self.imported_at_max = max(self.imported_at_max, recorded_at)
        self.study_date_max = max(self.study_date_max, study_date)

    def reset(self) -> None:
        """Forget what was shown; the next instance decides about the patient."""
        super().reset()
        self.patient = None
        self.forget_extremes()

    def forget_extremes(self) -> None:
        """Begin anew with what its series make of it."""
        self.modalities, self.study_date_max, self.imported_at_max = set(), "", _NEVER

    def counts(self) -> dict[str, Any]:
        """Return the columns that every write may change."""
        return {
            "series_count": self.series_count,
            "instance_count": self.instance_count,
            "modalities": "\\".join(sorted(self.modalities - {""})),
            "study_date_max": self.study_date_max,
            "imported_at_max": self.imported_at_max,
        }

    def row(self) -> dict[str, Any]:
        """Return all columns but the primary key."""
        patient_pk = self.patient.pk if self.patient else None
        return {"patient_pk": patient_pk, "study_instance_uid": self.uid, **super().row()}


class Series(Holding):
    """A row of `series`."""

    keywords = _SERIES_KEYWORDS

    def __init__(self, pk: int, uid: str, study: Study, *, is_new: bool = True) -> None:
        super().__init__(pk, is_new=is_new)
        self.uid = uid
        self.study = study
        self.study_date_max = ""
        self.imported_at_min: int | None = None
        self.imported_at_max = _NEVER

    @classmethod
    def from_row(cls, row: Mapping[str, Any], study: Study) -> "Series":
        """Return a series from the table."""
        one = cls(row["pk"], row["series_instance_uid"], study, is_new=False)
        one.load(row)
        one.study_date_max = row["study_date_max"]
        one.imported_at_min, one.imported_at_max = row["imported_at_min"], row["imported_at_max"]
        return one

    def fill(self, record: InstanceRecord) -> None:
        """Show what an instance says, where nothing is known yet."""
        if self.missing:
            self.show(record.attributes)

    def reach(self, recorded_at: int, study_date: str) -> None:
        """Note the times of one of its instances."""
        first = self.imported_at_min
        self.imported_at_min = recorded_at if first is None else min(first, recorded_at)
        self.imported_at_max = max(self.imported_at_max, recorded_at)
        self.study_date_max = max(self.study_date_max, study_date)

    def lose(self, recorded_at: int, study_date: str) -> None:
        """Note that an instance has gone."""
        at_an_end = recorded_at in (self.imported_at_min, self.imported_at_max)
        if at_an_end or (study_date and study_date == self.study_date_max):
            self.is_stale = True

    def reset(self) -> None:
        """Forget what was shown."""
        super().reset()
        self.study_date_max, self.imported_at_min, self.imported_at_max = "", None, _NEVER

    def counts(self) -> dict[str, Any]:
        """Return the columns that every write may change."""
        return {
            "instance_count": self.instance_count,
            "study_date_max": self.study_date_max,
            "imported_at_min": self.imported_at_min or 0,
            "imported_at_max": self.imported_at_max,
        }

    def row(self) -> dict[str, Any]:
        """Return all columns but the primary key."""
        return {"study_pk": self.study.pk, "series_instance_uid": self.uid, **super().row()}


@dataclass(slots=True)
class Placed:
    """An instance in its series."""

    pk: int
    series: Series
    size: int
    recorded_at: int
    study_date: str
    location: str
    digest: str
