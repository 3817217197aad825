"""Encapsulated Pixel Data: fragments, offset tables and frames (PS3.5 A.4)."""

import struct
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Final

from fileroom.adapters.files.tree import Element, Tree, Value, value_bytes
from fileroom.adapters.files.validating.pixel_description import (
    BITS_ALLOCATED,
    COLUMNS,
    PIXEL_DATA,
    ROWS,
    SAMPLES_PER_PIXEL,
    PixelDescription,
)
from fileroom.adapters.files.validating.places import Place
from fileroom.adapters.files.validating.stream_headers import MAGIC, StreamHeader, header_of, stream_of
from fileroom.domain.transfer_syntaxes import transfer_syntax
from fileroom.domain.validation import Finding

CLAUSE: Final = "PS3.5 A.4"
EXTENDED_OFFSETS: Final = 0x7FE00001
EXTENDED_LENGTHS: Final = 0x7FE00002
_ITEM_HEAD: Final = 8
_MAX_TABLE_BYTES: Final = 64 << 20
_HEADER_BYTES: Final = 4096
"""Looked at of a compressed frame."""
_RLE: Final = "1.2.840.10008.1.2.5"


def encapsulation_findings(
    place: Place, pixels: Element, told: PixelDescription, tree: Tree
) -> Iterator[Finding]:
    """Find what is wrong with fragments, their tables, and the number of frames."""
    syntax = transfer_syntax(tree.transfer_syntax_uid)
    if not syntax.is_encapsulated and syntax.is_known:
        yield place.error(
            "pixel_data", PIXEL_DATA, f"encapsulated, which {syntax.name} does not have", CLAUSE
        )
    if pixels.written_vr and pixels.written_vr != b"OB":
        vr = pixels.written_vr.decode("ascii", "replace")
        yield place.error("vr", PIXEL_DATA, f"encapsulated as {vr}, and must be OB", CLAUSE)
    if not pixels.fragments:
        yield place.error(
            "fragments", PIXEL_DATA, "encapsulated without an item for the offset table", CLAUSE
        )
        return
    table, fragments = pixels.fragments[0], pixels.fragments[1:]
    odd = next((number for number, each in enumerate(pixels.fragments) if len(each) % 2), None)
    if odd is not None:
        told_odd = f"item {odd + 1} has an odd length, {len(pixels.fragments[odd])} bytes"
        yield place.error("odd_length", PIXEL_DATA, told_odd, CLAUSE)
    yield from _frames(place, fragments, told, tree.transfer_syntax_uid)
    yield from _basic_table(place, table, fragments, told)
    yield from _extended_table(place, table, told)
    if fragments and syntax.uid in MAGIC:
        yield from _stream(place, fragments[0], told, syntax.uid)


def _frames(
    place: Place, fragments: list[Value], told: PixelDescription, syntax_uid: str
) -> Iterator[Finding]:
    frames, count = told.frames, len(fragments)
    if not _parts_frames(syntax_uid):
        if not count:
            yield place.error("fragments", PIXEL_DATA, "no fragments", CLAUSE)
    elif count < frames:
        yield place.error("fragments", PIXEL_DATA, f"{count} fragments, and {frames} frames", CLAUSE)
    elif syntax_uid == _RLE and count != frames:
        told_count = f"{count} fragments, and {frames} frames: RLE has one for each"
        yield place.error("fragments", PIXEL_DATA, told_count, f"{CLAUSE}.2")


def _parts_frames(syntax_uid: str) -> bool:
    """Tell whether each frame begins with a fragment of its own, which those of video do not (PS3.5 8.2.5 on)."""
    return stream_of(syntax_uid) != "video"


def _basic_table(
    place: Place, table: Value, fragments: list[Value], told: PixelDescription
) -> Iterator[Finding]:
    """Hold the Basic Offset Table against where fragments begin."""
    if not len(table) or len(table) > _MAX_TABLE_BYTES:
        return
    if len(table) != told.frames * 4:
        told_size = f"{len(table)} bytes of Basic Offset Table, and {told.frames} frames"
        yield place.error("offset_table", PIXEL_DATA, told_size, CLAUSE)
        return
    offsets = struct.unpack(f"<{told.frames}I", value_bytes(table))
    starts = {0, *accumulate(len(each) + _ITEM_HEAD for each in fragments[:-1])}
    yield from _offsets(place, offsets, starts, "Basic Offset Table")


def _extended_table(place: Place, table: Value, told: PixelDescription) -> Iterator[Finding]:
    offsets = place.item.find(EXTENDED_OFFSETS)
    if offsets is None:
        return
    clause = "PS3.3 C.7.6.3"
    if len(table):
        told_both = "beside a Basic Offset Table that is not empty"
        yield place.error("offset_table", EXTENDED_OFFSETS, told_both, clause)
    if offsets.size != told.frames * 8:
        told_size = f"{offsets.size} bytes, and {told.frames} frames"
        yield place.error("offset_table", EXTENDED_OFFSETS, told_size, clause)
    lengths = place.item.find(EXTENDED_LENGTHS)
    if lengths is None:
        yield place.error("required", EXTENDED_LENGTHS, "missing beside Extended Offset Table", clause)
    elif lengths.size != told.frames * 8:
        told_size = f"{lengths.size} bytes, and {told.frames} frames"
        yield place.error("offset_table", EXTENDED_LENGTHS, told_size, clause)


def _offsets(place: Place, offsets: tuple[int, ...], starts: set[int], name: str) -> Iterator[Finding]:
    if offsets[0]:
        yield place.error("offset_table", PIXEL_DATA, f"{name}: the first offset is not 0", CLAUSE)
    if any(first >= second for first, second in pairwise(offsets)):
        yield place.error("offset_table", PIXEL_DATA, f"{name}: offsets do not ascend", CLAUSE)
    frame = next((number for number, offset in enumerate(offsets, start=1) if offset not in starts), None)
    if frame is not None:
        told = f"{name}: frame {frame} begins where no fragment does"
        yield place.error("offset_table", PIXEL_DATA, told, CLAUSE)


def _stream(place: Place, fragment: Value, told: PixelDescription, syntax_uid: str) -> Iterator[Finding]:
    """Hold the header of the first frame against the description."""
    start = fragment[:_HEADER_BYTES] if isinstance(fragment, bytes) else fragment.read(_HEADER_BYTES)
    if not start.startswith(MAGIC[syntax_uid]):
        name = transfer_syntax(syntax_uid).name
        yield place.error(
            "stream", PIXEL_DATA, f"the first fragment does not begin as {name} does", "PS3.5 8.2"
        )
        return
    header = header_of(start, syntax_uid)
    if header is not None:
        yield from _differences(place, header, told)


def _differences(place: Place, header: StreamHeader, told: PixelDescription) -> Iterator[Finding]:
    for tag, says, name, is_ in (
        (ROWS, told.rows, "rows", header.rows),
        (COLUMNS, told.columns, "columns", header.columns),
        (SAMPLES_PER_PIXEL, told.samples, "samples", header.samples),
    ):
        if says is not None and is_ and says != is_:
            yield place.error(
                "stream", tag, f"{says}, and the compressed frame has {is_} {name}", "PS3.5 8.2"
            )
    if told.allocated is not None and header.bits > told.allocated:
        bits = f"{told.allocated}, and the compressed frame has samples of {header.bits} bits"
        yield place.error("stream", BITS_ALLOCATED, bits, "PS3.5 8.2")
