"""Values as people type them: lists, dates and ranges, the same at every door."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from fileroom.domain.errors import InvalidInput


def words(text: str | None) -> tuple[str, ...]:
    """Split `CT,MR`."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def dicom_date(text: str) -> str:
    """Return a date as DICOM writes it, from YYYYMMDD or YYYY-MM-DD.

    Raises:
        InvalidInput: it is no date.
    """
    return _written(_date(text))


def date_range(text: str) -> str:
    """Return `A..B` (either side may be missing, or one day alone) as a DICOM range.

    A month (`2026-03`) or a year (`2026`) is all of its days.

    Raises:
        InvalidInput: a side is no date, or the range runs backwards.
    """
    low, dots, high = text.partition("..")
    if dots:
        return _joined(_days(low)[0] if low else None, _days(high)[1] if high else None, text)
    first, last = _days(low)
    return _written(first) if first == last else _joined(first, last, text)


def join_dates(low: str | None, high: str | None) -> str:
    """Return two optional dates as a DICOM range, '' for none.

    Raises:
        InvalidInput: a side is no date, or the range runs backwards.
    """
    first, last = (_date(each) if each else None for each in (low, high))
    return _joined(first, last, f"{low}..{high}")


def moment_range(text: str) -> tuple[datetime | None, datetime | None]:
    """Return `A..B` as moments in local time: from A, and up to (not including) what follows B.

    A and B are dates, or dates with a time (`2026-03-01T12:30`); one alone means that day or minute, a month or a year
    all of it.

    Raises:
        InvalidInput: a side is neither.
    """
    low, dots, high = text.partition("..")
    if not dots:
        high = low
    return _moments(low)[0] if low else None, _moments(high)[1] if high else None


def _moments(text: str) -> tuple[datetime, datetime]:
    """Return the beginning of what is named, and of what follows it."""
    text = text.strip()
    try:
        if "T" in text or ":" in text:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.astimezone()
            return moment, moment + timedelta(minutes=1)
        first, last = _days(text)
        return _midnight(first), _midnight(last + timedelta(days=1))
    except (ValueError, OverflowError, OSError, InvalidInput):
        raise InvalidInput(
            f"{text!r} is neither a date nor a moment", hint="use 2026-03-01 or 2026-03-01T12:30"
        ) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _days(text: str) -> tuple[date, date]:
    """Return the first and the last day of what is named."""
    text = text.strip()
    if len(text) == 4:
        year = _parsed(text, "%Y")
        return (year, year.replace(month=12, day=31)) if year else (_date(text), _date(text))
    if len(text) == 7 and (month := _parsed(text, "%Y-%m")):
        return month, month.replace(day=monthrange(month.year, month.month)[1])
    return _date(text), _date(text)


def _date(text: str) -> date:
    text = text.strip()
    for form in ("%Y%m%d", "%Y-%m-%d", "%Y.%m.%d"):
        if found := _parsed(text, form):
            return found
    raise InvalidInput(f"{text!r} is not a date", hint="use YYYY-MM-DD or YYYYMMDD")


def _parsed(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _joined(first: date | None, last: date | None, text: str) -> str:
    if first and last and first > last:
        raise InvalidInput(f"the range {text} runs backwards", hint="put the earlier date first")
    return f"{_written(first)}-{_written(last)}" if first or last else ""


def _written(day: date | None) -> str:
    return f"{day.year:04}{day:%m%d}" if day else ""
