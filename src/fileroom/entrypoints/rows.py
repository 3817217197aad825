"""Studies, series and instances as rows: which columns an export has, and which a person sees."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.export import Row
from fileroom.entrypoints.wording import human_bytes

if TYPE_CHECKING:
    from fileroom.domain.records import InstanceSummary, SeriesSummary, StudySummary


QUERY_COLUMNS = {
    QueryLevel.PATIENT: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    QueryLevel.STUDY: (
        "StudyDate",
        "PatientID",
        "PatientName",
        "ModalitiesInStudy",
        "StudyDescription",
        "AccessionNumber",
        "StudyInstanceUID",
    ),
    QueryLevel.SERIES: (
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    QueryLevel.IMAGE: ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}
"""Keywords of the columns of a query's matches; the UID that tells them apart is the last."""


class RowKind:
    """One of the three lists: its name, the columns that an export has and those that a person sees."""

    def __init__(
        self, name: str, noun: tuple[str, str], exported: Sequence[str], shown: dict[str, str]
    ) -> None:
        self.name = name
        self.noun = noun
        self.exported = exported
        self.shown = shown


STUDIES = RowKind(
    "studies",
    ("study", "studies"),
    (
        "study_instance_uid",
        "patient_name",
        "patient_id",
        "accession_number",
        "study_date_max",
        "study_description",
        "modalities",
        "series_count",
        "instance_count",
    ),
    {
        "DATE": "study_date_max",
        "PATIENT": "patient_name",
        "ID": "patient_id",
        "MODALITIES": "modalities",
        "DESCRIPTION": "study_description",
        "ACCESSION": "accession_number",
        "SERIES": "series_count",
        "INSTANCES": "instance_count",
        "STUDY INSTANCE UID": "study_instance_uid",
    },
)
SERIES = RowKind(
    "series",
    ("series", "series"),
    (
        "study_instance_uid",
        "series_instance_uid",
        "series_number",
        "series_description",
        "modality",
        "instance_count",
        "imported_at_max",
    ),
    {
        "NUMBER": "series_number",
        "MODALITY": "modality",
        "DESCRIPTION": "series_description",
        "INSTANCES": "instance_count",
        "IMPORTED": "imported_at_max",
        "SERIES INSTANCE UID": "series_instance_uid",
    },
)
INSTANCES = RowKind(
    "instances",
    ("instance", "instances"),
    (
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "sop_class_uid",
        "transfer_syntax_uid",
        "instance_number",
        "number_of_frames",
        "rows",
        "columns",
        "size",
        "location",
        "digest",
        "origin",
        "source",
        "imported_at",
        "duplicates",
    ),
    {
        "NUMBER": "instance_number",
        "SOP CLASS": "sop_class",
        "TRANSFER SYNTAX": "transfer_syntax",
        "SIZE": "human_size",
        "ORIGIN": "origin",
        "IMPORTED": "imported_at",
        "SOP INSTANCE UID": "sop_instance_uid",
    },
)


def study_row(study: "StudySummary") -> Row:
    """Return a study as a row."""
    row: Row = {key: getattr(study, key) for key in STUDIES.exported}
    return row | {"modalities": list(study.modalities)}


def series_row(found: "SeriesSummary") -> Row:
    """Return a series as a row."""
    row: Row = {key: getattr(found, key) for key in SERIES.exported}
    return row | {"imported_at_max": found.imported_at_max.isoformat(timespec="seconds")}


def instance_row(instance: "InstanceSummary") -> Row:
    """Return an instance as a row; some columns are for people only."""
    from fileroom.domain.sop_classes import sop_class_name
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    row: Row = {key: getattr(instance, key) for key in INSTANCES.exported}
    return row | {
        "origin": instance.origin.value,
        "imported_at": instance.imported_at.isoformat(timespec="seconds"),
        "sop_class": sop_class_name(instance.sop_class_uid),
        "transfer_syntax": transfer_syntax(instance.transfer_syntax_uid).name,
        "human_size": human_bytes(instance.size),
    }


def exported(kind: RowKind, row: Row) -> Row:
    """Return the columns that an export has."""
    return {key: row[key] for key in kind.exported}
