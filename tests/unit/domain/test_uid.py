"""UIDs: what is valid, what is cleaned, and names on disk."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.uid import UID

from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    clean_uid,
    is_valid_uid,
    parse_uid,
    safe_name,
    uid_from_random,
)

components = st.one_of(st.just("0"), st.from_regex(r"[1-9][0-9]{0,20}", fullmatch=True))
valid_uids = st.lists(components, min_size=1, max_size=12).map(".".join).filter(lambda uid: len(uid) <= 64)
near_uids = st.text(alphabet="0123456789.", max_size=70)
INVALID = ["", ".", "1.", ".1", "1..2", "01", "1.02", "1.2 ", "1.2\n", "1.a", "-1", "1" * 65, "١.٢", "1.2\0"]  # noqa: RUF001 - digits of another script


@given(uid=st.one_of(valid_uids, near_uids))
def test_validity_agrees_with_pydicom(uid: str) -> None:
    assert is_valid_uid(uid) == (bool(uid) and UID(uid, validation_mode=0).is_valid)


@given(uid=valid_uids, blanks=st.sampled_from(["", " ", "\t", "\n"]))
def test_parse_returns_a_valid_uid_without_blanks(uid: str, blanks: str) -> None:
    assert parse_uid(blanks + uid + blanks) == uid


@pytest.mark.parametrize("text", INVALID)
def test_invalid_uid_is_invalid(text: str) -> None:
    assert not is_valid_uid(text)


@pytest.mark.parametrize("text", [text for text in INVALID if not is_valid_uid(text.strip())])
def test_parse_refuses_what_is_no_uid(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_uid(text)
    assert caught.value.hint


@pytest.mark.parametrize("raw", ["1.2", "1.2\0", "1.2 ", " 1.2", "1.2\0\0", "1.2 \0", "1.2\r\n"])
def test_clean_strips_what_peers_pad_with(raw: str) -> None:
    assert clean_uid(raw) == "1.2"


@given(raw=st.text())
def test_clean_is_idempotent(raw: str) -> None:
    assert clean_uid(clean_uid(raw)) == clean_uid(raw)


@given(uid=valid_uids)
def test_safe_name_of_a_valid_uid_is_the_uid(uid: str) -> None:
    assert safe_name(uid) == uid


@given(uid=st.one_of(st.text(), near_uids))
@example(uid="..")
@example(uid="1..2")
@example(uid="1.")
@example(uid="١")  # noqa: RUF001 - a digit of another script
@example(uid="1\n")
@example(uid="\ud800")
@example(uid="1" * 65)
def test_safe_name_is_one_harmless_component(uid: str) -> None:
    name = safe_name(uid)
    assert re.fullmatch(r"[0-9][0-9.]{0,63}|x-[0-9a-f]{32}", name)
    assert ".." not in name
    assert not name.endswith(".")  # Windows drops the dot, and so would give two UIDs one name


@given(first=st.one_of(st.text(), near_uids), second=st.one_of(st.text(), near_uids))
@example(first="1.2", second="1.2.")
@example(first="1.2", second="1.2\0")
def test_safe_names_differ_where_uids_differ(first: str, second: str) -> None:
    assert (safe_name(first) == safe_name(second)) == (first == second)


@given(number=st.integers())
@example(number=0)
@example(number=(1 << 128) - 1)
def test_uid_from_random_is_valid(number: int) -> None:
    uid = uid_from_random(number)
    assert is_valid_uid(uid)
    assert uid == f"2.25.{number % (1 << 128)}"


def test_implementation_names_itself_within_the_limits() -> None:
    assert is_valid_uid(IMPLEMENTATION_CLASS_UID)
    assert len(IMPLEMENTATION_VERSION_NAME) <= 16
