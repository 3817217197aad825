"""Text to the bytes of a value, by Specific Character Set: the way back of `fileroom.adapters.files.text`.

Escape sequences are written as PS3.5 6.1.2.5.3 asks for: a character set is designated before its first character,
again after each delimiter, and what replaced ASCII is switched back before the delimiter and the end.
"""

import re
from functools import lru_cache
from typing import Final

from fileroom.adapters.files.text import decode

_ESCAPES: Final = {
    "iso8859_1": b"\x1b-A", "iso8859_2": b"\x1b-B", "iso8859_3": b"\x1b-C", "iso8859_4": b"\x1b-D",
    "iso8859_5": b"\x1b-L", "iso8859_6": b"\x1b-G", "iso8859_7": b"\x1b-F", "iso8859_8": b"\x1b-H",
    "iso8859_9": b"\x1b-M", "iso8859_15": b"\x1b-b", "iso8859_11": b"\x1b-T", "shift_jis": b"\x1b)I",
    "euc_kr": b"\x1b$)C", "gb2312": b"\x1b$)A", "iso2022_jp": b"\x1b$B", "iso2022_jp_2": b"\x1b$(D",
}  # fmt: skip
"""PS3.3 tables C.12-3 and C.12-4: what designates the character set behind a codec."""
_IN_G0: Final = frozenset({"iso2022_jp", "iso2022_jp_2"})
"""Character sets that take the place of ASCII; all others stand beside it, in G1."""
_WHOLE: Final = frozenset({"utf_8", "gb18030", "gbk"})
"""Encodings without code extension (PS3.5 6.1.2.5.4 d)."""
_TO_ASCII: Final = b"\x1b(B"
_TO_ROMAJI: Final = b"\x1b(J"
_DELIMITERS = re.compile(r"([\\\^=\r\n\t\f])")


def encode(text: str, codecs: tuple[str, ...]) -> bytes | None:
    """Encode one value, all its parts and multiples together; None where the character sets cannot hold it.

    What comes out decodes to the same text.
    """
    if text.isascii() and ("\x1b" not in text or not any(codecs)):
        return text.encode("ascii")
    encoded = _encoded(text, codecs)
    return encoded if encoded is not None and decode(encoded, codecs) == text else None


def _encoded(text: str, codecs: tuple[str, ...]) -> bytes | None:
    if not any(codecs):
        return None
    first = codecs[0]
    try:
        if first in _WHOLE or (len(codecs) == 1 and first not in _IN_G0):
            encoded = text.encode(first)
            # JIS X 0201 has one byte for each of its characters; two are a character of another set.
            return encoded if first != "shift_jis" or len(encoded) == len(text) else None
        pieces = [_segment(each, codecs) for each in _DELIMITERS.split(text)]
    except (UnicodeEncodeError, LookupError):
        return None
    return b"".join(pieces)


def _segment(text: str, codecs: tuple[str, ...]) -> bytes:
    """Encode what stands between two delimiters."""
    if text.isascii():
        return text.encode("ascii")
    in_g0, in_g1 = "", "" if codecs[0] in _IN_G0 else codecs[0]
    to_first = _TO_ROMAJI if codecs[0] == "shift_jis" else _TO_ASCII
    out: list[bytes] = []
    for char in text:
        if char.isascii():
            codec, code = "", char.encode("ascii")
        else:
            codec, code = _code(char, codecs, in_g0 or in_g1)
        if codec in _IN_G0:
            if codec != in_g0:
                out.append(_ESCAPES[codec])
                in_g0 = codec
        else:
            if in_g0:
                out.append(to_first)
                in_g0 = ""
            if codec and codec != in_g1:
                out.append(_ESCAPES[codec])
                in_g1 = codec
        out.append(code)
    if in_g0:
        out.append(to_first)
    return b"".join(out)


def _code(char: str, codecs: tuple[str, ...], current: str) -> tuple[str, bytes]:
    """Return a character set that has a character, the current one first, and its code there."""
    for codec in (current, *codecs):
        code = _code_in(char, codec) if codec in _ESCAPES else b""
        if code:
            return codec, code
    raise UnicodeEncodeError(codecs[0] or "ascii", char, 0, 1, "no character set has it")


@lru_cache(4096)
def _code_in(char: str, codec: str) -> bytes:
    """Return the code of a character that is not ASCII in one character set, empty where there is none."""
    try:
        code = char.encode(codec)
    except UnicodeEncodeError:
        return b""
    if codec in _IN_G0:
        escape = _ESCAPES[codec]
        return code[len(escape) : len(escape) + 2] if code.startswith(escape) else b""
    if codec == "shift_jis" and len(code) > 1:
        return b""  # JIS X 0201 has the katakana of one byte only
    return code if min(code) >= 0x80 else b""
