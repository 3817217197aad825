"""Identifiers: attributes to bytes and back, in the character sets of the field."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.dsutils import decode as library_decode
from pynetdicom.dsutils import encode as library_encode

from fileroom.adapters.dicom._shared.contexts import IDENTIFIER_SYNTAXES as SYNTAXES
from fileroom.adapters.dicom._shared.identifiers import (
    choose_character_set,
    decode,
    encode,
    read_uids,
)
from fileroom.adapters.dicom._shared.keys import resolve_key
from fileroom.domain.errors import InvalidInput
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax

# PS3.5 annexes H to K, and what the field sends.
ENCODED = [
    ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    ("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    ("ISO_IR 144", b"\xbb\xee\xda\x63\x65\xdc\xd1\x79\x70\xd3", "Люкceмбypг"),  # noqa: RUF001 - Annex's own
    ("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    ("ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小东=".encode(), "Wang^XiaoDong=王^小东="),
    ("GB18030", "Wang^XiaoDong=王^小东=".encode("gb18030"), "Wang^XiaoDong=王^小东="),
    ("GBK", "Wang^XiaoDong=王^小东=".encode("gbk"), "Wang^XiaoDong=王^小东="),
    (
        r"\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        r"ISO 2022 IR 13\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    (
        r"\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    (
        r"\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
]
RUSSIAN_AND_GREEK = (
    r"ISO 2022 IR 100\ISO 2022 IR 144\ISO 2022 IR 126",
    b"Dionysios is \x1b-F\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2",
    "Dionysios is Διονυσιος",
)


def an_element(tag: int, vr: bytes, value: bytes) -> bytes:
    """An element in explicit VR little endian."""
    value += b" " * (len(value) % 2)
    return (
        tag.to_bytes(4, "big")[1::-1]
        + tag.to_bytes(4, "big")[:1:-1]
        + vr
        + len(value).to_bytes(2, "little")
        + value
    )


def identifier(character_set: str, name: bytes) -> bytes:
    return an_element(0x00080005, b"CS", character_set.encode()) + an_element(0x00100010, b"PN", name)


@pytest.mark.parametrize(("character_set", "raw", "text"), [*ENCODED, RUSSIAN_AND_GREEK])
def test_text_is_decoded_by_its_specific_character_set(character_set: str, raw: bytes, text: str) -> None:
    assert decode(identifier(character_set, raw), EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientName": text}


@pytest.mark.parametrize(("character_set", "raw", "text"), ENCODED)
def test_text_is_decoded_by_the_assumed_character_set_when_it_names_none(
    character_set: str, raw: bytes, text: str
) -> None:
    data = an_element(0x00100010, b"PN", raw)
    assert decode(data, EXPLICIT_VR_LITTLE_ENDIAN, character_set) == {"PatientName": text}
    named = an_element(0x00080005, b"CS", b"") + data
    assert decode(named, EXPLICIT_VR_LITTLE_ENDIAN, character_set) == {"PatientName": text}


@pytest.mark.parametrize(("character_set", "raw", "text"), ENCODED)
def test_text_is_encoded_in_the_preferred_character_set(character_set: str, raw: bytes, text: str) -> None:
    data = encode({"PatientName": text}, EXPLICIT_VR_LITTLE_ENDIAN, character_set)
    assert decode(data, EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientName": text}
    assert an_element(0x00080005, b"CS", character_set.encode()) in data
    if "=" not in text or character_set in {"ISO_IR 192", "GB18030", "GBK"}:
        assert raw in data


@pytest.mark.parametrize(
    ("preferred", "chosen"), [("ISO_IR 100", "ISO_IR 192"), ("", "ISO_IR 192"), ("nonsense", "ISO_IR 192")]
)
def test_text_goes_as_utf_8_when_the_preferred_character_set_cannot_hold_it(
    preferred: str, chosen: str
) -> None:
    assert choose_character_set(["山田"], preferred) == chosen
    data = encode({"PatientName": "山田"}, EXPLICIT_VR_LITTLE_ENDIAN, preferred)
    assert decode(data, EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientName": "山田"}


def test_character_set_is_asked_for_when_the_keys_are_ascii() -> None:
    assert an_element(0x00080005, b"CS", b"") in encode(
        {"PatientName": "Doe"}, EXPLICIT_VR_LITTLE_ENDIAN, "ISO_IR 100"
    )


@pytest.mark.parametrize("raw", [b"M\xfcller", b"M\xc3\xbcller"])
def test_text_of_a_peer_that_names_no_character_set_is_guessed(raw: bytes) -> None:
    decoded = decode(an_element(0x00100010, b"PN", raw), EXPLICIT_VR_LITTLE_ENDIAN)
    assert decoded["PatientName"] in {"Müller", "MÃ¼ller"}


@pytest.mark.parametrize(
    "character_set", ["ISO_IR 192", r"\ISO 2022 IR 87", r"\ISO 2022 IR 149", "GB18030", "rubbish"]
)
@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"\x1b$B", b"\x1b$B;", b"\x1b", b"\x1b(Z\xff", b"\x1b$)C\xff\xff^"]
)
def test_text_that_cannot_be_decoded_never_raises(character_set: str, raw: bytes) -> None:
    assert isinstance(decode(identifier(character_set, raw), EXPLICIT_VR_LITTLE_ENDIAN)["PatientName"], str)


# Values


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_values_come_back_as_they_went(syntax: str) -> None:
    attributes = {
        "QueryRetrieveLevel": "STUDY",
        "StudyDate": "20260101-20261231",
        "ModalitiesInStudy": "CT\\MR",
        "PatientName": "Müller^Änne",
        "StudyInstanceUID": "1.2.3\\1.2.4",
        "InstanceNumber": "7",
        "Rows": "512",
        "PixelSpacing": "0.5\\0.5",
        "StudyDescription": "",
        "00091001": "private",
        "TimezoneOffsetFromUTC": "+0100",
        "RetrieveURL": "http://here/there",
    }
    assert decode(encode(attributes, syntax), syntax) == attributes


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_identifier_is_read_by_the_library(syntax: str) -> None:
    attributes = {
        "PatientName": "山田^太郎",
        "Rows": "512",
        "StudyInstanceUID": "1.2.3",
        "SelectorATValue": "00100010",
    }
    known = transfer_syntax(syntax)
    data_set = library_decode(
        BytesIO(encode(attributes, syntax)), known.is_implicit_vr, known.is_little_endian
    )
    data_set.decode()
    assert str(data_set.PatientName) == "山田^太郎"
    assert data_set.Rows == 512
    assert data_set.StudyInstanceUID == "1.2.3"
    assert data_set.SelectorATValue == 0x00100010


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_identifier_of_the_library_is_read(syntax: str) -> None:
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientName = "山田^太郎"
    data_set.Rows = 512
    data_set.PixelSpacing = [0.5, 0.25]
    data_set.ReferencedStudySequence = Sequence([Dataset()])
    data_set.add_new(0x00091001, "LO", "private")
    data_set.add_new(0x7FE00010, "OW", b"\0\1")
    data_set.OtherPatientIDs = ["1", "2"]
    known = transfer_syntax(syntax)
    data = library_encode(data_set, known.is_implicit_vr, known.is_little_endian)
    assert data is not None
    assert decode(data, syntax) == {
        "PatientName": "山田^太郎",
        "Rows": "512",
        "PixelSpacing": "0.5\\0.25",
        "00091001": "private",
        "OtherPatientIDs": "1\\2",
    }


def test_failed_uids_are_read() -> None:
    data = encode(
        {"FailedSOPInstanceUIDList": "1.2\\1.3"}, EXPLICIT_VR_LITTLE_ENDIAN, with_character_set=False
    )
    assert read_uids(data, EXPLICIT_VR_LITTLE_ENDIAN, "FailedSOPInstanceUIDList") == ("1.2", "1.3")
    assert read_uids(b"", EXPLICIT_VR_LITTLE_ENDIAN, "FailedSOPInstanceUIDList") == ()


def test_identifier_that_is_cut_off_keeps_what_came_before() -> None:
    whole = encode({"PatientID": "1", "PatientName": "Doe"}, EXPLICIT_VR_LITTLE_ENDIAN)
    assert decode(whole[:-1], EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientName": "Doe"}


@given(
    st.binary(max_size=200),
    st.sampled_from(SYNTAXES),
    st.sampled_from(["", "ISO_IR 192", r"\ISO 2022 IR 87"]),
)
def test_decode_never_raises(data: bytes, syntax: str, character_set: str) -> None:
    assert all(isinstance(value, str) for value in decode(data, syntax, character_set).values())


@given(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\^="), min_size=1, max_size=20),
    st.sampled_from(["", *(character_set for character_set, _, _ in ENCODED)]),
)
def test_any_text_comes_back(text: str, character_set: str) -> None:
    data = encode({"PatientName": text}, EXPLICIT_VR_LITTLE_ENDIAN, character_set)
    assert decode(data, EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientName": text}


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_sequences_are_passed_over(syntax: str, undefined: bool) -> None:
    inner = Dataset()
    inner.PatientID = "inner"
    inner.ReferencedImageSequence = Sequence([Dataset(), Dataset()])
    outer = Dataset()
    outer.ReferencedStudySequence = Sequence([inner, inner])
    outer.PatientID = "outer"
    for data_set in (outer, inner):
        for element in data_set:
            if element.VR == "SQ":
                element.is_undefined_length = undefined
                for item in element.value:
                    item.is_undefined_length_sequence_item = undefined
    known = transfer_syntax(syntax)
    data = library_encode(outer, known.is_implicit_vr, known.is_little_endian)
    assert data is not None
    assert decode(data, syntax) == {"PatientID": "outer"}


def test_nesting_without_end_stops_the_reading() -> None:
    level = b"\x08\0\x10\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    deep = an_element(0x00080005, b"CS", b"") + level * 5000
    assert decode(deep, EXPLICIT_VR_LITTLE_ENDIAN) == {}


# Keys


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PatientNaem", "PatientName"),
        ("patientname", "PatientName"),
        ("StudyInstanceUid", "StudyInstanceUID"),
    ],
)
def test_unknown_keyword_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InvalidInput) as told:
        resolve_key(name)
    assert nearest in told.value.hint


def test_answers_leave_out_what_cannot_be_sent() -> None:
    data = encode(
        {"PatientID": "1", "NoSuchKeyword": "x", "Rows": "many", "ReferencedStudySequence": "x"},
        EXPLICIT_VR_LITTLE_ENDIAN,
        strict=False,
    )
    assert decode(data, EXPLICIT_VR_LITTLE_ENDIAN) == {"PatientID": "1"}
