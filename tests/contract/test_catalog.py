"""What every catalog promises of what it is told: recorded, replaced, counted, removed, and looked up again."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from fileroom.application.ports.catalog import Catalog, Change
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.records import CatalogEntry, CatalogTotals, Origin, StoredObject
from tests.builders import SOME_TIME, a_record, a_uid, an_entry
from tests.contract.catalogs import (
    ALL,
    FIRST_PAGE,
    Backend,
    CatalogSuite,
    MemoryCases,
    PostgresqlCases,
    SqliteCases,
    ask,
    entries,
)

FULL = {
    "PatientID": "P1", "IssuerOfPatientID": "H", "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "PatientBirthDate": "19800131", "PatientSex": "M", "StudyDate": "20240131", "StudyTime": "101530.25",
    "AccessionNumber": "A1", "StudyID": "7", "StudyDescription": "Größe", "ReferringPhysicianName": "Иванов^Иван",
    "InstitutionName": "St. Anywhere", "Modality": "CT", "SeriesNumber": "3", "SeriesDescription": "axial",
    "SeriesDate": "20240131", "SeriesTime": "1016", "BodyPartExamined": "HEAD", "ProtocolName": "Routine",
    "Manufacturer": "ACME", "StationName": "CT1", "InstanceNumber": "12", "ContentDate": "20240131",
    "ContentTime": "101601", "NumberOfFrames": "1", "Rows": "512", "Columns": "512",
}  # fmt: skip


def with_attributes(entry: CatalogEntry, **attributes: str) -> CatalogEntry:
    """The same instance with other values."""
    changed = {**entry.record.attributes, **attributes}
    return replace(entry, record=replace(entry.record, attributes=changed))


class CatalogContract(CatalogSuite):
    """The promises of `Catalog` but for browsing and finding."""

    # record

    def test_recorded_instance_is_here(self, catalog: Catalog, backend: Backend) -> None:
        catalog.record(entries(2))
        assert backend.column("instances", "sop_instance_uid") == [a_uid(1, 1, 1), a_uid(1, 1, 2)]
        assert backend.count() == (1, 1, 1, 2)

    def test_recorded_instance_comes_back_whole(self, catalog: Catalog) -> None:
        entry = CatalogEntry(
            record=replace(a_record(), attributes=FULL),
            stored=StoredObject(
                location="file:/data/é.dcm", size=2**40, data_offset=376, digest="blake3:00", in_place=True
            ),
            origin=Origin.RETRIEVED,
            source="PACS at 192.0.2.1",
            recorded_at=SOME_TIME + timedelta(microseconds=1),
            duplicates=3,
        )
        catalog.record([entry])
        assert catalog.instance(entry.record.sop_instance_uid) == entry

    def test_record_without_entries_changes_nothing(self, catalog: Catalog, backend: Backend) -> None:
        catalog.record([])
        assert backend.count() == (0, 0, 0, 0)

    def test_recorded_twice_is_one_instance(self, catalog: Catalog, backend: Backend) -> None:
        catalog.record(entries(2))
        catalog.record(entries(2))
        catalog.record(entries(1) + entries(1))
        assert backend.count() == (1, 1, 1, 2)
        assert catalog.totals().instances == 2

    def test_replaced_instance_shows_what_is_new(self, catalog: Catalog) -> None:
        (entry,) = entries()
        catalog.record([entry])
        new = replace(
            with_attributes(entry, InstanceNumber="9"),
            stored=replace(entry.stored, size=7, digest="blake3:ff"),
            source="elsewhere",
        )
        catalog.record([new])
        assert catalog.instance(entry.record.sop_instance_uid) == new
        assert catalog.totals().bytes == 7

    def test_replaced_instance_keeps_its_count_of_duplicates(self, catalog: Catalog) -> None:
        (entry,) = entries()
        uid = entry.record.sop_instance_uid
        catalog.record([entry])
        catalog.count_duplicates([uid, uid])
        catalog.record([entry])
        found = catalog.instance(uid)
        assert found is not None
        assert found.duplicates == 2

    @pytest.mark.parametrize("together", [False, True])
    def test_replaced_instance_moves_when_its_series_changed(
        self, catalog: Catalog, backend: Backend, together: bool
    ) -> None:
        first, second = entries(2, Modality="CT")
        record = replace(second.record, series_instance_uid=a_uid(1, 2))
        moved = with_attributes(replace(second, record=record), Modality="MR")
        if together:
            catalog.record([first, second, moved])
        else:
            catalog.record([first, second])
            catalog.record([moved])
        assert backend.count() == (1, 1, 2, 2)
        (study,) = catalog.studies(ALL, FIRST_PAGE)
        assert (study.series_count, study.instance_count, study.modalities) == (2, 2, ("CT", "MR"))
        assert [one.instance_count for one in catalog.series(a_uid(1), ALL, FIRST_PAGE)] == [1, 1]

    @pytest.mark.parametrize("together", [False, True])
    def test_study_is_forgotten_when_its_last_instance_moved_away(
        self, catalog: Catalog, backend: Backend, together: bool
    ) -> None:
        (entry,) = entries(PatientID="P1")
        record = replace(entry.record, study_instance_uid=a_uid(2), series_instance_uid=a_uid(2, 1))
        moved = with_attributes(replace(entry, record=record), PatientID="P2")
        for batch in [[entry, moved]] if together else [[entry], [moved]]:
            catalog.record(batch)
        assert backend.count() == (1, 1, 1, 1)
        (study,) = catalog.studies(ALL, FIRST_PAGE)
        assert (study.study_instance_uid, study.patient_id) == (a_uid(2), "P2")

    def test_uids_that_no_database_takes_stay_apart(self, catalog: Catalog, backend: Backend) -> None:
        uids = ["1.23.4", "1.2\x003.4", "1.2\x00\x003.4", "1.2\ud8003.4", "1.2\ud8013.4", "1.2\ufffd3.4"]
        catalog.record([an_entry(replace(a_record(), sop_instance_uid=uid)) for uid in uids])
        assert backend.count()[3] == len(uids)
        assert catalog.present([*uids, "1.2"]) == set(uids)
        for uid in uids:
            found = catalog.instance(uid)
            assert found is not None
            assert catalog.instance(found.record.sop_instance_uid) == found
        assert catalog.present(["1.23.4\0", " 1.23.4 "]) == {"1.23.4\0", " 1.23.4 "}

    # exchange, stored

    def test_exchange_records_what_was_absent_and_is(self, catalog: Catalog, backend: Backend) -> None:
        batch = entries(3)
        assert catalog.exchange([Change(entry=entry, seen=None) for entry in batch]) == frozenset()
        assert backend.count() == (1, 1, 1, 3)
        assert catalog.exchange([]) == frozenset()

    def test_exchange_replaces_what_is_as_it_was_seen(self, catalog: Catalog) -> None:
        (entry,) = entries()
        catalog.record([entry])
        new = replace(entry, stored=replace(entry.stored, size=7, digest="blake3:ff"))
        assert catalog.exchange([Change(entry=new, seen=entry.stored)]) == frozenset()
        assert catalog.instance(entry.record.sop_instance_uid) == new
        assert catalog.totals().bytes == 7

    @pytest.mark.parametrize("changed", [{"digest": "blake3:ff"}, {"location": "store:é~2.dcm"}])
    def test_exchange_leaves_what_others_changed_meanwhile(
        self, catalog: Catalog, changed: dict[str, str]
    ) -> None:
        entry, other = entries(2)
        uid = entry.record.sop_instance_uid
        theirs = replace(entry, stored=replace(entry.stored, **changed))  # type: ignore[arg-type]
        catalog.record([theirs])
        late = [Change(entry=entry, seen=entry.stored), Change(entry=other, seen=None)]
        assert catalog.exchange(late) == {uid}
        assert catalog.exchange([Change(entry=entry, seen=None)]) == {uid}
        assert catalog.instance(uid) == theirs
        assert catalog.totals().instances == 2

    def test_exchange_leaves_what_was_removed_meanwhile(self, catalog: Catalog, backend: Backend) -> None:
        (entry,) = entries(study=2)
        assert catalog.exchange([Change(entry=entry, seen=entry.stored)]) == {entry.record.sop_instance_uid}
        assert backend.count() == (0, 0, 0, 0)

    def test_exchange_follows_the_order_of_its_changes(self, catalog: Catalog) -> None:
        (entry,) = entries()
        uid = entry.record.sop_instance_uid
        new = replace(entry, stored=replace(entry.stored, location="store:2.dcm"))
        assert (
            catalog.exchange([Change(entry=entry, seen=None), Change(entry=new, seen=entry.stored)])
            == frozenset()
        )
        assert catalog.exchange(
            [Change(entry=entry, seen=new.stored), Change(entry=new, seen=new.stored)]
        ) == {uid}
        assert catalog.instance(uid) == entry

    def test_exchange_is_done_as_a_whole_or_not_at_all(self, catalog: Catalog, backend: Backend) -> None:
        good, bad = entries(2)
        bad = replace(bad, recorded_at=None)  # type: ignore[arg-type]
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever a broken entry raises
            catalog.exchange([Change(entry=good, seen=None), Change(entry=bad, seen=None)])
        assert backend.count() == (0, 0, 0, 0)

    def test_exchange_lets_one_of_several_threads_win(self, catalog: Catalog) -> None:
        (entry,) = entries()
        uid, refused = entry.record.sop_instance_uid, []
        catalog.record([entry])

        def work(number: int) -> None:
            new = replace(entry, stored=replace(entry.stored, location=f"store:{number}.dcm"))
            refused.append(catalog.exchange([Change(entry=new, seen=entry.stored)]))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(len, refused)) == [0] + [1] * 7
        assert set().union(*refused) == {uid}

    def test_stored_tells_where_the_bytes_are(self, catalog: Catalog) -> None:
        batch = [*entries(2), replace(entries(study=2)[0], stored=StoredObject(
            location="file:/data/\udce9", size=2**40, data_offset=0, digest="blake3:00", in_place=True
        ))]  # fmt: skip
        catalog.record(batch)
        asked = [one.record.sop_instance_uid for one in batch]
        assert catalog.stored([*asked, "1.2.3", asked[0]]) == {
            one.record.sop_instance_uid: one.stored for one in batch
        }
        assert catalog.stored([]) == {}
        assert len(catalog.stored(f"1.9.{number}" for number in range(12_000))) == 0

    def test_many_instances_are_recorded_at_once(self, catalog: Catalog) -> None:
        catalog.record([one for study in range(1, 121) for one in entries(50, study=study)])
        assert catalog.totals() == CatalogTotals(
            patients=120, studies=120, series=120, instances=6000, bytes=6_000_000
        )

    def test_batch_is_recorded_as_a_whole_or_not_at_all(self, catalog: Catalog, backend: Backend) -> None:
        good, bad = entries(2)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever a broken entry raises
            catalog.record([good, replace(bad, recorded_at=None)])  # type: ignore[arg-type]
        assert backend.count() == (0, 0, 0, 0)

    # what is shown

    def test_first_value_that_is_not_empty_is_shown(self, catalog: Catalog) -> None:
        for name, description in [("", "first"), ("Doe^Jane", "second"), ("Roe^Jim", "third")]:
            number = ["first", "second", "third"].index(description)
            catalog.record([an_entry(a_record(number, PatientName=name, SeriesDescription=description))])
        (study,) = catalog.studies(ALL, FIRST_PAGE)
        assert study.patient_name == "Doe^Jane"
        (series,) = catalog.series(a_uid(1), ALL, FIRST_PAGE)
        assert series.series_description == "first"
        (patient,) = ask(catalog, QueryLevel.PATIENT, PatientName="")
        assert patient["PatientName"] == "Doe^Jane"

    def test_shown_value_is_kept_when_its_instance_has_gone(self, catalog: Catalog) -> None:
        first, second = entries(2)
        catalog.record([with_attributes(first, StudyDescription="first")])
        catalog.record([with_attributes(second, StudyDescription="second")])
        catalog.remove([first.record.sop_instance_uid])
        assert [one.study_description for one in catalog.studies(ALL, FIRST_PAGE)] == ["first"]

    def test_shown_value_is_forgotten_with_the_last_instance(self, catalog: Catalog) -> None:
        first, second = entries(2)
        catalog.record([with_attributes(first, StudyDescription="first")])
        catalog.remove([first.record.sop_instance_uid])
        catalog.record([with_attributes(second, StudyDescription="second")])
        assert [one.study_description for one in catalog.studies(ALL, FIRST_PAGE)] == ["second"]

    def test_header_shows_what_its_study_and_series_show(self, catalog: Catalog) -> None:
        first, second = entries(2)
        catalog.record([with_attributes(first, StudyDescription="first", Manufacturer="one")])
        catalog.record([with_attributes(second, StudyDescription="second", Manufacturer="two")])
        found = catalog.instance(second.record.sop_instance_uid)
        assert found is not None
        assert found.record.get("StudyDescription") == "first"
        assert found.record.get("Manufacturer") == "one"

    def test_latest_date_and_times_follow_every_write(self, catalog: Catalog) -> None:
        dates = ["20240101", "20240301", "2024.02.01", "unknown"]
        batch = [
            replace(one, recorded_at=SOME_TIME + timedelta(hours=hours))
            for hours, one in enumerate(
                with_attributes(one, StudyDate=day) for one, day in zip(entries(4), dates, strict=True)
            )
        ]
        catalog.record(batch)

        def shown() -> tuple[str, timedelta, timedelta]:
            (study,) = catalog.studies(ALL, FIRST_PAGE)
            (series,) = catalog.series(a_uid(1), ALL, FIRST_PAGE)
            return study.study_date_max, study.imported_at_max - SOME_TIME, series.imported_at_max - SOME_TIME

        assert shown() == ("20240301", timedelta(hours=3), timedelta(hours=3))
        catalog.remove([batch[1].record.sop_instance_uid, batch[3].record.sop_instance_uid])
        assert shown() == ("20240201", timedelta(hours=2), timedelta(hours=2))
        catalog.record([replace(with_attributes(batch[2], StudyDate="19991231"), recorded_at=SOME_TIME)])
        assert shown() == ("20240101", timedelta(), timedelta())

    # patients

    @pytest.mark.parametrize(
        ("one", "other", "patients"),
        [
            ({"PatientID": "1"}, {"PatientID": "1", "PatientName": "Other"}, 1),
            ({"PatientID": "1"}, {"PatientID": "2"}, 2),
            ({"PatientID": "a"}, {"PatientID": "A"}, 2),
            ({"PatientID": "1", "IssuerOfPatientID": "H"}, {"PatientID": "1", "IssuerOfPatientID": "K"}, 2),
            ({"PatientID": "1", "IssuerOfPatientID": "H"}, {"PatientID": "1"}, 2),
            ({"PatientID": "1 H"}, {"PatientID": "1", "IssuerOfPatientID": "H"}, 2),
            ({"PatientID": ""}, {"PatientID": "", "IssuerOfPatientID": "H"}, 1),
            ({"PatientID": "", "PatientName": "Roe"}, {"PatientID": ""}, 2),
            ({"PatientID": "", "PatientBirthDate": "19800101"}, {"PatientID": ""}, 2),
            ({"PatientID": "", "PatientName": "1"}, {"PatientID": "1", "PatientName": ""}, 2),
        ],
    )
    def test_patients_are_told_apart(
        self, catalog: Catalog, backend: Backend, one: dict[str, str], other: dict[str, str], patients: int
    ) -> None:
        for study, values in enumerate([one, other]):
            record = replace(a_record(study=study), attributes={"PatientName": "Doe"} | values)
            catalog.record([an_entry(record)])
        assert backend.count()[:2] == (patients, 2)
        assert catalog.totals().patients == patients

    def test_study_finds_its_patient_when_the_id_comes_later(
        self, catalog: Catalog, backend: Backend
    ) -> None:
        catalog.record(entries(study=1, PatientID="P"))
        catalog.record(entries(study=2, PatientID=""))
        assert backend.count()[0] == 2
        catalog.record(entries(2, study=2, PatientID="P"))
        assert backend.count()[0] == 1
        (patient,) = ask(catalog, QueryLevel.PATIENT, NumberOfPatientRelatedStudies="")
        assert patient["NumberOfPatientRelatedStudies"] == "2"

    # duplicates

    def test_duplicates_are_counted_for_each_offer(self, catalog: Catalog) -> None:
        catalog.record(entries(3))
        one, two, three = (a_uid(1, 1, number) for number in (1, 2, 3))
        catalog.count_duplicates(iter([one, "9.9", two, one]))
        catalog.count_duplicates([one])
        catalog.count_duplicates([])
        found = [catalog.instance(uid) for uid in (one, two, three)]
        assert [entry.duplicates for entry in found if entry] == [3, 1, 0]

    # remove

    def test_remove_tells_how_many_were_here(self, catalog: Catalog, backend: Backend) -> None:
        catalog.record(entries(3))
        assert catalog.remove(iter([a_uid(1, 1, 1), a_uid(1, 1, 1), "9.9"])) == 1
        assert catalog.remove([]) == 0
        assert backend.column("instances", "sop_instance_uid") == [a_uid(1, 1, 2), a_uid(1, 1, 3)]

    def test_counts_and_modalities_follow_removals(self, catalog: Catalog) -> None:
        catalog.record(entries(2, series=1, Modality="CT") + entries(2, series=2, Modality="SR"))
        catalog.remove([a_uid(1, 1, 1), a_uid(1, 2, 1), a_uid(1, 2, 2)])
        (study,) = catalog.studies(ALL, FIRST_PAGE)
        assert (study.series_count, study.instance_count, study.modalities) == (1, 1, ("CT",))
        assert catalog.totals() == CatalogTotals(patients=1, studies=1, series=1, instances=1, bytes=1000)

    def test_modalities_and_times_are_those_of_the_series_that_are_left(self, catalog: Catalog) -> None:
        catalog.record(entries(series=1, Modality="CT", StudyDate="20240101"))
        late = SOME_TIME + timedelta(hours=1)
        catalog.record(
            [replace(one, recorded_at=late) for one in entries(series=2, Modality="SR", StudyDate="20240201")]
        )
        catalog.remove([a_uid(1, 2, 1)])
        (study,) = catalog.studies(ALL, FIRST_PAGE)
        shown = (study.modalities, study.study_date_max, study.imported_at_max)
        assert shown == (("CT",), "20240101", SOME_TIME)

    def test_what_becomes_empty_is_forgotten(self, catalog: Catalog, backend: Backend) -> None:
        catalog.record(
            entries(study=1, PatientID="P")
            + entries(study=2, PatientID="P")
            + entries(study=3, PatientID="Q")
        )
        catalog.remove([a_uid(1, 1, 1)])
        assert backend.count() == (2, 2, 2, 2)
        catalog.remove([a_uid(2, 1, 1), a_uid(3, 1, 1)])
        assert backend.count() == (0, 0, 0, 0)
        assert catalog.totals() == CatalogTotals(patients=0, studies=0, series=0, instances=0, bytes=0)

    def test_more_instances_are_removed_than_a_statement_has_room_for(self, catalog: Catalog) -> None:
        catalog.record(entries(12_000))
        assert catalog.remove(a_uid(1, 1, number) for number in range(1, 70_000)) == 12_000
        assert catalog.totals().instances == 0

    # looking up

    def test_instance_is_none_when_it_is_not_here(self, catalog: Catalog) -> None:
        assert catalog.instance("9.9") is None
        assert catalog.instance("") is None

    def test_present_tells_which_of_any_number_are_here(self, catalog: Catalog) -> None:
        catalog.record(entries(3))
        asked = [a_uid(1, 1, number) for number in range(2, 70_000)]
        assert catalog.present(iter(asked)) == {a_uid(1, 1, 2), a_uid(1, 1, 3)}
        assert catalog.present([]) == frozenset()

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (
                Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(2),)),
                ["2.1.1", "2.1.2", "2.1.10"],
            ),
            (
                Selection(level=QueryLevel.SERIES, series_instance_uids=(a_uid(1, 2), a_uid(1, 1))),
                ["1.1.1", "1.1.2", "1.1.10", "1.2.1", "1.2.2", "1.2.10"],
            ),
            (
                Selection(
                    level=QueryLevel.IMAGE,
                    study_instance_uids=(a_uid(1),),
                    sop_instance_uids=(a_uid(1, 2, 1), a_uid(2, 1, 1)),
                ),
                ["1.2.1"],
            ),
            (Selection(level=QueryLevel.PATIENT, patient_id="P2"), ["2.1.1", "2.1.2", "2.1.10"]),
            (
                Selection(level=QueryLevel.STUDY, patient_id="P2", study_instance_uids=(a_uid(1),)),
                [],
            ),
            (Selection(level=QueryLevel.PATIENT, patient_id="P*"), []),
            (Selection(level=QueryLevel.PATIENT, patient_id="p2"), []),
            (Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1) + "*",)), []),
        ],
    )
    def test_select_yields_what_unique_keys_name_in_order(
        self, catalog: Catalog, selection: Selection, expected: list[str]
    ) -> None:
        catalog.record(
            [
                an_entry(a_record(instance, series=series, study=study))
                for study, series in [(2, 1), (1, 2), (1, 1)]
                for instance in (10, 2, 1)
            ]
        )
        prefix = a_uid() + "."
        found = [entry.record.sop_instance_uid.removeprefix(prefix) for entry in catalog.select(selection)]
        assert found == expected

    def test_select_yields_whole_entries_of_more_than_a_portion(self, catalog: Catalog) -> None:
        batch = entries(1200)
        catalog.record(batch)
        everything = Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1),))
        assert list(catalog.select(everything)) == batch

    def test_selection_goes_on_while_the_catalog_is_written(self, catalog: Catalog) -> None:
        catalog.record(entries(1200))
        found = catalog.select(Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1),)))
        next(found)
        catalog.record(entries(1, study=2))
        catalog.remove([a_uid(1, 1, 1200)])
        assert 1198 <= len(list(found)) <= 1199

    # hostile headers

    @pytest.mark.parametrize(
        "value",
        [
            "a\0b",
            "\ud800",
            "\udcff\ud83d\ude00",
            "x" * 100_000,
            "界" * 100_000,
            "\x01",
            "%_\\'\"",
            "\\" * 600,
        ],
    )
    def test_values_that_no_database_takes_are_made_harmless(self, catalog: Catalog, value: str) -> None:
        record = a_record(AccessionNumber=value, PatientName=value, StudyDescription=value, Modality=value)
        catalog.record([an_entry(record), *entries(1, study=2)])
        assert catalog.totals().instances == 2
        found = ask(catalog, QueryLevel.STUDY, StudyDescription=value, PatientName="")
        assert a_uid(1) in [answer["StudyInstanceUID"] for answer in found]

    @pytest.mark.parametrize("uid", ["1.2\0", "1.\ud800", "1" * 5000, "é" * 5000, "", "../x", " 1.2 "])
    def test_instance_is_found_by_the_uid_that_was_recorded_whatever_it_holds(
        self, catalog: Catalog, uid: str
    ) -> None:
        record = replace(a_record(), sop_instance_uid=uid, series_instance_uid=uid, study_instance_uid=uid)
        catalog.record([an_entry(record)])
        assert catalog.present([uid, "9.9"]) == {uid}
        assert catalog.instance(uid) is not None
        assert catalog.count_series(uid, ALL) == catalog.count_instances(uid, ALL) == 1
        catalog.count_duplicates([uid])
        assert catalog.remove([uid]) == 1

    def test_long_uids_that_begin_alike_are_told_apart(self, catalog: Catalog) -> None:
        uids = ["1" * 5000 + end for end in "ab"]
        catalog.record([an_entry(replace(a_record(), sop_instance_uid=uid)) for uid in uids])
        assert catalog.totals().instances == 2

    @pytest.mark.parametrize("path", ["file:/data/\udcff.dcm", "file:/a\0b", "\x01x", "file:/世界.dcm"])
    def test_location_and_source_come_back_whatever_they_hold(self, catalog: Catalog, path: str) -> None:
        (entry,) = entries()
        entry = replace(entry, stored=replace(entry.stored, location=path), source=path)
        catalog.record([entry])
        assert catalog.instance(entry.record.sop_instance_uid) == entry
        assert catalog.instances(a_uid(1, 1), ALL, FIRST_PAGE)[0].location == path

    # threads and processes

    def test_writers_in_several_threads_lose_nothing(self, catalog: Catalog, backend: Backend) -> None:
        failures: list[BaseException] = []

        def write(study: int) -> None:
            try:
                for number in range(1, 26):
                    catalog.record([an_entry(a_record(number, study=study, PatientID="P"))])
                    assert catalog.present([a_uid(study, 1, number)])
                catalog.count_duplicates([a_uid(study, 1, 1)])
                catalog.remove([a_uid(study, 1, 25)])
            except BaseException as error:  # noqa: BLE001 - shown below, in the test's thread
                failures.append(error)

        def read() -> None:
            try:
                while not done.is_set():
                    for study in catalog.studies(ALL, FIRST_PAGE):
                        assert study.instance_count > 0
                    totals = catalog.totals()
                    assert totals.bytes == totals.instances * 1000
            except BaseException as error:  # noqa: BLE001 - shown below, in the test's thread
                failures.append(error)

        done = threading.Event()
        writers = [threading.Thread(target=write, args=(study,)) for study in range(1, 9)]
        readers = [threading.Thread(target=read) for _ in range(2)]
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in readers:
            thread.join()
        assert failures == []
        assert backend.count() == (1, 8, 8, 8 * 24)
        (patient,) = ask(catalog, QueryLevel.PATIENT, NumberOfPatientRelatedInstances="")
        assert patient["NumberOfPatientRelatedInstances"] == str(8 * 24)

    def test_failure_reaches_the_thread_that_it_belongs_to(self, catalog: Catalog, backend: Backend) -> None:
        broken = replace(entries()[0], recorded_at=None)  # type: ignore[arg-type]
        failed, written = [], []
        start = threading.Barrier(8)

        def write(study: int) -> None:
            start.wait()
            for number in range(1, 6):
                try:
                    catalog.record([broken] if study == 1 else [an_entry(a_record(number, study=study))])
                except Exception:  # noqa: BLE001 - whatever a broken entry raises
                    failed.append(study)
                else:
                    written.append(study)

        threads = [threading.Thread(target=write, args=(study,)) for study in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == [1] * 5
        assert len(written) == 35
        assert backend.count()[3] == 35

    def test_written_by_one_is_seen_by_another(self, backend: Backend) -> None:
        one, other = backend.open(), backend.open()
        one.record(entries(2))
        assert other.totals().instances == 2
        other.remove([a_uid(1, 1, 1)])
        one.record(entries(1, series=2))
        assert other.totals().instances == one.totals().instances == 2
        one.close()
        other.close()

    def test_closed_catalog_keeps_what_was_recorded(self, backend: Backend) -> None:
        catalog = backend.open()
        catalog.record(entries(2))
        catalog.close()
        again = backend.open()
        assert again.totals().instances == 2
        again.close()


class TestSqlCatalogOnSqlite(SqliteCases, CatalogContract):
    pass


class TestSqlCatalogOnPostgresql(PostgresqlCases, CatalogContract):
    pass


class TestMemoryCatalog(MemoryCases, CatalogContract):
    pass
