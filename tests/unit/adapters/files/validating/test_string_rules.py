"""Strings of the default character repertoire."""

import pytest

from fileroom.adapters.files.validating.string_rules import string_findings
from fileroom.domain.validation import Severity
from tests.unit.adapters.files.validating.trees import a_place, an_element, messages_of

TAGS = {
    "AE": 0x00080054, "AS": 0x00101010, "CS": 0x00080060, "DA": 0x00080020, "DS": 0x00180050, "DT": 0x0008002A,
    "IS": 0x00200013, "TM": 0x00080030, "UI": 0x00080018, "UR": 0x00081190,
}  # fmt: skip


def mistakes(vr: str, value: bytes | str) -> str:
    """What is said of a value."""
    element = an_element(TAGS[vr], vr, value)
    found = list(string_findings(a_place(element), element))
    assert all(finding.severity is Severity.ERROR for finding in found)
    assert all(finding.clause in {"PS3.5 6.2", "PS3.5 9.1"} for finding in found)
    return messages_of(found)


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("AE", "FILEROOM"), ("AE", " FILE ROOM "), ("AE", ""), ("AE", "A" * 16),
        ("AS", "045Y"), ("AS", "002D"),
        ("CS", "ORIGINAL\\PRIMARY\\"), ("CS", "MR"), ("CS", " X_1 "), ("CS", "A" * 16),
        ("DA", "20240229"), ("DA", ""),
        ("DS", "1.5\\-2\\+.5e-10\\3."), ("DS", " 1.0 "), ("DS", "1234567890123456"),
        ("DT", "2024"), ("DT", "20240229123059.123456+0100"), ("DT", "202402-1200"), ("DT", "2024022912 "),
        ("IS", "-2147483648"), ("IS", " 12 \\+3"),
        ("TM", "23"), ("TM", "2359"), ("TM", "235960"), ("TM", "120000.123456 "),
        ("UI", "1.2.840.10008.1.2"), ("UI", "1.2\\2.25.0"), ("UI", "2." + "1" * 62),
        ("UR", "https://example.org/studies/1?a=b&c=%20 "),
    ],
)  # fmt: skip
def test_value_that_obeys_its_vr_is_no_finding(vr: str, value: str) -> None:
    assert mistakes(vr, value) == ""


@pytest.mark.parametrize(
    ("vr", "value", "message"),
    [
        ("AE", "  ", "blanks only"),
        ("AE", "A\tB ", "control characters"),
        ("AE", "A" * 17, "longer than 16"),
        ("AS", "45Y", "no age"),
        ("AS", "045y", "no age"),
        ("CS", "original", "others than capital letters"),
        ("CS", "A-B", "others than capital letters"),
        ("CS", "A" * 17, "longer than 16"),
        ("DA", "20230229", "no day of the calendar"),
        ("DA", "2024-02-29", "no date"),
        ("DA", "1997.04.24", "before DICOM"),
        ("DA", "202402", "no date"),
        ("DS", "1,5", "no decimal"),
        ("DS", "NaN", "no decimal"),
        ("DS", "0x10", "no decimal"),
        ("DS", "1.23456789012345678", "longer than 16"),
        ("DT", "20241301", "no day of the calendar"),
        ("DT", "20240229T12", "no date and time"),
        ("DT", "2024022925", "no time of day"),
        ("DT", "20240229120000+1500", "no offset"),
        ("IS", "1.0", "no integer"),
        ("IS", "2147483648", "beyond 32 bits"),
        ("IS", "9" * 1000, "longer than 12"),
        ("TM", "24", "no time of day"),
        ("TM", "12:30:00", "no time"),
        ("TM", "123", "no time"),
        ("UI", "1.02.3", "no UID"),
        ("UI", "1..2", "no UID"),
        ("UI", "1.2 ", "padded with something else"),
        ("UI", "2." + "1" * 63, "longer than 64"),
        ("UR", " https://example.org", "blanks before"),
        ("UR", "https://example.org/<a>", "must not"),
    ],
)
def test_value_against_its_vr_is_an_error(vr: str, value: str, message: str) -> None:
    assert message in mistakes(vr, value)


def test_only_the_first_value_with_a_mistake_is_named() -> None:
    said = mistakes("DS", r"1\x\y\z")

    assert said == "value 2 of 4, 'x': no decimal number"


def test_padding_with_nul_is_an_error_and_the_value_is_read_on() -> None:
    assert mistakes("CS", b"MR\0\0") == "padded with NUL instead of a blank"
    assert "no integer" in mistakes("IS", b"a\0")


def test_bytes_beyond_ascii_are_an_error() -> None:
    assert "beyond the default character repertoire" in mistakes("CS", "Ä".encode("latin-1"))


def test_long_values_are_quoted_in_short() -> None:
    said = mistakes("CS", "a" * 1000)

    assert len(said) < 200
