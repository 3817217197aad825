"""What compressed streams say of themselves, read before a codec believes it.

Codecs allocate what a stream asks for, and some write into memory that was measured by something else: the
dimensions of a stream have to be those of the object around it.
"""

import struct
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.domain.errors import InvalidDicom

MAX_SCANS: Final = 64
"""Of a JPEG stream: each may go over the whole image once more."""

_SOI: Final = b"\xff\xd8"
_START_OF_SCAN: Final = b"\xff\xda"
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
# SOF0 to SOF15 (ISO 10918-1 table B.1) without DHT, JPG and DAC between them, and SOF55 of JPEG-LS (ISO 14495-1).
_FRAME_HEADERS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_END_OF_HEADERS: Final = frozenset({0xD9, 0xDA})
_LOSSLESS_PROCESS: Final = 0xC3

_JP2_SIGNATURE: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODESTREAM: Final = b"\xff\x4f\xff\x51"
_SIZ: Final = struct.Struct(">HH8IH")
_TILES_ANYWAY: Final = 1024
_TILE_PIXELS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHeader:
    """The image in a stream."""

    rows: int
    columns: int
    samples: int
    precision: int
    """Bits of a sample."""
    is_lossless_jpeg: bool = False
    """The frame header is that of process 14 (SOF3)."""


def check_stream(found: StreamHeader, description: ImageDescription) -> None:
    """Compare a stream with what the object says of its image.

    Raises:
        InvalidDicom: they are not about the same image.
    """
    if (found.rows, found.columns, found.samples) != (
        description.rows,
        description.columns,
        description.samples,
    ):
        raise InvalidDicom(
            f"the compressed image has {found.columns}x{found.rows} pixels of {found.samples} samples, the object "
            f"says {description.columns}x{description.rows} of {description.samples}"
        )
    if not 1 <= found.precision <= description.bits_allocated:
        raise InvalidDicom(
            f"the compressed image has {found.precision} bits a sample, the object allocates "
            f"{description.bits_allocated}"
        )


def jpeg_header(stream: bytes) -> StreamHeader:
    """Read the frame header of a JPEG or JPEG-LS stream (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2).

    Raises:
        InvalidDicom: there is none, or there is more to do than in any real one.
    """
    if not stream.startswith(_SOI):
        raise InvalidDicom("the compressed image is no JPEG stream")
    at = 2
    while at + 4 <= len(stream):
        if stream[at] != 0xFF:
            break
        marker = stream[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        if marker in _END_OF_HEADERS:
            break
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker in _FRAME_HEADERS and at + 10 <= len(stream):
            precision, rows, columns, samples = struct.unpack_from(">BHHB", stream, at + 4)
            if stream.count(_START_OF_SCAN) > MAX_SCANS:
                raise InvalidDicom(f"the compressed image has more than {MAX_SCANS} scans")
            return StreamHeader(
                rows=rows,
                columns=columns,
                samples=samples,
                precision=precision,
                is_lossless_jpeg=marker == _LOSSLESS_PROCESS,
            )
        at += 2 + max(length, 2)
    raise InvalidDicom("the compressed image has no JPEG frame header")


def jpeg2000_header(stream: bytes) -> StreamHeader:
    """Read the SIZ segment of a JPEG 2000 codestream (ISO 15444-1 A.5.1), which may be in a JP2 file.

    Raises:
        InvalidDicom: there is none, or it describes what no image in DICOM is.
    """
    start = _codestream_start(stream)
    if stream[start : start + 4] != _CODESTREAM or len(stream) < start + 4 + _SIZ.size:
        raise InvalidDicom("the compressed image is no JPEG 2000 stream")
    _, _, width, height, left, top, tile_width, tile_height, tile_left, tile_top, samples = _SIZ.unpack_from(
        stream, start + 4
    )
    components = stream[start + 4 + _SIZ.size :][: 3 * samples]
    if len(components) != 3 * samples or not samples or not tile_width or not tile_height:
        raise InvalidDicom("the JPEG 2000 stream is cut off in its header")
    if any(step != 1 for step in components[1::3] + components[2::3]):
        raise InvalidDicom("the JPEG 2000 stream has components of different sizes")
    rows, columns = height - top, width - left
    tiles = -(-(width - tile_left) // tile_width) * -(-(height - tile_top) // tile_height)
    if tiles > _TILES_ANYWAY + max(rows, 0) * max(columns, 0) // _TILE_PIXELS:
        raise InvalidDicom(f"the JPEG 2000 stream has {tiles} tiles for {columns}x{rows} pixels")
    precision = max((depth & 0x7F) + 1 for depth in components[::3])
    return StreamHeader(rows=rows, columns=columns, samples=samples, precision=precision)


def _codestream_start(stream: bytes) -> int:
    """Return where the codestream begins: at once, or in a box of a JP2 file (ISO 15444-1 I.4)."""
    if not stream.startswith(_JP2_SIGNATURE):
        return 0
    at = 0
    while at + 8 <= len(stream):
        size, kind = int.from_bytes(stream[at : at + 4], "big"), stream[at + 4 : at + 8]
        head = 16 if size == 1 else 8
        if kind == b"jp2c":
            return at + head
        if size == 1:
            size = int.from_bytes(stream[at + 8 : at + 16], "big")
        if size < head:
            break
        at += size
    return len(stream)
