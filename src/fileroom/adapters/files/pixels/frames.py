"""The frames of an image, one at a time: what is in memory is one frame, whatever the object has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.pixels.compressed import decoder_of
from fileroom.adapters.files.pixels.description import (
    MAX_FRAME_BYTES,
    SUBSAMPLED,
    describe,
    pixel_element,
)
from fileroom.adapters.files.pixels.encapsulation import EncapsulatedFrames
from fileroom.adapters.files.pixels.native import NativeFrames, Pixels
from fileroom.adapters.files.tree import Tree
from fileroom.domain.errors import InvalidDicom, LimitExceeded
from fileroom.domain.transfer_syntaxes import transfer_syntax

_CODEC_SAMPLE_BYTES: Final = 4
"""What decoders of JPEG 2000 take for each sample while they work, whatever its size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A decoded frame."""

    pixels: Pixels
    """Stored values by rows, columns and, of colour images, samples; of the type that Bits Allocated and Pixel
    Representation say, in the byte order of the machine. It may be read-only."""
    photometric: str
    """Photometric interpretation of these values: decoders make RGB of YBR_ICT and YBR_RCT."""


class Frames:
    """The frames of an object, decoded when they are asked for; the tree has to be open."""

    def __init__(self, tree: Tree, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """Find the frames and check what the object says of them.

        Raises:
            InvalidDicom: there are no pixels, or the object contradicts itself.
            InvalidInput: pixels in its transfer syntax cannot be decoded.
            LimitExceeded: a frame is larger than `max_frame_bytes`.
            ConfigurationError: the codecs that are needed are not installed.
        """
        self.description = description = describe(tree, max_frame_bytes=max_frame_bytes)
        element = pixel_element(tree)
        syntax = transfer_syntax(tree.transfer_syntax_uid)
        self._native: NativeFrames | None = None
        if element.fragments is None:
            if syntax.is_encapsulated and syntax.is_known:
                raise InvalidDicom(f"its pixels are not encapsulated, as {syntax.name} demands (PS3.5 A.4)")
            self._native = NativeFrames(element, description, is_little=tree.encoding.is_little)
            return
        if not syntax.is_encapsulated:
            raise InvalidDicom(f"its pixels are encapsulated, which {syntax.name} does not allow (PS3.5 A.4)")
        if description.is_float:
            raise InvalidDicom("floating point pixels cannot be compressed (PS3.5 A.4)")
        if description.frame_samples * _CODEC_SAMPLE_BYTES > max_frame_bytes:
            raise LimitExceeded(
                f"decoding a frame of it takes {description.frame_samples * _CODEC_SAMPLE_BYTES} bytes, more than "
                f"{max_frame_bytes}"
            )
        self._decode = decoder_of(syntax.uid)
        self._encapsulated = EncapsulatedFrames(
            tree.root, element, description.frames, max_bytes=max_frame_bytes
        )

    def __len__(self) -> int:
        return self.description.frames

    def __iter__(self) -> Iterator[Frame]:
        """Decode all, one after the other.

        Raises:
            InvalidDicom: one is damaged.
            Unreadable: the file cannot be read any more.
        """
        return map(self.read, range(len(self)))

    def read(self, index: int) -> Frame:
        """Decode one; frames count from 0 here.

        Raises:
            InvalidDicom: it is damaged.
            Unreadable: the file cannot be read any more.
        """
        description = self.description
        if self._native is not None:
            pixels, photometric = self._native.read(index), description.photometric
            if photometric in SUBSAMPLED:
                photometric = photometric.removesuffix("_422")
            return Frame(pixels=pixels, photometric=photometric)
        pixels, photometric = self._decode(self._encapsulated.read(index), description)
        return Frame(pixels=pixels, photometric=photometric)
