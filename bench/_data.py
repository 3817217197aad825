"""The objects that are sent: made anew in each run, always the same ones.

A study of CT slices in eight series, a folder each, so that eight senders have disjoint parts. The pixels of all
objects come from one block that is turned a little further for each; nothing looks at them, but no two are alike.
"""

import io
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

SERIES = 8
FIRST_NUMBER = 100001
"""Of the slices: numbers of one width, so that one header serves for a series, its number replaced."""
ROOT = "1.2.826.0.1.3680043.10.1.9"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MULTI_FRAME_STORAGE = "1.2.840.10008.5.1.4.1.1.7.3"
"""Multi-frame Grayscale Word Secondary Capture: what one large object may be."""
LONGEST = 2**32 - 2
"""Bytes that a value of defined length may have (PS3.5 7.1.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What objects are like."""

    name: str
    edge: int
    """Rows, and columns, of 16 bits a pixel."""
    study: int
    """Goes into the UIDs, so that kinds do not meet."""

    @property
    def pixel_bytes(self) -> int:
        """Length of the pixel data."""
        return self.edge * self.edge * 2


CT = Kind(name="CT", edge=512, study=1)
SMALL = Kind(name="small", edge=62, study=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Objects in a folder, in eight folders of it."""

    folder: Path
    count: int
    object_bytes: int
    """Size of one of the files."""

    @property
    def parts(self) -> list[Path]:
        """The folders, disjoint."""
        return sorted(self.folder.iterdir())


def data_set(kind: Kind, series: int) -> Dataset:
    """Return the first slice of a series without its pixels: the header that a scanner writes."""
    study_uid = f"{ROOT}.{kind.study}"
    series_uid = f"{study_uid}.{series}"
    found = Dataset()
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 100", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "InstanceCreationDate": "20260102", "InstanceCreationTime": "120102.250000",
        "SOPClassUID": CT_IMAGE_STORAGE, "SOPInstanceUID": f"{series_uid}.{FIRST_NUMBER}",
        "StudyDate": "20260102", "SeriesDate": "20260102", "AcquisitionDate": "20260102", "ContentDate": "20260102",
        "StudyTime": "120000", "SeriesTime": "120100", "AcquisitionTime": "120101.5", "ContentTime": "120102",
        "AccessionNumber": f"A{kind.study:07}", "Modality": "CT", "Manufacturer": "ACME Medical",
        "InstitutionName": "St. Anywhere", "ReferringPhysicianName": "Roe^Richard^^Dr", "StationName": "CT1",
        "StudyDescription": "CT Thorax", "SeriesDescription": f"Lung 1.0 axial {series}",
        "InstitutionalDepartmentName": "Radiology", "ManufacturerModelName": "Scanner 64",
        "PatientName": "Doe^Jane", "PatientID": f"BENCH{kind.study}", "PatientBirthDate": "19500101",
        "PatientSex": "F", "PatientAge": "076Y", "PatientSize": "1.70", "PatientWeight": "70",
        "BodyPartExamined": "CHEST", "ScanOptions": "HELIX", "SliceThickness": "1.0", "KVP": "120",
        "DataCollectionDiameter": "500", "DeviceSerialNumber": "12345", "SoftwareVersions": ["1.0", "2.7"],
        "ProtocolName": "Thorax routine", "ReconstructionDiameter": "350", "GantryDetectorTilt": "0",
        "TableHeight": "150", "RotationDirection": "CW", "ExposureTime": "500", "XRayTubeCurrent": "200",
        "Exposure": "100", "FilterType": "BODY", "GeneratorPower": "24", "FocalSpots": "1.2",
        "ConvolutionKernel": "B31f", "PatientPosition": "HFS",
        "StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid, "StudyID": "1", "SeriesNumber": series,
        "AcquisitionNumber": 1, "InstanceNumber": FIRST_NUMBER,
        "ImagePositionPatient": ["-175.0", "-175.0", "-300.5"],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "FrameOfReferenceUID": f"{study_uid}.9",
        "SliceLocation": "-300.5", "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "Rows": kind.edge, "Columns": kind.edge,
        "PixelSpacing": ["0.683594", "0.683594"], "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
        "PixelRepresentation": 0, "WindowCenter": "40", "WindowWidth": "400", "RescaleIntercept": "-1024",
        "RescaleSlope": "1", "RescaleType": "HU",
    }  # fmt: skip
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def encoded(header: Dataset) -> bytes:
    """Return a DICOM file, explicit VR little endian, of a header; bulk may be put behind it."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = header.SOPClassUID
    meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, header, enforce_file_format=True)
    return buffer.getvalue()


def pixel_element(length: int) -> bytes:
    """Return tag, VR and length of Pixel Data, explicit VR little endian (PS3.5 7.1.2)."""
    return bytes.fromhex("e07f1000") + b"OW\0\0" + length.to_bytes(4, "little")


def write_objects(folder: Path, kind: Kind, count: int, *, first: int = 0) -> Batch:
    """Write objects of a kind and return them.

    Args:
        folder: A new folder.
        kind: What they are like.
        count: How many.
        first: Number of the first: batches of one kind with other numbers have other objects.
    """
    noise = random.Random(kind.study)  # noqa: S311 - pixels, no secret
    # Twelve bits of sixteen, as a scanner has them.
    pixels = bytearray(noise.randbytes(kind.pixel_bytes))
    pixels[1::2] = bytes(value & 0x0F for value in pixels[1::2])
    headers = [encoded(data_set(kind, series + 1)) for series in range(SERIES)]
    size = 0
    for number in range(first, first + count):
        part = folder / f"series-{number % SERIES + 1}"
        part.mkdir(parents=True, exist_ok=True)
        turned = 2 * number % kind.pixel_bytes
        content = b"".join(
            (
                headers[number % SERIES].replace(b"%d" % FIRST_NUMBER, b"%d" % (FIRST_NUMBER + number)),
                pixel_element(kind.pixel_bytes),
                pixels[turned:],
                pixels[:turned],
            )
        )
        (part / f"{FIRST_NUMBER + number}.dcm").write_bytes(content)
        size = len(content)
    return Batch(folder=folder, count=count, object_bytes=size)


def some_of(batch: Batch, folder: Path, count: int) -> Batch:
    """Return the first objects of a batch in a folder of their own, without copying them; `count` at most."""
    files: Sequence[Path] = sorted(batch.folder.rglob("*.dcm"), key=lambda path: path.name)[:count]
    for file in files:
        part = folder / file.parent.name
        part.mkdir(parents=True, exist_ok=True)
        os.link(file, part / file.name)
    return Batch(folder=folder, count=len(files), object_bytes=batch.object_bytes)


def write_large(path: Path, pixel_bytes: int) -> int:
    """Write one object of many frames, all black, without using memory, nor disk where holes cost none.

    Args:
        path: The file.
        pixel_bytes: Length of the pixel data, rounded to whole frames of 512 x 512 x 16 bits.

    Returns:
        The size of the file.
    """
    frames = max(1, min(pixel_bytes, LONGEST) // CT.pixel_bytes)
    header = data_set(CT, 1)
    header.SOPClassUID = MULTI_FRAME_STORAGE
    header.SOPInstanceUID = f"{ROOT}.3.1"
    header.NumberOfFrames = frames
    length = frames * CT.pixel_bytes
    with path.open("wb") as file:
        file.write(encoded(header) + pixel_element(length))
        size = file.tell() + length
        file.truncate(size)
    return size
