"""What it costs to read a header, in microseconds: `python -m bench.header_reader [file ...]`.

A CT slice of 525 KB with the header that scanners write (some 130 elements, half of them private), in memory and
on disk; files named on the command line are measured besides. pydicom alone reads the same attributes, for
comparison. Then what a listener does: the first 64 KB of data sets as they come in, by a reader that has read nothing
before, the same object time and again, and rows of 500 objects. Each figure is the best of several rounds, in time of
the processor.
"""

import argparse
import io
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from fileroom.adapters.files.header_reader import PydicomHeaderReader, ScannerHeaderReader
from fileroom.application.ports.header_reader import HeaderReader
from fileroom.domain.attributes import ATTRIBUTES, Matching
from fileroom.domain.query import QueryLevel
from tests.builders import a_data_set, a_dicom_file, a_record, a_uid, encoded

ROUNDS, READS = 15, 100
SLICE_BYTES = 512 * 512 * 2
SERIES, PREFIX_BYTES = 500, 65536


def a_ct_slice(pixel_bytes: int = SLICE_BYTES) -> bytes:
    """A CT slice as scanners write it."""
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.3", "1.2.3.4"
    private = {f"Private{number}": number for number in range(20)}
    record = a_record(
        StudyTime="120000", AccessionNumber="A1", StudyDescription="CT Thorax", InstitutionName="Hospital",
        SeriesDescription="Lung 1.0", SeriesDate="20260102", SeriesTime="120100", Manufacturer="ACME",
        BodyPartExamined="CHEST", ProtocolName="Thorax", StationName="CT1", ContentDate="20260102",
        ContentTime="120102", PatientBirthDate="19500101", PatientSex="F", StudyID="1",
    )  # fmt: skip
    values: dict[str, object] = {
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "ReferencedStudySequence": Sequence([reference]),
        "ReferencedImageSequence": Sequence([reference, reference]), "ManufacturerModelName": "Scanner",
        "PatientAge": "076Y", "PatientWeight": "70", "SliceThickness": "1.0", "KVP": "120",
        "SoftwareVersions": ["1", "2"], "ReconstructionDiameter": "350", "GantryDetectorTilt": "0",
        "ExposureTime": "500", "XRayTubeCurrent": "200", "Exposure": "100", "FilterType": "BODY",
        "TableHeight": "150", "GeneratorPower": "24",
        "FocalSpots": "1.2", "ConvolutionKernel": "B31f", "PatientPosition": "HFS",
        "ImagePositionPatient": [-175.0, -175.0, -300.5], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "FrameOfReferenceUID": "1.2.3.4.5", "SliceLocation": "-300.5", "PixelSpacing": [0.683594, 0.683594],
        "WindowCenter": "40", "WindowWidth": "400", "RescaleIntercept": "-1024", "RescaleSlope": "1",
        "RescaleType": "HU", "Rows": 512, "Columns": 512,
    }  # fmt: skip
    data_set_file = a_dicom_file(record, pixel_bytes=pixel_bytes, values=values)
    data_set = dcmread(io.BytesIO(data_set_file))
    for group, creator in ((0x0009, "ACME IDENT"), (0x0019, "ACME ACQ"), (0x0021, "ACME IMAGE")):
        block = data_set.private_block(group, creator, create=True)
        for number in private.values():
            block.add_new(number, "LO", f"value {number}")
    out = io.BytesIO()
    data_set.save_as(out)
    return out.getvalue()


def a_series(syntax: str, *, undefined_lengths: bool = False) -> list[bytes]:
    """Data sets of CT slices that differ as those of one series do."""
    data_set = dcmread(io.BytesIO(a_ct_slice(PREFIX_BYTES)))
    for keyword in ("ReferencedStudySequence", "ReferencedImageSequence"):
        data_set[keyword].is_undefined_length = undefined_lengths
    series = []
    for number in range(SERIES):
        data_set.SOPInstanceUID = a_uid(1, 1, number + 1)
        data_set.InstanceNumber = str(number + 1)
        data_set.ContentTime = data_set.AcquisitionTime = f"12{number // 60:02}{number % 60:02}"
        data_set.SliceLocation = str(number - 300.5)
        data_set.ImagePositionPatient = [-175.0, -175.0, number - 300.5]
        series.append(encoded(data_set, syntax)[:PREFIX_BYTES])
    return series


def of_many_studies() -> list[bytes]:
    """Data sets of CT slices that have no more in common than the scanner."""
    data_set = dcmread(io.BytesIO(a_ct_slice(PREFIX_BYTES)))
    slices = []
    for number in range(SERIES):
        for attribute in ATTRIBUTES:
            if attribute.matching is Matching.UID and attribute.keyword != "SOPClassUID":
                setattr(data_set, attribute.keyword, a_uid(number, attribute.tag & 0xFF))
            elif attribute.level in {QueryLevel.PATIENT, QueryLevel.STUDY} and attribute.vr != "DA":
                setattr(data_set, attribute.keyword, str(number))
        data_set.InstanceNumber = str(number % 40)
        data_set.SliceLocation = str(number % 40 - 300.5)
        slices.append(encoded(data_set)[:PREFIX_BYTES])
    return slices


def small_objects() -> list[bytes]:
    """Data sets with little in them, of 500 studies."""
    return [encoded(a_data_set(a_record(study=number, PatientID=str(number)))) for number in range(SERIES)]


def microseconds(read: Callable[[], object]) -> float:
    """Return what one call costs, at best."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(READS):
            read()
        best = min(best, time.process_time() - started)
    return best / READS * 1e6


def with_pydicom_alone(data: bytes) -> object:
    data_set = dcmread(
        io.BytesIO(data), stop_before_pixels=True, specific_tags=[one.tag for one in ATTRIBUTES]
    )
    return [str(data_set.get(attribute.keyword, "")) for attribute in ATTRIBUTES]


def from_memory(reader: HeaderReader, data: bytes, *, complete: bool = True) -> object:
    return reader.read(io.BytesIO(data), complete=complete)


def from_disk(reader: HeaderReader, path: Path) -> object:
    with path.open("rb") as stream:
        return reader.read(stream)


def on_arrival(reader: HeaderReader, prefix: bytes, syntax: str = ExplicitVRLittleEndian) -> object:
    return reader.read_data_set(io.BytesIO(prefix), syntax, complete=False)


def microseconds_in_a_row(prefixes: list[bytes], syntax: str = ExplicitVRLittleEndian) -> float:
    """Return what one of a row costs, at best, with a reader that has read nothing before the row."""
    best = float("inf")
    for _ in range(ROUNDS):
        reader = ScannerHeaderReader()
        started = time.process_time()
        for prefix in prefixes:
            on_arrival(reader, prefix, syntax)
        best = min(best, time.process_time() - started)
    return best / len(prefixes) * 1e6


def measure_arrivals() -> None:
    series = a_series(ExplicitVRLittleEndian)
    costs = {
        "CT by a new reader": microseconds(lambda: on_arrival(ScannerHeaderReader(), series[0])),
        "CT time and again": microseconds(partial(on_arrival, ScannerHeaderReader(), series[0])),
        "CT series": microseconds_in_a_row(series),
        "CT series, sequences of undefined length": microseconds_in_a_row(
            a_series(ExplicitVRLittleEndian, undefined_lengths=True)
        ),
        "CT series, implicit VR": microseconds_in_a_row(
            a_series(ImplicitVRLittleEndian), ImplicitVRLittleEndian
        ),
        "CT of many studies": microseconds_in_a_row(of_many_studies()),
        "small objects of many studies": microseconds_in_a_row(small_objects()),
    }
    print("on arrival, ScannerHeaderReader, µs a header")
    for what, cost in costs.items():
        print(f"  {what:42} {cost:5.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure header readers.")
    parser.add_argument("files", nargs="*", type=Path)
    files: list[Path] = parser.parse_args().files
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        ct_slice = Path(folder) / "CT slice.dcm"
        ct_slice.write_bytes(a_ct_slice())
        for path in [ct_slice, *files]:
            data = path.read_bytes()
            print(f"{path.name}, {len(data)} bytes, µs a header")
            for reader in (ScannerHeaderReader(), PydicomHeaderReader()):
                costs = (
                    ("first 8 KB", microseconds(partial(from_memory, reader, data[:8192], complete=False))),
                    ("to the end", microseconds(partial(from_memory, reader, data))),
                    ("on disk", microseconds(partial(from_disk, reader, path))),
                )
                print(f"  {type(reader).__name__:20}", *(f"{what} {cost:5.0f} " for what, cost in costs))
            print(
                f"  {'pydicom alone':20} without checks {microseconds(partial(with_pydicom_alone, data)):5.0f}"
            )
    measure_arrivals()


if __name__ == "__main__":
    main()
