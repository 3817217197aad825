"""What every transcoder promises."""

import io
import os
import shutil
import subprocess
import warnings
import zlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.files.transcoding.transcoder import TreeTranscoder
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.application.ports.transcoder import Transcoder
from fileroom.domain.errors import InvalidDicom, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.suite import ContractSuite
from tests.contract.test_header_reader_properties import local_files
from tests.strategies import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNCOMPRESSED,
    DicomFile,
    Element,
    dicom_files,
    encode,
    mutations,
)

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"
JPEG2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG2000 = "1.2.840.10008.1.2.4.91"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
MPEG2 = "1.2.840.10008.1.2.4.100"
PACKED = (JPEG2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS)
TARGETS = (*UNCOMPRESSED, *PACKED)


class Bytes(ObjectContent):
    """An object in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def path(self) -> Path | None:
        return None

    @property
    def size(self) -> int:
        return len(self._data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self._data)


class FailingContent(Bytes):
    def open(self) -> BinaryIO:
        stream = io.BytesIO(b"")
        stream.close()
        return _Failing()


class _Failing(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def outgoing(data: bytes, *, content: type[Bytes] = Bytes) -> OutgoingObject:
    """A file as an object to be sent."""
    header = ScannerHeaderReader().read(io.BytesIO(data))
    assert header is not None
    return OutgoingObject(
        sop_class_uid=header.record.sop_class_uid,
        sop_instance_uid=header.record.sop_instance_uid,
        study_instance_uid=header.record.study_instance_uid,
        transfer_syntax_uid=header.record.transfer_syntax_uid,
        data_offset=header.data_offset,
        content=content(data),
        name="object",
    )


def whole(converted: OutgoingObject) -> bytes:
    """The bytes of a converted object."""
    with converted.content.open() as stream:
        return stream.read()


def data_set(converted: OutgoingObject) -> bytes:
    """The data set of a converted object, inflated."""
    data = whole(converted)[converted.data_offset :]
    return zlib.decompress(data, -15) if converted.transfer_syntax_uid == DEFLATED else data


def pixels(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None":
    """Pixel values as stored, None where pydicom cannot tell them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = dcmread(io.BytesIO(data))
        try:
            return get_decoder(read.file_meta.TransferSyntaxUID).as_array(read, raw=True)[0]
        except (AttributeError, NotImplementedError, RuntimeError, ValueError):
            return None


def a_file(elements: tuple[Element, ...], syntax: str) -> bytes:
    """A file with these elements."""
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1, 1, 1), transfer_syntax_uid=syntax
    )
    return header + encode(elements, syntax)


def bundled(name: str) -> bytes:
    """A file that comes with pydicom."""
    return next(path for path in local_files() if path.name == name).read_bytes()


class TranscoderContract(ContractSuite, ABC):
    @pytest.fixture
    @abstractmethod
    def transcoder(self) -> Transcoder: ...

    @pytest.mark.parametrize("source", UNCOMPRESSED)
    @pytest.mark.parametrize("target", TARGETS)
    def test_can_convert_whatever_is_uncompressed(
        self, transcoder: Transcoder, source: str, target: str
    ) -> None:
        assert transcoder.can_convert(source, target)

    @pytest.mark.parametrize(
        ("source", "target"),
        [
            (EXPLICIT, JPEG_BASELINE),
            (EXPLICIT, JPEG2000),
            (EXPLICIT, JPEG_LS_NEAR_LOSSLESS),
            (EXPLICIT, MPEG2),
            (EXPLICIT, "1.2.3"),
            ("1.2.3", EXPLICIT),
            ("1.2.3", "1.2.3"),
            (MPEG2, EXPLICIT),
            (JPEG_BASELINE, JPEG2000_LOSSLESS),
            (JPEG_BASELINE, RLE_LOSSLESS),
            (JPEG2000, RLE_LOSSLESS),
        ],
    )
    def test_cannot_convert_where_something_would_be_lost_or_is_unknown(
        self, transcoder: Transcoder, source: str, target: str
    ) -> None:
        assert not transcoder.can_convert(source, target)

    def test_can_unpack_what_was_lossy(self, transcoder: Transcoder) -> None:
        assert transcoder.can_convert(JPEG_BASELINE, EXPLICIT)

    def test_convert_refuses_what_it_cannot(self, transcoder: Transcoder) -> None:
        with pytest.raises(InvalidDicom, match="no way from"):
            transcoder.convert(outgoing(bundled("CT_small.dcm")), JPEG_BASELINE)

    def test_convert_returns_an_object_of_the_same_identity(self, transcoder: Transcoder) -> None:
        source = outgoing(bundled("CT_small.dcm"))
        converted = transcoder.convert(source, IMPLICIT)
        assert converted.transfer_syntax_uid == IMPLICIT
        assert converted.sop_instance_uid == source.sop_instance_uid
        assert converted.content.size == len(whole(converted))
        assert converted.content.path is None
        assert outgoing(whole(converted)).data_offset == converted.data_offset

    def test_convert_is_a_no_op_when_the_syntax_is_the_same(self, transcoder: Transcoder) -> None:
        source = outgoing(bundled("CT_small.dcm"))
        assert whole(transcoder.convert(source, EXPLICIT)) == bundled("CT_small.dcm")

    def test_convert_keeps_private_elements_and_unknown_vrs(self, transcoder: Transcoder) -> None:
        file = outgoing(bundled("CT_small.dcm"))
        there = data_set(transcoder.convert(file, BIG_ENDIAN))
        assert b"GEMS_IDEN_01" in there
        assert (
            data_set(transcoder.convert(transcoder.convert(file, BIG_ENDIAN), EXPLICIT))
            == whole(file)[file.data_offset :]
        )

    def test_convert_tells_that_the_object_cannot_be_read(self, transcoder: Transcoder) -> None:
        with pytest.raises(Unreadable, match="Input/output error"):
            transcoder.convert(outgoing(bundled("CT_small.dcm"), content=FailingContent), IMPLICIT)

    def test_convert_refuses_pixels_that_are_cut_off(self, transcoder: Transcoder) -> None:
        data = bundled("CT_small.dcm")
        file = outgoing(data)
        cut = OutgoingObject(
            sop_class_uid=file.sop_class_uid,
            sop_instance_uid=file.sop_instance_uid,
            study_instance_uid=file.study_instance_uid,
            transfer_syntax_uid=EXPLICIT,
            data_offset=file.data_offset,
            content=Bytes(data[:-1000]),
            name="cut.dcm",
        )
        with pytest.raises(InvalidDicom, match=r"truncated"):
            transcoder.convert(cut, IMPLICIT)

    def test_convert_refuses_compressed_pixels_that_are_damaged(self, transcoder: Transcoder) -> None:
        data = bytearray(bundled("MR_small_jp2klossless.dcm"))
        at = data.index(b"\xff\x4f\xff\x51")
        data[at : at + 200] = bytes(200)
        with pytest.raises(InvalidDicom, match="the compressed image is no JPEG 2000 stream"):
            transcoder.convert(outgoing(bytes(data)), EXPLICIT)

    def test_convert_decodes_nothing_beyond_the_budget(self) -> None:
        data = bundled("MR_small_RLE.dcm")
        with pytest.raises(InvalidDicom, match="bytes, more than 1000"):
            self.with_pixel_budget(1000).convert(outgoing(data), EXPLICIT)

    @abstractmethod
    def with_pixel_budget(self, limit: int) -> Transcoder:
        """A transcoder that decodes no more than that many bytes."""

    def test_convert_says_that_samples_are_filled_in(self, transcoder: Transcoder) -> None:
        data = whole(transcoder.convert(outgoing(bundled("SC_rgb_dcmtk_+eb+cy+s2.dcm")), EXPLICIT))
        assert dcmread(io.BytesIO(data)).PhotometricInterpretation == "YBR_FULL"

    def test_convert_leaves_objects_without_pixels_as_they_are(self, transcoder: Transcoder) -> None:
        data = bundled("reportsi.dcm")
        packed = transcoder.convert(outgoing(data), JPEG2000_LOSSLESS)
        assert data_set(packed) == data[outgoing(data).data_offset :]

    def test_convert_swaps_words_as_the_standard_says(self, transcoder: Transcoder) -> None:
        elements = outgoing(bundled("rtdose.dcm"))
        there = data_set(transcoder.convert(elements, BIG_ENDIAN))
        here = data_set(transcoder.convert(elements, EXPLICIT))
        ours, theirs = here[-16:], there[-16:]
        assert theirs == b"".join(
            ours[at : at + 2][::-1] for at in range(0, 16, 2)
        )  # PS3.5 8.1.1: OW, not 32 bits


class TestTreeTranscoder(TranscoderContract):
    @pytest.fixture
    def transcoder(self) -> Transcoder:
        return TreeTranscoder()

    def with_pixel_budget(self, limit: int) -> Transcoder:
        return TreeTranscoder(max_pixel_bytes=limit)


# ------------------------------------------------------------------------------------------------- properties

slow_data = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@slow_data
@given(
    file=dicom_files(syntaxes=(EXPLICIT, BIG_ENDIAN, DEFLATED)),
    target=st.sampled_from([EXPLICIT, BIG_ENDIAN]),
)
def test_conversion_between_explicit_syntaxes_writes_what_an_encoder_writes(
    file: DicomFile, target: str
) -> None:
    converted = TreeTranscoder().convert(outgoing(file.data), target)
    assert data_set(converted) == encode(file.elements, target)


@slow_data
@given(file=dicom_files(), target=st.sampled_from(UNCOMPRESSED))
def test_conversion_to_implicit_writes_what_an_encoder_writes_whatever_the_way(
    file: DicomFile, target: str
) -> None:
    """Without VRs all that is left to compare is tags, lengths and values."""
    transcoder = TreeTranscoder()
    around = transcoder.convert(outgoing(file.data), target)
    if file.transfer_syntax_uid != BIG_ENDIAN != target:
        implicit = transcoder.convert(around, IMPLICIT)
        assert data_set(implicit) == encode(file.elements, IMPLICIT)
    header = ScannerHeaderReader().read(io.BytesIO(whole(around)))
    assert header is not None
    assert header.record.attributes == file.attributes


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), target=st.sampled_from(UNCOMPRESSED))
def test_conversion_of_damaged_objects_is_refused_or_done(data: st.DataObject, target: str) -> None:
    file = data.draw(dicom_files(file_meta=True))
    damaged = OutgoingObject(
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid="1.2",
        study_instance_uid="1.3",
        transfer_syntax_uid=file.transfer_syntax_uid,
        data_offset=0,
        content=Bytes(data.draw(mutations(file.data_set))),
        name="damaged",
    )
    try:
        converted = TreeTranscoder().convert(damaged, target)
    except InvalidDicom:
        return
    assert converted.transfer_syntax_uid == target


# ------------------------------------------------------------------------------------------------- real files

# Where an encoder has no way for these pixels: one bit, more than it takes, images smaller than its wavelet levels;
# and a Number of Frames that is not one.
HONEST_REFUSALS = (" does not take ", "is not written for images of less than", "(0028,0008) is not a number")


@pytest.mark.parametrize("target", TARGETS)
def test_pixels_of_real_files_stay_the_same_value_for_value(target: str) -> None:
    transcoder, same, refused = TreeTranscoder(), 0, list[str]()
    for path in local_files():
        data = path.read_bytes()
        try:
            source = outgoing(data)
        except InvalidDicom:
            continue
        before = pixels(data) if data[128:132] == b"DICM" else None
        if before is None or not transcoder.can_convert(source.transfer_syntax_uid, target):
            continue
        if BIG_ENDIAN in (target, source.transfer_syntax_uid) and before.dtype.itemsize == 4:
            continue  # pydicom takes big endian OW for 32-bit numbers, see the words test
        try:
            converted = transcoder.convert(source, target)
        except InvalidDicom as error:
            refused.append(error.message)
            continue
        after = pixels(whole(converted))
        assert after is not None, path
        assert np.array_equal(before, after), path
        same += 1
    assert [why for why in refused if not any(honest in why for honest in HONEST_REFUSALS)] == []
    assert not refused or target in PACKED
    assert same > {JPEG2000_LOSSLESS: 30, JPEG_LS_LOSSLESS: 60}.get(target, 70)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["CT_small.dcm", "rtplan.dcm", "MR_small_RLE.dcm", "examples_rgb_color.dcm"])
def test_result_is_accepted_by_dcmtk(tmp_path: Path, name: str, target: str) -> None:
    program = shutil.which("dcmdump")
    if program is None:
        if os.environ.get("FILEROOM_REQUIRE_PEERS") == "1":
            pytest.fail("DCMTK is not installed")
        pytest.skip("DCMTK is not installed")
    result = tmp_path / "result.dcm"
    result.write_bytes(whole(TreeTranscoder().convert(outgoing(bundled(name)), target)))
    run = subprocess.run([program, "-q", "+fo", result], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == b""


@pytest.mark.parametrize(("option", "target"), [("+ti", IMPLICIT), ("+te", EXPLICIT), ("+tb", BIG_ENDIAN)])
@pytest.mark.parametrize("name", ["CT_small.dcm", "rtdose.dcm", "MR_small_bigendian.dcm", "test-SR.dcm"])
def test_result_holds_what_that_of_dcmtk_holds(tmp_path: Path, name: str, option: str, target: str) -> None:
    program = shutil.which("dcmconv")
    if program is None:
        if os.environ.get("FILEROOM_REQUIRE_PEERS") == "1":
            pytest.fail("DCMTK is not installed")
        pytest.skip("DCMTK is not installed")
    (tmp_path / "in.dcm").write_bytes(bundled(name))
    subprocess.run([program, option, tmp_path / "in.dcm", tmp_path / "theirs.dcm"], check=True)
    ours = whole(TreeTranscoder().convert(outgoing(bundled(name)), target))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, theirs = dcmread(io.BytesIO(ours)), dcmread(tmp_path / "theirs.dcm")
        assert theirs.file_meta.TransferSyntaxUID == UID(target)
        assert mine.keys() == theirs.keys()
        for element in theirs:
            if element.VR != "UN" and not element.tag.is_private:
                assert mine[element.tag] == element, element.tag
