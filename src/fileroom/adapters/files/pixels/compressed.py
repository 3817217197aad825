"""One compressed frame made pixels, by the codecs that pydicom knows, with bounds checked first (PS3.5 8.2, A.4)."""

import zlib
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from fileroom.adapters.files.pixels import gdcm_process
from fileroom.adapters.files.pixels.codestreams import (
    StreamHeader,
    check_stream,
    jpeg2000_header,
    jpeg_header,
)
from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.native import Pixels, native_pixels, stored_values
from fileroom.adapters.files.pydicom_guard import INSTALL_CODECS, codecs, plugins_of, quiet, unheard
from fileroom.domain.errors import ConfigurationError, InvalidDicom, InvalidInput
from fileroom.domain.transfer_syntaxes import transfer_syntax

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import Decoder

_ROOT: Final = "1.2.840.10008.1.2."
_JPEG: Final = frozenset(_ROOT + last for last in ("4.50", "4.51", "4.57", "4.70"))
_JPEG_LS: Final = frozenset(_ROOT + last for last in ("4.80", "4.81"))
_JPEG2000: Final = frozenset(
    _ROOT + last for last in ("4.90", "4.91", "4.92", "4.93", "4.201", "4.202", "4.203")
)
_RLE: Final = _ROOT + "5"
_ENCAPSULATED_UNCOMPRESSED: Final = _ROOT + "1.98"
_DEFLATED_FRAME: Final = _ROOT + "8.1"

_ITEM: Final = b"\xfe\xff\x00\xe0"

Decode = Callable[[bytes, ImageDescription], tuple[Pixels, str]]
"""From a compressed frame to its pixels and their photometric interpretation."""


def decoder_of(syntax_uid: str) -> Decode:
    """Return what decodes frames of an encapsulated transfer syntax.

    Raises:
        ConfigurationError: its codecs are not installed.
        InvalidInput: no codec for it is known.
    """
    if syntax_uid == _ENCAPSULATED_UNCOMPRESSED:
        return _uncompressed
    if syntax_uid == _DEFLATED_FRAME:
        return _inflated
    name = transfer_syntax(syntax_uid).name
    from pydicom.pixels.decoders.base import get_decoder

    with quiet():
        try:
            decoder = get_decoder(syntax_uid)
        except NotImplementedError:
            raise InvalidInput(f"pixels in {name} cannot be decoded") from None
        plugins = plugins_of(decoder)
    has_gdcm = syntax_uid in gdcm_process.SYNTAXES and gdcm_process.is_gdcm_there()
    if not plugins and not has_gdcm:
        raise ConfigurationError(f"the codecs for {name} are not installed", hint=INSTALL_CODECS)
    return _FrameDecoder(syntax_uid, decoder, plugins, has_gdcm=has_gdcm).decode


def _uncompressed(stream: bytes, description: ImageDescription) -> tuple[Pixels, str]:
    """Encapsulated Uncompressed (PS3.5 A.4.11): a frame as it would be in a native object."""
    return native_pixels(stream, 0, description), description.photometric


def _inflated(stream: bytes, description: ImageDescription) -> tuple[Pixels, str]:
    """Deflated Image Frame Compression (PS3.5 A.4.13): the same as one raw deflate stream, which may be padded."""
    needed = -(-description.native_frame_bits // 8)
    try:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream, needed)
    except zlib.error as error:
        raise InvalidDicom(f"a deflated frame is damaged: {error}") from error
    return native_pixels(content, 0, description), description.photometric


class _FrameDecoder:
    """Decodes by GDCM what only GDCM does, all else by one of pydicom's plugins, or the next where that cannot."""

    def __init__(self, syntax_uid: str, decoder: "Decoder", plugins: list[str], *, has_gdcm: bool) -> None:
        self._syntax_uid = syntax_uid
        self._decoder = decoder
        self._plugins = plugins
        self._has_gdcm = has_gdcm

    def decode(self, stream: bytes, description: ImageDescription) -> tuple[Pixels, str]:
        """Check a frame and decode it.

        Raises:
            InvalidDicom: it is damaged, or another image than the object says.
            ConfigurationError: only codecs that are not installed can.
        """
        header = self._header(stream)
        if header is not None:
            check_stream(header, description)
        photometric = description.photometric
        if header is not None and self._has_gdcm and (header.precision > 8 or not self._plugins):
            pixels = gdcm_process.GDCM.decode(stream, description, header.precision, self._syntax_uid)
        elif not self._plugins or (
            self._plugins == ["pillow"] and header is not None and header.precision > 8
        ):
            raise ConfigurationError(
                f"the codecs for {transfer_syntax(self._syntax_uid).name} of more than 8 bits are not installed",
                hint=INSTALL_CODECS,
            )
        else:
            with codecs("a compressed frame cannot be decoded"):
                pixels, photometric = self._by_plugins(stream, description, header)
        dtype = np.dtype(f"{'i' if description.is_signed else 'u'}{description.sample_bytes}")
        pixels = pixels.astype(dtype, copy=False)
        if self._syntax_uid in _JPEG or self._syntax_uid == _RLE:
            pixels = stored_values(pixels, description)
        return pixels, _as_decoded(photometric)

    def _header(self, stream: bytes) -> StreamHeader | None:
        if self._syntax_uid in _JPEG2000:
            return jpeg2000_header(stream)
        if self._syntax_uid in _JPEG or self._syntax_uid in _JPEG_LS:
            return jpeg_header(stream)
        return None

    def _by_plugins(
        self, stream: bytes, description: ImageDescription, header: StreamHeader | None
    ) -> tuple[Pixels, str]:
        options: dict[str, object] = {
            "rows": description.rows,
            "columns": description.columns,
            "number_of_frames": 1,
            "samples_per_pixel": description.samples,
            "photometric_interpretation": description.photometric,
            "planar_configuration": 0,
            "bits_allocated": description.bits_allocated,
            "bits_stored": description.bits_stored,
            "pixel_representation": int(description.is_signed),
            "pixel_keyword": "PixelData",
        }
        if self._syntax_uid in _JPEG and header is not None:
            # What comes out is measured by the stream; what it means, by the object.
            options |= {"bits_allocated": 8 if header.precision <= 8 else 16, "bits_stored": header.precision}
        if self._syntax_uid in _JPEG or self._syntax_uid == _RLE:
            options["correct_unused_bits"] = False
        source = _encapsulated(stream)
        failure: Exception | None = None
        for plugin in self._plugins:
            try:
                with unheard() if self._syntax_uid == _RLE else nullcontext():
                    pixels, found = self._decoder.as_array(
                        source,
                        index=0,
                        raw=True,
                        decoding_plugin=plugin,
                        **options,  # type: ignore[arg-type]
                    )
            except Exception as error:  # noqa: BLE001 - the first failure is told if no other plugin does better
                failure = failure or error
                continue
            return cast("Pixels", pixels), str(found["photometric_interpretation"])
        raise failure or InvalidDicom("no codec decodes it")


def _as_decoded(photometric: str) -> str:
    """Name the colours of decoded pixels: those that were left out have been filled in."""
    return "YBR_FULL" if photometric == "YBR_FULL_422" else photometric


def _encapsulated(stream: bytes) -> bytes:
    """Put one frame into the shape in which pydicom takes compressed frames: without offsets, in one fragment."""
    padding = b"\0" * (len(stream) % 2)
    size = (len(stream) + len(padding)).to_bytes(4, "little")
    return b"".join((_ITEM, bytes(4), _ITEM, size, stream, padding))
