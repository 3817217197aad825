"""Filters as they are typed, and rows that hold words."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.local_filter import LocalFilter
from fileroom.entrypoints.tui.filters import named, read_filter
from fileroom.entrypoints.tui.language import Mistake
from fileroom.entrypoints.tui.records import Column, ListSource, Record, WordsSource

COLUMNS = (Column("NAME", 8), Column("ADDRESS", 8))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", LocalFilter()),
        ("doe", LocalFilter(patient_name="doe")),
        ("doe jane", LocalFilter(patient_name="*doe*jane*")),
        ("name=doe jane", LocalFilter(patient_name="*doe*jane*")),
        ("do?^*", LocalFilter(patient_name="do?^*")),
        ("modality=CT,MR", LocalFilter(modalities=("CT", "MR"))),
        ("modality=", LocalFilter()),
        ("id=17 accession=A1 description='head scan'",
         LocalFilter(patient_id="17", accession_number="A1", study_description="head scan")),
        ("date=2026-01-05", LocalFilter(study_date="20260105")),
        ("date=2026-02", LocalFilter(study_date="20260201-20260228")),
        ("date=2026", LocalFilter(study_date="20260101-20261231")),
        ("date=2026-01..", LocalFilter(study_date="20260101-")),
        ("date=..2025", LocalFilter(study_date="-20251231")),
        ("date_from=2026-01-01 date_to=20260131", LocalFilter(study_date="20260101-20260131")),
        ("date_to=20260131", LocalFilter(study_date="-20260131")),
        ("imported=2026-03-01..", LocalFilter(imported_from=datetime(2026, 3, 1).astimezone())),
        ("duplicate", LocalFilter(duplicate=True)),
        ("duplicate=no", LocalFilter(duplicate=False)),
    ],
)  # fmt: skip
def test_filter_is_understood(text: str, wanted: LocalFilter) -> None:
    assert named(*read_filter(text)) == wanted


def test_words_stay_apart_from_keys() -> None:
    criteria, words = read_filter("t1 flair modality=MR")
    assert criteria == LocalFilter(modalities=("MR",))
    assert words == ("t1", "flair")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("doe date=2026-1", "2026-1"),
        ("colour=red", "colour"),
        ("date_from=2026-02-01 date_to=2026-01-01", "date_from=2026-02-01 date_to=2026-01-01"),
        ("name='doe", "'doe"),
    ],
)
def test_mistake_in_a_filter_points_at_the_word(text: str, word: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_filter(text)
    assert text[caught.value.start : caught.value.end] == word


@given(
    text=st.text()
    | st.lists(st.sampled_from(["date=", "2026", "..", "-01", " ", "duplicate", "*", "imported="])).map(
        "".join
    )
)
def test_any_text_is_a_filter_or_a_mistake(text: str) -> None:
    try:
        criteria = named(*read_filter(text))
    except Mistake:
        return
    criteria.conditions()


def test_rows_that_hold_all_words_are_left() -> None:
    rows = [
        Record("1", ("pacs", "10.0.0.1:104")),
        Record("2", ("Zoë's archive", "10.0.0.2:104")),
        Record("3", ("zoe", "10.0.0.3:11112")),
    ]
    source = WordsSource(ListSource(COLUMNS, rows), ["ZOE", "104"])
    assert source.count() == 1
    assert source.window(0, 10) == [rows[1]]
    assert source.place("2", 0) == 0
    assert source.place("3", 0) is None
    assert WordsSource(ListSource(COLUMNS, rows), [" "]).count() == 3
