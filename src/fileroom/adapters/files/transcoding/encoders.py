"""Packs frames in the transfer syntaxes that can be written, and says what becomes of the image's description.

What an encoder takes is checked here, by PS3.5 8.2, before pydicom's plugin sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from fileroom.adapters.files.pixels.compressed import decoder_of
from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.adapters.files.pydicom_guard import INSTALL_CODECS, codecs, quiet
from fileroom.domain.errors import ConfigurationError, InvalidDicom
from fileroom.domain.pixel_target import (
    JPEG2000,
    JPEG2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    JPEG_LS_NEAR_LOSSLESS,
    RLE_LOSSLESS,
    PixelTarget,
)
from fileroom.domain.transfer_syntaxes import transfer_syntax

if TYPE_CHECKING:
    from pydicom.pixels.encoders.base import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """What may be packed in a transfer syntax, and how."""

    plugin: str
    modules: tuple[str, ...]
    """Packages that the plugin needs."""
    clause: str
    """Of PS3.5, with the table of what is allowed."""
    allocated: frozenset[int]
    bits: range
    """Bits Stored."""
    photometrics: frozenset[str]
    ybr_allocated: frozenset[int] = frozenset({8})
    """Bits Allocated of YBR_FULL."""
    colours: str = "RGB"
    """What becomes of RGB: components may be transformed on the way (YBR_RCT, YBR_ICT)."""
    smallest_side: int = 1
    """Pixels: OpenJPEG halves an image five times."""
    smallest_frame: int = 1
    """Bytes: pyjpegls makes room for twice the frame, which has to hold the headers too."""


_GRAY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR: Final = frozenset({"RGB", "YBR_FULL"})
_PALETTE: Final = frozenset({"PALETTE COLOR"})
_BYTES_OR_WORDS: Final = frozenset({8, 16})
_UP_TO_WORDS: Final = range(2, 17)
_OPENJPEG_BITS: Final = range(1, 25)

_JPEG2000: Final = _Profile(
    plugin="pylibjpeg",
    modules=("numpy", "pylibjpeg", "openjpeg"),
    clause="8.2.4",
    allocated=frozenset({8, 16, 32}),
    bits=_OPENJPEG_BITS,
    photometrics=_GRAY | _COLOUR,
    ybr_allocated=_BYTES_OR_WORDS,
    colours="YBR_ICT",
    smallest_side=32,
)
_JPEG_LS: Final = _Profile(
    plugin="pyjpegls",
    modules=("numpy", "jpeg_ls"),
    clause="8.2.3",
    allocated=_BYTES_OR_WORDS,
    bits=_UP_TO_WORDS,
    photometrics=_GRAY | _COLOUR,
    smallest_frame=128,
)
_PROFILES: Final = {
    RLE_LOSSLESS: _Profile(
        plugin="pylibjpeg",
        modules=("numpy", "pylibjpeg", "rle"),
        clause="8.2.2",
        allocated=frozenset({8, 16, 32}),
        bits=range(1, 33),
        photometrics=_GRAY | _COLOUR | _PALETTE,
    ),
    JPEG_LS_LOSSLESS: replace(_JPEG_LS, photometrics=_GRAY | _COLOUR | _PALETTE),
    JPEG_LS_NEAR_LOSSLESS: _JPEG_LS,
    JPEG2000_LOSSLESS: replace(_JPEG2000, photometrics=_GRAY | _COLOUR | _PALETTE, colours="YBR_RCT"),
    JPEG2000: _JPEG2000,
}


def can_encode(syntax_uid: str) -> bool:
    """Tell whether the packages that pack pixels in a transfer syntax are installed."""
    profile = _PROFILES.get(syntax_uid)
    return profile is not None and all(find_spec(name) is not None for name in profile.modules)


class FrameEncoder:
    """Packs the frames of one image, and unpacks them again for comparison."""

    def __init__(self, target: PixelTarget, image: ImageDescription, photometric: str) -> None:
        """Take an image whose decoded frames have this photometric interpretation.

        Raises:
            InvalidDicom: such pixels cannot be packed in this transfer syntax.
            ConfigurationError: the packages for it are not installed.
        """
        profile = _PROFILES[target.transfer_syntax_uid]
        name = transfer_syntax(target.transfer_syntax_uid).name
        if not can_encode(target.transfer_syntax_uid):
            raise ConfigurationError(f"the codecs for {name} are not installed", hint=INSTALL_CODECS)
        _check(profile, name, image, photometric)
        self._target = target
        self._plugin = profile.plugin
        self.packed = replace(
            image,
            photometric=profile.colours if photometric == "RGB" else photometric,
            high_bit=image.bits_stored - 1,
            is_planar=False,
        )
        """What the image is when it is packed."""
        self._native_photometric = photometric
        self._encoder, self._decode = _codec(target.transfer_syntax_uid)
        self._options = _options(target, self.packed)

    def encode(self, pixels: Pixels) -> bytes:
        """Pack one frame.

        Raises:
            InvalidDicom: the codec cannot.
        """
        if self._target.transfer_syntax_uid in {JPEG_LS_LOSSLESS, JPEG_LS_NEAR_LOSSLESS}:
            pixels = self._without_sign(pixels)
        content = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
        with codecs("a frame cannot be packed"):
            packed = self._encoder.encode(
                content, validate=False, encoding_plugin=self._plugin, **self._options
            )
        return bytes(packed)

    def decode(self, packed: bytes) -> Pixels:
        """Unpack one frame.

        Raises:
            InvalidDicom: the codec cannot, or it is in other colours.
        """
        pixels, photometric = self._decode(packed, self.packed)
        if photometric != self._native_photometric:
            raise InvalidDicom(f"a packed frame decodes as {photometric}, not {self._native_photometric}")
        return pixels

    def _without_sign(self, pixels: Pixels) -> Pixels:
        """JPEG-LS knows no sign: what has one is packed as the bits that are stored."""
        bits = cast("np.ndarray[tuple[int, ...], np.dtype[np.uint16]]", pixels.view(f"u{pixels.itemsize}"))
        if not self.packed.is_signed or self.packed.bits_stored == self.packed.bits_allocated:
            return bits
        return bits & ((1 << self.packed.bits_stored) - 1)


def _check(profile: _Profile, name: str, image: ImageDescription, photometric: str) -> None:
    if (
        image.is_float
        or image.bits_allocated not in profile.allocated
        or image.bits_stored not in profile.bits
        or photometric not in profile.photometrics
        or (photometric == "YBR_FULL" and image.bits_allocated not in profile.ybr_allocated)
    ):
        kind = "floating point" if image.is_float else photometric
        raise InvalidDicom(
            f"{name} does not take {kind} pixels of {image.bits_stored} bits in {image.bits_allocated} "
            f"(PS3.5 {profile.clause})",
            hint="explicit-vr-little-endian takes all pixels, rle-lossless most",
        )
    if min(image.rows, image.columns) < profile.smallest_side:
        raise InvalidDicom(
            f"{name} is not written for images of less than {profile.smallest_side} rows or columns",
            hint="rle-lossless takes images of any size",
        )
    if image.frame_bytes < profile.smallest_frame:
        raise InvalidDicom(
            f"{name} is not written for images of less than {profile.smallest_frame} bytes",
            hint="rle-lossless takes images of any size",
        )


def _codec(syntax_uid: str) -> "tuple[Encoder, Callable[[bytes, ImageDescription], tuple[Pixels, str]]]":
    from pydicom.pixels.encoders.base import get_encoder

    with quiet():
        return get_encoder(syntax_uid), decoder_of(syntax_uid)


def _options(target: PixelTarget, packed: ImageDescription) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rows": packed.rows,
        "columns": packed.columns,
        "number_of_frames": 1,
        "samples_per_pixel": packed.samples,
        "photometric_interpretation": packed.photometric,
        "planar_configuration": 0,
        "bits_allocated": packed.bits_allocated,
        "bits_stored": packed.bits_stored,
        "pixel_representation": int(packed.is_signed),
    }
    if target.near is not None:
        options["jls_error"] = target.near
    if target.ratio is not None:
        options["j2k_cr"] = [target.ratio]
    if target.quality is not None:
        options["j2k_psnr"] = [target.quality]
    return options
