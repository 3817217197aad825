"""Whole files against the standard."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given

from fileroom.adapters.files.validating.validator import TreeValidator
from fileroom.domain.errors import FileroomError, NotDicom, NotFound
from fileroom.domain.validation import MAX_FINDINGS, Finding, Severity, Validation, validation_of
from tests.samples import BROKEN, BUNDLED, READABLE, damaged_files, name_of
from tests.strategies import EXPLICIT, Element, encode

VALIDATOR = TreeValidator()
SECONDS = 5.0
"""More than any small file takes, by far."""


def sample(name: str) -> Path:
    """Return a bundled file by its name."""
    return next(path for path in BUNDLED if path.name == name)


def errors_in(name: str) -> set[tuple[str, str]]:
    """Rules and places of the errors in a bundled file."""
    found = VALIDATOR.validate(sample(name)).findings
    return {(each.rule, each.path) for each in found if each.severity is Severity.ERROR}


# What was found by hand, with the text of the standard: PS3.3 A.3.3, A.4.3, A.20.3, A.35.1; the data sets are listed by
# dcmdump.
@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("CT_small.dcm", set()),
        ("MR_small.dcm", set()),
        ("reportsi.dcm", set()),
        ("rtplan.dcm", {("file_meta", "(0002,0003)")}),
        (
            "rtstruct.dcm",
            {
                ("preamble", ""),
                ("file_meta", ""),
                ("required", "(3006,0010)[1].(3006,0012)[1].(3006,0014)[1].(3006,0016)"),
            },
        ),
        ("MR_small_padded.dcm", {("pixel_length", "(7FE0,0010)")}),
        ("SC_rgb_rle_16bit.dcm", {("vr", "(7FE0,0010)")}),
        (
            "693_J2KI.dcm",
            {("group_length", "(0008,0000)"), ("group_length", "(0028,0000)"), ("vr", "(7FE0,0010)")},
        ),
    ],
)
def test_known_files_have_the_errors_that_were_found_by_hand(name: str, errors: set[tuple[str, str]]) -> None:
    found = errors_in(name)
    assert errors <= found
    assert {each for each in found - errors if each[0] != "required"} == set()
    if name in {"CT_small.dcm", "MR_small.dcm", "reportsi.dcm", "rtplan.dcm", "rtstruct.dcm"}:
        assert found == errors


def test_retired_elements_are_notes() -> None:
    notes = [each for each in VALIDATOR.validate(sample("rtplan.dcm")).findings if each.rule == "retired"]

    assert [(each.severity, each.path) for each in notes] == [
        (Severity.NOTE, "(300A,0070)[1].(300C,0004)[1].(300A,0082)")
    ]


@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_every_file_is_validated(path: Path) -> None:
    validation = VALIDATOR.validate(path)

    assert validation.transfer_syntax_uid
    assert len(validation.findings) == validation.errors + validation.warnings + validation.notes
    assert not any(each.rule == "damaged" for each in validation.findings)


@pytest.mark.parametrize("name", sorted(BROKEN - {"README", "no_meta.dcm"}))
def test_damage_is_a_finding_and_what_is_missing_behind_it_none(name: str) -> None:
    validation = VALIDATOR.validate(sample(name))

    damage = validation.findings[-1]
    assert (damage.rule, damage.severity) == ("damaged", Severity.ERROR)
    assert not [each for each in validation.findings if "Module" in each.message]


def test_what_is_no_file_or_no_dicom_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        VALIDATOR.validate(tmp_path / "nowhere")
    with pytest.raises(NotDicom):
        VALIDATOR.validate(sample("README"))


@given(damaged_files())
def test_damage_is_told_or_harmless(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged_validate.dcm"
    path.write_bytes(content)
    started = time.monotonic()
    with suppress(FileroomError):
        VALIDATOR.validate(path)
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize(
    "element",
    [
        Element(0x00090000, "UL", bytes(4)),
        Element(0x00091001, "LO", b"x "),
        Element(0x00100010, "IS", b"x "),
    ],
)
def test_time_grows_with_the_file_only(tmp_path: Path, element: Element) -> None:
    path = tmp_path / "many.dcm"
    path.write_bytes(encode([Element(0x00080005, "CS", b"ISO_IR 100"), *[element] * 20_000], EXPLICIT))
    started = time.monotonic()

    validation = VALIDATOR.validate(path)

    assert time.monotonic() - started < SECONDS
    assert validation.errors >= 19_999
    assert len(validation.findings) == MAX_FINDINGS


def test_errors_are_kept_before_notes() -> None:
    def a_finding(severity: Severity, number: int) -> Finding:
        return Finding(severity=severity, rule="r", path=str(number), message="m", clause="c")

    many = [a_finding(Severity.NOTE, number) for number in range(MAX_FINDINGS)]
    validation = validation_of([*many, a_finding(Severity.ERROR, -1), a_finding(Severity.WARNING, -2)])

    assert (validation.errors, validation.warnings, validation.notes) == (1, 1, MAX_FINDINGS)
    assert validation.left_out == 2
    assert [each.path for each in validation.findings[-2:]] == ["-1", "-2"]
    assert not validation.is_valid
    assert Validation().is_valid
