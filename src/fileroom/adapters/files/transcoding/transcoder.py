"""Objects on their way to a peer, in a transfer syntax that it takes, without loss."""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final

from fileroom.adapters.files.pydicom_guard import INSTALL_CODECS
from fileroom.adapters.files.transcoding.engine import PixelLimits
from fileroom.adapters.files.transcoding.spool import Spool
from fileroom.adapters.files.transcoding.whole import transcode_tree
from fileroom.adapters.files.tree import Tree, read_data_set
from fileroom.adapters.files.tree_writing import data_set_parts, deflated_parts, encoding_of
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.application.ports.transcoder import Transcoder
from fileroom.domain.errors import (
    ConfigurationError,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
    StorageError,
    Unreadable,
)
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.pixel_target import LOSSLESS, UNCOMPRESSED, PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax
from fileroom.domain.uid import clean_uid

MAX_PIXEL_BYTES: Final = 2 << 30
_TAKES_CODECS: Final = f"unpacking takes codecs; {INSTALL_CODECS}"


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


class TreeTranscoder(Transcoder):
    """Converts objects in memory, by way of their tree."""

    def __init__(self, *, max_pixel_bytes: int = MAX_PIXEL_BYTES) -> None:
        """Refuse to decode or encode more than `max_pixel_bytes` of pixels, and to inflate more than twice that."""
        self._max_pixel_bytes = max_pixel_bytes

    def can_convert(self, from_syntax_uid: str, to_syntax_uid: str) -> bool:
        """Tell by the table of syntaxes and the packages that are installed."""
        source, target = clean_uid(from_syntax_uid), clean_uid(to_syntax_uid)
        if source == target and transfer_syntax(source).is_known:
            return True
        if source in UNCOMPRESSED:
            return target in UNCOMPRESSED or _can_encode(target)
        if not _can_decode(source):
            return False
        # What was lossy once may be unpacked, but is not packed anew.
        return target in UNCOMPRESSED or (_can_encode(target) and transfer_syntax(source).is_lossless is True)

    def convert(self, source: OutgoingObject, to_syntax_uid: str) -> OutgoingObject:
        """Read the tree, change its pixels where they are packed otherwise, and write it."""
        from_uid, to_uid = clean_uid(source.transfer_syntax_uid), clean_uid(to_syntax_uid)
        if from_uid == to_uid:
            return source
        names = f"{transfer_syntax(from_uid).name} to {transfer_syntax(to_uid).name}"
        if not self.can_convert(from_uid, to_uid):
            raise InvalidDicom(f"there is no way from {names}", hint=_why_not_decoded(from_uid))
        try:
            data = self._converted(source, from_uid, PixelTarget(transfer_syntax_uid=to_uid))
        except (ConfigurationError, InvalidDicom, InvalidInput, LimitExceeded, StorageError) as error:
            raise InvalidDicom(f"{names}: {error.message}", hint=error.hint) from error
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

    def _converted(self, source: OutgoingObject, from_uid: str, target: PixelTarget) -> bytes:
        limits = PixelLimits(
            frame_bytes=min(self._max_pixel_bytes, PixelLimits().frame_bytes),
            total_bytes=self._max_pixel_bytes,
        )
        with source.content.open() as stream, Spool() as spool:
            try:
                stream.seek(source.data_offset)
            except (OSError, ValueError) as error:
                raise Unreadable(f"it cannot be read: {error}") from error
            tree = read_data_set(stream, from_uid, max_inflated_bytes=2 * self._max_pixel_bytes)
            transcode_tree(tree, target, spool, new_uid=_no_new_uid, limits=limits)
            return _written(tree, target.transfer_syntax_uid)


def _written(tree: Tree, syntax_uid: str) -> bytes:
    parts = data_set_parts(tree.root, encoding_of(syntax_uid))
    return b"".join(deflated_parts(parts) if transfer_syntax(syntax_uid).is_deflated else parts)


def _no_new_uid() -> str:
    raise AssertionError("what is sent stays the object that it is")


def _can_encode(uid: str) -> bool:
    """Tell whether the packages that pack pixels in a lossless syntax are installed."""
    if uid not in LOSSLESS or find_spec("numpy") is None:
        return False
    from fileroom.adapters.files.transcoding.encoders import can_encode

    return can_encode(uid)


def _can_decode(uid: str) -> bool:
    """Tell whether there is something that unpacks a syntax."""
    return transfer_syntax(uid).is_encapsulated and not _why_not_decoded(uid)


def _why_not_decoded(uid: str) -> str:
    """Tell what is missing to unpack a compressed syntax; '' where nothing is, or where that is not the question."""
    if not transfer_syntax(uid).is_encapsulated:
        return ""
    if find_spec("numpy") is None:
        return _TAKES_CODECS
    from fileroom.adapters.files.pixels.compressed import decoder_of

    try:
        decoder_of(uid)
    except ConfigurationError:
        return _TAKES_CODECS
    except InvalidInput as error:
        return error.message
    return ""
