"""The catalog in a database against the one in memory: whatever is recorded or removed, both show the same."""

import shutil
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fileroom.adapters.catalog.memory.catalog import MemoryCatalog
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Attributes, Query, QueryLevel, QueryModel, Selection
from fileroom.domain.records import CatalogEntry, InstanceRecord
from tests.builders import SOME_TIME, an_entry
from tests.contract.catalogs import SqliteBackend

UIDS = [f"1.{number}" for number in range(1, 8)]
TEXTS = [
    "", "Doe^Jane", "DOE^JANE^^", "Müller^Änne", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Hong^Gildong=洪^吉洞=홍^길동",
    "Παπαδόπουλος^Γιώργος", "Иванов^Иван", "قباني^لنزار", "Wang^XiaoDong=王^小东", "a%b_c\\d", "[a]*?", "a\0\ud800b",
    "ﬁ" * 600,
]  # fmt: skip
VALUES = {
    "PatientID": ["", "P1", "P2", "p1", "P[1]"],
    "IssuerOfPatientID": ["", "H"],
    "PatientName": TEXTS,
    "PatientBirthDate": ["", "19800101", "unknown"],
    "StudyDate": ["", "20240101", "2024.02.01", "20240301", "٢٠٢٤"],
    "StudyTime": ["", "10", "103000.5", "99"],
    "AccessionNumber": ["", "A1", "A2\0"],
    "StudyDescription": TEXTS,
    "Modality": ["", "CT", "MR", "SR", "CT\\PT"],
    "SeriesNumber": ["", "2", "10", "-1", "9223372036854775807", "x"],
    "InstanceNumber": ["", "2", "10", "007"],
    "SeriesDescription": TEXTS,
    "Rows": ["", "512"],
}
KEYS = {
    **VALUES,
    "PatientName": [*TEXTS, "d*", "*e*", "mull*", "=山田*", "山?^太郎", "*^*", "?oe^jane", "홍*", "иванов^*",
                    "*\U0010ffff*"],
    "StudyDescription": [*TEXTS, "*", "a%*", "*_*", "[a]*", "a?b?c\\d", "*山*"],
    "PatientID": ["P?", "p1", "P*", "P[1]", "P[1]*", "*1"],
    "StudyDate": ["20240101", "20240101-20240201", "-20240115", "20240301-"],
    "StudyTime": ["10", "10-11", "-1030"],
    "PatientBirthDate": ["19800101", "19700101-"],
    "SeriesNumber": ["2", "010", "-1"],
    "InstanceNumber": ["7", "2"],
    "Modality": ["CT", "C*", "CT\\MR", "ct", "CT\\PT"],
    "ModalitiesInStudy": ["CT", "?R", "MR\\SR", ""],
    "SOPClassesInStudy": [""],
    "StudyInstanceUID": ["1.1", "1.1\\1.2\\1.3\\1.4\\1.5\\1.6", "1.9"],
    "SeriesInstanceUID": ["1.1", "1.2\\1.3"],
    "SOPInstanceUID": ["1.1\\1.2", "1.3"],
    "NumberOfPatientRelatedInstances": [""],
    "NumberOfPatientRelatedStudies": ["", "7"],
    "NumberOfPatientRelatedSeries": [""],
    "NumberOfStudyRelatedInstances": [""],
    "NumberOfStudyRelatedSeries": [""],
    "NumberOfSeriesRelatedInstances": [""],
    "OtherPatientIDs": ["X"],
}  # fmt: skip


def some(values: dict[str, list[str]], most: int) -> st.SearchStrategy[dict[str, str]]:
    pairs = st.sampled_from([(keyword, value) for keyword, listed in values.items() for value in listed])
    return st.lists(pairs, max_size=most).map(dict)


MOMENTS = st.integers(0, 5).map(lambda hours: SOME_TIME + timedelta(hours=hours))
ENTRIES = st.builds(
    lambda uid, series, study, sop_class, attributes, moment, size: an_entry(
        InstanceRecord(
            sop_instance_uid=uid,
            sop_class_uid=sop_class,
            series_instance_uid=series,
            study_instance_uid=study,
            transfer_syntax_uid="1.2",
            attributes=attributes,
        ),
        recorded_at=moment,
        size=size,
    ),
    *[st.sampled_from(UIDS)],
    *[st.sampled_from(UIDS[:3])] * 2,
    st.sampled_from(["1.2.1", "1.2.2"]),
    some(VALUES, 8),
    MOMENTS,
    st.integers(0, 10),
)
QUERIES = st.builds(
    lambda level, keys: Query(level=level, model=QueryModel.PATIENT_ROOT, keys=keys),
    st.sampled_from(QueryLevel),
    some(KEYS, 3),
)
FILTERS = st.builds(
    LocalFilter,
    patient_name=st.sampled_from(["", "doe", "jane*", "山田", "%"]),
    patient_id=st.sampled_from(["", "P1", "P*"]),
    accession_number=st.sampled_from(["", "A1"]),
    modalities=st.sampled_from([(), ("CT",), ("CT", "MR"), ("C*",)]),
    study_date=st.sampled_from(["", "20240101", "20240101-20240201", "20240301-"]),
    study_description=st.sampled_from(["", "doe", "a%b"]),
    imported_from=st.none() | MOMENTS,
    imported_to=st.none() | MOMENTS,
    duplicate=st.none() | st.booleans(),
)
PAGES = st.builds(Page, limit=st.integers(1, 4), offset=st.integers(0, 3))


def in_any_order(answers: Iterable[Attributes]) -> list[Any]:
    return sorted(sorted(answer.items()) for answer in answers)


class CatalogMachine(RuleBasedStateMachine):
    """Both catalogs are told the same and asked the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.backend = SqliteBackend(self.folder / "catalog.sqlite3")
        self.sql = self.backend.open()
        self.memory = MemoryCatalog()

    def teardown(self) -> None:
        self.backend.close()
        shutil.rmtree(self.folder)

    @rule(batch=st.lists(ENTRIES, min_size=1, max_size=6))
    def record(self, batch: list[CatalogEntry]) -> None:
        self.sql.record(batch)
        self.memory.record(batch)

    @precondition(lambda self: self.memory.totals().instances)
    @rule(uids=st.lists(st.sampled_from(UIDS), max_size=3))
    def remove(self, uids: list[str]) -> None:
        assert self.sql.remove(uids) == self.memory.remove(uids)

    @rule(uids=st.lists(st.sampled_from(UIDS), max_size=4))
    def count_duplicates(self, uids: list[str]) -> None:
        self.sql.count_duplicates(uids)
        self.memory.count_duplicates(uids)

    @rule(query=QUERIES)
    def find(self, query: Query) -> None:
        assert in_any_order(self.sql.find(query)) == in_any_order(self.memory.find(query))

    @rule(criteria=FILTERS, page=PAGES, uid=st.sampled_from(UIDS[:3]))
    def browse(self, criteria: LocalFilter, page: Page, uid: str) -> None:
        sql, memory = self.sql, self.memory
        assert sql.studies(criteria, page) == memory.studies(criteria, page)
        assert sql.count_studies(criteria) == memory.count_studies(criteria)
        assert sql.series(uid, criteria, page) == memory.series(uid, criteria, page)
        assert sql.count_series(uid, criteria) == memory.count_series(uid, criteria)
        assert sql.instances(uid, criteria, page) == memory.instances(uid, criteria, page)
        assert sql.count_instances(uid, criteria) == memory.count_instances(uid, criteria)

    @rule(
        patient_id=st.sampled_from(["", "P1"]),
        studies=st.lists(st.sampled_from(UIDS), max_size=2),
        series=st.lists(st.sampled_from(UIDS), max_size=2),
        instances=st.lists(st.sampled_from(UIDS), max_size=6),
    )
    def select(self, patient_id: str, studies: list[str], series: list[str], instances: list[str]) -> None:
        selection = Selection(
            level=QueryLevel.IMAGE,
            patient_id=patient_id,
            study_instance_uids=tuple(studies),
            series_instance_uids=tuple(series),
            sop_instance_uids=tuple(instances),
        )
        assert list(self.sql.select(selection)) == list(self.memory.select(selection))

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.sql.totals() == self.memory.totals()
        page = Page(limit=100)
        assert self.sql.studies(LocalFilter(), page) == self.memory.studies(LocalFilter(), page)
        assert [self.sql.instance(uid) for uid in UIDS] == [self.memory.instance(uid) for uid in UIDS]
        for level in QueryLevel:
            everything = Query(level=level, model=QueryModel.PATIENT_ROOT, keys=dict.fromkeys(KEYS, ""))
            assert in_any_order(self.sql.find(everything)) == in_any_order(self.memory.find(everything))


TestCatalogModel = CatalogMachine.TestCase
TestCatalogModel.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    phases=set(Phase) - {Phase.explain},  # which would take longer than the limit of a test
)
