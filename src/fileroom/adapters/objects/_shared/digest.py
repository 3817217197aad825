"""The digest of a data set, and where the data set begins in a file (PS3.10 7.1)."""

import struct
from typing import BinaryIO, Final

from blake3 import blake3

CHUNK_BYTES: Final = 1 << 20
"""How much is read at a time, so that memory stays flat whatever the size."""

_PREAMBLE_BYTES: Final = 128
_PREFIX: Final = b"DICM"
_META_GROUP: Final = 0x0002
_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


def digest_name(hasher: blake3) -> str:
    """Return algorithm and hexadecimal digest of what the hasher has seen so far."""
    return f"blake3:{hasher.hexdigest()}"


def hash_stream(stream: BinaryIO, hasher: blake3) -> int:
    """Feed the rest of `stream` to `hasher`; returns how many bytes that was."""
    buffer = bytearray(CHUNK_BYTES)
    view = memoryview(buffer)
    total = 0
    readinto = getattr(stream, "readinto", None)
    while True:
        if readinto is None:
            chunk = stream.read(CHUNK_BYTES)
            count = len(chunk)
            hasher.update(chunk)
        else:
            count = readinto(buffer)
            hasher.update(view[:count])
        if not count:
            return total
        total += count


def find_data_set(stream: BinaryIO) -> int:
    """Return how many bytes come before the data set of a DICOM file: 0 for a bare data set.

    The elements of group 0002 are walked one by one, since their group length is wrong in some files; it decides
    only where an element cannot be followed. A preamble may be missing, and so may the file meta information.
    """
    stream.seek(0)
    head = stream.read(_PREAMBLE_BYTES + len(_PREFIX))
    if head.endswith(_PREFIX) and len(head) == _PREAMBLE_BYTES + len(_PREFIX):
        start = len(head)
    elif head.startswith(_PREFIX):
        start = len(_PREFIX)
    else:
        start = 0
    end_of_file = stream.seek(0, 2)
    position, by_group_length = start, start
    while (length := _element_length(stream, position)) is not None:
        if position + length > end_of_file:
            return by_group_length if by_group_length <= end_of_file else start
        if position == start:
            by_group_length = _end_by_group_length(stream, start)
        position += length
    return position


def _element_length(stream: BinaryIO, position: int) -> int | None:
    """Return the bytes of the group 0002 element at `position`; None where there is none."""
    stream.seek(position)
    start = stream.read(12)
    if len(start) < 8 or struct.unpack_from("<H", start)[0] != _META_GROUP:
        return None
    vr = start[4:6]
    if vr in _LONG_VRS:
        return 12 + int(struct.unpack_from("<I", start.ljust(12, b"\xff"), 8)[0])
    if vr.isalpha() and vr.isupper():
        return 8 + int(struct.unpack_from("<H", start, 6)[0])
    return 8 + int(struct.unpack_from("<I", start, 4)[0])  # implicit VR: against the standard, but seen


def _end_by_group_length(stream: BinaryIO, start: int) -> int:
    stream.seek(start)
    element = stream.read(12)
    if len(element) == 12 and element[2:8] == b"\0\0UL\4\0":
        return start + 12 + int(struct.unpack_from("<I", element, 8)[0])
    return start
