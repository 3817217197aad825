"""Attribute matching of PS3.4 C.2.2.2: what a key means, and whether a value meets it.

A key is parsed once into a `Condition`; `accepts` applies it to a value, and a database adapter translates the same
condition into its own language. Comparisons are made on search forms (`search_form`): folded names and texts,
normalised dates and times, integers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fileroom.domain.attributes import Attribute, Matching
from fileroom.domain.errors import InvalidInput
from fileroom.domain.text import fold, fold_name

_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})\Z", re.ASCII)
_DATE_RANGE = re.compile(r"\s*(\d{4}[.]?\d{2}[.]?\d{2})?\s*-\s*(\d{4}[.]?\d{2}[.]?\d{2})?\s*\Z", re.ASCII)
_TIME = re.compile(r"(\d{2}):?(?:([0-5]\d):?(?:([0-5]\d|60)(?:\.(\d{1,6}))?)?)?\Z", re.ASCII)
_GROUP_DELIMITER = re.compile("[=\uff1d]")
_FIRST_TIME: Final = "000000.000000"
_LARGEST_NUMBER: Final = 2**63 - 2
"""One less than 64 bits hold, so that a database has a number left to stand for none."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The search form equals one of these (single value and list of UID matching)."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """The search form fits a pattern of `*` (any text) and `?` (one character)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """The search form is not empty and lies between two bounds, both included; an empty bound is open."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Number:
    """The value is this integer."""

    value: int


@dataclass(frozen=True, slots=True)
class NameGroups:
    """Person name component groups (PS3.5 6.2.1), a condition each.

    With `anywhere` there is one condition and any group of the value may meet it; otherwise each condition that is
    not None applies to the group at its place (alphabetic, ideographic, phonetic).
    """

    conditions: tuple[AnyOf | Like | None, ...]
    anywhere: bool


Condition = AnyOf | Like | Between | Number | NameGroups


def parse_key(attribute: Attribute, key: str) -> Condition | None:
    """Read a matching key; None means universal matching (PS3.4 C.2.2.2.3).

    Raises:
        InvalidInput: the key is not possible for this attribute (a date range that is no date …).
    """
    key = key.strip("\0 ")
    if not key or not key.strip("*"):
        return None
    match attribute.matching:
        case Matching.UID:
            uids = tuple(uid for part in key.split("\\") if (uid := part.strip("\0 ")))
            return AnyOf(uids) if uids else None
        case Matching.NAME:
            return _parse_name(key)
        case Matching.TEXT:
            return _text(fold(key))
        case Matching.CODE:
            parts = [stripped for part in key.split("\\") if (stripped := part.strip("\0 "))]
            return AnyOf(tuple(parts)) if len(parts) > 1 else _text("".join(parts))
        case Matching.DATE:
            return _parse_date(attribute.keyword, key)
        case Matching.TIME:
            return _parse_time(attribute.keyword, key)
        case Matching.NUMBER:
            number = parse_number(key)
            if number is None:
                raise InvalidInput(f"{attribute.keyword}: {key!r} is not a whole number")
            return Number(number)


def _text(value: str) -> AnyOf | Like | None:
    if not value.strip("*"):
        return None
    if "*" in value or "?" in value:
        return Like(re.sub(r"\*+", "*", value))
    return AnyOf((value,))


def _parse_name(key: str) -> NameGroups | None:
    groups = fold_name(key)
    conditions = tuple(map(_text, groups))
    if not any(conditions):
        return None
    if not _GROUP_DELIMITER.search(key):
        return NameGroups((conditions[0],), anywhere=True)
    return NameGroups(conditions, anywhere=False)


def _parse_date(keyword: str, key: str) -> Condition:
    single = _DATE.match(key)
    if single:
        return AnyOf(("".join(single.groups()),))
    between = _DATE_RANGE.match(key)
    if between and any(between.groups()):
        low, high = ((bound or "").replace(".", "") for bound in between.groups())
        return Between(low, high)
    raise InvalidInput(
        f"{keyword}: {key!r} is neither a date nor a range", hint="use YYYYMMDD or YYYYMMDD-YYYYMMDD"
    )


def _parse_time(keyword: str, key: str) -> Condition:
    low, dash, high = (part.strip() for part in key.partition("-"))
    try:
        if not dash:
            return AnyOf((_time_bound(low, latest=False),))
        if low or high:
            return Between(
                _time_bound(low, latest=False) if low else "", _time_bound(high, latest=True) if high else ""
            )
    except ValueError:
        pass
    raise InvalidInput(
        f"{keyword}: {key!r} is neither a time nor a range", hint="use HHMMSS or HHMMSS-HHMMSS"
    )


def _time_bound(text: str, *, latest: bool) -> str:
    """Complete a partial TM: `10` is 10:00:00 as a lower and the last microsecond of that hour as an upper bound."""
    parts = _TIME.match(text)
    if parts is None or int(parts[1]) > 23:
        raise ValueError(text)
    given = f"{parts[1]}{parts[2] or ''}{parts[3] or ''}"
    if parts[4]:
        given += "." + parts[4]
    rest = "235959.999999" if latest else _FIRST_TIME
    return given + rest[len(given) :]


def parse_number(text: str) -> int | None:
    """Read an IS or US value; None where it is not a whole number that 64 bits hold."""
    text = text.strip("\0 ")
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text):
        return None
    number = int(text)
    return number if abs(number) <= _LARGEST_NUMBER else None


def search_form(matching: Matching, value: str) -> str:
    """Return the form of a stored value that conditions compare; '' for an absent or unusable value.

    Names have three forms, see `fileroom.domain.text.fold_name`.
    """
    value = value.strip("\0 ")
    match matching:
        case Matching.TEXT:
            return fold(value)
        case Matching.DATE:
            date = _DATE.match(value)
            return "".join(date.groups()) if date else ""
        case Matching.TIME:
            try:
                return _time_bound(value, latest=False)
            except ValueError:
                return ""
        case _:
            return value


def accepts(condition: Condition, attribute: Attribute, value: str) -> bool:
    """Tell whether a stored value meets a condition that was parsed for the same attribute."""
    match condition:
        case Number(value=wanted):
            return parse_number(value) == wanted
        case NameGroups(conditions=conditions, anywhere=anywhere):
            groups = fold_name(value)
            if anywhere:
                return any(_meets(conditions[0], group) for group in groups)
            return all(_meets(wanted, group) for wanted, group in zip(conditions, groups, strict=True))
        case _:
            return _meets(condition, search_form(attribute.matching, value))


def _meets(condition: AnyOf | Like | Between | None, form: str) -> bool:
    match condition:
        case None:
            return True
        case AnyOf(values=values):
            return form in values
        case Like(pattern=pattern):
            return fits(pattern, form)
        case Between(low=low, high=high):
            return bool(form) and (not low or low <= form) and (not high or form <= high)


def fits(pattern: str, text: str) -> bool:
    """Match `*` and `?` in time proportional to the product of the lengths at worst."""
    at = star = -1
    position = index = 0
    while position < len(text):
        if index < len(pattern) and pattern[index] == "*":
            star, at = index, position
            index += 1
        elif index < len(pattern) and pattern[index] in ("?", text[position]):
            index += 1
            position += 1
        elif star >= 0:
            at += 1
            position, index = at, star + 1
        else:
            return False
    return not pattern[index:].strip("*")


def compile_keys(keys: Iterable[tuple[Attribute, str]]) -> list[tuple[Attribute, Condition]]:
    """Parse several keys and keep those that restrict anything.

    Raises:
        InvalidInput: a key is not possible for its attribute.
    """
    parsed = ((attribute, parse_key(attribute, key)) for attribute, key in keys)
    return [(attribute, condition) for attribute, condition in parsed if condition is not None]
