"""The first bytes of a DICOM file (PS3.10 7.1): preamble, prefix and file meta information."""

import struct
from functools import lru_cache
from typing import Final

from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

PREAMBLE = bytes(128)
PREFIX = b"DICM"
_LONGEST_VALUE: Final = 0xFFFE
"""Bytes that the 16-bit length of a short VR can tell and that are even (PS3.5 7.1.2)."""


def encode_file_meta(
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    source_ae_title: str = "",
) -> bytes:
    """Return preamble, `DICM` and file meta information for a data set that follows as it is.

    The preamble is all zeros. Values lose what cannot be written: what is not ASCII, and what is over 65,534 bytes.
    """
    before, after = _around_instance(sop_class_uid, transfer_syntax_uid, source_ae_title)
    instance = _element(0x0003, b"UI", _uid(sop_instance_uid))
    length = struct.pack("<I", len(before) + len(instance) + len(after))
    return b"".join((PREAMBLE, PREFIX, _element(0x0000, b"UL", length), before, instance, after))


@lru_cache(maxsize=64)
def _around_instance(
    sop_class_uid: str, transfer_syntax_uid: str, source_ae_title: str
) -> tuple[bytes, bytes]:
    """Return what stands before and after the instance's UID: the same for one object of a sender after the other."""
    before = _element(0x0001, b"OB", b"\0\1") + _element(0x0002, b"UI", _uid(sop_class_uid))
    after = (
        _element(0x0010, b"UI", _uid(transfer_syntax_uid)),
        _element(0x0012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
        _element(0x0013, b"SH", _padded(IMPLEMENTATION_VERSION_NAME)),
        _element(0x0016, b"AE", _padded(source_ae_title)) if source_ae_title else b"",
    )
    return before, b"".join(after)


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    if vr == b"OB":
        return struct.pack("<HH2sHI", 0x0002, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 0x0002, number, vr, len(value)) + value


def _uid(text: str) -> bytes:
    value = text.encode("ascii", "ignore")[:_LONGEST_VALUE]
    return value + b"\0" * (len(value) % 2)


def _padded(text: str) -> bytes:
    value = text.encode("ascii", "ignore")[:_LONGEST_VALUE]
    return value + b" " * (len(value) % 2)
