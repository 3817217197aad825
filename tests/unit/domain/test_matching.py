"""Keys of PS3.4 C.2.2.2: what they mean, and which values meet them."""

import re

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from fileroom.domain.attributes import ATTRIBUTES, BY_KEYWORD, Attribute, Matching
from fileroom.domain.errors import InvalidInput
from fileroom.domain.matching import (
    AnyOf,
    Between,
    Like,
    Number,
    accepts,
    compile_keys,
    fits,
    parse_key,
    parse_number,
    search_form,
)

ANY_ATTRIBUTE = st.sampled_from(ATTRIBUTES)
PLAIN_TEXT = st.text(
    st.characters(exclude_characters="*?\\=\uff1d\0", exclude_categories=["Cs"]), max_size=20
)
DAYS = st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0"))
TIMES = st.times().map(lambda time: f"{time:%H%M%S.%f}")


def matches(keyword: str, key: str, value: str) -> bool:
    condition = parse_key(BY_KEYWORD[keyword], key)
    return condition is None or accepts(condition, BY_KEYWORD[keyword], value)


@pytest.mark.parametrize("key", ["", "*", "**", " ", "\0", " * ", "\\", " \\ "])
@pytest.mark.parametrize("keyword", ["PatientName", "PatientID", "StudyInstanceUID", "Modality"])
def test_key_restricts_nothing_when_it_is_empty(keyword: str, key: str) -> None:
    if keyword == "PatientName" and "\\" in key:
        return  # a backslash is a letter of a name like any other
    assert parse_key(BY_KEYWORD[keyword], key) is None


@pytest.mark.parametrize("keyword", ["PatientName", "StudyDescription"])
def test_key_restricts_nothing_when_folding_leaves_nothing(keyword: str) -> None:
    assert parse_key(BY_KEYWORD[keyword], "\u200b\u0301") is None
    assert parse_key(BY_KEYWORD[keyword], "\u200b*") is None


@given(ANY_ATTRIBUTE, st.text(max_size=30))
def test_key_is_read_or_refused_whatever_it_holds(attribute: Attribute, key: str) -> None:
    try:
        condition = parse_key(attribute, key)
    except InvalidInput:
        assert attribute.matching in {Matching.DATE, Matching.TIME, Matching.NUMBER}
        return
    if condition is not None:
        accepts(condition, attribute, key)


@given(ANY_ATTRIBUTE, st.text(max_size=30), st.text(max_size=30))
def test_value_is_compared_whatever_it_holds(attribute: Attribute, key: str, value: str) -> None:
    try:
        condition = parse_key(attribute, key)
    except InvalidInput:
        reject()
    if condition is not None:
        assert accepts(condition, attribute, value) in {True, False}


@given(
    st.sampled_from([one for one in ATTRIBUTES if one.matching in set(Matching) - {Matching.NUMBER}]),
    PLAIN_TEXT,
)
def test_value_meets_itself(attribute: Attribute, value: str) -> None:
    try:
        condition = parse_key(attribute, value)
    except InvalidInput:
        return
    assert condition is None or accepts(condition, attribute, value)


@given(st.sampled_from(["PatientID", "StudyDescription", "PatientName"]), PLAIN_TEXT, PLAIN_TEXT)
def test_pattern_is_met_by_what_begins_like_it(keyword: str, beginning: str, rest: str) -> None:
    # Folding may join the two where they meet (an accent, a blank); a full stop keeps them apart.
    assert matches(keyword, f"{beginning}.*", f"{beginning}.{rest}")


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_fits_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(one, one) for one in pattern)
    assert fits(pattern, text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_fits_is_quick_on_a_pattern_of_many_stars() -> None:
    assert not fits("*a" * 200 + "b", "a" * 2000)


@pytest.mark.parametrize(
    ("keyword", "key", "value"),
    [
        ("PatientName", "doe^jane", "Doe^Jane"),
        ("PatientName", "DOE*", "Doe^Jane"),
        ("PatientName", "do?^jane", "Doe^Jane"),
        ("PatientName", "doe^jane", "Doe^Jane^^^"),
        ("PatientName", "muller", "Müller"),
        ("PatientName", "παπαδοπουλος*", "Παπαδόπουλος^Γιώργος"),
        ("PatientName", "山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "yamada^tarou", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "=山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "\uff1d山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "yam*==やまだ*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("StudyDescription", "ct thorax", "CT  THORAX "),
        ("StudyDescription", "*größe*", "Die GRÖSSE der Leber"),
        ("PatientID", "A-1", "A-1"),
        ("PatientID", "A?1", "A-1"),
        ("Modality", "CT\\MR", "MR"),
        ("StudyInstanceUID", "1.2\\1.3", "1.3"),
        ("StudyDate", "20240131", "20240131"),
        ("StudyDate", "20240131", "2024.01.31"),
        ("StudyDate", "2024-01-31", "20240131"),
        ("StudyDate", "20240101-20241231", "20240101"),
        ("StudyDate", "20240101-20241231", "20241231"),
        ("StudyDate", "-20241231", "19000101"),
        ("StudyDate", "20240101-", "99991231"),
        ("StudyTime", "10-11", "115959.999999"),
        ("StudyTime", "1030", "10:30:00"),
        ("StudyTime", "103000", "1030"),
        ("SeriesNumber", "7", "007"),
        ("SeriesNumber", " +7 ", "7"),
        ("SeriesNumber", "-1", "-1"),
    ],
)  # fmt: skip
def test_value_meets_key(keyword: str, key: str, value: str) -> None:
    assert matches(keyword, key, value)


@pytest.mark.parametrize(
    ("keyword", "key", "value"),
    [
        ("PatientName", "doe", "Doe^Jane"),
        ("PatientName", "=yamada*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "\uff1dyamada*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientName", "yamada^tarou=鈴木*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("PatientID", "a-1", "A-1"),
        ("PatientID", "A?", "A-1"),
        ("PatientID", "A%", "A-1"),
        ("PatientID", "A_1", "A-1"),
        ("Modality", "CT\\MR", "PT"),
        ("Modality", "CT\\MR", ""),
        ("StudyInstanceUID", "1.2", "1.2.3"),
        ("StudyDate", "20240101-20241231", ""),
        ("StudyDate", "20240101-", "unknown"),
        ("StudyDate", "-20241231", ""),
        ("StudyTime", "10-11", "120000"),
        ("StudyTime", "10-11", ""),
        ("SeriesNumber", "7", ""),
        ("SeriesNumber", "7", "seven"),
    ],
)
def test_value_does_not_meet_key(keyword: str, key: str, value: str) -> None:
    assert not matches(keyword, key, value)


@given(DAYS, DAYS, DAYS)
def test_date_range_holds_the_days_between_its_bounds(low: str, high: str, day: str) -> None:
    assert matches("StudyDate", f"{low}-{high}", day) is (low <= day <= high)
    assert matches("StudyDate", f"{low}-", day) is (low <= day)
    assert matches("StudyDate", f"-{high}", day) is (day <= high)


@given(TIMES, TIMES, TIMES)
def test_time_range_holds_the_times_between_its_bounds(low: str, high: str, time: str) -> None:
    assert matches("StudyTime", f"{low}-{high}", time) is (low <= time <= high)


@given(TIMES, st.integers(1, 3))
def test_partial_time_as_a_bound_means_all_of_it(time: str, parts: int) -> None:
    partial = time[: 2 * parts]
    assert matches("StudyTime", f"{partial}-{partial}", time)


@given(st.integers(-(2**63) + 2, 2**63 - 2), st.integers(-(2**63) + 2, 2**63 - 2))
def test_numbers_are_compared_as_numbers(wanted: int, value: int) -> None:
    assert matches("SeriesNumber", str(wanted), str(value)) is (wanted == value)


@given(st.integers())
def test_number_fits_64_bits_with_one_to_spare(number: int) -> None:
    assert parse_number(str(number)) == (number if abs(number) < 2**63 - 1 else None)


@pytest.mark.parametrize("text", ["", "1.5", "1e3", "٣", "1 2", "--1", "0x10", "9" * 20, "9" * 19])
def test_number_is_none_when_it_is_no_whole_number_of_64_bits(text: str) -> None:
    assert parse_number(text) is None


@given(st.sampled_from(Matching), st.text(max_size=30))
def test_search_form_is_stable(matching: Matching, value: str) -> None:
    once = search_form(matching, value)
    assert search_form(matching, once) == once


@pytest.mark.parametrize(
    ("keyword", "key"),
    [
        ("StudyDate", "yesterday"),
        ("StudyDate", "2024*"),
        ("StudyDate", "-"),
        ("StudyDate", "20240101-20240102-20240103"),
        ("StudyDate", "٢٠٢٤٠١٠١"),
        ("StudyTime", "noon"),
        ("StudyTime", "25"),
        ("StudyTime", "-"),
        ("StudyTime", "1060"),
        ("SeriesNumber", "one"),
        ("SeriesNumber", "1*"),
    ],
)
def test_key_is_refused_when_it_is_not_possible(keyword: str, key: str) -> None:
    with pytest.raises(InvalidInput, match=keyword):
        parse_key(BY_KEYWORD[keyword], key)


def test_keys_become_conditions() -> None:
    assert parse_key(BY_KEYWORD["PatientID"], "A**1") == Like("A*1")
    assert parse_key(BY_KEYWORD["StudyInstanceUID"], " 1.2\0\\1.3 ") == AnyOf(("1.2", "1.3"))
    assert parse_key(BY_KEYWORD["StudyDate"], "20240101-") == Between("20240101", "")
    assert parse_key(BY_KEYWORD["SeriesNumber"], "3") == Number(3)


def test_compiled_keys_are_those_that_restrict() -> None:
    keys = [(BY_KEYWORD["PatientID"], "1"), (BY_KEYWORD["PatientName"], "*"), (BY_KEYWORD["StudyDate"], "")]
    assert compile_keys(keys) == [(BY_KEYWORD["PatientID"], AnyOf(("1",)))]
