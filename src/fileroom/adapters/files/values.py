"""Catalogued attributes from the bytes of their values: strings as DICOM writes them."""

import struct
from collections.abc import Mapping
from typing import Final

from fileroom.adapters.files.file_format import DataSet
from fileroom.adapters.files.text import codecs_of, decode
from fileroom.application.ports.header_reader import Header
from fileroom.domain.attributes import ATTRIBUTES, BY_TAG
from fileroom.domain.errors import InvalidDicom
from fileroom.domain.records import InstanceRecord
from fileroom.domain.uid import clean_uid

CHARACTER_SET: Final = 0x00080005
MAX_CHARACTERS: Final = 1024
MAX_VALUE_BYTES: Final = 8192
"""Bytes looked at of one value: enough for the characters kept, in any character set."""

WANTED: Final = frozenset(BY_TAG) | {CHARACTER_SET}
LAST: Final = max(BY_TAG)
"""The last catalogued tag: where tags ascend, as they must (PS3.5 7.1), nothing wanted comes after it."""

IDENTITY: Final = {
    0x00080016: "SOP Class UID",
    0x00080018: "SOP Instance UID",
    0x0020000D: "Study Instance UID",
    0x0020000E: "Series Instance UID",
}
"""Attributes without which an object cannot be filed."""

_MAX_NUMBERS: Final = 64
_NUMBERS: Final = {
    b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"UV": "Q", b"SV": "q", b"FL": "f", b"FD": "d",
}  # fmt: skip
_LOCALISED: Final = frozenset({b"PN", b"LO", b"SH", b"ST", b"LT", b"UC", b"UT"})
_CATALOGUED: Final = tuple(
    (attribute.tag, attribute.keyword, attribute.vr.encode())
    for attribute in ATTRIBUTES
    if attribute.tag not in IDENTITY
)


def tidy(text: str, vr: bytes) -> str:
    """Drop padding of each value (PS3.5 6.2) and empty last groups of names, and cut what is too long to be meant."""
    padding = " \0"
    if "\\" in text:
        text = "\\".join(value.strip(padding) for value in text.split("\\")).rstrip("\\")
    text = text.strip(padding)[:MAX_CHARACTERS]
    return text.rstrip("= ") if vr == b"PN" else text


def text_of(
    value: bytes, vr: bytes, catalogued_vr: bytes, codecs: tuple[str, ...], *, is_little: bool
) -> str:
    """Return a value as a string; `vr` is the file's, which wins where it says how numbers are written."""
    if vr in _NUMBERS or (catalogued_vr in _NUMBERS and vr in {b"", b"UN"}):
        code = _NUMBERS.get(vr) or _NUMBERS[catalogued_vr]
        size = struct.calcsize(code)
        count = min(len(value) // size, _MAX_NUMBERS)
        numbers = struct.unpack_from(f"{'<' if is_little else '>'}{count}{code}", value)
        return "\\".join(map(str, numbers))
    if value.isascii() and b"\x1b" not in value:
        return tidy(value.decode("ascii"), catalogued_vr)
    return tidy(decode(value, codecs if catalogued_vr in _LOCALISED else ()), catalogued_vr)


def header_of(data_set: DataSet, values: Mapping[int, tuple[bytes, bytes]]) -> Header:
    """Make a header from VR and bytes of the values by tag.

    Raises:
        InvalidDicom: one of the UIDs that every object has is missing.
    """
    codecs = codecs_of(values.get(CHARACTER_SET, (b"", b""))[1])
    little = data_set.encoding.is_little
    attributes = {}
    for tag, keyword, catalogued_vr in _CATALOGUED:
        if tag in values:
            vr, value = values[tag]
            if text := text_of(value, vr, catalogued_vr, codecs, is_little=little):
                attributes[keyword] = text
    uids = {
        tag: clean_uid(text_of(values[tag][1], b"UI", b"UI", (), is_little=little))
        for tag in IDENTITY
        if tag in values
    }
    return make_header(data_set, uids, attributes)


def make_header(data_set: DataSet, uids: Mapping[int, str], attributes: dict[str, str]) -> Header:
    """Make a header from texts.

    Raises:
        InvalidDicom: one of the UIDs that every object has is missing.
    """
    for tag, name in IDENTITY.items():
        if not uids.get(tag):
            raise InvalidDicom(f"{name} is missing")
    return Header(
        record=InstanceRecord(
            sop_class_uid=uids[0x00080016],
            sop_instance_uid=uids[0x00080018],
            study_instance_uid=uids[0x0020000D],
            series_instance_uid=uids[0x0020000E],
            transfer_syntax_uid=data_set.transfer_syntax_uid,
            attributes=attributes,
        ),
        data_offset=data_set.data_offset,
        has_file_meta=data_set.has_file_meta,
    )
