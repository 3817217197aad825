"""Images in DICOM files, made from arrays element by element."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.frames import Frames
from fileroom.adapters.files.tree import Tree, read_tree
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.strategies import EXPLICIT, Element, encode, uid_value

Array = NDArray[Any]

NUMBERS = {"US": "H", "SS": "h", "UL": "I", "FL": "f", "FD": "d"}
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def element(tag: int, vr: str, *values: float | str) -> Element:
    """An element with these values."""
    if vr in NUMBERS:
        return Element(tag, vr, struct.pack(f"<{len(values)}{NUMBERS[vr]}", *values))
    text = "\\".join(map(str, values))
    return Element(tag, vr, (text + " " * (len(text) % 2)).encode("ascii"))


def sequence(tag: int, *items: Sequence[Element]) -> Element:
    """A sequence of items."""
    return Element(tag, "SQ", items=tuple(tuple(item) for item in items))


def image_elements(
    *,
    rows: int,
    columns: int,
    samples: int = 1,
    photometric: str = "MONOCHROME2",
    frames: int | str | None = None,
    allocated: int = 16,
    stored: int | None = None,
    high_bit: int | None = None,
    signed: int = 0,
    planar: int = 0,
) -> list[Element]:
    """The Image Pixel module (PS3.3 C.7.6.3) of an image."""
    stored = allocated if stored is None else stored
    found = [
        element(0x00280002, "US", samples),
        element(0x00280004, "CS", photometric),
        element(0x00280010, "US", rows),
        element(0x00280011, "US", columns),
        element(0x00280100, "US", allocated),
        element(0x00280101, "US", stored),
        element(0x00280102, "US", stored - 1 if high_bit is None else high_bit),
        element(0x00280103, "US", signed),
    ]
    if samples > 1:
        found.append(element(0x00280006, "US", planar))
    if frames is not None:
        found.append(element(0x00280008, "IS", frames))
    return found


def a_file(elements: Sequence[Element], syntax: str = EXPLICIT, *, after: bytes = b"") -> bytes:
    """A file of these elements in the order of their tags; `after` is an encoded element at the end."""
    identity = (
        Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
        Element(0x00080018, "UI", uid_value(a_uid(1, 1, 1))),
        Element(0x0020000D, "UI", uid_value(a_uid(1))),
        Element(0x0020000E, "UI", uid_value(a_uid(1, 1))),
    )
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1, 1, 1), transfer_syntax_uid=syntax
    )
    ordered = sorted((*identity, *elements), key=lambda one: one.tag)
    return header + encode(ordered, syntax) + after


def an_image(
    pixels: Array,
    *,
    photometric: str = "MONOCHROME2",
    syntax: str = EXPLICIT,
    frames: int | None = None,
    more: Sequence[Element] = (),
    vr: str = "OW",
    **described: int,
) -> bytes:
    """A file with an image of the values of an array: rows, columns and, of colour images, samples."""
    shape = pixels.shape[1:] if frames is not None else pixels.shape
    elements = image_elements(
        rows=shape[0],
        columns=shape[1],
        samples=shape[2] if len(shape) > 2 else 1,
        photometric=photometric,
        frames=frames,
        allocated=described.pop("allocated", 8 * pixels.dtype.itemsize),
        signed=described.pop("signed", int(pixels.dtype.kind == "i")),
        **described,
    )
    content = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<")).tobytes()
    content += b"\0" * (len(content) % 2)
    return a_file([*elements, *more, Element(0x7FE00010, vr, content)], syntax)


def encapsulated(*fragments: bytes, offsets: Sequence[int] = ()) -> bytes:
    """Pixel Data in fragments after a table of offsets (PS3.5 A.4)."""
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    parts = [head]
    for fragment in (table, *fragments):
        content = fragment + b"\0" * (len(fragment) % 2)
        parts += [struct.pack("<HHI", 0xFFFE, 0xE000, len(content)), content]
    return b"".join((*parts, SEQUENCE_END))


def tree_of(data: bytes) -> Tree:
    """A file as a tree."""
    return read_tree(io.BytesIO(data))


def frames_of(data: bytes, **limits: int) -> list[Array]:
    """The pixels of all frames."""
    return [frame.pixels for frame in Frames(tree_of(data), **limits)]
