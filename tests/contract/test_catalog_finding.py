"""What every catalog promises to those who ask by C-FIND keys (PS3.4 C.2.2.2)."""
# ruff: noqa: RUF001 - names in other scripts are what is tested

from collections.abc import Mapping

import pytest

from fileroom.application.ports.catalog import Catalog
from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import DEFAULT_KEYS, Query, QueryLevel, QueryModel
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.catalogs import CatalogSuite, MemoryCases, PostgresqlCases, SqliteCases, ask, entries

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
JAPANESE = "Yamada^Tarou=山田^太郎=やまだ^たろう"
KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"
CHINESE = "Wang^XiaoDong=王^小东="
GREEK, RUSSIAN, ARABIC = "Παπαδόπουλος^Γιώργος", "Люкceмбypг^Роза", "قباني^لنزار"
LEVELS = [
    (model, level)
    for model in QueryModel
    for level in QueryLevel
    if (model, level) != (QueryModel.STUDY_ROOT, QueryLevel.PATIENT)
]


def fill(catalog: Catalog) -> None:
    """Patient P1 with studies 1 (CT and SR series) and 2 (MR), patient P3 with study 3 (CT)."""
    jane = {"PatientID": "P1", "PatientName": "Doe^Jane", "PatientSex": "F", "PatientBirthDate": "19800131"}
    first = {**jane, "StudyDate": "20240105", "StudyTime": "093000", "StudyDescription": "CT Thorax"}
    second = {**jane, "StudyDate": "20240210", "StudyTime": "180000.5", "StudyDescription": "MR Schädel"}
    third = {
        "PatientID": "P3", "PatientName": JAPANESE, "PatientSex": "M", "StudyDate": "", "AccessionNumber": "A[3]*?",
        "StudyDescription": "100%_\\x",
    }  # fmt: skip
    catalog.record(entries(3, series=1, study=1, Modality="CT", Rows="512", **first))
    catalog.record(entries(1, series=2, study=1, Modality="SR", SeriesDescription="Report", **first))
    catalog.record(entries(1, series=1, study=2, sop_class_uid=MR_IMAGE_STORAGE, Modality="MR", **second))
    catalog.record(entries(2, series=1, study=3, Modality="CT", **third))


def matched(catalog: Catalog, level: QueryLevel, keys: Mapping[str, str]) -> list[str]:
    """What matches at a level, by the ends of its unique keys, in order."""
    found = ask(catalog, level, **keys)
    return sorted(answer[level.unique_key].removeprefix(a_uid() + ".") for answer in found)


class CatalogFindingContract(CatalogSuite):
    """The promises of `find`."""

    @pytest.mark.parametrize(("model", "level"), LEVELS)
    def test_empty_query_matches_everything_of_its_level(
        self, catalog: Catalog, model: QueryModel, level: QueryLevel
    ) -> None:
        assert list(catalog.find(Query(level=level, model=model))) == []
        fill(catalog)
        found = list(catalog.find(Query(level=level, model=model)))
        assert len(found) == {"patient": 2, "study": 3, "series": 4, "image": 7}[level]

    @pytest.mark.parametrize(("model", "level"), LEVELS)
    def test_answer_holds_the_unique_keys_from_the_top_and_what_was_asked(
        self, catalog: Catalog, model: QueryModel, level: QueryLevel
    ) -> None:
        fill(catalog)
        top = 0 if model is QueryModel.PATIENT_ROOT else 1
        unique = {one.unique_key for one in QueryLevel if top <= one.depth <= level.depth}
        asked = {"OtherPatientNames", "00091001", "PatientSex", "SOPInstanceUID", "Modality"}
        for answer in catalog.find(Query(level=level, model=model, keys=dict.fromkeys(asked, ""))):
            assert set(answer) == unique | asked
            assert all(answer[keyword] for keyword in unique)
            assert answer["OtherPatientNames"] == answer["00091001"] == ""

    def test_answer_is_empty_for_keys_below_its_level(self, catalog: Catalog) -> None:
        fill(catalog)
        keys = {"SeriesInstanceUID": "", "Modality": "", "Rows": "", "NumberOfSeriesRelatedInstances": ""}
        for answer in ask(catalog, QueryLevel.STUDY, **keys):
            assert {answer[keyword] for keyword in keys} == {""}

    @pytest.mark.parametrize("level", QueryLevel)
    def test_default_keys_are_answered(self, catalog: Catalog, level: QueryLevel) -> None:
        fill(catalog)
        (answer,) = [
            one
            for one in ask(catalog, level, **dict.fromkeys(DEFAULT_KEYS[level], ""))
            if one[level.unique_key] in {"P3", a_uid(3), a_uid(3, 1), a_uid(3, 1, 2)}
        ][-1:]
        assert set(answer) >= set(DEFAULT_KEYS[level])

    @pytest.mark.parametrize(
        ("level", "keys", "expected"),
        [
            # unique keys and lists of UIDs
            ("patient", {"PatientID": "P1"}, ["P1"]),
            ("study", {"PatientID": "P1"}, ["1", "2"]),
            ("study", {"StudyInstanceUID": a_uid(2)}, ["2"]),
            ("study", {"StudyInstanceUID": f"{a_uid(2)}\\{a_uid(3)}\\9.9"}, ["2", "3"]),
            ("study", {"StudyInstanceUID": a_uid()}, []),
            ("series", {"StudyInstanceUID": a_uid(1)}, ["1.1", "1.2"]),
            ("series", {"StudyInstanceUID": a_uid(2), "SeriesInstanceUID": a_uid(1, 1)}, []),
            ("image", {"SeriesInstanceUID": a_uid(1, 1)}, ["1.1.1", "1.1.2", "1.1.3"]),
            ("image", {"SOPInstanceUID": f"{a_uid(1, 1, 2)}\\{a_uid(3, 1, 1)}"}, ["1.1.2", "3.1.1"]),
            ("image", {"PatientID": "P3"}, ["3.1.1", "3.1.2"]),
            ("image", {"SOPClassUID": MR_IMAGE_STORAGE}, ["2.1.1"]),
            # names: case, accents, groups
            ("patient", {"PatientName": "doe^jane"}, ["P1"]),
            ("patient", {"PatientName": "DOE*"}, ["P1"]),
            ("patient", {"PatientName": "*jane"}, ["P1"]),
            ("patient", {"PatientName": "d?e^*"}, ["P1"]),
            ("patient", {"PatientName": "doe"}, []),
            ("patient", {"PatientName": "山田*"}, ["P3"]),
            ("patient", {"PatientName": "=山田*"}, ["P3"]),
            ("patient", {"PatientName": "山田*="}, []),
            ("patient", {"PatientName": "yamada*==やまだ*"}, ["P3"]),
            ("patient", {"PatientName": "*"}, ["P1", "P3"]),
            ("study", {"PatientName": "yamada^tarou"}, ["3"]),
            ("series", {"PatientName": "doe*", "Modality": "CT"}, ["1.1"]),
            ("image", {"PatientName": "*o*", "Modality": "CT", "InstanceNumber": "2"}, ["1.1.2", "3.1.2"]),
            # texts
            ("study", {"StudyDescription": "ct thorax"}, ["1"]),
            ("study", {"StudyDescription": "*schadel"}, ["2"]),
            ("study", {"StudyDescription": "*"}, ["1", "2", "3"]),
            ("study", {"StudyDescription": "100%*"}, ["3"]),
            ("study", {"StudyDescription": "%"}, []),
            ("study", {"StudyDescription": "100__\\x"}, []),
            ("study", {"StudyDescription": "100%_\\?"}, ["3"]),
            ("series", {"SeriesDescription": "report"}, ["1.2"]),
            # codes: case and every character count
            ("series", {"Modality": "CT"}, ["1.1", "3.1"]),
            ("series", {"Modality": "ct"}, []),
            ("series", {"Modality": "CT\\SR"}, ["1.1", "1.2", "3.1"]),
            ("series", {"Modality": "?R"}, ["1.2", "2.1"]),
            ("study", {"AccessionNumber": "A[3]??"}, ["3"]),
            ("study", {"AccessionNumber": "A[3]*"}, ["3"]),
            ("study", {"AccessionNumber": "a[3]*"}, []),
            ("study", {"AccessionNumber": "A3*"}, []),
            ("patient", {"PatientSex": "M"}, ["P3"]),
            # dates and times: values and ranges
            ("study", {"StudyDate": "20240105"}, ["1"]),
            ("study", {"StudyDate": "2024.01.05"}, ["1"]),
            ("study", {"StudyDate": "20240101-20241231"}, ["1", "2"]),
            ("study", {"StudyDate": "20240106-"}, ["2"]),
            ("study", {"StudyDate": "-20240105"}, ["1"]),
            ("study", {"StudyTime": "18-19"}, ["2"]),
            ("study", {"StudyTime": "0930"}, ["1"]),
            ("study", {"StudyTime": "180000.500000"}, ["2"]),
            ("patient", {"PatientBirthDate": "19800101-19801231"}, ["P1"]),
            ("series", {"StudyDate": "20240105"}, ["1.1", "1.2"]),
            # numbers
            ("series", {"SeriesNumber": "02"}, ["1.2"]),
            ("image", {"InstanceNumber": "3"}, ["1.1.3"]),
            ("image", {"Rows": "512", "StudyInstanceUID": a_uid(1)}, ["1.1.1", "1.1.2", "1.1.3"]),
            # what is computed
            ("study", {"ModalitiesInStudy": "SR"}, ["1"]),
            ("study", {"ModalitiesInStudy": "CT"}, ["1", "3"]),
            ("study", {"ModalitiesInStudy": "MR\\SR"}, ["1", "2"]),
            ("study", {"ModalitiesInStudy": "?R"}, ["1", "2"]),
            ("study", {"ModalitiesInStudy": "CT", "StudyDate": "20240101-"}, ["1"]),
            ("series", {"ModalitiesInStudy": "SR"}, ["1.1", "1.2"]),
            ("image", {"ModalitiesInStudy": "MR"}, ["2.1.1"]),
            ("patient", {"ModalitiesInStudy": "MR"}, ["P1", "P3"]),
            # what does not restrict
            ("patient", {"Modality": "MR", "StudyDate": "20240105"}, ["P1", "P3"]),
            ("study", {"SOPInstanceUID": "9.9", "InstanceNumber": "no number"}, ["1", "2", "3"]),
            ("study", {"OtherPatientIDs": "9", "00091001": "9", "NumberOfStudyRelatedSeries": "9"}, ["1", "2", "3"]),
            ("study", {"PatientID": " \0", "StudyInstanceUID": "\\"}, ["1", "2", "3"]),
        ],
    )  # fmt: skip
    def test_matches_are_those_that_meet_every_key(
        self, catalog: Catalog, level: str, keys: dict[str, str], expected: list[str]
    ) -> None:
        fill(catalog)
        assert matched(catalog, QueryLevel(level), keys) == expected

    @pytest.mark.parametrize(
        ("name", "keys"),
        [
            (JAPANESE, ["yamada*", "山田^太郎", "=山田*", "==やまだ*", "ヤマダ^タロウ", "*太郎"]),
            (KOREAN, ["hong^gildong", "洪*", "=洪*", "==홍*", "홍^길동"]),
            (CHINESE, ["wang*", "王^小东", "*小*", "wang^xiaodong=王*"]),
            (GREEK, ["παπαδόπουλος*", "ΠΑΠΑΔΟΠΟΥΛΟΣ^ΓΙΩΡΓΟΣ", "*γιωργ?ς"]),
            (RUSSIAN, ["люк*", "ЛЮК*^РОЗА", "*^роза"]),
            (ARABIC, ["قباني*", "*لنزار", "قبان?^لنزار"]),
            ("Müller^Jürgen", ["MULLER^jurgen", "mull*", "müller^*"]),
            ('O\'Neill^"Bob"', ["o'neill*", '*"bob"']),
        ],
    )
    def test_names_are_found_in_any_script(self, catalog: Catalog, name: str, keys: list[str]) -> None:
        catalog.record(entries(study=1, PatientName=name) + entries(study=2, PatientName="Other^Name"))
        for key in keys:
            (answer,) = ask(catalog, QueryLevel.STUDY, PatientName=key)
            assert answer["PatientName"] == name

    def test_counts_and_sets_are_computed(self, catalog: Catalog) -> None:
        fill(catalog)
        patient = dict.fromkeys(
            [f"NumberOfPatientRelated{one}" for one in ("Studies", "Series", "Instances")], ""
        )
        study = dict.fromkeys(
            [
                "ModalitiesInStudy",
                "SOPClassesInStudy",
                "NumberOfStudyRelatedSeries",
                "NumberOfStudyRelatedInstances",
            ],
            "",
        )
        series = {"NumberOfSeriesRelatedInstances": ""}
        (answer,) = ask(catalog, QueryLevel.PATIENT, **patient, **study, PatientID="P1")
        assert [answer[keyword] for keyword in patient] == ["2", "3", "5"]
        assert {answer[keyword] for keyword in study} == {""}
        (answer,) = ask(catalog, QueryLevel.STUDY, **patient, **study, **series, StudyInstanceUID=a_uid(1))
        assert [answer[keyword] for keyword in patient] == ["2", "3", "5"]
        assert [answer[keyword] for keyword in study] == ["CT\\SR", CT_IMAGE_STORAGE, "2", "4"]
        assert answer["NumberOfSeriesRelatedInstances"] == ""
        (answer,) = ask(catalog, QueryLevel.SERIES, **study, **series, SeriesInstanceUID=a_uid(2, 1))
        assert [answer[keyword] for keyword in (*study, *series)] == ["MR", MR_IMAGE_STORAGE, "1", "1", "1"]
        (answer,) = ask(catalog, QueryLevel.IMAGE, **patient, **series, SOPInstanceUID=a_uid(1, 1, 2))
        assert [answer[keyword] for keyword in (*patient, *series)] == ["2", "3", "5", "3"]

    def test_modalities_are_told_also_when_they_restrict(self, catalog: Catalog) -> None:
        fill(catalog)
        (answer,) = ask(catalog, QueryLevel.STUDY, ModalitiesInStudy="SR")
        assert answer["ModalitiesInStudy"] == "CT\\SR"

    def test_any_number_of_uids_may_be_asked_for(self, catalog: Catalog) -> None:
        fill(catalog)
        many = "\\".join(a_uid(9, 9, number) for number in range(40_000))
        keys = {"StudyInstanceUID": f"{many}\\{a_uid(1)}", "SOPInstanceUID": f"{many}\\{a_uid(1, 1, 2)}"}
        assert matched(catalog, QueryLevel.IMAGE, keys) == ["1.1.2"]

    @pytest.mark.parametrize(
        ("level", "keys"),
        [
            ("study", {"StudyDate": "yesterday"}),
            ("image", {"StudyTime": "noon"}),
            ("series", {"SeriesNumber": "one"}),
            ("study", {"PatientID": "x" * 5000 + "*"}),
        ],
    )
    def test_query_is_refused_before_the_first_answer_when_a_key_is_not_possible(
        self, catalog: Catalog, level: str, keys: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidInput):
            catalog.find(Query(level=QueryLevel(level), keys=keys))

    @pytest.mark.parametrize(
        "value",
        [
            "a\0b*",
            "\ud800",
            "*\udfff*",
            "[",
            "[^a]*",
            "]",
            "\U0010ffff*",
            "\ud7ff*",
            "'; --",
            "*" * 900 + "?",
        ],
    )
    def test_query_is_harmless_whatever_it_holds(self, catalog: Catalog, value: str) -> None:
        fill(catalog)
        assert len(ask(catalog, QueryLevel.IMAGE, PatientName=value, PatientID=value, Modality=value)) in {
            0,
            7,
        }

    def test_answers_of_more_than_a_portion_come_all(self, catalog: Catalog) -> None:
        catalog.record(entries(1200))
        found = ask(catalog, QueryLevel.IMAGE, StudyInstanceUID=a_uid(1))
        assert len({answer["SOPInstanceUID"] for answer in found}) == len(found) == 1200

    def test_answers_go_on_while_the_catalog_is_written(self, catalog: Catalog) -> None:
        catalog.record(entries(1200))
        answers = catalog.find(Query(level=QueryLevel.IMAGE))
        first = next(answers)
        catalog.record(entries(study=2))
        catalog.remove([a_uid(1, 1, 1200)])
        rest = list(answers)
        assert first not in rest
        assert 1198 <= len(rest) <= 1199

    def test_answers_that_nobody_fetches_hold_nothing(self, catalog: Catalog) -> None:
        catalog.record(entries(1200))
        kept = []
        for _ in range(60):  # more than there are connections
            answers = catalog.find(Query(level=QueryLevel.IMAGE))
            next(answers)
            kept.append(answers)
        catalog.record(entries(study=2))
        assert catalog.totals().studies == 2


class TestSqlCatalogOnSqlite(SqliteCases, CatalogFindingContract):
    pass


class TestSqlCatalogOnPostgresql(PostgresqlCases, CatalogFindingContract):
    pass


class TestMemoryCatalog(MemoryCases, CatalogFindingContract):
    pass
