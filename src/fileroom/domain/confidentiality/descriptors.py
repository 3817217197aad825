"""Cleaning of descriptive text (PS3.15 E.3.5): conservative, and only where the result can be vouched for."""

import re
from typing import Final

from fileroom.domain.confidentiality.identifiers import Identifiers

LONGEST_VOUCHED: Final = 64
"""Characters of a descriptor, which is what LO holds; longer text is narrative, in which anybody may be told of."""

_NUMBERS = re.compile(r"[0-9]{5,}")
_DATES = re.compile(
    r"(?<![0-9])(?:[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:[0-9]{4}|[0-9]{2}))(?![0-9])"
)
_ADDRESSES = re.compile(r"\S+@\S+|(?:https?|ftp)://\S+|www\.\S+", re.IGNORECASE)
_TITLED = re.compile(r"\b(?:dr|mr|mrs|ms|prof|herr|frau|mme)\.\s*[^\W\d_]+(?:[ -][^\W\d_]+)?", re.IGNORECASE)
_UNVOUCHED = re.compile(r"[\^\ufffd\x00-\x1f\x7f]")
_SPACES = re.compile(r" {2,}")


def cleaned_descriptor(text: str, identifiers: Identifiers) -> str | None:
    """Return a descriptor without what may identify somebody; None where that cannot be vouched for.

    What goes: everything that identifies somebody elsewhere in the object, dates, numbers of five digits and more,
    e-mail and web addresses, and names after a title with a full stop. Narrative (more than 64 characters, or lines),
    names written with carets, and text that could not be decoded cannot be vouched for.
    """
    values = [_cleaned(value.strip(" \0"), identifiers) for value in text.split("\\")]
    vouched = [value for value in values if value is not None]
    return "\\".join(vouched) if len(vouched) == len(values) else None


def _cleaned(value: str, identifiers: Identifiers) -> str | None:
    if len(value) > LONGEST_VOUCHED or _UNVOUCHED.search(value):
        return None
    for pattern in (_ADDRESSES, _DATES, _TITLED):
        value = pattern.sub("", value)
    value = _NUMBERS.sub("", identifiers.cut_from(value))
    return _SPACES.sub(" ", value).strip(" ,;")
