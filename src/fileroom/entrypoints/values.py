"""Values as people type them: lists, dates and ranges, the same at every door."""

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
    return _date(text).strftime("%Y%m%d")


def date_range(text: str) -> str:
    """Return `A..B` (either side may be missing, or one day alone) as a DICOM range.

    Raises:
        InvalidInput: a side is no date, or the range runs backwards.
    """
    low, dots, high = text.partition("..")
    if not dots:
        return dicom_date(low)
    return join_dates(low, high)


def join_dates(low: str | None, high: str | None) -> str:
    """Return two optional dates as a DICOM range, '' for none.

    Raises:
        InvalidInput: a side is no date, or the range runs backwards.
    """
    first, last = (dicom_date(each) if each else "" for each in (low, high))
    if first and last and first > last:
        raise InvalidInput(f"the range {low}..{high} runs backwards", hint="put the earlier date first")
    return f"{first}-{last}" if first or last else ""


def moment_range(text: str) -> tuple[datetime | None, datetime | None]:
    """Return `A..B` as moments in local time: from A, and up to (not including) what follows B.

    A and B are dates, or dates with a time (`2026-03-01T12:30`); one alone means that day or minute.

    Raises:
        InvalidInput: a side is neither.
    """
    low, dots, high = text.partition("..")
    if not dots:
        high = low
    first = _moment(low)[0] if low else None
    return first, _end(high) if high else None


def _end(text: str) -> datetime:
    moment, lasts = _moment(text)
    return moment + lasts


def _moment(text: str) -> tuple[datetime, timedelta]:
    """Return the beginning of what is named, and how long it lasts."""
    text = text.strip()
    try:
        if "T" in text or ":" in text:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.astimezone()), timedelta(minutes=1)
        return datetime.combine(_date(text), time()).astimezone(), timedelta(days=1)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is neither a date nor a moment", hint="use 2026-03-01 or 2026-03-01T12:30"
        ) from None


def _date(text: str) -> date:
    text = text.strip()
    for form in ("%Y%m%d", "%Y-%m-%d", "%Y.%m.%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise InvalidInput(f"{text!r} is not a date", hint="use YYYY-MM-DD or YYYYMMDD")
