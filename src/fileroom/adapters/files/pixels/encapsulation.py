"""Which fragments of encapsulated Pixel Data make which frame (PS3.5 A.4), told before anything is decoded."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from fileroom.adapters.files.tree import Element, Item, Value, value_bytes
from fileroom.domain.errors import InvalidDicom, LimitExceeded

EXTENDED_OFFSETS: Final = 0x7FE00001
_ITEM_HEAD: Final = 8
_TAIL: Final = 16
"""Bytes of a fragment in which the end marker of a frame is looked for: padding may follow it."""
_END_OF_IMAGE: Final = b"\xff\xd9"
"""EOI of JPEG and JPEG-LS, EOC of JPEG 2000."""

Span = tuple[int, int]
"""First fragment of a frame and the one after its last; fragments count without the Basic Offset Table."""


class EncapsulatedFrames:
    """The compressed frames of one object, joined from fragments when they are asked for."""

    def __init__(self, root: Item, element: Element, frames: int, *, max_bytes: int) -> None:
        """Find out where the frames are.

        Raises:
            InvalidDicom: the fragments do not make that many frames.
        """
        fragments = element.fragments or []
        self._fragments = fragments[1:]
        self._max_bytes = max_bytes
        basic = value_bytes(fragments[0]) if fragments else b""
        extended = root.find(EXTENDED_OFFSETS)
        self._spans = _spans(
            self._fragments,
            frames,
            _numbers(basic, 4),
            _numbers(value_bytes(extended.value), 8) if extended is not None else [],
        )

    def read(self, index: int) -> bytes:
        """Return one compressed frame; frames count from 0.

        Raises:
            InvalidDicom: it is empty.
            LimitExceeded: it is larger than it may be.
            Unreadable: it cannot be read any more.
        """
        first, last = self._spans[index]
        parts = self._fragments[first:last]
        size = sum(map(len, parts))
        if size > self._max_bytes:
            raise LimitExceeded(f"frame {index + 1} has {size} compressed bytes, more than {self._max_bytes}")
        if not size:
            raise InvalidDicom(f"frame {index + 1} is empty")
        return b"".join(map(value_bytes, parts))


def _spans(
    fragments: Sequence[Value], frames: int, basic: Sequence[int], extended: Sequence[int]
) -> list[Span]:
    """Tell the fragments of each frame: one each, by either table of offsets, or by what their ends look like."""
    if frames == 1:
        return [(0, len(fragments))]
    if frames == len(fragments):
        return [(index, index + 1) for index in range(frames)]
    if frames > len(fragments):
        raise InvalidDicom(f"{len(fragments)} fragments cannot hold {frames} frames (PS3.5 A.4)")
    starts = list(accumulate((_ITEM_HEAD + len(fragment) for fragment in fragments), initial=0))
    for offsets in (basic, extended):
        if len(offsets) == frames:
            return _by_offsets(offsets, starts)
    return _by_ends(fragments, frames)


def _by_offsets(offsets: Sequence[int], starts: list[int]) -> list[Span]:
    index_of = {start: index for index, start in enumerate(starts[:-1])}
    try:
        firsts = [index_of[offset] for offset in offsets]
    except KeyError as error:
        raise InvalidDicom(
            f"the table of offsets points to byte {error.args[0]}, where no fragment begins (PS3.5 A.4)"
        ) from None
    spans = list(pairwise([*firsts, len(starts) - 1]))
    if firsts[0] != 0 or any(first >= last for first, last in spans):
        raise InvalidDicom("the table of offsets is not in the order of the frames (PS3.5 A.4)")
    return spans


def _by_ends(fragments: Sequence[Value], frames: int) -> list[Span]:
    """Take a fragment with an end marker in its last bytes for the last of its frame."""
    ends = [index + 1 for index, fragment in enumerate(fragments) if _END_OF_IMAGE in _tail(fragment)]
    if len(ends) != frames:
        raise InvalidDicom(
            f"which of {len(fragments)} fragments make the {frames} frames does not show: "
            f"there is no table of offsets, and {len(ends)} fragments end an image (PS3.5 A.4)"
        )
    return list(pairwise([0, *ends]))


def _tail(fragment: Value) -> bytes:
    if isinstance(fragment, bytes):
        return fragment[-_TAIL:]
    return fragment.read(_TAIL, max(len(fragment) - _TAIL, 0))


def _numbers(table: bytes, size: int) -> list[int]:
    """Return the offsets of a table; encapsulated data is in little endian always (PS3.5 A.4)."""
    whole = len(table) // size * size
    return [int.from_bytes(table[at : at + size], "little") for at in range(0, whole, size)]
