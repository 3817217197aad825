"""Where an object is filed and what happens when it is there already."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fileroom.domain.uid import safe_name

if TYPE_CHECKING:
    from fileroom.domain.records import InstanceRecord

_BESIDE = "~"
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})\Z")


class NamingScheme(StrEnum):
    """How files are laid out in the store."""

    HIERARCHICAL = "hierarchical"
    """`Study/Series/SOP.dcm`"""
    DATE = "date"
    """`YYYY/MM/DD/Study/SOP.dcm`, by Study Date; by the day of filing where that is absent or no date."""
    FLAT = "flat"
    """`SOP.dcm`"""


class DuplicatePolicy(StrEnum):
    """What to do with an object whose SOP Instance UID is here already with other content."""

    REJECT = "reject"
    """Keep the old one, refuse the new one with an error."""
    REPLACE = "replace"
    """Put the new one in its place."""
    IGNORE = "ignore"
    """Keep the old one, tell the sender that all is well."""


class Durability(StrEnum):
    """What success promises."""

    STRICT = "strict"
    """On disk: it survives the loss of power."""
    RELAXED = "relaxed"
    """With the operating system: it survives the death of the process."""


class FilingOutcome(StrEnum):
    """What became of one object that was to be filed."""

    STORED = "stored"
    """New here."""
    DUPLICATE = "duplicate"
    """Here already with the same content; nothing was written."""
    REPLACED = "replaced"
    """Conflict: the new content took the old one's place."""
    IGNORED = "ignored"
    """Conflict: the old content was kept, without an error."""
    REJECTED = "rejected"
    """Conflict: the old content was kept, with an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceKey:
    """What decides the place of an object in the store."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    study_date: str = ""
    """DA value as it came."""
    filed_on: date
    """Day of filing, for naming by date where there is no study date."""

    @classmethod
    def of(cls, record: "InstanceRecord", filed_on: date) -> "InstanceKey":
        """Make the key of a record."""
        return cls(
            study_instance_uid=record.study_instance_uid,
            series_instance_uid=record.series_instance_uid,
            sop_instance_uid=record.sop_instance_uid,
            study_date=record.get("StudyDate"),
            filed_on=filed_on,
        )


def relative_path(key: InstanceKey, scheme: NamingScheme) -> str:
    """Return where an object goes, relative to the store's root, `/` between the names; safe whatever the UIDs hold.

    Text and no path object: this is done for every object that comes, and pathlib is slow.
    """
    name = f"{safe_name(key.sop_instance_uid)}.dcm"
    match scheme:
        case NamingScheme.HIERARCHICAL:
            return f"{safe_name(key.study_instance_uid)}/{safe_name(key.series_instance_uid)}/{name}"
        case NamingScheme.DATE:
            day = _parse_date(key.study_date) or key.filed_on
            return f"{day.year:04}/{day.month:02}/{day.day:02}/{safe_name(key.study_instance_uid)}/{name}"
        case NamingScheme.FLAT:
            return name


def beside(place: str, token: str) -> str:
    """Return the place of what is to replace the object at `place`; `token` is used only once."""
    stem, dot, suffix = place.rpartition(".")
    return f"{stem}{_BESIDE}{token}{dot}{suffix}"


def probable_uid(location: str) -> str:
    """Return the SOP Instance UID that an object probably has by its name: a guess, to be looked up and compared."""
    return PurePosixPath(location.partition(":")[2]).stem.partition(_BESIDE)[0]


def _parse_date(text: str) -> date | None:
    found = _DATE.match(text.strip())
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def resolve_conflict(policy: DuplicatePolicy) -> FilingOutcome:
    """Return what a policy makes of the same UID with other content."""
    return {
        DuplicatePolicy.REJECT: FilingOutcome.REJECTED,
        DuplicatePolicy.REPLACE: FilingOutcome.REPLACED,
        DuplicatePolicy.IGNORE: FilingOutcome.IGNORED,
    }[policy]
