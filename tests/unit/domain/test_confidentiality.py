"""The rules of de-identification, as values."""

import re
import time
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.confidentiality.dates import shifted_date_times, shifted_dates
from fileroom.domain.confidentiality.descriptors import cleaned_descriptor
from fileroom.domain.confidentiality.dummies import dummy_bytes
from fileroom.domain.confidentiality.identifiers import Identifiers
from fileroom.domain.confidentiality.markers import (
    BASIC_PROFILE,
    longitudinal,
    method_codes,
    method_texts,
    pixel_warnings,
)
from fileroom.domain.confidentiality.options import BASIC_ACTIONS, Action, ProfileOptions, Temporal
from fileroom.domain.confidentiality.pseudonyms import (
    MAX_SHIFT_DAYS,
    check_key,
    days_back,
    patient_pseudonym,
    title_pseudonym,
    uid_pseudonym,
)
from fileroom.domain.confidentiality.rules import Rule, RuleAction, Rules
from fileroom.domain.confidentiality.structured import tells_of_somebody
from fileroom.domain.confidentiality.tables import (
    EDITION,
    OPTION_COLUMNS,
    is_safe_private,
    profile_row,
    profile_rows,
    safe_private,
)
from fileroom.domain.confidentiality.unlisted import unlisted_action
from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import is_valid_uid

KEY = b"k" * 16
EVERYTHING = ProfileOptions(
    temporal=Temporal.SHIFTED,
    retain_uids=True,
    retain_device=True,
    retain_institution=True,
    retain_patient_characteristics=True,
    retain_safe_private=True,
    clean_descriptors=True,
    clean_structured_content=True,
    clean_graphics=True,
)


# ------------------------------------------------------------------------------------------------------ tables


def test_table_names_its_edition_and_has_its_rows() -> None:
    for name in ("profile.tsv", "safe_private.tsv"):
        head = files("fileroom.domain.confidentiality").joinpath(name).read_text("utf-8").splitlines()[0]
        assert f"edition {EDITION}" in head
    assert len(profile_rows()) == 657
    assert len({row.tag for row in profile_rows()}) == 657


def test_table_says_only_what_is_understood() -> None:
    for row in profile_rows():
        assert row.basic in BASIC_ACTIONS, row
        assert row.options.keys() <= set(OPTION_COLUMNS), row
        assert set(row.options.values()) <= {"K", "C"}, row


def test_repeating_groups_are_found_in_every_group() -> None:
    assert profile_row(0x60023000) is profile_row(0x60FE3000) is not None
    assert profile_row(0x50060005) is not None
    assert profile_row(0x60020010) is None
    assert profile_row(0x00080016) is None


def test_safe_private_attributes_are_those_of_their_creator_in_any_block() -> None:
    assert is_safe_private("SIEMENS MR HEADER", 0x0019100C)
    assert is_safe_private("SIEMENS MR HEADER", 0x0019FF0C)
    assert not is_safe_private("SIEMENS MR HEADER", 0x0021100C)
    assert not is_safe_private("SIEMENS MR HEADER", 0x0019100B)
    assert not is_safe_private("SIEMENS CT HEADER", 0x0019100C)
    assert not is_safe_private("siemens mr header", 0x0019100C)
    assert sum(map(len, safe_private().values())) == 479


# -------------------------------------------------------------------------------------------------- pseudonyms


@given(st.text("0123456789.", min_size=1, max_size=64).filter(lambda uid: uid.strip()))
def test_uids_become_valid_others_and_always_the_same(uid: str) -> None:
    new = uid_pseudonym(KEY, uid)

    assert new == uid_pseudonym(KEY, uid + "\0") == uid_pseudonym(bytes(KEY), uid)
    assert new != uid_pseudonym(b"x" * 16, uid)
    assert is_valid_uid(new)
    assert re.fullmatch(r"2\.25\.[0-9]+", new)


def test_uids_of_the_standard_stay() -> None:
    assert uid_pseudonym(KEY, "1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"
    assert uid_pseudonym(KEY, "") == ""
    assert uid_pseudonym(KEY, "1.2.840.100081.1") != "1.2.840.100081.1"


def test_pseudonyms_fit_their_vr_and_differ() -> None:
    names = {patient_pseudonym(KEY, f"id {number}") for number in range(500)}
    titles = {title_pseudonym(KEY, f"AE{number}") for number in range(500)}
    assert len(names) == len(titles) == 500
    assert max(map(len, names)) <= 64
    assert max(map(len, titles)) <= 16


def test_shift_is_stable_and_never_nothing() -> None:
    days = [days_back(KEY, f"patient {number}") for number in range(2000)]
    assert days == [days_back(KEY, f"patient {number}") for number in range(2000)]
    assert -MAX_SHIFT_DAYS <= min(days) < -3000
    assert -600 < max(days) <= -1


def test_short_keys_are_refused() -> None:
    with pytest.raises(InvalidInput, match="15 bytes"):
        check_key(b"k" * 15)


# ------------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("value", "shifted"),
    [
        ("20240301", "20240229"),
        ("20240101 ", "20231231"),
        ("2024.03.01", "2024.02.29"),
        ("20240301\\20240302", "20240229\\20240301"),
        ("", ""),
        ("2024", None),
        ("20240231", None),
        ("20240101-20240201", None),
        ("00010101", None),
        ("yesterday", None),
    ],
)
def test_dates_move_by_whole_days(value: str, shifted: str | None) -> None:
    assert shifted_dates(value, -1) == shifted


@pytest.mark.parametrize(
    ("value", "shifted"),
    [
        ("20240301", "20240229"),
        ("20240301103059.123456+0100", "20240229103059.123456+0100"),
        ("2024030110", "2024022910"),
        ("202403", None),
        ("2024", None),
        ("20240301103059.1234567", None),
    ],
)
def test_times_of_day_stay_when_dates_move(value: str, shifted: str | None) -> None:
    assert shifted_date_times(value, -1) == shifted


DAYS = st.dates(min_value=date(1920, 1, 1))


@given(DAYS, DAYS, st.integers(-MAX_SHIFT_DAYS, -1))
def test_intervals_stay_when_dates_move(first: date, second: date, days: int) -> None:
    def moved(day: date) -> date:
        return date.fromisoformat(shifted_dates(day.strftime("%Y%m%d"), days) or "")

    assert moved(second) - moved(first) == second - first


# ----------------------------------------------------------------------------------------------------- dummies


@pytest.mark.parametrize(
    ("vr", "size", "value"),
    [
        (b"PN", 30, b"REMOVED"),
        (b"DA", 8, b"19000101"),
        (b"FL", 12, bytes(12)),
        (b"US", 3, bytes(2)),
        (b"OB", 5000, bytes(2)),
        (b"FD", 1 << 20, bytes(4096)),
        (b"UN", 7, bytes(2)),
    ],
)
def test_dummies_suit_their_vr(vr: bytes, size: int, value: bytes) -> None:
    assert dummy_bytes(vr, size) == value


# ------------------------------------------------------------------------------------------------- identifiers


def identifiers(*, name: str = "", phrase: str = "", day: str = "") -> Identifiers:
    found = Identifiers()
    found.add_name(name)
    found.add_phrase(phrase)
    found.add_date(day)
    return found


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Knee of Doe, Jane", "Knee of"),
        ("DOE^JANE knee", "^ knee"),
        ("doe's knee", "'s knee"),
        ("knee, Doe", "knee"),
        ("Does not matter", "Does not matter"),
        ("Janet", "Janet"),
    ],
)
def test_names_are_found_as_words(text: str, rest: str) -> None:
    assert identifiers(name="Doe^Jane^^Dr").cut_from(text) == rest


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("MRN12345678", True),
        ("12345678", True),
        ("1234567", False),
        ("at st. mary's today", True),
        ("7.3.1970", True),
        ("07.03.1970", True),
        ("1970-03-07", True),
        ("1970-3-7", True),
        ("on 3/7/1970", True),
        ("70-03-07", False),
        ("1.2.826.1.77", True),
        ("see 1.2.826.1.77.5.", True),
        ("1.2.826.1.775", False),
        ("1.2.826.1", False),
        ("born 19700307", True),
        ("119700307", True),
        ("", False),
    ],
)
def test_phrases_and_dates_are_found(text: str, is_found: bool) -> None:
    found = identifiers(phrase="12345678\\St. Mary's", day="19700307")
    found.add_uid("1.2.826.1.77")
    assert found.found_in(text) is is_found


def test_what_many_share_identifies_nobody() -> None:
    assert not identifiers(name="van der^Li", phrase="NONE\\Unknown\\123", day="19000101")
    assert not identifiers()


def test_names_in_other_scripts_are_found() -> None:
    found = identifiers(name="Yamada^Tarou=山田^太郎=やまだ^たろう")
    assert found.cut_from("胸部 山田 CT") == "胸部 CT"
    assert found.bytes_found_in("x山田x".encode())


def test_long_phrases_are_found_by_their_beginning() -> None:
    phrase = "1 " + "Long Street " * 20
    found = identifiers(phrase=phrase)
    assert found.found_in(f"lives at {phrase}")
    assert found.found_in(phrase[:70])
    assert not found.found_in(phrase[:60])


def test_finding_takes_no_longer_where_more_is_looked_for() -> None:
    found = Identifiers()
    for number in range(50_000):
        found.add_phrase(f"aaaaaa{number:06}")
        found.add_uid(f"1.2.3.{number}")
        found.add_name(f"n{number:04}")
    started = time.perf_counter()
    assert not found.found_in("aaaaaa x 1.2.3 n " * 2000)
    assert time.perf_counter() - started < 5


@given(st.text("abcXYZ 0123456789.-^", max_size=40), st.text("abcXYZ0123", min_size=4, max_size=12))
def test_nothing_that_was_cut_is_found_again(text: str, phrase: str) -> None:
    found = identifiers(phrase=phrase)
    assert not found.found_in(found.cut_from(f"{text} {phrase} {text}"))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("CT Abdomen 2 mm", "CT Abdomen 2 mm"),
        ("Knee Dr. Meier", "Knee"),
        ("DR CHEST", "DR CHEST"),
        ("Check 03/04/2021 a", "Check a"),
        ("MRN 1234567", "MRN"),
        ("mail a.b@c.org now", "mail now"),
        ("Jane's knee", "'s knee"),
        ("one\\two Jane", "one\\two"),
        ("DOE^JOHN", None),
        ("two\nlines", None),
        ("x" * 65, None),
        ("was \ufffd", None),
    ],
)
def test_descriptors_are_cleaned_or_given_up(text: str, cleaned: str | None) -> None:
    assert cleaned_descriptor(text, identifiers(name="Doe^Jane")) == cleaned


def test_content_about_persons_is_known_by_its_concept() -> None:
    assert tells_of_somebody("DCM", "121008", EVERYTHING)
    assert tells_of_somebody("DCM", "121013", ProfileOptions())
    assert not tells_of_somebody("DCM", "121013", EVERYTHING)
    assert not tells_of_somebody("LN", "121008", ProfileOptions())


# --------------------------------------------------------------------------------------------------- unlisted


@pytest.mark.parametrize(
    ("tag", "vr", "options", "action"),
    [
        (0x00209312, b"UI", ProfileOptions(), Action.UID),
        (0x00209312, b"UI", ProfileOptions(retain_uids=True), Action.KEEP),
        (0x00080016, b"UI", ProfileOptions(), Action.KEEP),
        (0x0040A067, b"PN", EVERYTHING, Action.DUMMY),
        (0x00080404, b"DT", ProfileOptions(), Action.EMPTY),
        (0x00080404, b"DT", ProfileOptions(temporal=Temporal.SHIFTED), Action.SHIFT),
        (0x00080404, b"DT", ProfileOptions(temporal=Temporal.FULL), Action.KEEP),
        (0x00080300, b"SQ", ProfileOptions(), Action.REMOVE),
        (0x00080300, b"SQ", EVERYTHING, Action.KEEP),
        (0x00180050, b"DS", ProfileOptions(), Action.KEEP),
    ],
)
def test_attributes_outside_the_table_follow_their_vr(
    tag: int, vr: bytes, options: ProfileOptions, action: Action
) -> None:
    assert unlisted_action(tag, vr, options) is action


# ---------------------------------------------------------------------------------------------------- markers


def test_codes_are_those_of_the_options_that_were_chosen() -> None:
    assert method_codes(ProfileOptions()) == (BASIC_PROFILE,)
    assert [code.value for code in method_codes(EVERYTHING)] == [
        "113100", "113103", "113104", "113105", "113107", "113108", "113109", "113110", "113111", "113112",
    ]  # fmt: skip
    assert "113106" in {code.value for code in method_codes(ProfileOptions(temporal=Temporal.FULL))}


def test_methods_fit_their_vr_and_do_not_claim_what_rules_broke() -> None:
    assert all(len(text) <= 64 for text in method_texts(EVERYTHING, edition=EDITION))
    broken = method_texts(EVERYTHING, edition=EDITION, exceptions=("PatientSex",))
    assert "not met" in broken[0]
    assert broken[1:] == ("PatientSex",)


@pytest.mark.parametrize(
    ("temporal", "before", "now"),
    [
        (Temporal.FULL, "", "UNMODIFIED"),
        (Temporal.FULL, "MODIFIED", "MODIFIED"),
        (Temporal.SHIFTED, "UNMODIFIED", "MODIFIED"),
        (Temporal.SHIFTED, "REMOVED", "REMOVED"),
        (Temporal.REMOVED, "MODIFIED", "REMOVED"),
        (Temporal.SHIFTED, "nonsense", "MODIFIED"),
    ],
)
def test_temporal_marker_tells_of_all_steps(temporal: Temporal, before: str, now: str) -> None:
    assert longitudinal(temporal, before) == now


@pytest.mark.parametrize(
    ("modality", "burned_in", "recognizable", "secondary", "count"),
    [
        ("US", "", "", False, 1),
        ("US", "NO", "", False, 0),
        ("CT", "", "", False, 0),
        ("CT", "", "", True, 1),
        ("CT", "YES", "YES", False, 2),
    ],
)
def test_pixels_are_warned_about(
    modality: str, burned_in: str, recognizable: str, secondary: bool, count: int
) -> None:
    for has_pixels in (True, False):
        warnings = pixel_warnings(
            has_pixels=has_pixels,
            modality=modality,
            burned_in=burned_in,
            recognizable=recognizable,
            is_secondary_capture=secondary,
        )
        assert len(warnings) == (count if has_pixels else 0)


# ------------------------------------------------------------------------------------------------------ rules


def test_rule_with_the_longest_path_wins() -> None:
    everywhere = Rule(path=(5,), name="a", action=RuleAction.KEEP)
    within = Rule(path=(2, 5), name="b", action=RuleAction.REMOVE)
    deeper = Rule(path=(1, 2, 5), name="c", action=RuleAction.EMPTY)
    rules = Rules([everywhere, within, deeper])

    assert rules.rule_for(5) is everywhere
    assert rules.rule_for(5, (3,)) is everywhere
    assert rules.rule_for(5, (9, 2)) is within
    assert rules.rule_for(5, (0, 1, 2)) is deeper
    assert rules.rule_for(6) is None


@pytest.mark.parametrize(
    ("rule", "action", "weakens"),
    [
        (RuleAction.KEEP, Action.REMOVE, True),
        (RuleAction.KEEP, Action.CLEAN_TEXT, True),
        (RuleAction.KEEP, Action.KEEP, False),
        (RuleAction.CLEAN, Action.REMOVE, True),
        (RuleAction.CLEAN, Action.CLEAN_TEXT, False),
        (RuleAction.REMOVE, Action.KEEP, False),
        (RuleAction.REPLACE, Action.REMOVE, False),
    ],
)
def test_keeping_more_than_the_profile_weakens_it(rule: RuleAction, action: Action, weakens: bool) -> None:
    assert Rule(path=(1,), name="a", action=rule).weakens(action) is weakens
