"""Dates moved by whole days, within values of DA and DT (PS3.5 6.2); times of day stay, so intervals do as well."""

import re
from datetime import date, timedelta

# DA as YYYYMMDD, or as YYYY.MM.DD before 1993; DT may go on to fractions of seconds and an offset from UTC.
_DATE = re.compile(r"([0-9]{4})(\.?)([0-9]{2})\2([0-9]{2})\Z")
_DATE_TIME = re.compile(r"([0-9]{8})((?:[0-9]{2}){0,3}(?:\.[0-9]{1,6})?(?:[+-][0-9]{4})?)\Z")


def shifted_dates(value: str, days: int) -> str | None:
    """Return a value of DA, all its dates moved; None where one is no date, or would leave the calendar."""
    return _joined([_shifted_date(part.strip(" \0"), days) for part in value.split("\\")])


def shifted_date_times(value: str, days: int) -> str | None:
    """Return a value of DT, all its dates moved; None where one has no day of its own, or would leave the calendar."""
    return _joined([_shifted_date_time(part.strip(" \0"), days) for part in value.split("\\")])


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "\\".join(known) if len(known) == len(parts) else None


def _shifted_date(text: str, days: int) -> str | None:
    if not text:
        return ""
    found = _DATE.match(text)
    if found is None:
        return None
    year, dot, month, day = found.groups()
    try:
        moved = date(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{dot}{moved.month:02d}{dot}{moved.day:02d}"


def _shifted_date_time(text: str, days: int) -> str | None:
    if not text:
        return ""
    found = _DATE_TIME.match(text)
    moved = _shifted_date(found[1], days) if found else None
    return f"{moved}{found[2]}" if found and moved is not None else None
