"""What every header reader keeps to on generated files, on damaged ones, and on files from the field."""

import contextlib
import io
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.multival import MultiValue

from fileroom.adapters.files.header_reader import PydicomHeaderReader, ScannerHeaderReader
from fileroom.application.ports.header_reader import HeaderReader
from fileroom.domain.attributes import ATTRIBUTES
from fileroom.domain.errors import InvalidDicom
from tests.builders import a_dicom_file, a_record
from tests.contract.test_header_reader import CountingStream, read
from tests.strategies import BIG_ENDIAN, EXPLICIT, IMPLICIT, DicomFile, dicom_files, encode, mutations

ADAPTERS: tuple[Callable[[], HeaderReader], ...] = (ScannerHeaderReader, PydicomHeaderReader)

# ------------------------------------------------------------------------------------------------- properties

adapters = pytest.mark.parametrize("adapter", ADAPTERS)
thorough = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@adapters
@thorough
@given(file=dicom_files())
def test_reader_finds_what_was_written(adapter: Callable[[], HeaderReader], file: DicomFile) -> None:
    header = adapter().read(io.BytesIO(file.data))
    assert header is not None
    assert header.record.attributes == file.attributes
    assert header.data_offset == file.data_offset
    assert header.record.transfer_syntax_uid == file.transfer_syntax_uid


@adapters
@thorough
@given(file=dicom_files(), part=st.floats(0, 1))
def test_reader_tells_the_same_or_nothing_from_a_part(
    adapter: Callable[[], HeaderReader], file: DicomFile, part: float
) -> None:
    whole = adapter().read(io.BytesIO(file.data))
    start = file.data[: int(len(file.data) * part)]
    told = adapter().read(io.BytesIO(start), complete=False)
    assert told is None or told == whole


@adapters
@thorough
@given(file=dicom_files(), part=st.floats(0, 1, exclude_max=True))
def test_reader_refuses_a_file_that_is_cut_off_within_an_element(
    adapter: Callable[[], HeaderReader], file: DicomFile, part: float
) -> None:
    start = file.data[: int(len(file.data) * part)]
    try:
        header = adapter().read(io.BytesIO(start))
    except InvalidDicom:
        return
    # Between two elements of the top level nothing tells that there were more.
    assert header is not None
    whole = {
        file.data_offset + len(encode(file.elements[:count], file.transfer_syntax_uid))
        for count in range(len(file.elements))
    }
    assert len(start) in whole


@adapters
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_reader_refuses_or_reads_damaged_files_within_bounds(
    adapter: Callable[[], HeaderReader], data: st.DataObject
) -> None:
    file = data.draw(dicom_files())
    damaged = data.draw(mutations(file.data))
    for complete in (True, False):
        stream = CountingStream(damaged)
        with contextlib.suppress(InvalidDicom):
            adapter().read(stream, complete=complete)
        assert stream.count <= 16 * len(damaged) + 65536


@adapters
@given(
    noise=st.binary(max_size=300),
    start=st.sampled_from([b"", b"\2\0", b"\x08\0", bytes(128) + b"DICM\x08\0"]),
)
def test_reader_refuses_noise(adapter: Callable[[], HeaderReader], noise: bytes, start: bytes) -> None:
    with pytest.raises(InvalidDicom):
        adapter().read(io.BytesIO(start + noise))


@thorough
@given(data=st.data())
def test_readers_agree_also_on_damaged_files(data: st.DataObject) -> None:
    damaged = data.draw(mutations(data.draw(dicom_files(syntaxes=(IMPLICIT, EXPLICIT, BIG_ENDIAN))).data))
    answers = []
    for adapter in ADAPTERS:
        try:
            header = adapter().read(io.BytesIO(damaged))
        except InvalidDicom as error:
            answers.append(error.message)
        else:
            assert header is not None
            answers.append(f"{header.record.sop_instance_uid} {header.data_offset}")
    assert answers[0] == answers[1]


# ------------------------------------------------------------------------------------------------- real files

REFUSED = {
    "Study Instance UID is missing": {
        "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm",
    },
    "SOP Class UID is missing": {
        "UN_sequence.dcm", "empty_charset_LEI.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm",
        "no_meta_group_length.dcm", "priv_SQ.dcm",
    },
    "truncated": {"MR_truncated.dcm", "rtplan_truncated.dcm"},
    "not DICOM": {
        "no_meta.dcm",  # begins with a stray byte
        "README.txt", "README", "crayons.icc", "rtplan.dump", "rtstruct.dump", "test1.json", "test_PN.json", "zipMR.gz",
    },
}  # fmt: skip


@cache
def local_files() -> tuple[Path, ...]:
    """The files that pydicom brings along; others of its list would have to be fetched."""
    from pydicom.data import data_manager

    root = Path(data_manager.DATA_ROOT)
    return tuple(
        path
        for folder in ("test_files", "charset_files")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    )


def as_text(value: object) -> str:
    """A value of pydicom's as DICOM writes it."""
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(as_text(one) for one in cast("MultiValue[object]", value))
    return str(value).strip(" \0")


@adapters
def test_reader_agrees_with_pydicom_on_the_files_that_come_with_it(
    adapter: Callable[[], HeaderReader],
) -> None:
    agreed = 0
    for path in local_files():
        data = path.read_bytes()
        reason = next((why for why, names in REFUSED.items() if path.name in names), "")
        if path.name.startswith("DICOMDIR"):
            reason = "a DICOMDIR, not an object"
        if path.parent.name == "charset_files" and (path.suffix == ".txt" or "SQEncoding" in path.name):
            reason = "not DICOM" if path.suffix == ".txt" else "SOP Class UID is missing"
        if reason:
            with pytest.raises(InvalidDicom, match=reason):
                adapter().read(io.BytesIO(data))
            continue
        header = read(adapter(), data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = dcmread(io.BytesIO(data), force=True)
            for attribute in ATTRIBUTES:
                try:
                    theirs = as_text(expected.get(attribute.keyword))
                except ValueError:
                    continue  # pydicom gives up on a number that is none
                assert header.record.get(attribute.keyword) == theirs.rstrip("="), (path, attribute.keyword)
            declared = str(getattr(expected.file_meta, "TransferSyntaxUID", ""))
        if declared:
            assert header.record.transfer_syntax_uid == declared, path
        agreed += 1
    assert agreed >= 140


@adapters
def test_reader_agrees_with_itself_on_every_start_of_real_files(adapter: Callable[[], HeaderReader]) -> None:
    for path in local_files():
        if path.name not in {
            "MR_small_implicit.dcm",
            "rtplan.dcm",
            "SC_rgb_rle.dcm",
            "image_dfl.dcm",
            "chrH32.dcm",
        }:
            continue
        data = path.read_bytes()
        whole, told = read(adapter(), data), 0
        for length in range(0, len(data), 7):
            header = adapter().read(io.BytesIO(data[:length]), complete=False)
            assert header in (None, whole)
            told += header is not None
        assert told


def test_scanner_reads_a_built_file() -> None:
    record = a_record(PatientName="Müller^Jürgen=山田")
    stream: BinaryIO = io.BytesIO(a_dicom_file(record))
    header = ScannerHeaderReader().read(stream)
    assert header is not None
    assert header.record.get("PatientName") == "Müller^Jürgen=山田"
