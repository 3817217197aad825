"""Transfer syntaxes converted without loss: our own re-encoding of data sets, pydicom's codecs for pixels."""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from fileroom.adapters.files.file_format import open_data_set
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.files.pydicom_guard import codecs, plugins_of, quiet
from fileroom.adapters.files.reencoding import deflated, reencoded
from fileroom.adapters.files.structure import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding, Walker
from fileroom.adapters.files.window import InflatedSource, StreamSource
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.application.ports.transcoder import Transcoder
from fileroom.domain.errors import InvalidDicom, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from fileroom.domain.uid import clean_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_PIXEL_BYTES: Final = 2 << 30
_BLOCK: Final = 1 << 20
_UNCOMPRESSED: Final[dict[str, Encoding]] = {
    IMPLICIT_VR_LITTLE_ENDIAN: IMPLICIT_LITTLE,
    EXPLICIT_VR_LITTLE_ENDIAN: EXPLICIT_LITTLE,
    EXPLICIT_VR_BIG_ENDIAN: EXPLICIT_BIG,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: EXPLICIT_LITTLE,
}
_JPEG2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
_RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
# What each lossless target needs besides numpy and pydicom.
_ENCODERS: Final = {_JPEG2000_LOSSLESS: ("openjpeg", "pylibjpeg"), _RLE_LOSSLESS: ("rle", "pylibjpeg")}
_EXTENDED_OFFSETS: Final = (0x7FE00001, 0x7FE00002)
_SUBSAMPLED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420"})
_PIXEL_TAGS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)


class MemoryContent(ObjectContent):
    """The bytes of an object that is held in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def path(self) -> Path | None:
        """There is no file."""
        return None

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self._content)

    def open(self) -> BinaryIO:
        """Return a stream over them."""
        return io.BytesIO(self._content)


class PydicomTranscoder(Transcoder):
    """Converts objects in memory; encoders and decoders are those that pydicom finds."""

    def __init__(self, *, max_pixel_bytes: int = MAX_PIXEL_BYTES) -> None:
        """Refuse to decode or encode more than `max_pixel_bytes` of pixels, and to inflate more than twice that."""
        self._max_pixel_bytes = max_pixel_bytes

    def can_convert(self, from_syntax_uid: str, to_syntax_uid: str) -> bool:
        """Tell by the table of syntaxes and the packages that are installed."""
        source, target = clean_uid(from_syntax_uid), clean_uid(to_syntax_uid)
        if source == target and transfer_syntax(source).is_known:
            return True
        if source in _UNCOMPRESSED:
            return target in _UNCOMPRESSED or _can_encode(target)
        if not _can_decode(source):
            return False
        # What was lossy once may be unpacked, but is not packed anew.
        return target in _UNCOMPRESSED or (
            _can_encode(target) and transfer_syntax(source).is_lossless is True
        )

    def convert(self, source: OutgoingObject, to_syntax_uid: str) -> OutgoingObject:
        """Convert by way of explicit VR little endian, in which pixels are unpacked and packed."""
        from_uid, to_uid = clean_uid(source.transfer_syntax_uid), clean_uid(to_syntax_uid)
        if from_uid == to_uid:
            return source
        names = f"{transfer_syntax(from_uid).name} to {transfer_syntax(to_uid).name}"
        if not self.can_convert(from_uid, to_uid):
            raise InvalidDicom(f"there is no way from {names}")
        try:
            data, encoding = self._data_set(source, from_uid)
            data = self._converted(source, data, encoding, from_uid, to_uid)
        except InvalidDicom as error:
            raise InvalidDicom(f"{names}: {error.message}") from error
        header = encode_file_meta(
            sop_class_uid=source.sop_class_uid,
            sop_instance_uid=source.sop_instance_uid,
            transfer_syntax_uid=to_uid,
        )
        return OutgoingObject(
            sop_class_uid=source.sop_class_uid,
            sop_instance_uid=source.sop_instance_uid,
            study_instance_uid=source.study_instance_uid,
            transfer_syntax_uid=to_uid,
            data_offset=len(header),
            content=MemoryContent(header + data),
            name=source.name,
        )

    def _data_set(self, source: OutgoingObject, syntax_uid: str) -> tuple[bytes, Encoding]:
        """Return the whole data set, inflated, and how it is written; its structure is sound."""
        with source.content.open() as stream:
            try:
                stream.seek(source.data_offset)
                data = stream.read()
            except (OSError, ValueError) as error:
                raise Unreadable(f"it cannot be read: {error}") from error
        limit = 2 * self._max_pixel_bytes
        if transfer_syntax(syntax_uid).is_deflated:
            inflated = InflatedSource(StreamSource(io.BytesIO(data)), 0, max_bytes=limit)
            blocks: list[bytes] = []
            while block := inflated.read_at(len(blocks) * _BLOCK, _BLOCK):
                blocks.append(block)
            data, syntax_uid = b"".join(blocks), EXPLICIT_VR_LITTLE_ENDIAN
        found = open_data_set(StreamSource(io.BytesIO(data)), syntax_uid, max_inflated_bytes=limit)
        Walker(found.window, deep=True).walk(0, found.encoding)
        return data, found.encoding

    def _converted(
        self, source: OutgoingObject, data: bytes, encoding: Encoding, from_uid: str, to_uid: str
    ) -> bytes:
        unpacks, packs = from_uid not in _UNCOMPRESSED, to_uid not in _UNCOMPRESSED
        if unpacks or packs:
            if encoding is not EXPLICIT_LITTLE:
                data, encoding = reencoded(data, encoding, EXPLICIT_LITTLE), EXPLICIT_LITTLE
            data = self._with_pixels(source, data, from_uid if unpacks else "", to_uid if packs else "")
        target = _UNCOMPRESSED.get(to_uid, EXPLICIT_LITTLE)
        if encoding is not target:
            data = reencoded(data, encoding, target)
        return deflated(data) if to_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN else data

    def _with_pixels(self, source: OutgoingObject, data: bytes, from_uid: str, to_uid: str) -> bytes:
        """Unpack pixels from one syntax and pack them in another; '' is uncompressed."""
        header = encode_file_meta(
            sop_class_uid=source.sop_class_uid,
            sop_instance_uid=source.sop_instance_uid,
            transfer_syntax_uid=from_uid or EXPLICIT_VR_LITTLE_ENDIAN,
        )
        from pydicom import dcmread, dcmwrite

        with codecs("the pixels cannot be converted"):
            data_set = dcmread(io.BytesIO(header + data))
            if not any(tag in data_set for tag in _PIXEL_TAGS):
                return data  # an object without pixels is the same in every explicit little endian syntax
            self._check_budget(data_set)
            if from_uid:
                data_set.decompress(
                    as_rgb=False, decoding_plugin=_plugin(from_uid), generate_instance_uid=False
                )
                _name_as_decoded(data_set)
                for tag in _EXTENDED_OFFSETS:
                    data_set.pop(tag, None)
            if to_uid:
                _compress(data_set, to_uid)
            buffer = io.BytesIO()
            dcmwrite(buffer, data_set)
        whole = buffer.getvalue()
        read = ScannerHeaderReader().read(io.BytesIO(whole))
        if read is None:
            raise InvalidDicom("the converted object is cut off")
        return whole[read.data_offset :]

    def _check_budget(self, data_set: "Dataset") -> None:
        """Compare the declared size of the image with what may be decoded, before anything is."""
        size = 1
        for keyword, default in (
            ("Rows", 0), ("Columns", 0), ("NumberOfFrames", 1), ("SamplesPerPixel", 1), ("BitsAllocated", 16)
        ):  # fmt: skip
            size *= int(data_set.get(keyword, None) or default)
        if size // 8 > self._max_pixel_bytes:
            raise InvalidDicom(f"its {size // 8} bytes of pixels are more than {self._max_pixel_bytes}")


def _name_as_decoded(data_set: "Dataset") -> None:
    """Say that colour samples are there for each pixel: decoders fill in those that were left out."""
    if str(data_set.get("PhotometricInterpretation", "")) in _SUBSAMPLED:
        data_set.PhotometricInterpretation = "YBR_FULL"


def _compress(data_set: "Dataset", to_uid: str) -> None:
    """Pack pixels without loss, and make sure of it by unpacking them again."""
    import numpy as np
    from pydicom.pixels.decoders.base import get_decoder

    before, _ = get_decoder(EXPLICIT_VR_LITTLE_ENDIAN).as_array(data_set, raw=True)
    _name_as_decoded(data_set)
    if int(data_set.SamplesPerPixel) > 1:
        data_set.PlanarConfiguration = 0
    data_set.compress(to_uid, before, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    after, _ = get_decoder(to_uid).as_array(data_set, raw=True, decoding_plugin=_plugin(to_uid))
    if before.dtype != after.dtype or not np.array_equal(before, after):
        raise InvalidDicom("packing these pixels would change them")


def _plugin(uid: str) -> str:
    """Return the decoder to be used for a compressed syntax."""
    from pydicom.pixels.decoders.base import get_decoder

    return next(iter(plugins_of(get_decoder(uid))), "")


def _can_encode(uid: str) -> bool:
    """Tell whether the packages that pack pixels in a lossless syntax are installed."""
    needed = _ENCODERS.get(uid)
    return needed is not None and find_spec("numpy") is not None and all(find_spec(name) for name in needed)


def _can_decode(uid: str) -> bool:
    """Tell whether pydicom finds something that unpacks a syntax."""
    if not transfer_syntax(uid).is_encapsulated or find_spec("numpy") is None:
        return False
    from pydicom.pixels.decoders.base import get_decoder

    with quiet():
        try:
            return bool(plugins_of(get_decoder(uid)))
        except NotImplementedError:
            return False
