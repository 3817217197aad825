"""What the catalog holds: one entry an instance, and summaries of series, studies and patients."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fileroom.domain.query import Attributes


class Origin(StrEnum):
    """How an instance came here."""

    IMPORTED = "imported"
    """From a file, folder or archive."""
    RECEIVED = "received"
    """A peer sent it unasked."""
    RETRIEVED = "retrieved"
    """We asked a peer for it (C-MOVE or C-GET)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceRecord:
    """The header of one DICOM instance, as far as the catalog wants it."""

    sop_instance_uid: str
    """(0008,0018)"""
    sop_class_uid: str
    """(0008,0016)"""
    series_instance_uid: str
    """(0020,000E)"""
    study_instance_uid: str
    """(0020,000D)"""
    transfer_syntax_uid: str
    """(0002,0010), or what was negotiated."""
    attributes: Attributes = field(default_factory=dict)
    """The other catalogued attributes by keyword (`fileroom.domain.attributes`); absent means empty."""

    def get(self, keyword: str) -> str:
        """Return the value of any catalogued attribute, '' where it is absent."""
        match keyword:
            case "SOPInstanceUID":
                return self.sop_instance_uid
            case "SOPClassUID":
                return self.sop_class_uid
            case "SeriesInstanceUID":
                return self.series_instance_uid
            case "StudyInstanceUID":
                return self.study_instance_uid
            case _:
                return self.attributes.get(keyword, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """Where the bytes of an instance are."""

    location: str
    """Opaque to all but the object store; stable over restarts."""
    size: int
    """Bytes of the whole file, preamble and file meta information included."""
    data_offset: int
    """Bytes before the data set: preamble, `DICM` and file meta information; 0 for a bare data set."""
    digest: str
    """Algorithm and hexadecimal digest of the data set (not of the file meta information), e.g. `blake3:…`."""
    in_place: bool = False
    """A file of the user's that was indexed where it is, and is never written or deleted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogEntry:
    """One instance in the catalog."""

    record: InstanceRecord
    """Its header."""
    stored: StoredObject
    """Its bytes."""
    origin: Origin
    """How it came."""
    source: str
    """Where from: calling AE title and address, node name, or path."""
    recorded_at: datetime
    """When it was catalogued (aware, UTC)."""
    duplicates: int = 0
    """How often another copy with the same SOP Instance UID was offered since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceSummary:
    """An instance as lists show it."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: str
    number_of_frames: str
    rows: str
    columns: str
    size: int
    location: str
    in_place: bool
    digest: str
    origin: Origin
    source: str
    imported_at: datetime
    duplicates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesSummary:
    """A series as lists show it."""

    study_instance_uid: str
    series_instance_uid: str
    series_number: str
    series_description: str
    modality: str
    instance_count: int
    imported_at_max: datetime
    """When its latest instance was catalogued."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudySummary:
    """A study as lists show it."""

    study_instance_uid: str
    patient_name: str
    patient_id: str
    accession_number: str
    study_date_max: str
    """Latest Study Date (DA) among its instances."""
    study_description: str
    modalities: tuple[str, ...]
    """Modalities in study, sorted."""
    series_count: int
    instance_count: int
    imported_at_max: datetime
    """When its latest instance was catalogued: stable since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogTotals:
    """How much is catalogued."""

    patients: int
    studies: int
    series: int
    instances: int
    bytes: int
