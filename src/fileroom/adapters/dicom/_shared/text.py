"""UIDs, AE titles and names as they stand in PDUs and command sets: text that survives the way there and back."""

import re
from typing import Final

from fileroom.adapters.dicom._shared.mistakes import LocalError

_PLAIN: Final = frozenset(range(0x20, 0x7F)) - {ord("\\")}
_ESCAPED: Final = re.compile(rb"\\x([0-9a-f]{2})")
_PADDING: Final = b"\0 "


def text(raw: memoryview | bytes) -> str:
    r"""Read a UID, an AE title or a name: NUL and space around it are padding, whatever the standard says of either.

    Bytes that are no printable ASCII, and the backslash, appear as `\x5c`, so that every value can be shown, compared
    and sent back (`text_bytes`).
    """
    data = bytes(raw).strip(_PADDING)
    if data.isascii():
        found = data.decode("ascii")
        if found.isprintable() and "\\" not in found:
            return found
    return "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in data)


def text_bytes(value: str) -> bytes:
    """Return the bytes that `text` reads.

    Raises:
        LocalError: it holds characters beyond ASCII.
    """
    try:
        data = value.encode("ascii")
    except UnicodeEncodeError:
        raise LocalError(f"{value!r} holds characters beyond ASCII") from None
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), data) if b"\\" in data else data
