"""Text in character sets."""

import pytest

from fileroom.adapters.files.validating.text_rules import character_set_findings, text_findings
from tests.unit.adapters.files.validating.trees import a_place, an_element, messages_of

TAGS = {
    "LO": 0x00080070, "LT": 0x00204000, "PN": 0x00100010, "SH": 0x00080050, "ST": 0x00080081, "UC": 0x00189004,
    "UT": 0x0040A160,
}  # fmt: skip


def mistakes(vr: str, value: bytes | str, character_set: str | None = "ISO_IR 192") -> str:
    """What is said of a text."""
    content = value.encode("utf-8") if isinstance(value, str) else value
    element = an_element(TAGS[vr], vr, content)
    sets = [an_element(0x00080005, "CS", character_set)] if character_set is not None else []
    return messages_of(text_findings(a_place(*sets, element), element))


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("LO", "é" * 64), ("LO", "a\\b"), ("SH", "長" * 16), ("LT", "two\r\nlines\t" + "x" * 10_000),
        ("PN", "Doe^Jane^A^Dr^MD"), ("PN", "Yamada^Tarou=山田^太郎=やまだ^たろう"), ("PN", "é" * 64 + "=" + "a" * 64),
        ("ST", "x" * 1024), ("UC", "x" * 70_000), ("UT", "any\f"),
    ],
)  # fmt: skip
def test_text_that_obeys_its_vr_is_no_finding(vr: str, value: str) -> None:
    assert mistakes(vr, value) == ""


@pytest.mark.parametrize(
    ("vr", "value", "message"),
    [
        ("LO", "x" * 65, "longer than 64"),
        ("SH", "x" * 17, "longer than 16"),
        ("ST", "x" * 1025, "longer than 1024"),
        ("LT", "x" * 10_241, "longer than 10240"),
        ("LO", "two\nlines", "control characters"),
        ("UT", "bell\x07", "control characters"),
        ("PN", "a^b^c^d^e^f", "more than 5 components"),
        ("PN", "a=b=c=d", "more than 3 component groups"),
        ("PN", "x" * 65, "longer than 64"),
        ("LO", b"ab\0\0", "padded with NUL"),
        ("LO", b"\xff\xfe", "no characters"),
    ],
)
def test_text_against_its_vr_is_an_error(vr: str, value: bytes | str, message: str) -> None:
    assert message in mistakes(vr, value)


def test_bytes_beyond_ascii_need_a_character_set() -> None:
    assert "no Specific Character Set says" in mistakes("LO", "é", None)
    assert mistakes("LO", "é".encode("latin-1"), "ISO_IR 100") == ""
    assert mistakes("LO", b"\xff\xfe", "NOBODY KNOWS") == ""  # that is told of the set, not of each text


def test_text_in_several_character_sets_is_no_finding() -> None:
    assert mistakes("PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", r"\ISO 2022 IR 87") == ""


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ISO_IR 100",
        "ISO_IR 192",
        "GB18030",
        "ISO 2022 IR 100",
        r"\ISO 2022 IR 87",
        r"ISO 2022 IR 13\ISO 2022 IR 87",
    ],
)
def test_defined_terms_are_no_findings(value: str) -> None:
    assert not list(character_set_findings(a_place(an_element(0x00080005, "CS", value))))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ISO_IR 6", "the default repertoire has none"),
        ("ISO-IR 100", "no defined term"),
        ("UTF-8", "unknown"),
        (r"ISO_IR 192\ISO 2022 IR 87", "must not stand beside others"),
        (r"ISO_IR 100\ISO 2022 IR 87", "without code extensions"),
        ("ISO 2022 IR 100\\", "only the first"),
    ],
)
def test_other_terms_are_errors(value: str, message: str) -> None:
    assert message in messages_of(character_set_findings(a_place(an_element(0x00080005, "CS", value))))
