"""Catalogued attributes from the bytes of their values: strings as DICOM writes them."""

import struct
from functools import lru_cache
from typing import Final

from fileroom.adapters.files.file_format import DataSet
from fileroom.adapters.files.text import codecs_of, decode
from fileroom.application.ports.header_reader import Header
from fileroom.domain.attributes import ATTRIBUTES
from fileroom.domain.errors import InvalidDicom
from fileroom.domain.records import InstanceRecord
from fileroom.domain.uid import clean_uid

CHARACTER_SET: Final = 0x00080005
MAX_CHARACTERS: Final = 1024
MAX_VALUE_BYTES: Final = 8192
"""Bytes looked at of one value: enough for the characters kept, in any character set."""

WANTED: Final = frozenset(attribute.tag for attribute in ATTRIBUTES) | {CHARACTER_SET}
LAST: Final = max(WANTED)
"""The last catalogued tag: where tags ascend, as they must (PS3.5 7.1), nothing wanted comes after it."""

Found = tuple[int, bytes, bytes]
"""Tag, VR (empty where there is none) and bytes of a value."""
Values = dict[int, Found]
"""By tag."""

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
_KEYWORDS: Final = {attribute.tag: attribute.keyword for attribute in ATTRIBUTES}
_VRS: Final = {attribute.tag: attribute.vr.encode() for attribute in ATTRIBUTES}

_SHORT_BYTES: Final = 128
_MAX_TEXTS: Final = 2048
_MAX_CHARACTER_SETS: Final = 16


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


class _Texts(dict[Found, str]):
    """Values as strings, of which short ones are remembered: most are the same in all objects of a study."""

    def __init__(self, character_set: bytes, is_little: bool) -> None:  # noqa: FBT001 - for `lru_cache`
        super().__init__()
        self._codecs = codecs_of(character_set)
        self._is_little = is_little

    def __missing__(self, found: Found) -> str:
        """Make a string."""
        tag, vr, value = found
        if tag in IDENTITY:
            text = clean_uid(text_of(value, b"UI", b"UI", (), is_little=self._is_little))
        else:
            text = text_of(value, vr, _VRS[tag], self._codecs, is_little=self._is_little)
        if len(value) <= _SHORT_BYTES:
            if len(self) >= _MAX_TEXTS:
                self.clear()
            self[found] = text
        return text


_texts_in = lru_cache(_MAX_CHARACTER_SETS)(_Texts)


def header_of(data_set: DataSet, values: Values) -> Header:
    """Make a header from the values of a data set.

    Raises:
        InvalidDicom: one of the UIDs that every object has is missing.
    """
    character_set = values[CHARACTER_SET][2] if CHARACTER_SET in values else b""
    texts = _texts_in(character_set, data_set.encoding.is_little)
    return make_header(
        data_set,
        {
            _KEYWORDS[tag]: text
            for tag, found in values.items()
            if tag != CHARACTER_SET and (text := texts[found])
        },
    )


def make_header(data_set: DataSet, texts: dict[str, str]) -> Header:
    """Make a header from the texts that are not empty, by keyword; UIDs are taken out.

    Raises:
        InvalidDicom: one of the UIDs that every object has is missing.
    """
    for tag, name in IDENTITY.items():
        if _KEYWORDS[tag] not in texts:
            raise InvalidDicom(f"{name} is missing")
    return Header(
        record=InstanceRecord(
            sop_class_uid=texts.pop("SOPClassUID"),
            sop_instance_uid=texts.pop("SOPInstanceUID"),
            study_instance_uid=texts.pop("StudyInstanceUID"),
            series_instance_uid=texts.pop("SeriesInstanceUID"),
            transfer_syntax_uid=data_set.transfer_syntax_uid,
            attributes=texts,
        ),
        data_offset=data_set.data_offset,
        has_file_meta=data_set.has_file_meta,
    )
