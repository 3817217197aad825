"""Makes valid values for tests; every argument that a test does not care about has a default."""

from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.records import CatalogEntry, InstanceRecord, Origin, StoredObject

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
SOME_TIME = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_uid(*numbers: int) -> str:
    """Return a valid UID that depends on the numbers only."""
    return ".".join(["1.2.826.0.1.3680043.10.1", *map(str, numbers)])


def a_record(
    instance: int = 1,
    *,
    series: int = 1,
    study: int = 1,
    sop_class_uid: str = CT_IMAGE_STORAGE,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    **attributes: str,
) -> InstanceRecord:
    """Return the header of an instance; its UIDs follow from the numbers of study, series and instance."""
    return InstanceRecord(
        sop_instance_uid=a_uid(study, series, instance),
        sop_class_uid=sop_class_uid,
        series_instance_uid=a_uid(study, series),
        study_instance_uid=a_uid(study),
        transfer_syntax_uid=transfer_syntax_uid,
        attributes={
            "PatientID": f"P{study}",
            "PatientName": f"Doe^Jane {study}",
            "StudyDate": "20260102",
            "Modality": "CT",
            "InstanceNumber": str(instance),
            "SeriesNumber": str(series),
        }
        | attributes,
    )


def an_entry(
    record: InstanceRecord | None = None,
    *,
    size: int = 1000,
    origin: Origin = Origin.IMPORTED,
    source: str = "/data/in",
    recorded_at: datetime = SOME_TIME,
    digest: str = "",
) -> CatalogEntry:
    """Return a catalog entry for a record."""
    record = record or a_record()
    return CatalogEntry(
        record=record,
        stored=StoredObject(
            location=f"store:{record.sop_instance_uid}.dcm",
            size=size,
            data_offset=300,
            digest=digest or f"blake3:{abs(hash(record.sop_instance_uid)):064x}",
        ),
        origin=origin,
        source=source,
        recorded_at=recorded_at,
    )


def a_data_set(record: InstanceRecord | None = None, *, pixel_bytes: int = 512, **values: object) -> Dataset:
    """Return a pydicom data set that holds a record's attributes, and `values` by keyword."""
    record = record or a_record()
    data_set = Dataset()
    if not set("".join(record.attributes.values())) <= set(map(chr, range(128))):
        data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID = record.sop_class_uid
    data_set.SOPInstanceUID = record.sop_instance_uid
    data_set.StudyInstanceUID = record.study_instance_uid
    data_set.SeriesInstanceUID = record.series_instance_uid
    for keyword, value in record.attributes.items():
        setattr(data_set, keyword, value)
    data_set.Rows = data_set.Columns = 16
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 16, 16, 15
    data_set.PixelRepresentation, data_set.SamplesPerPixel = 0, 1
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.PixelData = bytes(index % 251 for index in range(pixel_bytes))
    data_set["PixelData"].VR = "OW"
    for keyword, given in values.items():
        setattr(data_set, keyword, given)
    return data_set


def encoded(data_set: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """Return the bytes of a data set alone, in an uncompressed transfer syntax."""
    syntax = UID(transfer_syntax_uid)
    buffer = BytesIO()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    data_set.file_meta = meta
    dcmwrite(buffer, data_set, enforce_file_format=True)
    whole = buffer.getvalue()
    group_length = int.from_bytes(whole[140:144], "little")
    return whole[144 + group_length :]


def a_dicom_file(
    record: InstanceRecord | None = None,
    *,
    pixel_bytes: int = 512,
    values: Mapping[str, object] | None = None,
) -> bytes:
    """Return a whole DICOM file for a record, in the record's (uncompressed) transfer syntax."""
    record = record or a_record()
    header = encode_file_meta(
        sop_class_uid=record.sop_class_uid,
        sop_instance_uid=record.sop_instance_uid,
        transfer_syntax_uid=record.transfer_syntax_uid,
    )
    data_set = a_data_set(record, pixel_bytes=pixel_bytes, **(values or {}))
    return header + encoded(data_set, record.transfer_syntax_uid)
