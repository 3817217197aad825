"""Large values of a JSON document that stay where they are until they are written: in the document, or in a file.

What belongs here: finding long base64 strings while a document is read, and bytes from them or from files of their
own, part by part. What the document means does not.
"""

import io
import re
import secrets
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from fileroom.adapters.files.json_model.vrs import MAX_TEXT_BYTES
from fileroom.adapters.files.tree import Stored, Value
from fileroom.domain.errors import InvalidJson, LimitExceeded, NotDicom, Unreadable

LONG_STRING: Final = 64 << 10
"""Characters from which on a string of base64 stays in the document."""
MAX_DOCUMENT_BYTES: Final = 128 << 20
"""Of a document without its long strings: what is parsed as a whole."""
_BLOCK: Final = 1 << 20
_FIRST_BYTES: Final = 4096
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_QUOTE: Final = re.compile(rb'"')
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=]*")


class Base64Value(Stored):
    """The bytes behind a long string of base64."""

    __slots__ = ("_start", "_text")

    def __init__(self, text: Stored, start: int = 0, size: int | None = None) -> None:
        """Take `size` bytes from `start`, all by default.

        Raises:
            InvalidJson: this is no base64 by its length.
            Unreadable: the stream fails.
        """
        if len(text) % 4:
            raise InvalidJson("a value is no base64 (RFC 4648): its length is no multiple of 4")
        padding = text.read(2, len(text) - 2).count(b"=")
        super().__init__(io.BytesIO(), 0, len(text) // 4 * 3 - padding if size is None else size)
        self._text = text
        self._start = start

    def read(self, count: int | None = None, start: int = 0) -> bytes:
        """Decode what is asked for.

        Raises:
            InvalidJson: this is no base64.
            Unreadable: the stream failed, or has become shorter.
        """
        wanted = max(min(self.size - start, self.size if count is None else count), 0)
        first = self._start + start
        skipped = first % 3
        groups = (skipped + wanted + 2) // 3
        found = decoded(self._text.read(groups * 4, first // 3 * 4))[skipped : skipped + wanted]
        if len(found) != wanted:
            raise InvalidJson("a value is no base64 (RFC 4648): there is padding within it")
        return found

    def within(self, start: int, size: int) -> Stored:
        """Return a piece of it, which stays where it is too."""
        return Base64Value(self._text, self._start + start, size)


class FileValue(Stored):
    """The bytes of a file, which is open only while they are read."""

    __slots__ = ("_path", "_start")

    def __init__(self, path: Path, start: int = 0, size: int | None = None) -> None:
        """Take `size` bytes from `start`, all by default.

        Raises:
            Unreadable: there is no such file.
        """
        try:
            super().__init__(io.BytesIO(), 0, path.stat().st_size if size is None else size)
        except OSError as error:
            raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from None
        self._path = path
        self._start = start

    def read(self, count: int | None = None, start: int = 0) -> bytes:
        """Open the file for as long as it takes.

        Raises:
            Unreadable: it cannot be read, or has become shorter.
        """
        try:
            with self._path.open("rb") as stream:
                return Stored(stream, self._start, self.size).read(count, start)
        except OSError as error:
            raise Unreadable(f"{self._path} cannot be read: {error.strerror or error}") from None

    def within(self, start: int, size: int) -> Stored:
        """Return a piece of it, which stays where it is too."""
        return FileValue(self._path, self._start + start, size)


def decoded(text: str | bytes) -> bytes:
    """Decode base64 (RFC 4648 clause 4).

    Raises:
        InvalidJson: it is none.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidJson(f"a value is no base64 (RFC 4648): {error}") from None


class Document(NamedTuple):
    """A JSON document whose long strings of base64 are replaced by short ones."""

    text: bytes
    long_strings: dict[str, Stored]
    """By what stands in their place; nobody can guess that."""

    def text_of(self, string: str) -> str:
        """Return a string of the document, whatever its length.

        Raises:
            LimitExceeded: it is too long to be held.
        """
        stored = self.long_strings.get(string)
        if stored is None:
            return string
        if len(stored) > MAX_TEXT_BYTES:
            raise LimitExceeded(f"a text has {len(stored)} characters, more than {MAX_TEXT_BYTES}")
        return stored.read().decode("ascii")

    def bytes_of(self, string: str) -> Value:
        """Return what is behind a string of base64.

        Raises:
            InvalidJson: it is none.
        """
        stored = self.long_strings.get(string)
        return decoded("".join(string.split())) if stored is None else Base64Value(stored)


def read_document(stream: BinaryIO, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> Document:
    """Read a document from a seekable stream, in blocks.

    Raises:
        NotDicom: it begins like no JSON.
        LimitExceeded: without its long strings it has more than `max_bytes`.
        Unreadable: the stream fails.
    """
    size = _size_of(stream)
    whole = Stored(stream, 0, size)
    if not whole.read(_FIRST_BYTES).removeprefix(_BYTE_ORDER_MARK).lstrip().startswith((b"{", b"[")):
        raise NotDicom("no JSON: neither an object nor an array at the beginning")
    nonce = secrets.token_hex(16)
    parts: list[bytes] = []
    found: dict[str, Stored] = {}
    position = 0
    for offset, length in _long_strings(whole, max_bytes):
        name = f"{nonce}:{len(found)}"
        found[name] = whole.within(offset, length)
        parts += [whole.read(offset - position, position), name.encode("ascii")]
        position = offset + length
    parts.append(whole.read(size - position, position))
    return Document(b"".join(parts), found)


def _size_of(stream: BinaryIO) -> int:
    try:
        return stream.seek(0, io.SEEK_END)
    except (OSError, ValueError) as error:
        raise Unreadable(f"reading failed: {error}") from error


def _long_strings(whole: Stored, max_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of what stands between two quotes, is long, and could be base64.

    Raises:
        LimitExceeded: there is more besides than `max_bytes`.
    """
    before = -1
    position = taken = 0
    for block in whole.parts(_BLOCK):
        for match in _QUOTE.finditer(block):
            quote = position + match.start()
            length = quote - before - 1
            if length >= LONG_STRING and before >= 0 and _is_base64(whole, before, length):
                taken += length
                yield before + 1, length
            before = quote
        position += len(block)
        if before - taken > max_bytes:
            break
    if (before if position < whole.size else whole.size) - taken > max_bytes:
        raise LimitExceeded(
            f"the document has more than {max_bytes} bytes besides long strings of base64",
            hint="large values belong into InlineBinary, or into files behind a BulkDataURI",
        )


def _is_base64(whole: Stored, quote: int, length: int) -> bool:
    """Tell whether only characters of base64 follow a quote, which is not escaped."""
    if quote and whole.read(1, quote - 1) == b"\\":
        return False
    return all(_BASE64.fullmatch(block) for block in whole.within(quote + 1, length).parts(_BLOCK))
