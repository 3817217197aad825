"""Readers of headers: our own scanner for every day, and pydicom as the second opinion behind the same contract.

Both stand on the same bounded walk over the structure; they differ in who makes text of the values.
"""

import struct
from abc import abstractmethod
from typing import BinaryIO, Final

from fileroom.adapters.files.collector import Collector
from fileroom.adapters.files.file_format import DataSet, open_data_set, open_file
from fileroom.adapters.files.pydicom_guard import quiet
from fileroom.adapters.files.runs import Runs
from fileroom.adapters.files.structure import ENCODINGS, Walker
from fileroom.adapters.files.values import (
    CHARACTER_SET,
    IDENTITY,
    Values,
    header_of,
    make_header,
    text_of,
    tidy,
)
from fileroom.adapters.files.window import StreamSource, Truncated
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.domain.attributes import BY_TAG
from fileroom.domain.uid import clean_uid

MAX_INFLATED_BYTES: Final = 4 << 30
_PREAMBLE_AND_PREFIX: Final = 132

# What pydicom is known to raise on values that are not what their VR says.
_PYDICOM_ERRORS: Final = (
    ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError,
    struct.error,
)  # fmt: skip


class _BoundedHeaderReader(HeaderReader):
    """What both readers share: finding the data set, and when to stop."""

    def __init__(self, *, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> None:
        self._max_inflated_bytes = max_inflated_bytes
        self._runs = {
            (encoding, deep): Runs(encoding, deep=deep) for encoding in ENCODINGS for deep in (False, True)
        }

    def read(self, stream: BinaryIO, *, complete: bool = True) -> Header | None:
        """Read a DICOM file, and with `complete` walk it to the end."""
        source = StreamSource(stream)
        if not complete and not source.reaches(_PREAMBLE_AND_PREFIX):
            return None
        try:
            data_set = open_file(source, max_inflated_bytes=self._max_inflated_bytes)
            return self._read(data_set, complete=complete, to_the_end=complete)
        except Truncated:
            if complete:
                raise
            return None

    def read_data_set(
        self, stream: BinaryIO, transfer_syntax_uid: str, *, complete: bool = True
    ) -> Header | None:
        """Read a bare data set, as far as the catalogued attributes go."""
        try:
            data_set = open_data_set(
                StreamSource(stream), transfer_syntax_uid, max_inflated_bytes=self._max_inflated_bytes
            )
            return self._read(data_set, complete=complete, to_the_end=False)
        except Truncated:
            if complete:
                raise
            return None

    def _read(self, data_set: DataSet, *, complete: bool, to_the_end: bool) -> Header | None:
        """Collect catalogued values up to the first element after them, then go on to the end if that is wanted."""
        encoding = data_set.encoding
        walker = Walker(data_set.window, deep=to_the_end)
        collector = Collector(walker, encoding, self._runs[encoding, to_the_end])
        position = collector.collect(data_set.start)
        if position is None and not complete:
            return None
        header = self._header(data_set, collector.values)
        if to_the_end and position is not None:
            walker.walk(position, encoding)
        return header

    @abstractmethod
    def _header(self, data_set: DataSet, values: Values) -> Header:
        """Make a header from VR and bytes of the values by tag."""


class ScannerHeaderReader(_BoundedHeaderReader):
    """Decodes the catalogued values itself; needs no library."""

    def _header(self, data_set: DataSet, values: Values) -> Header:
        return header_of(data_set, values)


class PydicomHeaderReader(_BoundedHeaderReader):
    """Lets pydicom decode the catalogued values."""

    def _header(self, data_set: DataSet, values: Values) -> Header:
        from pydicom.charset import convert_encodings
        from pydicom.dataelem import RawDataElement, convert_raw_data_element
        from pydicom.errors import BytesLengthException
        from pydicom.tag import Tag

        encoding = data_set.encoding
        errors = (*_PYDICOM_ERRORS, BytesLengthException)
        texts: dict[int, str] = {}
        with quiet():
            _, _, terms = values.get(CHARACTER_SET, (0, b"", b""))
            names = terms.decode("ascii", "replace").strip(" \0").split("\\")
            try:
                character_sets = convert_encodings(names)
            except _PYDICOM_ERRORS:
                character_sets = convert_encodings(None)
            for tag, vr, value in values.values():
                if tag == CHARACTER_SET:
                    continue
                if tag in IDENTITY:  # one object is one object, whoever reads it
                    texts[tag] = text_of(value, b"UI", b"UI", (), is_little=encoding.is_little)
                    continue
                known_vr = BY_TAG[tag].vr
                name = known_vr if vr in {b"", b"UN"} else vr.decode("ascii")
                raw = RawDataElement(
                    Tag(tag), name, len(value), value, 0, encoding.is_implicit, encoding.is_little
                )
                try:
                    texts[tag] = _text(
                        convert_raw_data_element(raw, encoding=character_sets).value, known_vr.encode()
                    )
                except errors:
                    texts[tag] = text_of(value, vr, known_vr.encode(), (), is_little=encoding.is_little)
        uids = {tag: clean_uid(texts.get(tag, "")) for tag in IDENTITY}
        return make_header(
            data_set, {BY_TAG[tag].keyword: text for tag, text in (texts | uids).items() if text}
        )


def _text(value: object, vr: bytes) -> str:
    """Write a value of pydicom's as DICOM does."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return tidy(value.decode("ascii", "replace"), vr)
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return tidy("\\".join(map(str, value)), vr)  # type: ignore[call-overload]
    return tidy(str(value), vr)
