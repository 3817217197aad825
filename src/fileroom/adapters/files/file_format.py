"""Where the data set of a DICOM file begins and how it is written (PS3.10 clause 7), by the file's word and by looking.

What belongs here: preamble, prefix and file meta information in all the shapes that are met, and the decision which
transfer syntax the data set really has. The data set itself does not.
"""

from typing import Final, NamedTuple

from fileroom.adapters.files.structure import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    UNDEFINED,
    Encoding,
    Walker,
    encoding_at,
)
from fileroom.adapters.files.window import ByteSource, InflatedSource, StreamSource, Window
from fileroom.domain.errors import InvalidDicom, NotDicom
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from fileroom.domain.uid import clean_uid

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_SOP_CLASS: Final = 0x00020002
_TRANSFER_SYNTAX: Final = 0x00020010
_MAX_META_BYTES: Final = 16 << 20
_MAX_UID_BYTES: Final = 256
# The groups that a data set without a prefix may begin with: file meta information, identifying information.
_FIRST_GROUPS: Final = (b"\2\0", b"\x08\0", b"\0\x08")

_UNCOMPRESSED: Final = {
    IMPLICIT_VR_LITTLE_ENDIAN: IMPLICIT_LITTLE,
    EXPLICIT_VR_LITTLE_ENDIAN: EXPLICIT_LITTLE,
    EXPLICIT_VR_BIG_ENDIAN: EXPLICIT_BIG,
}
_SYNTAX_OF: Final = {id(encoding): uid for uid, encoding in _UNCOMPRESSED.items()}


class DataSet(NamedTuple):
    """A data set, ready to be walked."""

    source: ByteSource
    """The stream, or what it inflates to."""
    window: Window
    """Over `source`."""
    start: int
    """Offset of the data set in `source`."""
    encoding: Encoding
    """How its elements are written."""
    transfer_syntax_uid: str
    """What the file says; among the uncompressed ones, or where it says nothing, what it is."""
    data_offset: int
    """Bytes before the data set in the file."""
    has_file_meta: bool
    """Whether there was file meta information."""


def open_file(stream: StreamSource, *, max_inflated_bytes: int, directories: bool = False) -> DataSet:
    """Find the data set of a file; a DICOMDIR is taken for one only with `directories`.

    Raises:
        Truncated: the bytes end before it.
        InvalidDicom: this is no DICOM file, or a DICOMDIR.
    """
    window = Window(stream)
    head = window.buffer
    position = 132 if head[128:132] == b"DICM" else 4 if head[:4] == b"DICM" else 0
    if not position and head[:2] not in _FIRST_GROUPS:
        raise NotDicom("not DICOM: neither a prefix nor a data set at the beginning")
    if window.take(position, 2) != b"\2\0":
        return _data_set(stream, window, position, "", has_file_meta=False, max_bytes=max_inflated_bytes)
    syntax, position = _file_meta(window, position, directories=directories)
    return _data_set(stream, window, position, syntax, has_file_meta=True, max_bytes=max_inflated_bytes)


def open_data_set(stream: StreamSource, transfer_syntax_uid: str, *, max_inflated_bytes: int) -> DataSet:
    """Prepare a bare data set of a transfer syntax that is known from elsewhere.

    Raises:
        InvalidDicom: it is deflated, and damaged.
    """
    uid = clean_uid(transfer_syntax_uid)
    return _data_set(stream, Window(stream), 0, uid, has_file_meta=False, max_bytes=max_inflated_bytes)


def _file_meta(window: Window, position: int, *, directories: bool) -> tuple[str, int]:
    """Return transfer syntax UID and end of the file meta information (PS3.10 7.1).

    The group length is believed only where a deflate stream follows, whose first bytes may look like one more
    element; it is wrong too often.
    """
    walker = Walker(window, deep=False)
    sop_class = syntax = ""
    start, declared_end = position, -1
    encoding = encoding_at(window.take(position, 8), EXPLICIT_LITTLE)
    while window.take(position, 2) == b"\2\0":
        if position == declared_end and transfer_syntax(syntax).is_deflated:
            break
        if position - start > _MAX_META_BYTES:
            raise InvalidDicom("the file meta information has no end")
        found = walker.head(position, encoding)
        tag, _, length, value = found
        if tag == 0x00020000 and length == 4:
            declared_end = value + 4 + int.from_bytes(window.take(value, 4), "little")
        elif tag in (_SOP_CLASS, _TRANSFER_SYNTAX) and length != UNDEFINED:
            uid = clean_uid(window.take(value, min(length, _MAX_UID_BYTES)).decode("ascii", "replace"))
            sop_class, syntax = (uid, syntax) if tag == _SOP_CLASS else (sop_class, uid)
        position = walker.skip(found, encoding)
        if not window.reaches(position + 2):
            break
    if sop_class == MEDIA_STORAGE_DIRECTORY and not directories:
        raise NotDicom("a DICOMDIR, not an object")
    return syntax, position


def _data_set(
    stream: StreamSource, window: Window, offset: int, syntax_uid: str, *, has_file_meta: bool, max_bytes: int
) -> DataSet:
    syntax = transfer_syntax(syntax_uid)
    source: ByteSource = stream
    start = offset
    if syntax.is_deflated:
        source, start = InflatedSource(stream, offset, max_bytes=max_bytes), 0
        window = Window(source)
    declared = _UNCOMPRESSED.get(syntax.uid, EXPLICIT_LITTLE if syntax_uid else IMPLICIT_LITTLE)
    first = window.take(start, 8) if window.reaches(start + 8) else b""
    encoding = encoding_at(first, declared)
    if not syntax_uid or syntax.uid in _UNCOMPRESSED:
        syntax_uid = _SYNTAX_OF[id(encoding)]
    return DataSet(source, window, start, encoding, syntax_uid, offset, has_file_meta)
