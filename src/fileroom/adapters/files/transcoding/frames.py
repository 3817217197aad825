"""Packs and unpacks the frames of a tree, one at a time."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from fileroom.adapters.files.pixels.attributes import integer, text
from fileroom.adapters.files.pixels.description import (
    BITS_STORED,
    HIGH_BIT,
    PHOTOMETRIC,
    PLANAR,
    ImageDescription,
    pixel_element,
)
from fileroom.adapters.files.pixels.frames import Frame, Frames
from fileroom.adapters.files.pixels.native import Pixels, native_pixels
from fileroom.adapters.files.structure import PIXEL_DATA, UNDEFINED
from fileroom.adapters.files.transcoding.encoders import FrameEncoder
from fileroom.adapters.files.transcoding.engine import PixelChange
from fileroom.adapters.files.transcoding.fragments import EXTENDED_LENGTHS, EXTENDED_OFFSETS, encapsulate
from fileroom.adapters.files.transcoding.spool import Spool
from fileroom.adapters.files.tree import Element, Item, Tree
from fileroom.adapters.files.tree_writing import new_element, put, remove
from fileroom.domain.errors import InvalidDicom
from fileroom.domain.pixel_target import PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax

_OVERLAY_GROUPS: Final = range(0x6000, 0x6020, 2)
_OVERLAY_BIT_POSITION: Final = 0x0102
_OVERLAY_DATA: Final = 0x3000


def pack(tree: Tree, target: PixelTarget, spool: Spool, *, max_frame_bytes: int) -> PixelChange:
    """Make the pixels of a tree fragments, decoding each to see whether it still is what it was.

    Raises:
        InvalidDicom: the pixels cannot be decoded, or packing would change them where nothing may be lost.
    """
    frames = Frames(tree, max_frame_bytes=max_frame_bytes)
    _refuse_overlays_among_pixels(tree.root, frames.description)
    source_bytes = pixel_element(tree).size
    packed = []
    encoder: FrameEncoder | None = None
    worst = 0
    for number, frame in enumerate(_alike(frames), start=1):
        if encoder is None:
            encoder = FrameEncoder(target, frames.description, frame.photometric)
        content = encoder.encode(frame.pixels)
        difference = _difference(frame.pixels, encoder.decode(content))
        _check_difference(difference, target, number)
        worst = max(worst, difference)
        packed.append(spool.append(content))
    assert encoder is not None  # noqa: S101 - an image has a frame
    encapsulate(tree.root, packed)
    _describe(tree.root, encoder.packed)
    return PixelChange(
        frames=len(packed),
        native_bytes=frames.description.frame_bytes * len(packed),
        source_bytes=source_bytes,
        target_bytes=sum(map(len, packed)),
        identical=worst == 0,
        max_difference=worst,
    )


def unpack(tree: Tree, spool: Spool, *, max_frame_bytes: int) -> PixelChange:
    """Make the fragments of a tree pixels that are as they are, reading each again as it will be read.

    Raises:
        InvalidDicom: the pixels cannot be decoded, or are more than one value can hold.
    """
    frames = Frames(tree, max_frame_bytes=max_frame_bytes)
    image = frames.description
    size = -(-image.frame_samples * image.bits_allocated * len(frames) // 8)
    if size >= UNDEFINED:
        raise InvalidDicom(f"unpacked it has {size} bytes of pixels, more than one value can hold")
    source_bytes = pixel_element(tree).size
    start, bits = spool.size, _Bits()
    native = replace(image, is_planar=False, high_bit=image.bits_stored - 1)
    for frame in _alike(frames):
        native = replace(native, photometric=frame.photometric)
        if image.bits_allocated == 1:
            spool.append(bits.add(frame.pixels))
            continue
        content = frame.pixels.astype(frame.pixels.dtype.newbyteorder("<"), copy=False).tobytes()
        if not np.array_equal(native_pixels(content, 0, native), frame.pixels):
            # The stream holds larger values than the object says.
            native = replace(native, bits_stored=image.bits_allocated, high_bit=image.bits_allocated - 1)
        spool.append(content)
    spool.append(bits.rest())
    vr = b"OB" if image.bits_allocated <= 8 else b"OW"  # PS3.5 8.1.2, A.2
    put(
        tree.root,
        Element(PIXEL_DATA, vr, spool.since(start, size), written_vr=vr, length=size + size % 2),
    )
    remove(tree.root, EXTENDED_OFFSETS, EXTENDED_LENGTHS)
    _describe(tree.root, native)
    return PixelChange(
        frames=len(frames),
        native_bytes=size,
        source_bytes=source_bytes,
        target_bytes=size,
        identical=True,
        max_difference=0,
    )


class _Bits:
    """Pixels of one bit, which go on from frame to frame without a gap (PS3.5 8.1.1)."""

    def __init__(self) -> None:
        self._left: Pixels = np.empty(0, np.uint8)

    def add(self, pixels: Pixels) -> bytes:
        """Take a frame and return the whole bytes so far."""
        flat = np.concatenate([self._left, pixels.reshape(-1)])
        whole = len(flat) // 8 * 8
        self._left = flat[whole:]
        return np.packbits(flat[:whole].astype(np.uint8), bitorder="little").tobytes()

    def rest(self) -> bytes:
        """Return what does not fill a byte, filled up."""
        return np.packbits(self._left.astype(np.uint8), bitorder="little").tobytes()


def _alike(frames: Frames) -> Iterator[Frame]:
    """Yield the frames, all of one photometric interpretation."""
    first = ""
    for number, frame in enumerate(frames, start=1):
        first = first or frame.photometric
        if frame.photometric != first:
            raise InvalidDicom(f"frame {number} decodes as {frame.photometric}, those before as {first}")
        yield frame


def _difference(before: Pixels, after: Pixels) -> int:
    if before.shape != after.shape:
        raise InvalidDicom(f"a packed frame decodes to {after.shape}, not {before.shape}")
    if np.array_equal(before, after):
        return 0
    return int(np.abs(before.astype(np.int64) - after.astype(np.int64)).max())


def _check_difference(difference: int, target: PixelTarget, number: int) -> None:
    name = transfer_syntax(target.transfer_syntax_uid).name
    if not target.is_lossy and difference:
        raise InvalidDicom(
            f"{name} would change the pixels of frame {number} by up to {difference}",
            hint="rle-lossless and explicit-vr-little-endian keep them",
        )
    if target.near is not None and difference > target.near:
        raise InvalidDicom(
            f"{name} would change the pixels of frame {number} by up to {difference}, more than {target.near}: "
            "values with a sign wrap around at the ends of their range",
            hint="jpeg-ls-lossless keeps them",
        )


def _describe(root: Item, image: ImageDescription) -> None:
    """Write what is not told rightly any more, and nothing else."""
    if text(root, PHOTOMETRIC) != image.photometric:
        put(root, new_element(PHOTOMETRIC, image.photometric.encode("ascii"), b"CS"))
    if image.is_colour:
        _put_number(root, PLANAR, int(image.is_planar))
    if not image.is_float:
        _put_number(root, BITS_STORED, image.bits_stored)
        _put_number(root, HIGH_BIT, image.high_bit)


def _put_number(root: Item, tag: int, value: int) -> None:
    if integer(root, tag) != value:
        order = "<" if root.encoding.is_little else ">"
        put(root, new_element(tag, struct.pack(f"{order}H", value), b"US"))


def _refuse_overlays_among_pixels(root: Item, image: ImageDescription) -> None:
    """Overlays in unused bits of the pixels (retired, PS3.5-2004 8.1.2) would be lost."""
    if image.bits_stored == image.bits_allocated:
        return
    for group in _OVERLAY_GROUPS:
        position = integer(root, group << 16 | _OVERLAY_BIT_POSITION)
        if position and root.find(group << 16 | _OVERLAY_DATA) is None:
            raise InvalidDicom(
                f"the overlay in group {group:04X} is in bit {position} of the pixels, which packing would lose",
                hint="uncompressed transfer syntaxes keep it",
            )
