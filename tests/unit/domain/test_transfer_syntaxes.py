"""The table of transfer syntaxes against the libraries' dictionary, and what people call them."""

import pynetdicom.sop_class  # noqa: F401 - completes pydicom's dictionary with what came after its edition
import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID

from fileroom.domain.errors import InvalidInput
from fileroom.domain.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STORAGE_TRANSFER_SYNTAXES,
    TRANSFER_SYNTAXES,
    parse_transfer_syntax,
    transfer_syntax,
)

IN_PYDICOM = {uid: entry for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"}
PRIVATE = "1.2.840.113619.5.2"

JPIP = {f"1.2.840.10008.1.2.4.{number}" for number in (94, 95, 204, 205)}
DEFLATED_JPIP = {"1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
NOT_OVER_AN_ASSOCIATION = {f"1.2.840.10008.1.2.{number}" for number in ("6.1", "6.2", "7.1", "7.2", "7.3")}
PAPYRUS = "1.2.840.10008.1.20"
# pydicom takes everything but the four uncompressed syntaxes for explicit, encapsulated and not deflated.
SIMPLIFIED_BY_PYDICOM = JPIP | NOT_OVER_AN_ASSOCIATION | {PAPYRUS}


def test_table_has_every_syntax_of_the_library_and_no_other() -> None:
    assert set(TRANSFER_SYNTAXES) == set(IN_PYDICOM)


@pytest.mark.parametrize("uid", TRANSFER_SYNTAXES)
def test_name_keyword_and_retirement_are_those_of_the_standard(uid: str) -> None:
    name, _, _, retired, keyword = IN_PYDICOM[uid]
    known = TRANSFER_SYNTAXES[uid]
    assert (known.uid, known.name, known.keyword, known.is_retired) == (uid, name, keyword, bool(retired))
    assert known.is_known


@pytest.mark.parametrize("uid", sorted(set(TRANSFER_SYNTAXES) - SIMPLIFIED_BY_PYDICOM))
def test_properties_agree_with_pydicom(uid: str) -> None:
    known, reference = TRANSFER_SYNTAXES[uid], UID(uid)
    assert known.is_implicit_vr == reference.is_implicit_VR
    assert known.is_little_endian == reference.is_little_endian
    assert known.is_deflated == reference.is_deflated
    assert known.is_encapsulated == reference.is_encapsulated


@pytest.mark.parametrize("uid", sorted(JPIP))
def test_jpip_has_no_encapsulated_pixels(uid: str) -> None:
    known = TRANSFER_SYNTAXES[uid]
    assert not known.is_encapsulated
    assert known.is_deflated == (uid in DEFLATED_JPIP)


@pytest.mark.parametrize("uid", TRANSFER_SYNTAXES)
def test_losslessness_agrees_with_the_name(uid: str) -> None:
    known = TRANSFER_SYNTAXES[uid]
    if "Near-Lossless" in known.name:
        assert known.is_lossless is False
    elif "Lossless" in known.name:
        assert known.is_lossless is True
    elif known.name.startswith(("JPEG 2000", "High-Throughput", "JPEG XL")):
        assert known.is_lossless is None
    elif known.name.startswith(("JPEG ", "MPEG", "HEVC", "Fragmentable")):
        assert known.is_lossless is False


@pytest.mark.parametrize("uid", TRANSFER_SYNTAXES)
def test_every_spelling_of_a_known_syntax_resolves(uid: str) -> None:
    known = TRANSFER_SYNTAXES[uid]
    for spelling in (
        known.uid,
        known.name,
        known.keyword,
        known.short_name,
        known.short_name.replace("-", "_"),
        known.short_name.upper(),
        f" {known.keyword.lower()} ",
    ):
        assert parse_transfer_syntax(spelling) is known, spelling


def test_short_names_are_distinct() -> None:
    assert len({known.short_name for known in TRANSFER_SYNTAXES.values()}) == len(TRANSFER_SYNTAXES)


@pytest.mark.parametrize(
    ("typed", "uid"),
    [
        ("explicit-vr-little-endian", EXPLICIT_VR_LITTLE_ENDIAN),
        ("explicit_vr_little_endian", EXPLICIT_VR_LITTLE_ENDIAN),
        ("Explicit VR Little Endian", EXPLICIT_VR_LITTLE_ENDIAN),
        ("implicit_vr_little_endian", IMPLICIT_VR_LITTLE_ENDIAN),
        ("implicit", IMPLICIT_VR_LITTLE_ENDIAN),
        ("explicit_vr", EXPLICIT_VR_LITTLE_ENDIAN),
        ("deflated_explicit_vr_little_endian", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        ("deflated", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        ("explicit_vr_big_endian", EXPLICIT_VR_BIG_ENDIAN),
        ("jpeg2000_lossless", "1.2.840.10008.1.2.4.90"),
        ("JPEG-2000-Lossless", "1.2.840.10008.1.2.4.90"),
        ("jpeg2000", "1.2.840.10008.1.2.4.91"),
        ("jpeg-baseline", "1.2.840.10008.1.2.4.50"),
        ("jpeg-lossless-sv1", "1.2.840.10008.1.2.4.70"),
        ("jpegls_lossless", "1.2.840.10008.1.2.4.80"),
        ("htj2k", "1.2.840.10008.1.2.4.203"),
        ("rle", "1.2.840.10008.1.2.5"),
    ],
)
def test_name_that_a_person_types_resolves(typed: str, uid: str) -> None:
    assert parse_transfer_syntax(typed).uid == uid


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("jpeg2000_losless", "jpeg2000-lossless"),
        ("jpegls", "jpeg-ls-lossless"),
        ("jpeg", "jpeg-baseline"),
        ("1.2.840.10008.1.2.4.999", ""),
        ("explicit-vr-litle-endian", "explicit-vr-little-endian"),
        ("1.2.840.10008.1.2.4.99", "jpeg2000"),
        ("", ""),
        ("5", ""),
        ("zzzz", ""),
    ],
)
def test_unknown_name_is_refused_and_names_the_nearest(typed: str, nearest: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        parse_transfer_syntax(typed)
    assert failure.value.hint
    assert nearest in failure.value.hint


@pytest.mark.parametrize("uid", [PRIVATE, "1.2.840.10008.1.2.4.999", "", "HTTP/1.1"])
def test_unknown_uid_gives_a_cautious_record(uid: str) -> None:
    unknown = transfer_syntax(uid)
    assert (unknown.uid, unknown.name, unknown.short_name, unknown.keyword) == (uid, uid, uid, "")
    assert not unknown.is_known
    assert unknown.is_encapsulated
    assert unknown.is_little_endian
    assert not unknown.is_implicit_vr
    assert not unknown.is_deflated
    assert unknown.is_lossless is None


def test_private_uid_is_taken_from_a_person_too() -> None:
    assert parse_transfer_syntax(PRIVATE) == transfer_syntax(PRIVATE)


def test_padding_does_not_hide_a_syntax() -> None:
    assert transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN + "\0") is TRANSFER_SYNTAXES[EXPLICIT_VR_LITTLE_ENDIAN]


def test_storage_accepts_every_syntax_of_an_object_once() -> None:
    assert set(STORAGE_TRANSFER_SYNTAXES) == set(TRANSFER_SYNTAXES) - NOT_OVER_AN_ASSOCIATION
    assert len(set(STORAGE_TRANSFER_SYNTAXES)) == len(STORAGE_TRANSFER_SYNTAXES)


def test_storage_lists_uncompressed_syntaxes_first() -> None:
    assert STORAGE_TRANSFER_SYNTAXES[:4] == (
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    )
