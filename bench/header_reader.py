"""What it costs to read a header, in microseconds: `python -m bench.header_reader [file ...]`.

A CT slice of 525 KB with the header that scanners write (some 130 elements, half of them private), in memory and
on disk; files named on the command line are measured besides. pydicom alone reads the same attributes, for
comparison. Each figure is the best of several rounds.
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

from fileroom.adapters.files.header_reader import PydicomHeaderReader, ScannerHeaderReader
from fileroom.application.ports.header_reader import HeaderReader
from fileroom.domain.attributes import ATTRIBUTES
from tests.builders import a_dicom_file, a_record

ROUNDS, READS = 15, 100
SLICE_BYTES = 512 * 512 * 2


def a_ct_slice() -> bytes:
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
    data_set_file = a_dicom_file(record, pixel_bytes=SLICE_BYTES, values=values)
    data_set = dcmread(io.BytesIO(data_set_file))
    for group, creator in ((0x0009, "ACME IDENT"), (0x0019, "ACME ACQ"), (0x0021, "ACME IMAGE")):
        block = data_set.private_block(group, creator, create=True)
        for number in private.values():
            block.add_new(number, "LO", f"value {number}")
    out = io.BytesIO()
    data_set.save_as(out)
    return out.getvalue()


def microseconds(read: Callable[[], object]) -> float:
    """Return what one call costs, at best."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(READS):
            read()
        best = min(best, time.perf_counter() - started)
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


if __name__ == "__main__":
    main()
