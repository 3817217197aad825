"""Dates, ranges and lists as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.requests import local_filter, query_request
from fileroom.entrypoints.values import date_range, dicom_date, join_dates, moment_range, words


@pytest.mark.parametrize("text", ["20260301", "2026-03-01", "2026.03.01", " 2026-03-01 "])
def test_date_is_read_in_the_usual_forms(text: str) -> None:
    assert dicom_date(text) == "20260301"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "20260", "2026-03-01..2026-03-02", "٢٠٢٦"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        dicom_date(text)
    assert "YYYY-MM-DD" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-01", "20260301"),
        ("2026-03-01..", "20260301-"),
        ("..2026-03-01", "-20260301"),
        ("2026-03-01..20260302", "20260301-20260302"),
        ("..", ""),
        ("2026-02", "20260201-20260228"),
        ("2024-02..", "20240201-"),
        ("..2026-02", "-20260228"),
        ("2025-12..2026-01", "20251201-20260131"),
        ("2026", "20260101-20261231"),
        ("2025..2026-03-01", "20250101-20260301"),
        ("0001-01-01", "00010101"),
        ("9999-12-31..", "99991231-"),
    ],
)
def test_range_may_be_open_at_a_side(text: str, wanted: str) -> None:
    assert date_range(text) == wanted


@pytest.mark.parametrize("text", ["2026-03-02..2026-03-01", "2026-03..2026-02", "2026..2025"])
def test_range_that_runs_backwards_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="runs backwards"):
        date_range(text)
    with pytest.raises(InvalidInput, match="runs backwards"):
        join_dates("2026-03-02", "2026-03-01")


def test_moments_include_the_whole_of_their_end() -> None:
    first, last = moment_range("2026-03-01..2026-03-02")
    assert first is not None
    assert last is not None
    assert last - first == timedelta(days=2)

    first, last = moment_range("2026-03-01T12:30")
    assert first is not None
    assert last is not None
    assert last - first == timedelta(minutes=1)


def test_moment_with_a_zone_is_that_moment() -> None:
    assert moment_range("2026-03-01T12:30+00:00..")[0] == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_moments_of_a_month_are_all_of_it() -> None:
    first, last = moment_range("2026-02")
    assert first == datetime(2026, 2, 1).astimezone()
    assert last == datetime(2026, 3, 1).astimezone()


@pytest.mark.parametrize(
    "text", ["9999-12-31", "9999-12-31T23:59", "noon", "2026-03-01T25:00", "2026-13-01..", "1.2.3..4"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        moment_range(text)


def test_words_stand_between_commas() -> None:
    assert words("CT, MR,,") == ("CT", "MR")
    assert words(None) == words(" , ") == ()


def test_modalities_are_written_in_capitals_as_their_values_are() -> None:
    assert query_request("pacs", modality="mr, Ct").modalities == ("MR", "CT")
    assert local_filter(modality="us").modalities == ("US",)
