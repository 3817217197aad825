"""Keys of an identifier: which tag and value representation a keyword means, and whether a value fits."""

import difflib
import re
import struct
from dataclasses import dataclass
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from fileroom.domain.errors import InvalidInput

UNKNOWN_VR = "LO"
"""How keys that the dictionary does not know are sent: as text, which explicit VR peers can read."""

TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Value representations whose characters follow Specific Character Set (PS3.5 6.1.2.3)."""
ASCII_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
"""Value representations of the default repertoire."""
NUMBER_FORMATS = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
}  # fmt: skip
"""Binary numbers, as `struct` knows them."""

_HEX = re.compile(r"[0-9A-Fa-f]{8}\Z")
# What a key may hold, wildcards and ranges included (PS3.4 C.2.2.2).
_FITS = {
    "DA": re.compile(r"[0-9.\-*?\\ ]*\Z"),
    "TM": re.compile(r"[0-9.:\-*?\\ ]*\Z"),
    "DT": re.compile(r"[0-9.:+\-*?\\ ]*\Z"),
    "UI": re.compile(r"[0-9.*?\\ \0]*\Z"),
    "IS": re.compile(r"[0-9+\-*?\\ ]*\Z"),
    "DS": re.compile(r"[0-9.eE+\-*?\\ ]*\Z"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A tag that a query names."""

    name: str
    """Keyword, or eight hexadecimal digits where the dictionary has none."""
    tag: int
    """Group in the upper half."""
    vr: str
    """Value representation."""


@lru_cache(maxsize=1024)
def resolve_key(name: str) -> Key:
    """Return what a keyword, or a tag written as eight hexadecimal digits, means.

    Raises:
        InvalidInput: nobody knows the keyword, or it is a sequence, which has no value of its own.
    """
    tag = tag_for_keyword(name)
    if tag is None and _HEX.match(name):
        tag = int(name, 16)
    if tag is None:
        raise InvalidInput(f"no attribute is called {name!r}", hint=_nearest(name))
    vr = vr_of(tag)
    if vr == "SQ":
        raise InvalidInput(f"{name_of(tag)} is a sequence and cannot be a key by itself")
    return Key(name_of(tag), tag, vr)


def vr_of(tag: int) -> str:
    """Return the value representation of a tag; the first one where the dictionary leaves a choice."""
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return UNKNOWN_VR
    return vr.split(" or ")[0] if vr not in {"", "NONE"} else UNKNOWN_VR


@lru_cache(maxsize=4096)
def name_of(tag: int) -> str:
    """Return the keyword of a tag, or its eight hexadecimal digits."""
    return keyword_for_tag(tag) or f"{tag:08X}"


def check_value(key: Key, value: str) -> None:
    """Check that a value can be sent as the key's value representation.

    Lengths are not checked: wildcards and ranges are longer than the values that they match.

    Raises:
        InvalidInput: it does not fit.
    """
    if not value:
        return
    fits = _FITS.get(key.vr)
    if fits is not None and not fits.match(value):
        raise InvalidInput(f"{key.name}: {value!r} does not fit its value representation {key.vr}")
    if key.vr in NUMBER_FORMATS:
        numbers(key, value)
    elif key.vr == "AT":
        if not all(_HEX.match(part) for part in value.split("\\")):
            raise InvalidInput(f"{key.name}: {value!r} is not a tag", hint="use eight hexadecimal digits")
    elif key.vr not in TEXT_VRS and key.vr not in ASCII_VRS:
        raise InvalidInput(f"{key.name} is binary ({key.vr}) and can be asked for but not be matched")
    elif key.vr in ASCII_VRS and not value.isascii():
        raise InvalidInput(f"{key.name}: {value!r} does not fit its value representation {key.vr}")


def numbers(key: Key, value: str) -> list[int | float]:
    """Return the numbers of a value, split at backslashes.

    Raises:
        InvalidInput: they do not fit the key's value representation.
    """
    form = NUMBER_FORMATS[key.vr]
    try:
        found = [float(part) if form in "fd" else int(part) for part in value.split("\\")]
        for number in found:
            struct.pack("<" + form, number)
    except (ValueError, struct.error, OverflowError):
        raise InvalidInput(f"{key.name}: {value!r} does not fit its value representation {key.vr}") from None
    return found


def _nearest(name: str) -> str:
    known = _keywords()
    near = difflib.get_close_matches(name.casefold(), list(known), n=3, cutoff=0.6)
    suggestion = " or ".join(known[keyword] for keyword in near)
    advice = "use a keyword of the standard such as PatientID, or eight hexadecimal digits"
    return f"did you mean {suggestion}? Otherwise {advice}" if near else advice


@lru_cache(maxsize=1)
def _keywords() -> dict[str, str]:
    return {entry[4].casefold(): entry[4] for entry in DicomDictionary.values() if entry[4]}
