"""The one place where text from headers and peers is made harmless before it is stored or compared.

A hostile or damaged header may hold NUL (PostgreSQL refuses it), lone surrogates (no database encoding can carry
them) or values of any length (which no index takes). Stored values and the values that are searched for pass through
the same functions, so that what was recorded is found again.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from fileroom.domain.attributes import ATTRIBUTES, IDENTIFYING, Matching
from fileroom.domain.errors import InvalidInput
from fileroom.domain.local_filter import LocalFilter
from fileroom.domain.query import Attributes
from fileroom.domain.records import InstanceRecord

MAX_VALUE_LENGTH: Final = 512
"""Characters of a value that are kept; the standard allows 64 in most, and 64 in each group of a name (PS3.5 6.2)."""
MAX_UID_LENGTH: Final = 128
"""Characters up to which a UID is kept as it is; the standard allows 64 (PS3.5 9.1)."""
MAX_KEY_LENGTH: Final = 1024
"""Characters of a matching key with wildcards; a longer one could match nothing that is kept."""

_DESCRIPTIVE: Final = frozenset(one.keyword for one in ATTRIBUTES if one.keyword not in IDENTIFYING)
_LISTED: Final = frozenset(one.keyword for one in ATTRIBUTES if one.matching is Matching.CODE)
"""Keywords of keys that may hold several values."""


@lru_cache(maxsize=16384)
def clean_text(value: str) -> str:
    """Return a value without NUL, surrogates and padding, and not longer than `MAX_VALUE_LENGTH`."""
    return _harmless(value).strip(" ")[:MAX_VALUE_LENGTH].rstrip(" ")


def clean_identifier(uid: str) -> str:
    """Return a UID as it is stored.

    One that is far too long, or that holds what no database takes, keeps its beginning and a digest of the whole, so
    that two never become one. Padding is no part of it.
    """
    uid = uid.strip("\0 ")
    if len(uid) <= MAX_UID_LENGTH and uid.isascii() and "\0" not in uid:
        return uid
    cleaned = _harmless(uid)
    if len(cleaned) <= MAX_UID_LENGTH and cleaned == uid:
        return cleaned
    digest = hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{cleaned[: MAX_UID_LENGTH - 1 - len(digest)]}~{digest}"


_clean_repeated: Final = lru_cache(maxsize=4096)(clean_identifier)
"""For UIDs that come with one instance after the other."""


def clean_record(record: InstanceRecord) -> InstanceRecord:
    """Return a header as it is stored: catalogued attributes only, none empty, all harmless."""
    attributes = {
        keyword: cleaned
        for keyword, value in record.attributes.items()
        if value and keyword in _DESCRIPTIVE and (cleaned := clean_text(value))
    }
    return InstanceRecord(
        sop_instance_uid=clean_identifier(record.sop_instance_uid),
        sop_class_uid=_clean_repeated(record.sop_class_uid),
        series_instance_uid=_clean_repeated(record.series_instance_uid),
        study_instance_uid=_clean_repeated(record.study_instance_uid),
        transfer_syntax_uid=_clean_repeated(record.transfer_syntax_uid),
        attributes=attributes,
    )


def clean_identifiers(uids: Iterable[str]) -> list[str]:
    """Return UIDs as they are stored, each once, in their order."""
    return list(dict.fromkeys(map(clean_identifier, uids)))


def clean_keys(keys: Attributes) -> dict[str, str]:
    r"""Return matching keys as stored values are compared with them; lists of UIDs part by part.

    Raises:
        InvalidInput: a pattern is longer than any value.
    """
    cleaned = {}
    for keyword, value in keys.items():
        if keyword in IDENTIFYING:
            cleaned[keyword] = "\\".join(clean_identifiers(value.split("\\")))
        else:
            cleaned[keyword] = _clean_key(keyword, value)
    return cleaned


def clean_filter(criteria: LocalFilter) -> LocalFilter:
    """Return a filter whose texts are as stored values are compared with them.

    Raises:
        InvalidInput: a pattern is longer than any value.
    """
    return replace(
        criteria,
        patient_name=_clean_key("PatientName", criteria.patient_name),
        patient_id=_clean_key("PatientID", criteria.patient_id),
        accession_number=_clean_key("AccessionNumber", criteria.accession_number),
        modalities=tuple(_clean_key("Modality", modality) for modality in criteria.modalities),
        study_date=_clean_key("StudyDate", criteria.study_date),
        study_description=_clean_key("StudyDescription", criteria.study_description),
    )


def _clean_key(keyword: str, value: str) -> str:
    if "*" not in value and "?" not in value:
        return "\\".join(map(clean_text, value.split("\\"))) if keyword in _LISTED else clean_text(value)
    if len(value) > MAX_KEY_LENGTH:
        raise InvalidInput(f"{keyword}: a pattern of {len(value)} characters is too long")
    return _harmless(value).strip(" ")


def _harmless(value: str) -> str:
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
