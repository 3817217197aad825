"""Strings of the default character repertoire, value by value: AE, AS, CS, DA, DS, DT, IS, TM, UI, UR (PS3.5 6.2)."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple

from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.places import Place, is_plain, quoted, start_of
from fileroom.domain.uid import MAX_LENGTH, is_valid_uid
from fileroom.domain.validation import Finding

CLAUSE: Final = "PS3.5 6.2"
UID_CLAUSE: Final = "PS3.5 9.1"
_INTEGERS: Final = range(-(2**31), 2**31)

_AGE = re.compile(r"[0-9]{3}[DWMY]\Z")
_CODE = re.compile(r"[A-Z0-9_ ]*\Z")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_DATE = re.compile(r"[0-9]{8}\Z")
_OLD_DATE = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}\Z")
_TIME = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.[0-9]{1,6})?)?)?\Z")
_DATE_TIME = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:\.[0-9]{1,6})?)?)?))?)?)?"
    r"([+-][0-9]{4})?\Z"
)
_OFFSETS: Final = range(-1200, 1401)
# RFC 3986: unreserved, reserved and the percent sign.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*\Z")


class _Kind(NamedTuple):
    """What values of a VR must be."""

    wrong: Callable[[str], str]
    """Says what is wrong with a value without padding, '' for nothing."""
    max_length: int = 0
    """Characters without padding; 0 for any number."""
    padding: str = " "
    is_multiple: bool = True
    """Whether backslashes part values."""
    strips_start: bool = True
    """Whether leading blanks do not count."""
    needs_more_than_blanks: bool = False
    """Whether a value of nothing but blanks is none."""


def string_findings(place: Place, element: Element) -> Iterator[Finding]:
    """Find what is wrong with the values of an element of `STRING_VRS`: of each kind of mistake the first value."""
    if not is_plain(element) or not element.size:
        return
    kind = _KINDS[element.vr]
    rule = "uid" if element.vr == b"UI" else "value"
    clause = UID_CLAUSE if element.vr == b"UI" else CLAUSE
    content = start_of(element)
    if not content.isascii():
        yield place.error("repertoire", element.tag, _beyond_ascii(element), CLAUSE)
        return
    text = content.decode("ascii")
    if kind.padding == " " and text.endswith("\0"):
        yield place.error("padding", element.tag, "padded with NUL instead of a blank", CLAUSE)
        text = text.rstrip("\0")
    values = text.split("\\") if kind.is_multiple else [text]
    if len(content) < element.size and len(values) > 1:
        values.pop()  # it may go on beyond what is looked at
    told = set[str]()
    for number, value in enumerate(values, start=1):
        for what in _mistakes(value, kind, is_last=number == len(values)):
            if what not in told:
                told.add(what)
                which = f"value {number} of {len(values)}, " if len(values) > 1 else ""
                yield place.error(rule, element.tag, f"{which}{quoted(value)}: {what}", clause)


def _beyond_ascii(element: Element) -> str:
    return f"{element.vr.decode('ascii')} holds bytes beyond the default character repertoire"


def _mistakes(value: str, kind: _Kind, *, is_last: bool) -> Iterator[str]:
    if kind.padding == "\0":
        meant = value.removesuffix("\0") if is_last else value
    else:
        meant = value.strip(" ") if kind.strips_start else value.rstrip(" ")
    if not meant and not (value and kind.needs_more_than_blanks):
        return
    if kind.max_length and len(meant) > kind.max_length:
        yield f"longer than {kind.max_length} characters"
    if what := kind.wrong(meant):
        yield what


def _wrong_title(value: str) -> str:
    if not value:
        return "an AE title of blanks only"
    return "" if value.isprintable() else "holds control characters"


def _wrong_age(value: str) -> str:
    return "" if _AGE.match(value) else "no age: three digits and D, W, M or Y"


def _wrong_code(value: str) -> str:
    return "" if _CODE.match(value) else "holds others than capital letters, digits, blanks and underscores"


def _wrong_decimal(value: str) -> str:
    return "" if _DECIMAL.match(value) else "no decimal number"


def _wrong_integer(value: str) -> str:
    if not _INTEGER.match(value):
        return "no integer"
    # What is too long to be in range is not converted: the time that takes grows with the square of the digits.
    return "" if len(value) <= 12 and int(value) in _INTEGERS else "an integer beyond 32 bits"


def _wrong_date(value: str) -> str:
    if _OLD_DATE.match(value):
        return "a date in the form of before DICOM, with dots"
    if not _DATE.match(value):
        return "no date: YYYYMMDD"
    return "" if _is_date(value[:4], value[4:6], value[6:]) else "no day of the calendar"


def _wrong_time(value: str) -> str:
    match = _TIME.match(value)
    if match is None:
        return "no time: HHMMSS.FFFFFF, or less of it"
    hour, minute, second = (int(part or 0) for part in match.groups())
    return "" if hour < 24 and minute < 60 and second <= 60 else "no time of day"


def _wrong_date_time(value: str) -> str:
    match = _DATE_TIME.match(value)
    if match is None:
        return "no date and time: YYYYMMDDHHMMSS.FFFFFF&ZZXX, or less of it"
    year, month, day, time, offset = match.groups()
    if not _is_date(year, month or "01", day or "01"):
        return "no day of the calendar"
    if offset and (int(offset) not in _OFFSETS or int(offset[3:]) >= 60):
        return "no offset from UTC"
    return _wrong_time(time) if time else ""


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _wrong_uid(value: str) -> str:
    if is_valid_uid(value) or len(value) > MAX_LENGTH:
        return ""
    if is_valid_uid(value.strip(" \0")):
        return "a UID padded with something else than one NUL at its end"
    return "no UID: digits and dots, no component empty or with a leading zero"


def _wrong_uri(value: str) -> str:
    if value.startswith(" "):
        return "a URI with blanks before it"
    return "" if _URI.match(value) else "holds characters that a URI must not"


_KINDS: Final[dict[bytes, _Kind]] = {
    b"AE": _Kind(_wrong_title, 16, needs_more_than_blanks=True),
    b"AS": _Kind(_wrong_age, 4, strips_start=False),
    b"CS": _Kind(_wrong_code, 16),
    b"DA": _Kind(_wrong_date, strips_start=False),
    b"DS": _Kind(_wrong_decimal, 16),
    b"DT": _Kind(_wrong_date_time, 26, strips_start=False),
    b"IS": _Kind(_wrong_integer, 12),
    b"TM": _Kind(_wrong_time, 16, strips_start=False),
    b"UI": _Kind(_wrong_uid, MAX_LENGTH, padding="\0"),
    b"UR": _Kind(_wrong_uri, is_multiple=False, strips_start=False),
}
STRING_VRS: Final = frozenset(_KINDS)
"""What these rules are for."""
