"""DICOM files with identifiers that no library would write."""

import struct

from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_uid

_LONG = frozenset({"OB", "OW", "SQ", "UN"})


def element(tag: int, vr: str, value: bytes) -> bytes:
    """Encode an element in explicit VR little endian, padded as PS3.5 6.2 has it."""
    if len(value) % 2:
        value += b"\0" if vr in {"UI", "OB"} else b" "
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    size = struct.pack("<HL", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))
    return head + size + value


def a_raw_file(
    sop_instance_uid: bytes,
    *,
    study_instance_uid: bytes = a_uid(9).encode(),
    series_instance_uid: bytes = a_uid(9, 9).encode(),
    patient_name: bytes = b"Doe^Jane",
    pixels: bytes = bytes(512),
) -> bytes:
    """Return a file whose UIDs are these very bytes, in the meta information as well."""
    syntax = EXPLICIT_VR_LITTLE_ENDIAN.encode()
    meta = b"".join(
        (
            element(0x00020001, "OB", b"\0\1"),
            element(0x00020002, "UI", CT_IMAGE_STORAGE.encode()),
            element(0x00020003, "UI", sop_instance_uid),
            element(0x00020010, "UI", syntax),
            element(0x00020012, "UI", a_uid(0).encode()),
        )
    )
    data_set = b"".join(
        (
            element(0x00080016, "UI", CT_IMAGE_STORAGE.encode()),
            element(0x00080018, "UI", sop_instance_uid),
            element(0x00080060, "CS", b"CT"),
            element(0x00100010, "PN", patient_name),
            element(0x00100020, "LO", b"P9"),
            element(0x0020000D, "UI", study_instance_uid),
            element(0x0020000E, "UI", series_instance_uid),
            element(0x7FE00010, "OW", pixels),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", len(meta))) + meta + data_set
