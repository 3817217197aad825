"""The first bytes of compressed frames: what they must begin with, and the size and bits that they tell."""

from typing import Final, NamedTuple

_JPEG_START: Final = b"\xff\xd8\xff"
_JPEG_2000_START: Final = b"\xff\x4f\xff\x51"
_JPEG_2000_BOXES: Final = b"\0\0\0\x0cjP  "
_RLE_SEGMENTS: Final = tuple(bytes((count, 0, 0, 0)) for count in range(1, 16))

_ROOT: Final = "1.2.840.10008.1.2."
_JPEG: Final = tuple(f"{_ROOT}4.{number}" for number in (*range(50, 67), 70))
_JPEG_LS: Final = tuple(f"{_ROOT}4.{number}" for number in (80, 81))
_JPEG_2000: Final = tuple(f"{_ROOT}4.{number}" for number in (90, 91, 92, 93, 201, 202, 203))
_VIDEO: Final = tuple(f"{_ROOT}4.{number}" for number in (*range(100, 109),))

MAGIC: Final[dict[str, tuple[bytes, ...]]] = (
    dict.fromkeys((*_JPEG, *_JPEG_LS), (_JPEG_START,))
    | dict.fromkeys(_JPEG_2000, (_JPEG_2000_START, _JPEG_2000_BOXES))
    | {f"{_ROOT}5": _RLE_SEGMENTS}
)
"""How a frame of a transfer syntax begins."""

# Start of frame, in all processes, but for the tables and extensions that share its range; JPEG-LS has its own.
_FRAME_MARKERS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN: Final = 0xDA


class StreamHeader(NamedTuple):
    """What a compressed frame says of itself."""

    rows: int
    columns: int
    samples: int
    bits: int
    """Of a sample."""


def stream_of(syntax_uid: str) -> str:
    """Return `video` for a transfer syntax whose frames are not told apart by fragments, `frames` for others."""
    return "video" if syntax_uid.removesuffix(".1") in _VIDEO else "frames"


def header_of(start: bytes, syntax_uid: str) -> StreamHeader | None:
    """Read the header of a frame from its first bytes; None where it is not among them."""
    if syntax_uid in _JPEG or syntax_uid in _JPEG_LS:
        return _jpeg(start)
    if syntax_uid in _JPEG_2000 and start.startswith(_JPEG_2000_START):
        return _jpeg_2000(start)
    return None


def _jpeg(start: bytes) -> StreamHeader | None:
    """Go from marker to marker up to the start of the frame (ITU-T T.81 B.1, B.2.2; ITU-T T.87 C.2.2)."""
    position = 2
    while position + 10 <= len(start) and start[position] == 0xFF:
        marker = start[position + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_MARKERS:
            rows = int.from_bytes(start[position + 5 : position + 7], "big")
            columns = int.from_bytes(start[position + 7 : position + 9], "big")
            return StreamHeader(rows, columns, start[position + 9], start[position + 4])
        if marker == _START_OF_SCAN:
            return None
        position += 2 + int.from_bytes(start[position + 2 : position + 4], "big")
    return None


def _jpeg_2000(start: bytes) -> StreamHeader | None:
    """Read the SIZ marker segment, which comes first (ITU-T T.800 A.5.1)."""
    if len(start) < 43:
        return None
    right, bottom, left, top = (int.from_bytes(start[at : at + 4], "big") for at in (8, 12, 16, 20))
    samples = int.from_bytes(start[40:42], "big")
    return StreamHeader(bottom - top, right - left, samples, (start[42] & 0x7F) + 1)
