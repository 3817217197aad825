"""The options of the profile (PS3.15 E.3), and what a table row demands under those that were chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fileroom.domain.confidentiality.tables import ProfileRow


class Temporal(StrEnum):
    """What becomes of dates and times (PS3.15 E.3.6)."""

    REMOVED = "removed"
    """As the Basic Profile says."""
    FULL = "full"
    """Kept: Retain Longitudinal Temporal Information with Full Dates."""
    SHIFTED = "shifted"
    """Moved by whole days: Retain Longitudinal Temporal Information with Modified Dates."""


class Action(StrEnum):
    """What is done with an attribute (PS3.15 table E.1-1a, alternatives decided)."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    """Zero length."""
    DUMMY = "dummy"
    """A value that means nothing and suits the VR."""
    UID = "uid"
    """Another UID, the same one for the same one."""
    SHIFT = "shift"
    """C where the option is about dates."""
    CLEAN_TEXT = "clean_text"
    """C where the option is about descriptors or characteristics."""
    CLEAN_TITLE = "clean_title"
    """C where the option is about devices: AE titles."""
    CLEAN_CONTENT = "clean_content"
    """C of structured content."""
    CLEAN_GRAPHICS = "clean_graphics"
    """C of graphics."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileOptions:
    """Which options of the profile are chosen; none is the Basic Profile alone."""

    temporal: Temporal = Temporal.REMOVED
    retain_uids: bool = False
    retain_device: bool = False
    retain_institution: bool = False
    retain_patient_characteristics: bool = False
    retain_safe_private: bool = False
    clean_descriptors: bool = False
    clean_structured_content: bool = False
    clean_graphics: bool = False

    def columns(self) -> tuple[str, ...]:
        """Return the columns of table E.1-1 that are in force."""
        chosen = {
            "uids": self.retain_uids,
            "device": self.retain_device,
            "institution": self.retain_institution,
            "patient": self.retain_patient_characteristics,
            "full_dates": self.temporal is Temporal.FULL,
            "modified_dates": self.temporal is Temporal.SHIFTED,
            "clean_descriptors": self.clean_descriptors,
            "clean_structured": self.clean_structured_content,
            "clean_graphics": self.clean_graphics,
        }
        return tuple(column for column, is_chosen in chosen.items() if is_chosen)


# Which alternative depends on the type of the attribute in its IOD (PS3.15 table E.1-1a). The one that is valid for
# every type is taken: a dummy suits types 1, 2 and 3, an empty value types 2 and 3, which are all that X/Z can mean.
# X/Z/U* is about sequences of references, whose items are kept with other UIDs.
_BASIC = {
    "D": Action.DUMMY,
    "Z": Action.EMPTY,
    "X": Action.REMOVE,
    "K": Action.KEEP,
    "U": Action.UID,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "Z/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.KEEP,
}
BASIC_ACTIONS: frozenset[str] = frozenset(_BASIC)
"""The codes of the table that are understood."""
_CLEANING = {
    "modified_dates": Action.SHIFT,
    "device": Action.CLEAN_TITLE,
    "patient": Action.CLEAN_TEXT,
    "clean_descriptors": Action.CLEAN_TEXT,
    "clean_structured": Action.CLEAN_CONTENT,
    "clean_graphics": Action.CLEAN_GRAPHICS,
}


def basic_action(row: ProfileRow) -> Action:
    """Return what the Basic Profile does."""
    return _BASIC[row.basic]


def action_for(row: ProfileRow, columns: Iterable[str]) -> Action:
    """Return what is done with a row's attribute under the columns that are in force.

    An option overrides the profile (PS3.15 E.1.1). Where two options disagree, which are Retain Device Identity and
    Modified Dates about dates of a device, cleaning wins over keeping.
    """
    kept = False
    for column in columns:
        code = row.options.get(column)
        if code == "C":
            return _CLEANING[column]
        kept = kept or code == "K"
    return Action.KEEP if kept else basic_action(row)
