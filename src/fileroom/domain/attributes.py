"""The attributes that fileroom catalogues: one table from which records, columns and answers are made.

To catalogue one more attribute, add a line here and a migration in the SQL catalog; header readers, matching,
C-FIND answers and the in-memory catalog follow this table.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fileroom.domain.query import QueryLevel


class Matching(StrEnum):
    """How the values of an attribute are compared (PS3.4 C.2.2.2)."""

    NAME = "name"
    """VR PN: folded (case, accents), each component group by itself."""
    TEXT = "text"
    """Descriptions: folded."""
    CODE = "code"
    """Identifiers and code strings: exact, case significant, padding not."""
    UID = "uid"
    """Exact; a list of UIDs matches any of them."""
    DATE = "date"
    """VR DA: single value or range."""
    TIME = "time"
    """VR TM: single value or range."""
    NUMBER = "number"
    """VR IS, US: compared as integers."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One catalogued attribute."""

    keyword: str
    """Keyword of PS3.6."""
    tag: int
    """Tag as one 32-bit number: group in the upper half."""
    vr: str
    """Value representation of PS3.6."""
    level: QueryLevel
    """The information entity that it belongs to."""
    matching: Matching
    """How its values are compared."""


_P, _S, _E, _I = QueryLevel.PATIENT, QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE
_M = Matching

ATTRIBUTES: Final = (
    Attribute("PatientID", 0x00100020, "LO", _P, _M.CODE),
    Attribute("IssuerOfPatientID", 0x00100021, "LO", _P, _M.CODE),
    Attribute("PatientName", 0x00100010, "PN", _P, _M.NAME),
    Attribute("PatientBirthDate", 0x00100030, "DA", _P, _M.DATE),
    Attribute("PatientSex", 0x00100040, "CS", _P, _M.CODE),
    Attribute("StudyInstanceUID", 0x0020000D, "UI", _S, _M.UID),
    Attribute("StudyDate", 0x00080020, "DA", _S, _M.DATE),
    Attribute("StudyTime", 0x00080030, "TM", _S, _M.TIME),
    Attribute("AccessionNumber", 0x00080050, "SH", _S, _M.CODE),
    Attribute("StudyID", 0x00200010, "SH", _S, _M.CODE),
    Attribute("StudyDescription", 0x00081030, "LO", _S, _M.TEXT),
    Attribute("ReferringPhysicianName", 0x00080090, "PN", _S, _M.NAME),
    Attribute("InstitutionName", 0x00080080, "LO", _S, _M.TEXT),
    Attribute("SeriesInstanceUID", 0x0020000E, "UI", _E, _M.UID),
    Attribute("Modality", 0x00080060, "CS", _E, _M.CODE),
    Attribute("SeriesNumber", 0x00200011, "IS", _E, _M.NUMBER),
    Attribute("SeriesDescription", 0x0008103E, "LO", _E, _M.TEXT),
    Attribute("SeriesDate", 0x00080021, "DA", _E, _M.DATE),
    Attribute("SeriesTime", 0x00080031, "TM", _E, _M.TIME),
    Attribute("BodyPartExamined", 0x00180015, "CS", _E, _M.CODE),
    Attribute("ProtocolName", 0x00181030, "LO", _E, _M.TEXT),
    Attribute("Manufacturer", 0x00080070, "LO", _E, _M.TEXT),
    Attribute("StationName", 0x00081010, "SH", _E, _M.CODE),
    Attribute("SOPInstanceUID", 0x00080018, "UI", _I, _M.UID),
    Attribute("SOPClassUID", 0x00080016, "UI", _I, _M.UID),
    Attribute("InstanceNumber", 0x00200013, "IS", _I, _M.NUMBER),
    Attribute("ContentDate", 0x00080023, "DA", _I, _M.DATE),
    Attribute("ContentTime", 0x00080033, "TM", _I, _M.TIME),
    Attribute("NumberOfFrames", 0x00280008, "IS", _I, _M.NUMBER),
    Attribute("Rows", 0x00280010, "US", _I, _M.NUMBER),
    Attribute("Columns", 0x00280011, "US", _I, _M.NUMBER),
)

BY_KEYWORD: Final = {attribute.keyword: attribute for attribute in ATTRIBUTES}
BY_TAG: Final = {attribute.tag: attribute for attribute in ATTRIBUTES}

IDENTIFYING: Final = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"})
"""Attributes that have fields of their own in `InstanceRecord`; the rest is in its `attributes`."""


def attributes_of(level: QueryLevel) -> tuple[Attribute, ...]:
    """Return the catalogued attributes of one level, in the table's order."""
    return tuple(attribute for attribute in ATTRIBUTES if attribute.level is level)
