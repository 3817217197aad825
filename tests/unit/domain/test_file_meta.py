"""File meta information (PS3.10 7.1), read back by pydicom."""

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.filereader import read_preamble

from fileroom.domain.file_meta import PREAMBLE, PREFIX, encode_file_meta
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, is_valid_uid
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN

uids = st.from_regex(r"[12]\.(0|[1-9][0-9]{0,10})(\.(0|[1-9][0-9]{0,10})){0,4}", fullmatch=True).filter(
    is_valid_uid
)
ae_titles = st.text(alphabet="ABCdef_ 019", max_size=16).map(str.strip)


@given(sop_class=uids, sop_instance=uids, syntax=uids, source=ae_titles)
@example(sop_class=CT_IMAGE_STORAGE, sop_instance="1.2.3", syntax=EXPLICIT_VR_LITTLE_ENDIAN, source="")
def test_pydicom_reads_what_was_encoded(sop_class: str, sop_instance: str, syntax: str, source: str) -> None:
    header = encode_file_meta(
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=syntax,
        source_ae_title=source,
    )
    stream = BytesIO(header)
    assert read_preamble(stream, force=False) == PREAMBLE
    meta = dcmread(BytesIO(header), force=False).file_meta
    assert meta.MediaStorageSOPClassUID == sop_class
    assert meta.MediaStorageSOPInstanceUID == sop_instance
    assert meta.TransferSyntaxUID == syntax
    assert meta.get("SourceApplicationEntityTitle", "") == source
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.FileMetaInformationGroupLength == len(header) - 144
    assert [element.tag for element in meta] == sorted(element.tag for element in meta)


def test_data_set_begins_where_the_header_ends() -> None:
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid="1.2", transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN
    )
    data_set = dcmread(BytesIO(header + b"\x10\0\x20\0LO\x04\0P123"))
    assert data_set.PatientID == "P123"


def assert_well_formed(header: bytes) -> None:
    """Walk through the elements without the group length."""
    assert header.startswith(PREAMBLE + PREFIX)
    position = 144
    numbers = []
    while position < len(header):
        assert header[position : position + 2] == b"\2\0"
        numbers.append(int.from_bytes(header[position + 2 : position + 4], "little"))
        if header[position + 4 : position + 6] == b"OB":
            position += 12 + int.from_bytes(header[position + 8 : position + 12], "little")
        else:
            position += 8 + int.from_bytes(header[position + 6 : position + 8], "little")
        assert position % 2 == 0
    assert position == len(header)
    assert numbers[:6] == [0x01, 0x02, 0x03, 0x10, 0x12, 0x13]


@given(uid=st.text(), source=st.text())
def test_header_is_well_formed_whatever_a_peer_sent(uid: str, source: str) -> None:
    assert_well_formed(
        encode_file_meta(
            sop_class_uid=uid, sop_instance_uid=uid, transfer_syntax_uid=uid, source_ae_title=source
        )
    )


@pytest.mark.parametrize("length", [65_533, 65_534, 65_535, 65_536, 70_001])
def test_header_is_well_formed_when_a_value_is_too_long_for_its_length_field(length: int) -> None:
    header = encode_file_meta(
        sop_class_uid="1" * length,
        sop_instance_uid="1" * length,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        source_ae_title="A" * length,
    )
    assert_well_formed(header)
