"""Text to bytes by Specific Character Set: the examples of the standard, and the way back of decoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.files.text import codecs_of, decode
from fileroom.adapters.files.text_encoding import encode

# PS3.3 C.12.1.1.2 defined terms, and text that they hold.
SINGLE = {
    "ISO_IR 100": "Äneas^Rüdiger",
    "ISO_IR 101": "Dvořák",
    "ISO_IR 109": "Ĉapelo",
    "ISO_IR 110": "Āboliņš",
    "ISO_IR 144": "Люкceмбypг",  # noqa: RUF001 - as in the standard
    "ISO_IR 127": "قباني^لنزار",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 138": "שרון^דבורה",
    "ISO_IR 148": "Çavuşoğlu",
    "ISO_IR 203": "Œuvre €",
    "ISO_IR 166": "นามสกุล",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
    "ISO_IR 192": "Wang^XiaoDong=王^小東",
    "GB18030": "Wang^XiaoDong=王^小东",
    "GBK": "Wang^XiaoDong=王^小东",
}
# PS3.5 H.3, I.2, I.3, K.2 and J.3: text and bytes.
EXTENDED = [
    (
        r"\ISO 2022 IR 87",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    ),
    (
        r"ISO 2022 IR 13\ISO 2022 IR 87",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
            b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
        ),
    ),
    (
        r"\ISO 2022 IR 149",
        "Hong^Gildong=洪^吉洞=홍^길동",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    (
        r"\ISO 2022 IR 58",
        "Zhang^XiaoDong=张^小东",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
    ),
    ("ISO 2022 IR 100\\ISO 2022 IR 144", "Buc^Jérôme Люк", b"Buc^J\xe9r\xf4me \x1b-L\xbb\xee\xda"),
]


@pytest.mark.parametrize("term", SINGLE)
def test_text_of_one_character_set_goes_there_and_back(term: str) -> None:
    codecs = codecs_of(term.encode())
    encoded = encode(SINGLE[term], codecs)

    assert encoded is not None
    assert b"\x1b" not in encoded
    assert decode(encoded, codecs) == SINGLE[term]


@pytest.mark.parametrize(("terms", "text", "encoded"), EXTENDED)
def test_code_extensions_are_written_as_in_the_standard(terms: str, text: str, encoded: bytes) -> None:
    codecs = codecs_of(terms.encode())

    assert encode(text, codecs) == encoded
    assert decode(encoded, codecs) == text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ("", "é"),
        ("ISO_IR 6", "é"),
        ("ISO_IR 100", "Ж"),
        ("ISO_IR 13", "山"),
        ("ISO_IR 13", "¥"),
        (r"\ISO 2022 IR 87", "한"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", "山"),
        ("ISO_IR 192", "\ud800"),
        ("no such term", "é"),
    ],
)
def test_text_that_does_not_fit_is_told(terms: str, text: str) -> None:
    assert encode(text, codecs_of(terms.encode())) is None


def test_what_replaced_ascii_ends_before_a_line_does() -> None:
    codecs = codecs_of(rb"\ISO 2022 IR 87")
    assert encode("山\r\n田x", codecs) == b"\x1b$B;3\x1b(B\r\n\x1b$BED\x1b(Bx"


@given(
    terms=st.sampled_from([*SINGLE, *(terms for terms, _, _ in EXTENDED), ""]),
    text=st.text(st.sampled_from("AZ az^=\\\r\n~éЖŒ山田太郎やﾔﾏ홍길张东ก€¥‾\x1b(B$")),
)
def test_encoded_text_decodes_to_itself_or_is_refused(terms: str, text: str) -> None:
    codecs = codecs_of(terms.encode())
    encoded = encode(text, codecs)
    assert encoded is None or decode(encoded, codecs) == text
    if text.isascii() and "\x1b" not in text:
        assert encoded == text.encode()
