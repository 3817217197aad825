"""Bulk data cut into P-DATA-TF PDUs (PS3.8 9.3.5, annex E) without touching it: headers, and views between them."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from fileroom.adapters.dicom._shared.mistakes import LocalError

Buffer = bytes | bytearray | memoryview

LONGEST_PDU: Final = 1 << 18
"""Longest PDU that is sent, whatever more the peer takes: beyond it nothing gets faster."""
SMALLEST_PDU: Final = 16
"""A maximum that leaves no room for data is nonsense."""
BATCH_BYTES: Final = 1 << 18
"""Data of one gather list, about."""
BATCH_BUFFERS: Final = 256
"""Buffers of one gather list, a quarter of what systems take (IOV_MAX)."""

_P_DATA_TF: Final = 4
_HEADER: Final = struct.Struct(">BxIIBB")
_OVERHEAD: Final = 6
"""Bytes of a PDU's length that are not data: the header of its one presentation data value."""


def frame(
    context_id: int, parts: Iterable[Buffer], max_pdu_length: int, *, is_command: bool
) -> Iterator[list[Buffer]]:
    """Yield the PDUs of a command set or a data set as gather lists, each the worth of one system call.

    `parts` are taken as they are needed; their bytes are not copied, so each has to stay as it is until the gather
    lists that refer to it are sent, which may be after the next part was taken. A fragment is of even length but for
    the last one, and may reach over several parts. Without any bytes there is one empty fragment.

    `max_pdu_length` is what the peer announced (PS3.8 D.1), 0 is unlimited.

    Raises:
        LocalError: the peer's maximum leaves no room.
    """
    if 0 < max_pdu_length < SMALLEST_PDU:
        raise LocalError(f"a maximum PDU length of {max_pdu_length} leaves no room for data")
    size = (min(max_pdu_length or LONGEST_PDU, LONGEST_PDU) - _OVERHEAD) & ~1
    if isinstance(parts, tuple) and len(parts) == 1 and 0 < len(parts[0]) <= size:
        # Whole in one fragment, as command sets are.
        length = len(parts[0])
        control = is_command | 2
        yield [_HEADER.pack(_P_DATA_TF, length + _OVERHEAD, length + 2, context_id, control), parts[0]]
        return
    batch: list[Buffer] = []
    batched = 0
    for pieces, length, is_last in _fragments(parts, size):
        control = is_command | is_last << 1
        batch.append(_HEADER.pack(_P_DATA_TF, length + _OVERHEAD, length + 2, context_id, control))
        for start in range(0, len(pieces), BATCH_BUFFERS):
            batch += pieces[start : start + BATCH_BUFFERS]
            if len(batch) >= BATCH_BUFFERS:
                yield batch
                batch, batched = [], 0
        batched += length
        if batched >= BATCH_BYTES:
            yield batch
            batch, batched = [], 0
    if batch:
        yield batch


def _fragments(parts: Iterable[Buffer], size: int) -> Iterator[tuple[list[Buffer], int, bool]]:
    """Yield the views of each fragment, their length, and whether it is the last one."""
    pieces: list[Buffer] = []
    length = 0
    for part in parts:
        view = memoryview(part).cast("B")
        offset, end = 0, len(view)
        while offset < end:
            if length == size:
                # Only now is it known that this is not the last one.
                yield pieces, length, False
                pieces, length = [], 0
            taken = min(size - length, end - offset)
            pieces.append(view[offset : offset + taken])
            offset += taken
            length += taken
    yield pieces, length, True
