"""Messages cut into P-DATA-TF PDUs (PS3.8 9.3.5, annex E)."""

import struct
from collections.abc import Iterable
from typing import Final

from fileroom.adapters.dicom.pynetdicom.commands import Command

P_DATA_TF: Final = 0x04
_HEADER = struct.Struct(">BxIIBB")
_BLOCK_BYTES: Final = 1 << 18
_DATA, _COMMAND, _LAST = 0, 1, 2


def framed(
    context_id: int, command: Command, blocks: Iterable[bytes | memoryview], max_pdu: int
) -> Iterable[list[bytes | memoryview]]:
    """Frame a message into gather lists of P-DATA-TF PDUs, the command set with the first block."""
    # Fragments are of even length (PS3.8 E.2), whatever the peer's maximum is.
    size = (max_pdu or _BLOCK_BYTES) - 6 & ~1
    parts: list[bytes | memoryview] = []
    encoded = memoryview(command.encode())
    for start in range(0, len(encoded), size):
        piece = encoded[start : start + size]
        last = _LAST if start + size >= len(encoded) else 0
        parts += (_p_data(context_id, _COMMAND | last, len(piece)), piece)
    if not command.has_data_set:
        yield parts
        return
    waiting: memoryview | None = None
    for block in blocks:
        if waiting is not None:
            yield _fragments(parts, context_id, waiting, size, final=False)
            parts = []
        waiting = memoryview(block)
    yield _fragments(parts, context_id, waiting or memoryview(b""), size, final=True)


def _fragments(
    parts: list[bytes | memoryview], context_id: int, block: memoryview, size: int, *, final: bool
) -> list[bytes | memoryview]:
    for start in range(0, max(len(block), 1), size):
        piece = block[start : start + size]
        last = _LAST if final and start + size >= len(block) else 0
        parts += (_p_data(context_id, _DATA | last, len(piece)), piece)
    return parts


def _p_data(context_id: int, control: int, length: int) -> bytes:
    return _HEADER.pack(P_DATA_TF, length + 6, length + 2, context_id, control)
