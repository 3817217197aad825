"""What `info` tells of a file: one table of facts, in the order in which they are shown.

To tell one more, add a line here: the text, the JSON document and the documentation follow the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FactValue = str | int | float | bool | tuple[str, ...] | tuple[float, ...]


class Section(StrEnum):
    """What a fact is about."""

    FILE = "File"
    PATIENT = "Patient"
    STUDY = "Study"
    SERIES = "Series"
    EQUIPMENT = "Equipment"
    INSTANCE = "Instance"
    IMAGE = "Image"


class Kind(StrEnum):
    """How the value of an element is told."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TEXTS = "texts"
    """Several values."""
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to tell of a file."""

    key: str
    """In JSON."""
    label: str
    """For people."""
    section: Section
    tag: int | None = None
    """The element that it is read from; None where it follows from the file itself."""
    kind: Kind = Kind.TEXT
    verbose: bool = False
    """Told only when more is asked for."""


_F, _P, _ST, _SE = Section.FILE, Section.PATIENT, Section.STUDY, Section.SERIES
_EQ, _IN, _IM = Section.EQUIPMENT, Section.INSTANCE, Section.IMAGE

FACTS: Final = (
    Fact("size_bytes", "Size", _F, kind=Kind.INTEGER),
    Fact("transfer_syntax", "Transfer syntax", _F),
    Fact("transfer_syntax_uid", "Transfer Syntax UID", _F),
    Fact("has_file_meta", "File meta information", _F, verbose=True),
    Fact("has_preamble", "Preamble and prefix", _F, verbose=True),
    Fact("data_set_offset", "Data set at byte", _F, kind=Kind.INTEGER, verbose=True),
    Fact("implementation_class_uid", "Implementation Class UID", _F, 0x00020012, verbose=True),
    Fact("implementation_version_name", "Implementation version", _F, 0x00020013, verbose=True),
    Fact("source_ae_title", "Source AE title", _F, 0x00020016, verbose=True),
    Fact("elements", "Elements", _F, kind=Kind.INTEGER, verbose=True),
    Fact("sequences", "Sequences", _F, kind=Kind.INTEGER, verbose=True),
    Fact("max_depth", "Deepest nesting", _F, kind=Kind.INTEGER, verbose=True),
    Fact("private_elements", "Private elements", _F, kind=Kind.INTEGER, verbose=True),
    Fact("private_creators", "Private creators", _F, kind=Kind.TEXTS, verbose=True),
    Fact("character_set", "Character set", _F, 0x00080005, Kind.TEXTS, verbose=True),
    Fact("patient_name", "Name", _P, 0x00100010),
    Fact("patient_id", "ID", _P, 0x00100020),
    Fact("issuer_of_patient_id", "Issuer of ID", _P, 0x00100021, verbose=True),
    Fact("patient_birth_date", "Birth date", _P, 0x00100030),
    Fact("patient_sex", "Sex", _P, 0x00100040),
    Fact("patient_age", "Age", _P, 0x00101010),
    Fact("patient_weight", "Weight (kg)", _P, 0x00101030, Kind.NUMBER, verbose=True),
    Fact("patient_size", "Size (m)", _P, 0x00101020, Kind.NUMBER, verbose=True),
    Fact("patient_identity_removed", "Identity removed", _P, 0x00120062),
    Fact("study_instance_uid", "Study Instance UID", _ST, 0x0020000D),
    Fact("study_date", "Date", _ST, 0x00080020),
    Fact("study_time", "Time", _ST, 0x00080030, verbose=True),
    Fact("study_description", "Description", _ST, 0x00081030),
    Fact("study_id", "Study ID", _ST, 0x00200010, verbose=True),
    Fact("accession_number", "Accession number", _ST, 0x00080050),
    Fact("referring_physician_name", "Referring physician", _ST, 0x00080090, verbose=True),
    Fact("series_instance_uid", "Series Instance UID", _SE, 0x0020000E),
    Fact("modality", "Modality", _SE, 0x00080060),
    Fact("series_number", "Number", _SE, 0x00200011, Kind.INTEGER),
    Fact("series_description", "Description", _SE, 0x0008103E),
    Fact("series_date", "Date", _SE, 0x00080021, verbose=True),
    Fact("series_time", "Time", _SE, 0x00080031, verbose=True),
    Fact("body_part_examined", "Body part", _SE, 0x00180015),
    Fact("laterality", "Laterality", _SE, 0x00200060, verbose=True),
    Fact("protocol_name", "Protocol", _SE, 0x00181030, verbose=True),
    Fact("patient_position", "Patient position", _SE, 0x00185100, verbose=True),
    Fact("frame_of_reference_uid", "Frame of Reference UID", _SE, 0x00200052, verbose=True),
    Fact("manufacturer", "Manufacturer", _EQ, 0x00080070),
    Fact("manufacturer_model_name", "Model", _EQ, 0x00081090),
    Fact("station_name", "Station", _EQ, 0x00081010, verbose=True),
    Fact("institution_name", "Institution", _EQ, 0x00080080),
    Fact("software_versions", "Software", _EQ, 0x00181020, Kind.TEXTS, verbose=True),
    Fact("device_serial_number", "Serial number", _EQ, 0x00181000, verbose=True),
    Fact("sop_instance_uid", "SOP Instance UID", _IN, 0x00080018),
    Fact("sop_class", "SOP class", _IN),
    Fact("sop_class_uid", "SOP Class UID", _IN, 0x00080016),
    Fact("instance_number", "Number", _IN, 0x00200013, Kind.INTEGER),
    Fact("content_date", "Content date", _IN, 0x00080023, verbose=True),
    Fact("content_time", "Content time", _IN, 0x00080033, verbose=True),
    Fact("acquisition_date", "Acquisition date", _IN, 0x00080022, verbose=True),
    Fact("acquisition_time", "Acquisition time", _IN, 0x00080032, verbose=True),
    Fact("rows", "Rows", _IM, 0x00280010, Kind.INTEGER),
    Fact("columns", "Columns", _IM, 0x00280011, Kind.INTEGER),
    Fact("frames", "Frames", _IM, kind=Kind.INTEGER),
    Fact("photometric_interpretation", "Photometric interpretation", _IM, 0x00280004),
    Fact("samples_per_pixel", "Samples per pixel", _IM, 0x00280002, Kind.INTEGER),
    Fact("bits_allocated", "Bits allocated", _IM, 0x00280100, Kind.INTEGER),
    Fact("bits_stored", "Bits stored", _IM, 0x00280101, Kind.INTEGER),
    Fact("high_bit", "High bit", _IM, 0x00280102, Kind.INTEGER, verbose=True),
    Fact("pixel_representation", "Pixels are", _IM),
    Fact("planar_configuration", "Planar configuration", _IM, 0x00280006, Kind.INTEGER, verbose=True),
    Fact("pixel_data_bytes", "Pixel data (bytes)", _IM, kind=Kind.INTEGER),
    Fact("fragments", "Fragments", _IM, kind=Kind.INTEGER, verbose=True),
    Fact("lossy_image_compression", "Lossy compression", _IM, 0x00282110),
    Fact(
        "lossy_image_compression_ratio",
        "Lossy compression ratio",
        _IM,
        0x00282112,
        Kind.NUMBERS,
        verbose=True,
    ),
    Fact("image_type", "Image type", _IM, 0x00080008, Kind.TEXTS, verbose=True),
    Fact("pixel_spacing", "Pixel spacing (mm)", _IM, 0x00280030, Kind.NUMBERS),
    Fact("slice_thickness", "Slice thickness (mm)", _IM, 0x00180050, Kind.NUMBER),
    Fact("slice_location", "Slice location (mm)", _IM, 0x00201041, Kind.NUMBER, verbose=True),
    Fact("image_position", "Image position (mm)", _IM, 0x00200032, Kind.NUMBERS, verbose=True),
    Fact("image_orientation", "Image orientation", _IM, 0x00200037, Kind.NUMBERS, verbose=True),
    Fact("window_center", "Window center", _IM, 0x00281050, Kind.NUMBERS),
    Fact("window_width", "Window width", _IM, 0x00281051, Kind.NUMBERS),
    Fact("rescale_slope", "Rescale slope", _IM, 0x00281053, Kind.NUMBER, verbose=True),
    Fact("rescale_intercept", "Rescale intercept", _IM, 0x00281052, Kind.NUMBER, verbose=True),
    Fact("burned_in_annotation", "Burned-in annotation", _IM, 0x00280301, verbose=True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileDescription:
    """What a file is."""

    values: Mapping[str, FactValue]
    """By key of `FACTS`; what the file does not say is left out."""

    def told(self, *, verbose: bool) -> tuple[tuple[Fact, FactValue], ...]:
        """Return facts and values in the order of the table."""
        return tuple(
            (fact, self.values[fact.key])
            for fact in FACTS
            if fact.key in self.values and (verbose or not fact.verbose)
        )
