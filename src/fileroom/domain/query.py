"""Query models, levels and identifiers of PS3.4 Annex C."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fileroom.domain.errors import InvalidInput

Attributes = Mapping[str, str]
"""Attribute values by keyword (or `ggggeeee` where the tag has none): decoded, unpadded, `\\` between values."""


class QueryModel(StrEnum):
    """Information model (PS3.4 C.3)."""

    STUDY_ROOT = "study-root"
    PATIENT_ROOT = "patient-root"


class QueryLevel(StrEnum):
    """Query/Retrieve level (0008,0052), from the top down."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    IMAGE = "image"

    @property
    def dicom(self) -> str:
        """The value on the wire."""
        return self.value.upper()

    @property
    def depth(self) -> int:
        """0 for PATIENT to 3 for IMAGE."""
        return _LEVELS.index(self)

    @property
    def entity(self) -> str:
        """What it is called in sentences: the level is IMAGE, the thing an instance."""
        return "instance" if self is QueryLevel.IMAGE else self.value

    @property
    def unique_key(self) -> str:
        """Keyword of the level's unique key (PS3.4 C.6)."""
        return UNIQUE_KEYS[self]

    @classmethod
    def from_dicom(cls, text: str) -> "QueryLevel":
        """Read the value of (0008,0052).

        Raises:
            InvalidInput: it names no level.
        """
        try:
            return cls(text.strip("\0 ").lower())
        except ValueError:
            raise InvalidInput(
                f"{text!r} is not a query/retrieve level", hint="use PATIENT, STUDY, SERIES or IMAGE"
            ) from None


_LEVELS: Final = tuple(QueryLevel)

UNIQUE_KEYS: Final = {
    QueryLevel.PATIENT: "PatientID",
    QueryLevel.STUDY: "StudyInstanceUID",
    QueryLevel.SERIES: "SeriesInstanceUID",
    QueryLevel.IMAGE: "SOPInstanceUID",
}

_PATIENT_KEYS = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY_KEYS = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyDescription",
    "StudyID",
    "ReferringPhysicianName",
    "StudyInstanceUID",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)

DEFAULT_KEYS: Final[Mapping[QueryLevel, tuple[str, ...]]] = {
    QueryLevel.PATIENT: (*_PATIENT_KEYS, "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedInstances"),
    QueryLevel.STUDY: (*_PATIENT_KEYS, *_STUDY_KEYS),
    QueryLevel.SERIES: (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "SeriesDate",
        "SeriesTime",
        "BodyPartExamined",
        "NumberOfSeriesRelatedInstances",
    ),
    QueryLevel.IMAGE: (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "SOPClassUID",
        "InstanceNumber",
        "NumberOfFrames",
        "Rows",
        "Columns",
    ),
}
"""What a query at a level asks to be returned, besides the keys that the caller gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A C-FIND request: matching keys have a value, return keys an empty one."""

    level: QueryLevel
    """What one answer describes."""
    model: QueryModel = QueryModel.STUDY_ROOT
    """Information model; the patient level exists in patient-root only."""
    keys: Attributes = field(default_factory=dict)
    """Keyword (or `ggggeeee`) to value, in the syntax of PS3.4 C.2.2.2."""

    def __post_init__(self) -> None:
        """Refuse what no peer could answer."""
        if self.level is QueryLevel.PATIENT and self.model is QueryModel.STUDY_ROOT:
            raise InvalidInput(
                "the study-root model has no patient level", hint="add --model=patient-root, or query studies"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What a C-MOVE or C-GET asks for: unique keys from the top down to the level (PS3.4 C.4.2.2.1).

    Below STUDY more than one UID may be named.
    """

    level: QueryLevel
    """The level of the request."""
    model: QueryModel = QueryModel.STUDY_ROOT
    """Information model."""
    patient_id: str = ""
    """(0010,0020), required by patient-root."""
    study_instance_uids: tuple[str, ...] = ()
    """(0020,000D)."""
    series_instance_uids: tuple[str, ...] = ()
    """(0020,000E)."""
    sop_instance_uids: tuple[str, ...] = ()
    """(0008,0018)."""

    def keys(self) -> dict[str, str]:
        """Return the unique keys as an identifier."""
        found = {
            "PatientID": self.patient_id,
            "StudyInstanceUID": "\\".join(self.study_instance_uids),
            "SeriesInstanceUID": "\\".join(self.series_instance_uids),
            "SOPInstanceUID": "\\".join(self.sop_instance_uids),
        }
        return {keyword: value for keyword, value in found.items() if value}

    @classmethod
    def from_keys(cls, level: QueryLevel, model: QueryModel, keys: Attributes) -> "Selection":
        """Read an identifier that a peer sent; keys below the level are ignored.

        Raises:
            InvalidInput: the unique key of the level is missing, so that everything would be meant.
        """

        def uids(at: QueryLevel) -> tuple[str, ...]:
            if at.depth > level.depth:
                return ()
            return tuple(
                uid for part in keys.get(at.unique_key, "").split("\\") if (uid := part.strip("\0 "))
            )

        selection = cls(
            level=level,
            model=model,
            patient_id=keys.get("PatientID", "").strip("\0 "),
            study_instance_uids=uids(QueryLevel.STUDY),
            series_instance_uids=uids(QueryLevel.SERIES),
            sop_instance_uids=uids(QueryLevel.IMAGE),
        )
        if not selection.keys().get(level.unique_key):
            raise InvalidInput(
                f"the request names no {level.unique_key}", hint="name what to retrieve (PS3.4 C.4.2.2.1)"
            )
        return selection
