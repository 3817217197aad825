"""What compressed pixels say besides pixels: comments and application data of JPEG and JPEG 2000."""

from typing import Final

from fileroom.adapters.files.tree import Element, Value

_FRAMES_LOOKED_AT: Final = 8
"""Encoders say the same in every frame."""
_LOOKED_AT: Final = 64 << 10
"""Bytes of a frame: what is said stands before the pixels."""
_JPEG: Final = b"\xff\xd8\xff"
_JPEG_2000: Final = b"\xff\x4f\xff\x51"
# ISO/IEC 10918-1 B.1.1.3: APP0 to APP15 and COM; ISO/IEC 15444-1 A.2: COM. Then where the pixels begin.
_JPEG_SAYS: Final = frozenset({*range(0xE0, 0xF0), 0xFE})
_JPEG_2000_SAYS: Final = frozenset({0x64})
_PIXELS_BEGIN: Final = frozenset({0xDA, 0x90})


def said_in_pixels(element: Element) -> bytes:
    """Return all that the first frames of encapsulated Pixel Data say in words, or might."""
    fragments = [fragment for fragment in (element.fragments or ())[1:] if len(fragment)]
    return b"\n".join(_said(fragment) for fragment in fragments[:_FRAMES_LOOKED_AT])


def _said(fragment: Value) -> bytes:
    start = fragment[:_LOOKED_AT] if isinstance(fragment, bytes) else fragment.read(_LOOKED_AT)
    if start.startswith(_JPEG):
        return b"\n".join(_segments(start, _JPEG_SAYS))
    if start.startswith(_JPEG_2000):
        return b"\n".join(_segments(start, _JPEG_2000_SAYS))
    return b""


def _segments(stream: bytes, wanted: frozenset[int]) -> list[bytes]:
    """Return the contents of marker segments up to the pixels, or to the first byte that is no marker."""
    found, position = [], 2
    while (
        position + 4 <= len(stream) and stream[position] == 0xFF and stream[position + 1] not in _PIXELS_BEGIN
    ):
        end = position + 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
        if stream[position + 1] in wanted:
            found.append(stream[position + 4 : end])
        position = max(end, position + 4)
    return found
