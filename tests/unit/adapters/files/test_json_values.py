"""Values as JSON and back, one value field at a time."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.files.json_model.fields import DoesNotFit, field_of
from fileroom.adapters.files.json_model.parsing import Digits, Json, parse
from fileroom.adapters.files.json_model.values import Values, values_of
from fileroom.adapters.files.json_model.vrs import TEXT
from fileroom.domain.errors import InvalidJson, LimitExceeded

LATIN = ("iso8859_1",)


def led_back(found: Values, vr: str, codecs: tuple[str, ...]) -> bytes:
    """The value field that values lead back to."""
    return field_of(found.values, vr.encode(), codecs)


@pytest.mark.parametrize(
    ("vr", "raw", "values"),
    [
        ("CS", b"ORIGINAL\\\\AXIAL ", ["ORIGINAL", None, "AXIAL"]),
        ("CS", b"\\ISO 2022 IR 87 ", [None, "ISO 2022 IR 87"]),
        ("LO", b"  ", []),
        ("LO", b" in\\ front ", [" in", " front"]),
        ("UI", b"1.2.3\0", ["1.2.3"]),
        ("LT", b"a\\b ", ["a\\b"]),
        (
            "PN",
            b"Doe^Jane=\xe9=x\\ ",
            [{"Alphabetic": "Doe^Jane", "Ideographic": "é", "Phonetic": "x"}, None],
        ),
        ("PN", b"=I", [{"Ideographic": "I"}]),
        ("DS", b"1.5\\120\\5.000\\-0\\1e5\\ 7\\.5 ", [1.5, 120, "5.000", "-0", "1e5", " 7", ".5"]),
        ("DS", b"0.1\\1A\\NaN\\1e999", [0.1, "1A", "NaN", "1e999"]),
        ("IS", b"12\\+3\\007\\99999999999999999999", [12, "+3", "007", "99999999999999999999"]),
        ("US", b"\1\0\xff\xff", [1, 65535]),
        ("SL", b"\xff\xff\xff\xff", [-1]),
        ("UV", struct.pack("<QQ", 1 << 53, (1 << 53) + 1), [1 << 53, "9007199254740993"]),
        ("SV", struct.pack("<q", -(1 << 63)), ["-9223372036854775808"]),
        ("FL", struct.pack("<fff", 0.5, math.inf, -math.inf), [0.5, "inf", "-inf"]),
        ("FD", struct.pack("<d", math.nan), ["NaN"]),
        ("AT", b"\x28\0\x10\0\xe0\x7f\x10\0", ["00280010", "7FE00010"]),
    ],
)
def test_values_are_what_the_model_says_and_lead_back(vr: str, raw: bytes, values: list[Json]) -> None:
    found = values_of(raw, vr.encode(), LATIN)

    assert found.values == values
    assert found.is_exact
    assert led_back(found, vr, LATIN) == (raw.rstrip(b" \0") if vr.encode() in TEXT else raw)


@pytest.mark.parametrize(
    ("vr", "raw", "values"),
    [
        ("PN", b"Doe=", [{"Alphabetic": "Doe"}]),
        ("CS", b"\xe9A", ["éA"]),
        ("US", b"\1\0\2", [1]),
        ("FD", b"1234", []),
        ("AT", b"\x28\0\x10\0\1\0", ["00280010"]),
        ("FL", b"\1\0\xc0\x7f", ["NaN"]),
    ],
)
def test_values_that_do_not_lead_back_are_told(vr: str, raw: bytes, values: list[Json]) -> None:
    found = values_of(raw, vr.encode(), LATIN)
    assert found.values == values
    assert not found.is_exact


@given(
    st.sampled_from(["PN", "LO", "LT", "DS", "IS", "UI", "UC"]),
    st.binary(max_size=30),
    st.sampled_from([(), LATIN]),
)
def test_exact_values_of_text_lead_back(vr: str, raw: bytes, codecs: tuple[str, ...]) -> None:
    found = values_of(raw, vr.encode(), codecs)
    if found.is_exact and found.values:
        assert led_back(found, vr, codecs) == raw.rstrip(b" \0")


@given(st.sampled_from(["US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"]), st.binary(max_size=40))
def test_exact_values_of_numbers_lead_back(vr: str, raw: bytes) -> None:
    found = values_of(raw, vr.encode(), ())
    if found.is_exact:
        assert led_back(found, vr, ()) == raw


@pytest.mark.parametrize(
    ("vr", "values", "field"),
    [
        ("DS", [Digits("5.000000"), 3, 0.1, "7.50", None], b"5.000000\\3\\0.1\\7.50\\"),
        (
            "DS",
            [Digits("0.12345678901234567"), 1 / 3, -1e-300 / 3],
            b"0.12345678901235\\0.33333333333333\\-3.33333333e-301",
        ),
        ("DS", [123456789012345678], b"1.2345678901e+17"),
        ("IS", [1.0, "2", 3], b"1\\2\\3"),
        ("US", [1.0, "2"], b"\1\0\2\0"),
        ("FL", ["Infinity", "-inf", "1.5"], struct.pack("<fff", math.inf, -math.inf, 1.5)),
        ("PN", ["Doe^Jane", {"Phonetic": "p"}, {}], b"Doe^Jane\\==p\\"),
        ("PN", [{"Alphabetic": "a", "Phonetic": "p=q"}], b"a==p=q"),
        ("LT", ["a", "b"], b"a\\b"),
        ("AT", ["7fe00010"], b"\xe0\x7f\x10\0"),
        ("UI", ["1.2", ""], b"1.2\\"),
    ],
)
def test_what_people_write_is_understood(vr: str, values: list[Json], field: bytes) -> None:
    found = field_of(values, vr.encode(), ())
    assert found == field
    assert vr != "DS" or all(len(part) <= 16 for part in found.split(b"\\"))


@pytest.mark.parametrize(
    ("vr", "values"),
    [
        ("US", [70000]), ("US", [-1]), ("US", [1.5]), ("US", [True]), ("US", [None]), ("US", ["x"]), ("US", [[1]]),
        ("FL", [1e300]), ("FD", ["1_0"]), ("FD", [{}]), ("FD", [10**400]), ("FD", [False]),
        ("DS", [math.nan]), ("DS", ["\ud800"]), ("DS", [True]), ("IS", [2.5]), ("IS", [{}]),
        ("LO", [1]), ("LO", ["a\\b"]), ("LO", [["a"]]), ("CS", ["é"]), ("LO", ["\udc00"]),
        ("PN", [3]), ("PN", [{"Name": "x"}]), ("PN", [{"Alphabetic": 1}]), ("PN", [{"Alphabetic": "a=b"}]),
        ("AT", ["(0028,0010)"]), ("AT", [1]), ("OB", [1]), ("SV", [1 << 63]), ("UV", ["-1"]),
    ],
)  # fmt: skip
def test_value_that_is_none_of_its_vr_is_refused(vr: str, values: list[Json]) -> None:
    with pytest.raises(InvalidJson):
        field_of(values, vr.encode(), ())


def test_text_that_does_not_fit_its_character_set_is_told_as_that() -> None:
    with pytest.raises(DoesNotFit):
        field_of(["Ж"], b"LO", LATIN)


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[1,]", b"{'a': 1}", b'"\xff"', b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"a":' * 100_000,
        b"[1" + b"0" * 5000 + b"]",
        b"", b"nonsense", b"\xff\xfe{\0}\0",
    ],
)  # fmt: skip
def test_what_is_no_json_is_told(content: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse(content)


def test_numbers_keep_their_digits() -> None:
    document = parse(b'\xef\xbb\xbf{"a": [5.000, 1e2, -3, NaN, -Infinity]}')
    assert isinstance(document, dict)
    numbers = document["a"]
    assert isinstance(numbers, list)
    assert [number.text for number in numbers if isinstance(number, Digits)] == ["5.000", "1e2"]
    assert numbers[2] == -3
    assert math.isnan(numbers[3])  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"[" + b"[]," * 4_000_001, b"[" + b"1," * 20_000_001])
def test_documents_that_would_not_fit_memory_are_refused(content: bytes) -> None:
    with pytest.raises(LimitExceeded):
        parse(content)
