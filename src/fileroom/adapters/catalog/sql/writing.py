"""What a transaction does to the tables: loads the rows that it touches, changes them in memory, writes them in bulk.

The transaction holds the write lock, so what was loaded stays true. Counts and what is shown are kept incrementally;
only what a removal may have lowered (latest times and dates, modalities) is computed anew, for that series or study.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table

from fileroom.adapters.catalog._shared.cleaning import clean_record
from fileroom.adapters.catalog._shared.patients import patient_key
from fileroom.adapters.catalog.sql.holdings import Holding, Patient, Placed, Series, Study
from fileroom.adapters.catalog.sql.rows import instance_row, to_lossless
from fileroom.adapters.catalog.sql.schema import instances, patients, series, studies
from fileroom.adapters.catalog.sql.statements import statements_for
from fileroom.application.ports.catalog import Change
from fileroom.domain.records import CatalogEntry, InstanceRecord

_PORTION: Final = 5000
"""Instances whose rows are held in memory at once."""


def record(connection: Connection, works: Iterable[CatalogEntry | Change]) -> list[bool]:
    """Add or replace instances, in their order; tells of each whether that was done: a change may not hold any more."""
    remaining, done = iter(works), list[bool]()
    while portion := list(islice(remaining, _PORTION)):
        prepared = [(one, clean_record(_entry(one).record)) for one in portion]
        work = _Work(connection)
        work.load([header for _, header in prepared])
        for one, header in prepared:
            holds = isinstance(one, CatalogEntry) or work.holds(one, header.sop_instance_uid)
            if holds:
                work.put(_entry(one), header)
            done.append(holds)
        work.flush()
    return done


def _entry(work: CatalogEntry | Change) -> CatalogEntry:
    return work.entry if isinstance(work, Change) else work


def remove(connection: Connection, uids: Sequence[str]) -> int:
    """Forget instances and what becomes empty; returns how many were here."""
    removed = 0
    for start in range(0, len(uids), _PORTION):
        work = _Work(connection)
        work.load_places(uids[start : start + _PORTION])
        removed += work.take_away()
        work.flush()
    return removed


class _Work:
    """The rows of one portion."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._statements = statements_for(connection.dialect)
        self._totals: dict[str, int]
        (self._totals,) = self._statements.totals.rows(connection)
        self._patients: dict[str, Patient] = {}
        self._studies: dict[str, Study] = {}
        self._series: dict[tuple[str, str], Series] = {}
        self._series_by_pk: dict[int, Series] = {}
        self._here: dict[str, Placed] = {}
        self._added: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}
        self._removed: list[int] = []

    # -- loading ------------------------------------------------------------------------------------------------

    def load(self, records: Sequence[InstanceRecord]) -> None:
        """Load what instances with these headers replace, and where they belong."""
        places = self._places({one.sop_instance_uid for one in records})
        self._load_holdings(
            places,
            series_uids={one.series_instance_uid for one in records},
            study_uids={one.study_instance_uid for one in records},
            patient_keys={patient_key(one.attributes) for one in records},
        )

    def load_places(self, uids: Iterable[str]) -> None:
        """Load instances that are to be removed, with all above them."""
        self._load_holdings(self._places(uids), series_uids=(), study_uids=(), patient_keys=())

    def _places(self, uids: Iterable[str]) -> list[dict[str, Any]]:
        return self._statements.places.rows(self._connection, uids=_json(uids))

    def _load_holdings(
        self,
        places: Sequence[Mapping[str, Any]],
        *,
        series_uids: Iterable[str],
        study_uids: Iterable[str],
        patient_keys: Iterable[str],
    ) -> None:
        statements, connection = self._statements, self._connection
        pks = {place["series_pk"] for place in places}
        series_rows = statements.series.rows(connection, pks=_json(pks), keys=_json(series_uids))
        pks = {row["study_pk"] for row in series_rows}
        study_rows = statements.studies.rows(connection, pks=_json(pks), keys=_json(study_uids))
        pks = {row["patient_pk"] for row in study_rows}
        patient_rows = statements.patients.rows(connection, pks=_json(pks), keys=_json(patient_keys))
        patients_by_pk = {row["pk"]: self._know_patient(Patient.from_row(row)) for row in patient_rows}
        studies_by_pk = {}
        for row in study_rows:
            study = Study.from_row(row, patients_by_pk[row["patient_pk"]])
            studies_by_pk[study.pk] = self._studies[study.uid] = study
        for row in series_rows:
            one = Series.from_row(row, studies_by_pk[row["study_pk"]])
            self._series[one.study.uid, one.uid] = self._series_by_pk[one.pk] = one
        for place in places:
            self._here[place["sop_instance_uid"]] = _placed(
                place["pk"], self._series_by_pk[place["series_pk"]], place
            )

    def _know_patient(self, patient: Patient) -> Patient:
        self._patients[patient.key] = patient
        return patient

    # -- changing -----------------------------------------------------------------------------------------------

    def holds(self, change: Change, uid: str) -> bool:
        """Tell whether the instance is as it was when the change was decided upon."""
        here, seen = self._here.get(uid), change.seen
        if here is None or seen is None:
            return here is None and seen is None
        return (here.location, here.digest) == (to_lossless(seen.location), seen.digest)

    def put(self, entry: CatalogEntry, header: InstanceRecord) -> None:
        """Add an instance, or replace the one with its UID."""
        uid = header.sop_instance_uid
        row = instance_row(entry, header)
        target = self._place_for(header)
        old = self._here.get(uid)
        if old is None:
            new = _placed(self._next("instance"), target, row)
            row.update(pk=new.pk, series_pk=target.pk, duplicates=entry.duplicates)
            self._added[uid] = row
        else:
            new = _placed(old.pk, target, row)
            if uid in self._added:
                self._added[uid] |= row | {"series_pk": target.pk}
            else:
                del row["sop_instance_uid"]  # it is the same, and its index need not know
                self._changed[uid] = row | {"b_pk": new.pk, "series_pk": target.pk}
        self._here[uid] = new
        self._count(new, +1)
        if old is not None:
            self._count(old, -1)

    def take_away(self) -> int:
        """Remove the instances that were loaded; returns how many."""
        for old in self._here.values():
            self._removed.append(old.pk)
            self._count(old, -1)
        return len(self._removed)

    def _place_for(self, header: InstanceRecord) -> Series:
        study = self._studies.get(header.study_instance_uid)
        if study is None:
            study = Study(self._next("study"), header.study_instance_uid)
            self._studies[study.uid] = study
        study.fill(header)
        self._settle(study)
        key = (study.uid, header.series_instance_uid)
        one = self._series.get(key)
        if one is None:
            one = Series(self._next("series"), header.series_instance_uid, study)
            self._series[key] = self._series_by_pk[one.pk] = one
        one.fill(header)
        study.add_modality(one.shown["Modality"])
        return one

    def _settle(self, study: Study) -> None:
        """Give a study to the patient that it shows."""
        if study.patient is not None and not study.told_anew:
            return
        study.told_anew = False
        key = patient_key(study.shown)
        patient = self._patients.get(key) or self._patient(key)
        if study.patient is not patient:
            if study.patient is not None:
                study.patient.count(-1, -study.series_count, -study.instance_count)
            if study.instance_count:
                patient.count(+1, study.series_count, study.instance_count)
            study.patient = patient
        patient.fill_from(study.shown)

    def _patient(self, key: str) -> Patient:
        """Return a patient that the headers alone did not name: their study shows something else."""
        found = self._statements.patients.rows(self._connection, pks="[]", keys=_json([key]))
        return self._know_patient(
            Patient.from_row(found[0]) if found else Patient(self._next("patient"), key)
        )

    def _count(self, place: Placed, number: int) -> None:
        one, study = place.series, place.series.study
        patient = study.patient
        assert patient is not None  # noqa: S101 - a study in use has been settled
        was_empty, study_was_empty = not one.instance_count, not study.instance_count
        one.instance_count += number
        study.instance_count += number
        patient.instance_count += number
        self._totals["instances"] += number
        self._totals["bytes"] += number * place.size
        if number > 0:
            one.reach(place.recorded_at, place.study_date)
            study.reach(place.recorded_at, place.study_date)
        else:
            one.lose(place.recorded_at, place.study_date)
        if was_empty or not one.instance_count:
            study.series_count += number
            patient.series_count += number
            self._totals["series"] += number
        if study_was_empty or not study.instance_count:
            patient.study_count += number
            self._totals["studies"] += number
        if not one.instance_count:
            one.reset()
            study.is_stale = True
        if not study.instance_count:
            study.reset()
        if not patient.study_count:
            patient.reset()

    def _next(self, kind: str) -> int:
        self._totals["last_" + kind] += 1
        return self._totals["last_" + kind]

    # -- writing ------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything: parents before children, and what became empty from the bottom up."""
        known_patients, known_studies, known_series = (
            list(self._patients.values()),
            list(self._studies.values()),
            list(self._series.values()),
        )
        self._totals["patients"] += sum((one.study_count > 0) - (not one.is_new) for one in known_patients)
        for table, known in ((patients, known_patients), (studies, known_studies), (series, known_series)):
            new = (one for one in known if one.is_new and one.instance_count)
            self._statements.insert[table].run(self._connection, (one.row() | {"pk": one.pk} for one in new))
        self._write_instances()
        self._refresh_series([one for one in known_series if one.is_stale and one.instance_count])
        self._update(series, known_series)
        self._delete(series, [one.pk for one in known_series if one.is_gone])
        self._refresh_studies([one for one in known_studies if one.is_stale and one.instance_count])
        self._update(studies, known_studies)
        self._delete(studies, [one.pk for one in known_studies if one.is_gone])
        self._update(patients, known_patients)
        self._delete(patients, [one.pk for one in known_patients if one.is_gone])
        self._statements.write_totals.run(self._connection, [self._totals])

    def _write_instances(self) -> None:
        self._statements.insert[instances].run(self._connection, self._added.values())
        self._statements.change[instances].run(self._connection, self._changed.values())
        self._delete(instances, self._removed)

    def _update(self, table: Table, known: Sequence[Holding]) -> None:
        """Write changed rows; those whose shown values changed in full, the others' counts only."""
        alive = [one for one in known if one.instance_count and (not one.is_new or one.is_stale)]
        in_full = [one.row() | {"b_pk": one.pk} for one in alive if one.has_changed]
        counts = [one.counts() | {"b_pk": one.pk} for one in alive if not one.has_changed]
        self._statements.change[table].run(self._connection, in_full)
        self._statements.count[table].run(self._connection, counts)

    def _delete(self, table: Table, pks: Sequence[int]) -> None:
        if pks:
            self._statements.delete[table].run(self._connection, [{"pks": _json(pks)}])

    def _refresh_series(self, stale: Sequence[Series]) -> None:
        if not stale:
            return
        pks = _json(one.pk for one in stale)
        for row in self._statements.series_extremes.rows(self._connection, pks=pks):
            one = self._series_by_pk[row["pk"]]
            one.imported_at_min, one.imported_at_max = row["imported_at_min"], row["imported_at_max"]
            one.study_date_max = row["study_date_max"]
            one.study.is_stale = True

    def _refresh_studies(self, stale: Sequence[Study]) -> None:
        if not stale:
            return
        by_pk = {one.pk: one for one in stale}
        for one in stale:
            one.forget_extremes()
        for row in self._statements.study_extremes.rows(self._connection, pks=_json(by_pk)):
            by_pk[row["pk"]].add_modality(row["modality"])
            by_pk[row["pk"]].reach(row["imported_at_max"], row["study_date_max"])


def _placed(pk: int, where: Series, row: Mapping[str, Any]) -> Placed:
    return Placed(
        pk, where, row["size"], row["recorded_at"], row["study_date"], row["location"], row["digest"]
    )


def _json(values: Iterable[str] | Iterable[int]) -> str:
    return json.dumps(list(values))
