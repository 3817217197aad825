"""Where objects are filed, and what duplicates become."""

from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fileroom.domain.filing import (
    DuplicatePolicy,
    FilingOutcome,
    InstanceKey,
    NamingScheme,
    beside,
    probable_uid,
    relative_path,
    resolve_conflict,
)
from tests.builders import a_record, a_uid

FILED_ON = date(2026, 3, 1)


def a_key(
    *, study: str = "1.2", series: str = "1.2.3", sop: str = "1.2.3.4", study_date: str = ""
) -> InstanceKey:
    return InstanceKey(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=sop,
        study_date=study_date,
        filed_on=FILED_ON,
    )


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (NamingScheme.HIERARCHICAL, "1.2/1.2.3/1.2.3.4.dcm"),
        (NamingScheme.DATE, "2025/12/31/1.2/1.2.3.4.dcm"),
        (NamingScheme.FLAT, "1.2.3.4.dcm"),
    ],
)
def test_path_follows_the_scheme(scheme: NamingScheme, expected: str) -> None:
    assert relative_path(a_key(study_date="20251231"), scheme) == expected


@pytest.mark.parametrize(
    ("study_date", "folder"),
    [
        ("20251231", "2025/12/31"),
        ("2025.12.31", "2025/12/31"),
        (" 20251231 ", "2025/12/31"),
        ("00010203", "0001/02/03"),
        ("", "2026/03/01"),
        ("20251301", "2026/03/01"),
        ("20250230", "2026/03/01"),
        ("00000101", "2026/03/01"),
        ("2025", "2026/03/01"),
        ("20251231120000", "2026/03/01"),
        ("20251231-20260101", "2026/03/01"),
        ("../../..", "2026/03/01"),
        ("20251231\n", "2025/12/31"),
    ],
)
def test_path_by_date_falls_back_to_the_day_of_filing(study_date: str, folder: str) -> None:
    path = relative_path(a_key(study_date=study_date), NamingScheme.DATE)
    assert path == f"{folder}/1.2/1.2.3.4.dcm"


@given(
    scheme=st.sampled_from(NamingScheme),
    study=st.text(max_size=80),
    series=st.text(max_size=80),
    sop=st.text(max_size=80),
    study_date=st.text(max_size=12),
)
@example(scheme=NamingScheme.DATE, study="..", series="/", sop="\0", study_date="٢٠٢٥١٢٣١")
def test_path_is_relative_and_of_plain_names_whatever_the_key_holds(
    scheme: NamingScheme, study: str, series: str, sop: str, study_date: str
) -> None:
    place = relative_path(a_key(study=study, series=series, sop=sop, study_date=study_date), scheme)
    path = PurePosixPath(place)
    depth = {NamingScheme.HIERARCHICAL: 3, NamingScheme.DATE: 5, NamingScheme.FLAT: 1}[scheme]
    assert not path.is_absolute()
    assert str(path) == place
    assert len(path.parts) == depth
    for part in path.parts:
        assert part.isascii()
        assert set(part) <= set("0123456789abcdefx-.cdm")
        assert not part.startswith(".")
    assert path.suffix == ".dcm"


@given(
    scheme=st.sampled_from(NamingScheme),
    first=st.text(alphabet="012.", max_size=4),
    second=st.text(alphabet="012.", max_size=4),
)
def test_paths_differ_where_instances_differ(scheme: NamingScheme, first: str, second: str) -> None:
    same = relative_path(a_key(sop=first), scheme) == relative_path(a_key(sop=second), scheme)
    assert same == (first == second)


def test_key_of_a_record_holds_what_decides_its_place() -> None:
    record = a_record(3, series=2, study=1, StudyDate="20251231")
    assert InstanceKey.of(record, FILED_ON) == a_key(
        study=a_uid(1), series=a_uid(1, 2), sop=a_uid(1, 2, 3), study_date="20251231"
    )


def test_every_policy_resolves_a_conflict_in_its_own_way() -> None:
    assert {policy: resolve_conflict(policy) for policy in DuplicatePolicy} == {
        DuplicatePolicy.REJECT: FilingOutcome.REJECTED,
        DuplicatePolicy.REPLACE: FilingOutcome.REPLACED,
        DuplicatePolicy.IGNORE: FilingOutcome.IGNORED,
    }


@pytest.mark.parametrize("scheme", NamingScheme)
def test_name_tells_the_uid_that_an_object_probably_has(scheme: NamingScheme) -> None:
    place = relative_path(a_key(), scheme)
    replacement = beside(place, "0a1b")
    assert PurePosixPath(replacement).parent == PurePosixPath(place).parent
    assert PurePosixPath(replacement).name == "1.2.3.4~0a1b.dcm"
    assert {probable_uid(f"store:{one}") for one in (place, replacement)} == {"1.2.3.4"}
    assert probable_uid("") == ""
