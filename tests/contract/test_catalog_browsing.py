"""What every catalog promises to people who look through what is here: pages, their order, and filters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from fileroom.application.ports.catalog import Catalog
from fileroom.domain.errors import InvalidInput
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.records import InstanceSummary, Origin, SeriesSummary, StudySummary
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, SOME_TIME, a_record, a_uid, an_entry
from tests.contract.catalogs import (
    ALL,
    FIRST_PAGE,
    CatalogSuite,
    MemoryCases,
    PostgresqlCases,
    SqliteCases,
    entries,
)

HOUR = timedelta(hours=1)
STUDIES = {
    1: {"PatientName": "Müller^Änne", "PatientID": "A-1", "StudyDate": "20240105", "Modality": "CT"},
    2: {"PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう", "PatientID": "A-2", "StudyDate": "20240210",
        "Modality": "MR"},
    3: {"PatientName": "Παπαδόπουλος^Γιώργος", "PatientID": "a%3", "StudyDate": "20240315", "Modality": "CT"},
    4: {"PatientName": "Hong^Gildong=洪^吉洞=홍^길동", "PatientID": "B_4", "StudyDate": "", "Modality": "US"},
    5: {"PatientName": "", "PatientID": "", "StudyDate": "20231224", "Modality": ""},
}  # fmt: skip
DESCRIPTIONS = {1: "CT Thorax", 2: "MR Schädel 100%", 3: "CT_Abdomen", 4: "a\\b*c", 5: ""}


def fill(catalog: Catalog) -> None:
    """Five studies of two series of two instances, catalogued an hour apart; study 2 was offered again."""
    for study, values in STUDIES.items():
        attributes = {**values, "StudyDescription": DESCRIPTIONS[study], "AccessionNumber": f"ACC{study}"}
        catalog.record(
            [
                replace(
                    an_entry(a_record(instance, series=series, study=study, **attributes)),
                    recorded_at=SOME_TIME + study * HOUR + instance * HOUR / 10,
                )
                for series in (1, 2)
                for instance in (1, 2)
            ]
        )
    catalog.count_duplicates([a_uid(2, 1, 2)])


def numbers(found: Sequence[StudySummary]) -> list[int]:
    """The studies by their numbers."""
    return [int(one.study_instance_uid.rpartition(".")[2]) for one in found]


class CatalogBrowsingContract(CatalogSuite):
    """The promises of `studies`, `series`, `instances` and their counts."""

    def test_study_shows_what_lists_show(self, catalog: Catalog) -> None:
        fill(catalog)
        assert catalog.studies(LocalFilter(patient_id="A-2"), FIRST_PAGE) == [
            StudySummary(
                study_instance_uid=a_uid(2),
                patient_name="Yamada^Tarou=山田^太郎=やまだ^たろう",
                patient_id="A-2",
                accession_number="ACC2",
                study_date_max="20240210",
                study_description="MR Schädel 100%",
                modalities=("MR",),
                series_count=2,
                instance_count=4,
                imported_at_max=SOME_TIME + 2.2 * HOUR,
            )
        ]

    def test_series_shows_what_lists_show(self, catalog: Catalog) -> None:
        fill(catalog)
        catalog.record(entries(3, series=3, SeriesDescription="axial", Modality="SR"))
        assert catalog.series(a_uid(1), ALL, FIRST_PAGE)[2] == SeriesSummary(
            study_instance_uid=a_uid(1),
            series_instance_uid=a_uid(1, 3),
            series_number="3",
            series_description="axial",
            modality="SR",
            instance_count=3,
            imported_at_max=SOME_TIME,
        )

    def test_instance_shows_what_lists_show(self, catalog: Catalog) -> None:
        entry = an_entry(a_record(NumberOfFrames="3", Rows="512", Columns="256"), origin=Origin.RECEIVED)
        entry = replace(entry, stored=replace(entry.stored, in_place=True))
        catalog.record([entry])
        assert catalog.instances(a_uid(1, 1), ALL, FIRST_PAGE) == [
            InstanceSummary(
                study_instance_uid=a_uid(1),
                series_instance_uid=a_uid(1, 1),
                sop_instance_uid=a_uid(1, 1, 1),
                sop_class_uid=CT_IMAGE_STORAGE,
                transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
                instance_number="1",
                number_of_frames="3",
                rows="512",
                columns="256",
                size=1000,
                location=entry.stored.location,
                in_place=True,
                digest=entry.stored.digest,
                origin=Origin.RECEIVED,
                source="/data/in",
                imported_at=SOME_TIME,
                duplicates=0,
            )
        ]

    # order and pages

    def test_studies_are_ordered_by_latest_date_then_uid(self, catalog: Catalog) -> None:
        fill(catalog)
        catalog.record(entries(study=6, StudyDate="20240210") + entries(study=7, StudyDate="unknown"))
        assert numbers(catalog.studies(ALL, FIRST_PAGE)) == [3, 2, 6, 1, 5, 4, 7]

    def test_series_are_ordered_by_number_then_uid_and_absent_ones_are_last(self, catalog: Catalog) -> None:
        for series, number in enumerate(["", "10", "2", "x", "-1", "002", "9223372036854775806"], 1):
            catalog.record(entries(series=series, SeriesNumber=number))
        found = [one.series_number for one in catalog.series(a_uid(1), ALL, FIRST_PAGE)]
        assert found == ["-1", "2", "002", "10", "9223372036854775806", "", "x"]

    def test_instances_are_ordered_by_number_then_uid_and_absent_ones_are_last(
        self, catalog: Catalog
    ) -> None:
        values = ["", "10", "2", "x", "-1", "+2"]
        catalog.record([an_entry(a_record(i, InstanceNumber=value)) for i, value in enumerate(values, 1)])
        found = [one.instance_number for one in catalog.instances(a_uid(1, 1), ALL, FIRST_PAGE)]
        assert found == ["-1", "2", "+2", "10", "", "x"]

    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_pages_hold_everything_once(self, catalog: Catalog, limit: int) -> None:
        catalog.record([one for study in range(1, 21) for one in entries(study=study, StudyDate="20240101")])
        catalog.record([one for series in range(1, 21) for one in entries(series=series, SeriesNumber="1")])
        catalog.record([an_entry(a_record(number, InstanceNumber="1")) for number in range(1, 21)])
        for pages in (
            [catalog.studies(ALL, Page(limit=limit, offset=at)) for at in range(0, 20, limit)],
            [catalog.series(a_uid(1), ALL, Page(limit=limit, offset=at)) for at in range(0, 20, limit)],
            [catalog.instances(a_uid(1, 1), ALL, Page(limit=limit, offset=at)) for at in range(0, 20, limit)],
        ):
            assert all(len(page) == limit for page in pages[:-1])
            found = [repr(one) for page in pages for one in page]
            assert len(found) == len(set(found)) == 20

    def test_page_is_empty_when_it_lies_behind_the_end(self, catalog: Catalog) -> None:
        fill(catalog)
        assert catalog.studies(ALL, Page(limit=10, offset=5)) == []
        assert catalog.series(a_uid(1), ALL, Page(limit=10, offset=2)) == []
        assert catalog.instances(a_uid(1, 1), ALL, Page(limit=10, offset=2)) == []

    def test_counts_are_those_of_all_pages(self, catalog: Catalog) -> None:
        assert catalog.count_studies(ALL) == 0
        fill(catalog)
        assert catalog.count_studies(ALL) == 5
        assert catalog.count_series(a_uid(1), ALL) == 2
        assert catalog.count_instances(a_uid(1, 1), ALL) == 2
        assert catalog.count_series("9.9", ALL) == catalog.count_instances("9.9", ALL) == 0
        assert catalog.series("9.9", ALL, FIRST_PAGE) == []
        assert catalog.instances("9.9", ALL, FIRST_PAGE) == []

    # filters

    @pytest.mark.parametrize(
        ("criteria", "expected"),
        [
            (LocalFilter(patient_name="muller"), [1]),
            (LocalFilter(patient_name="ÄNNE"), [1]),
            (LocalFilter(patient_name="m?ller^a*"), [1]),
            (LocalFilter(patient_name="anne*"), []),
            (LocalFilter(patient_name="山田"), [2]),
            (LocalFilter(patient_name="タロウ"), [2]),
            (LocalFilter(patient_name="tarou"), [2]),
            (LocalFilter(patient_name="παπαδοπουλος"), [3]),
            (LocalFilter(patient_name="길동"), [4]),
            (LocalFilter(patient_name="*o*"), [2, 4]),
            (LocalFilter(patient_name="%"), []),
            (LocalFilter(patient_name="_"), []),
            (LocalFilter(patient_id="A-1"), [1]),
            (LocalFilter(patient_id="A-?"), [2, 1]),
            (LocalFilter(patient_id="a-1"), []),
            (LocalFilter(patient_id="a*"), [3]),
            (LocalFilter(patient_id="a%*"), [3]),
            (LocalFilter(patient_id="B_?"), [4]),
            (LocalFilter(patient_id="A_1"), []),
            (LocalFilter(accession_number="ACC3"), [3]),
            (LocalFilter(accession_number="ACC"), []),
            (LocalFilter(accession_number="*[34]"), []),
            (LocalFilter(modalities=("CT",)), [3, 1]),
            (LocalFilter(modalities=("MR", "US")), [2, 4]),
            (LocalFilter(modalities=("PT",)), []),
            (LocalFilter(study_date="20240105"), [1]),
            (LocalFilter(study_date="20240105-20240210"), [2, 1]),
            (LocalFilter(study_date="-20240105"), [1, 5]),
            (LocalFilter(study_date="20240210-"), [3, 2]),
            (LocalFilter(study_description="schadel"), [2]),
            (LocalFilter(study_description="100%"), [2]),
            (LocalFilter(study_description="T_a"), [3]),
            (LocalFilter(study_description="\\"), [4]),
            (LocalFilter(study_description="ct*"), [3, 1]),
            (LocalFilter(imported_from=SOME_TIME + 4 * HOUR), [5, 4]),
            (LocalFilter(imported_to=SOME_TIME + 2 * HOUR), [1]),
            (LocalFilter(imported_from=SOME_TIME + 2.2 * HOUR, imported_to=SOME_TIME + 4.1 * HOUR), [3, 2]),
            (LocalFilter(imported_from=SOME_TIME + 1.21 * HOUR, imported_to=SOME_TIME + 2 * HOUR), []),
            (LocalFilter(duplicate=True), [2]),
            (LocalFilter(duplicate=False), [3, 2, 1, 5, 4]),
            (LocalFilter(patient_name="o", modalities=("MR",), study_date="2024-02-10"), [2]),
            (LocalFilter(patient_name="o", modalities=("CT",)), []),
            (LocalFilter(duplicate=True, imported_from=SOME_TIME + 2.2 * HOUR), [2]),
            (LocalFilter(duplicate=True, imported_to=SOME_TIME + 2.2 * HOUR), []),
            (LocalFilter(duplicate=True, modalities=("CT",)), []),
        ],
    )
    def test_studies_are_those_that_fit(
        self, catalog: Catalog, criteria: LocalFilter, expected: list[int]
    ) -> None:
        fill(catalog)
        assert numbers(catalog.studies(criteria, FIRST_PAGE)) == expected
        assert catalog.count_studies(criteria) == len(expected)

    def test_filters_of_instances_must_hold_for_one_and_the_same(self, catalog: Catalog) -> None:
        catalog.record(entries(series=1, Modality="CT"))
        late = [replace(one, recorded_at=SOME_TIME + HOUR) for one in entries(series=2, Modality="SR")]
        catalog.record(late)
        catalog.count_duplicates([a_uid(1, 2, 1)])
        assert catalog.count_studies(LocalFilter(modalities=("SR",), imported_from=SOME_TIME + HOUR)) == 1
        assert catalog.count_studies(LocalFilter(modalities=("CT",), imported_from=SOME_TIME + HOUR)) == 0
        assert catalog.count_studies(LocalFilter(modalities=("CT",), duplicate=True)) == 0
        assert catalog.count_studies(LocalFilter(modalities=("SR",), duplicate=False)) == 0

    @pytest.mark.parametrize(
        ("criteria", "series", "instances"),
        [
            (LocalFilter(patient_name="tarou"), [1, 2], [1, 2]),
            (LocalFilter(patient_name="muller"), [], []),
            (LocalFilter(study_date="20240101-"), [1, 2], [1, 2]),
            (LocalFilter(modalities=("MR",)), [1, 2], [1, 2]),
            (LocalFilter(modalities=("CT",)), [], []),
            (LocalFilter(duplicate=True), [1], [2]),
            (LocalFilter(duplicate=False), [1, 2], [1]),
            (LocalFilter(imported_from=SOME_TIME + 2.2 * HOUR), [1, 2], [2]),
            (LocalFilter(imported_to=SOME_TIME + 2.2 * HOUR), [1, 2], [1]),
            (LocalFilter(imported_from=SOME_TIME + 3 * HOUR), [], []),
            (LocalFilter(duplicate=True, imported_to=SOME_TIME + 2.2 * HOUR), [], []),
        ],
    )
    def test_series_and_instances_are_those_that_fit(
        self, catalog: Catalog, criteria: LocalFilter, series: list[int], instances: list[int]
    ) -> None:
        fill(catalog)
        found = [one.series_instance_uid for one in catalog.series(a_uid(2), criteria, FIRST_PAGE)]
        assert found == [a_uid(2, number) for number in series]
        assert catalog.count_series(a_uid(2), criteria) == len(series)
        below = [one.sop_instance_uid for one in catalog.instances(a_uid(2, 1), criteria, FIRST_PAGE)]
        assert below == [a_uid(2, 1, number) for number in instances]
        assert catalog.count_instances(a_uid(2, 1), criteria) == len(instances)

    def test_date_filter_is_about_the_date_that_is_shown(self, catalog: Catalog) -> None:
        catalog.record(
            [an_entry(a_record(1, StudyDate="20240101")), an_entry(a_record(2, StudyDate="20240301"))]
        )
        assert catalog.count_studies(LocalFilter(study_date="20240301")) == 1
        assert catalog.count_studies(LocalFilter(study_date="20240101")) == 0

    def test_filter_is_refused_when_its_date_is_none(self, catalog: Catalog) -> None:
        criteria = LocalFilter(study_date="last week")
        with pytest.raises(InvalidInput):
            catalog.studies(criteria, FIRST_PAGE)
        with pytest.raises(InvalidInput):
            catalog.count_studies(criteria)

    @pytest.mark.parametrize("text", ["a\0b", "\ud800*", "[", "[a", "*" * 2000, "x" * 5000, "'", '"', ";--"])
    def test_filter_is_harmless_whatever_it_holds(self, catalog: Catalog, text: str) -> None:
        fill(catalog)
        criteria = LocalFilter(patient_name=text, patient_id=text, study_description=text, modalities=(text,))
        try:
            assert catalog.count_studies(criteria) in {0, 5}
        except InvalidInput:
            assert len(text) > 1000

    def test_totals_are_those_of_everything(self, catalog: Catalog) -> None:
        fill(catalog)
        totals = catalog.totals()
        assert (totals.patients, totals.studies, totals.series, totals.instances) == (5, 5, 10, 20)
        assert totals.bytes == 20_000


class TestSqlCatalogOnSqlite(SqliteCases, CatalogBrowsingContract):
    pass


class TestSqlCatalogOnPostgresql(PostgresqlCases, CatalogBrowsingContract):
    pass


class TestMemoryCatalog(MemoryCases, CatalogBrowsingContract):
    pass
