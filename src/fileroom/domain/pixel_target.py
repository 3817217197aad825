"""What an object is to be transcoded to: the transfer syntax, and for a lossy one how much may be lost."""

from dataclasses import dataclass
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    parse_transfer_syntax,
    transfer_syntax,
)

JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS: Final = "1.2.840.10008.1.2.4.81"
JPEG2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
JPEG2000: Final = "1.2.840.10008.1.2.4.91"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"

UNCOMPRESSED: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
"""UIDs of the transfer syntaxes whose pixels are as they are."""
LOSSLESS: Final = (RLE_LOSSLESS, JPEG_LS_LOSSLESS, JPEG2000_LOSSLESS)
"""UIDs of the compressed transfer syntaxes that keep every pixel and that can be written."""
LOSSY: Final = (JPEG_LS_NEAR_LOSSLESS, JPEG2000)
"""UIDs of those that do not."""
WRITABLE: Final = UNCOMPRESSED + LOSSLESS + LOSSY

METHODS: Final = {JPEG_LS_NEAR_LOSSLESS: "ISO_14495_1", JPEG2000: "ISO_15444_1"}
"""Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1)."""
_LEAST_RATIO: Final = 1.0
_MOST_RATIO: Final = 10_000.0
_MOST_QUALITY: Final = 200.0
_MOST_NEAR: Final = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelTarget:
    """A transfer syntax to write, with what a lossy one needs; made by `pixel_target`."""

    transfer_syntax_uid: str
    ratio: float | None = None
    """JPEG 2000: bytes before to bytes after, such as 10."""
    quality: float | None = None
    """JPEG 2000: peak signal-to-noise ratio in dB."""
    near: int | None = None
    """JPEG-LS: by how much a pixel value may differ (`NEAR` of ISO/IEC 14495-1)."""

    @property
    def is_lossy(self) -> bool:
        """Tell whether pixels change."""
        return self.transfer_syntax_uid in LOSSY

    @property
    def is_compressed(self) -> bool:
        """Tell whether pixels are packed."""
        return self.transfer_syntax_uid not in UNCOMPRESSED


def pixel_target(
    text: str, *, ratio: float | None = None, quality: float | None = None, near: int | None = None
) -> PixelTarget:
    """Return the target that a person names, with what is asked of a lossy one.

    Raises:
        InvalidInput: no such transfer syntax, none that can be written, or the options do not belong to it.
    """
    syntax = parse_transfer_syntax(text)
    if syntax.uid not in WRITABLE:
        raise InvalidInput(
            f"{syntax.name} cannot be written", hint=f"what can be written: {', '.join(writable_names())}"
        )
    _check_jpeg2000(syntax.uid, ratio, quality)
    _check_jpeg_ls(syntax.uid, near)
    return PixelTarget(transfer_syntax_uid=syntax.uid, ratio=ratio, quality=quality, near=near)


def writable_names() -> list[str]:
    """Return the short names of what can be written."""
    return [transfer_syntax(uid).short_name for uid in WRITABLE]


def _check_jpeg2000(uid: str, ratio: float | None, quality: float | None) -> None:
    if uid != JPEG2000:
        if ratio is not None or quality is not None:
            raise InvalidInput(
                f"a ratio or a quality says nothing to {transfer_syntax(uid).name}",
                hint="lossy JPEG 2000 takes them: --transfer-syntax=jpeg2000",
            )
        return
    if (ratio is None) == (quality is None):
        raise InvalidInput(
            "lossy JPEG 2000 needs a ratio or a quality, and one of them only",
            hint="such as --ratio=10 or --quality=50; jpeg2000-lossless keeps every pixel",
        )
    if ratio is not None and not _LEAST_RATIO < ratio <= _MOST_RATIO:
        raise InvalidInput(f"a ratio of {ratio:g} is not between 1 and {_MOST_RATIO:g}")
    if quality is not None and not 0 < quality <= _MOST_QUALITY:
        raise InvalidInput(f"a quality of {quality:g} dB is not between 0 and {_MOST_QUALITY:g}")


def _check_jpeg_ls(uid: str, near: int | None) -> None:
    if uid != JPEG_LS_NEAR_LOSSLESS:
        if near is not None:
            raise InvalidInput(
                f"a greatest difference says nothing to {transfer_syntax(uid).name}",
                hint="near-lossless JPEG-LS takes it: --transfer-syntax=jpeg-ls-near-lossless",
            )
        return
    if near is None:
        raise InvalidInput(
            "near-lossless JPEG-LS needs the greatest difference of a pixel value",
            hint="such as --near=2; jpeg-ls-lossless keeps every pixel",
        )
    if not 0 < near <= _MOST_NEAR:
        raise InvalidInput(f"a greatest difference of {near} is not between 1 and {_MOST_NEAR}")
