"""The one way in which pixels are packed and unpacked: frame by frame, over a tree that is then written.

What changes in the tree is Pixel Data, its offset tables and the few elements that describe how samples are written.
Everything else stays the element that it is. Frames wait in a spool, so that memory does not grow with them.
"""

from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.pydicom_guard import require_numpy
from fileroom.adapters.files.structure import PIXEL_DATA
from fileroom.adapters.files.transcoding.spool import Spool
from fileroom.adapters.files.tree import Item, Tree
from fileroom.domain.errors import InvalidInput, LimitExceeded
from fileroom.domain.pixel_target import PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax

PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, PIXEL_DATA})
PIXEL_DATA_PROVIDER_URL: Final = 0x00287FE0
MAX_RATIO: Final = 10_000
"""Bytes of pixels that one byte of a compressed object may become."""
RATIO_GRACE: Final = 1 << 30
"""Bytes of pixels that are made before the ratio is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLimits:
    """How much is decoded on the word of an object."""

    frame_bytes: int = 1 << 30
    """Memory that a frame may take."""
    total_bytes: int | None = None
    """Bytes of all frames; None for none, as long as the bytes that they are made of are in proportion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelChange:
    """What became of the pixels."""

    frames: int | None = None
    """None where they were not looked at: there are none, or their bytes are copied."""
    native_bytes: int = 0
    """Bytes of all frames, not packed."""
    source_bytes: int = 0
    """Bytes of all frames in the source."""
    target_bytes: int = 0
    """Bytes of all frames as they are now."""
    identical: bool | None = None
    """Every value is the same; None where there are no pixels."""
    max_difference: int | None = None
    """The largest difference of a value, where values were compared."""


def change_pixels(
    tree: Tree, target: PixelTarget, spool: Spool, limits: PixelLimits | None = None
) -> PixelChange:
    """Make the pixels of a tree those of another transfer syntax; `spool` has to live until it is written.

    Raises:
        InvalidDicom: the pixels cannot be decoded, or not be encoded so; or packing would change them where
            nothing may be lost.
        InvalidInput: pixels in its transfer syntax cannot be decoded.
        ConfigurationError: the codecs that are needed are not installed.
        LimitExceeded: a frame, or all of them, are larger than they may be.
        Unreadable: the file cannot be read any more.
        StorageError: there is no room for the frames.
    """
    limits = limits or PixelLimits()
    source = transfer_syntax(tree.transfer_syntax_uid)
    if source.is_encapsulated and not source.is_known:
        raise InvalidInput(
            f"{source.uid} is no transfer syntax that is known: what is in it cannot be decoded"
        )
    pixels = next((each for each in tree.root.elements if each.tag in PIXEL_TAGS), None)
    if tree.root.find(PIXEL_DATA_PROVIDER_URL) is not None:
        raise InvalidInput("its pixels are on a server (JPIP), not in the file (PS3.5 A.6)")
    if source.uid == target.transfer_syntax_uid and not target.is_lossy:
        return PixelChange(identical=None if pixels is None else True)
    for item in _items_with_fragments(tree):
        if item is not tree.root:
            _unpack_nested(tree, item, spool, limits)
    if pixels is None or pixels.items is not None:
        return PixelChange()
    if pixels.fragments is None and not target.is_compressed and not source.is_encapsulated:
        return PixelChange(identical=True)
    require_numpy()
    from fileroom.adapters.files.transcoding.frames import pack, unpack

    _check_amount(tree, limits)
    if target.is_compressed:
        return pack(tree, target, spool, max_frame_bytes=limits.frame_bytes)
    return unpack(tree, spool, max_frame_bytes=limits.frame_bytes)


def _check_amount(tree: Tree, limits: PixelLimits) -> None:
    """Compare the pixels that an object declares with the bytes that it has, before anything is decoded."""
    from fileroom.adapters.files.pixels.description import describe

    image = describe(tree, max_frame_bytes=limits.frame_bytes)
    amount = image.frames * image.frame_bytes
    packed = next(each.size for each in tree.root.elements if each.tag in PIXEL_TAGS)
    if limits.total_bytes is not None and amount > limits.total_bytes:
        raise LimitExceeded(f"its {amount} bytes of pixels are more than {limits.total_bytes}")
    if amount > max(RATIO_GRACE, MAX_RATIO * packed):
        raise LimitExceeded(f"{packed} compressed bytes would become {amount} bytes of pixels")


def _items_with_fragments(tree: Tree) -> list[Item]:
    return [item for item, element, _ in tree.walk() if element.fragments is not None]


def _unpack_nested(tree: Tree, item: Item, spool: Spool, limits: PixelLimits) -> None:
    """Unpack an icon or the like: within sequences pixels need not be packed (PS3.5 A.4)."""
    require_numpy()
    from fileroom.adapters.files.transcoding.frames import unpack

    inner = Tree(
        meta=[],
        root=item,
        transfer_syntax_uid=tree.transfer_syntax_uid,
        encoding=item.encoding,
        has_file_meta=False,
        data_offset=0,
        file_size=tree.file_size,
    )
    _check_amount(inner, limits)
    unpack(inner, spool, max_frame_bytes=limits.frame_bytes)
