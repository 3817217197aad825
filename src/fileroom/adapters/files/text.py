"""Bytes of text values to str, by Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1), whatever is in them.

Nothing here fails: what cannot be decoded shows as U+FFFD. Where the character set is missing or unknown, UTF-8 is
tried before Latin-1, which is what such files hold most of the time.
"""

import re
from typing import Final

_REPERTOIRES: Final = {
    "6": "ascii", "100": "iso8859_1", "101": "iso8859_2", "109": "iso8859_3", "110": "iso8859_4",
    "144": "iso8859_5", "127": "iso8859_6", "126": "iso8859_7", "138": "iso8859_8", "148": "iso8859_9",
    "203": "iso8859_15", "166": "iso8859_11", "13": "shift_jis", "192": "utf_8",
    "87": "iso2022_jp", "159": "iso2022_jp_2", "149": "euc_kr", "58": "gb2312",
}  # fmt: skip
_BY_NAME: Final = {"GB18030": "gb18030", "GBK": "gbk"}
_DEFINED_TERM = re.compile(r"(?:ISO)?[ _-]*(?:2022)?[ _-]*(?:IR)?[ _-]*([0-9]{1,3})\Z")

# PS3.3 tables C.12-3 and C.12-4: escape sequence, codec of what follows. The two codecs of Japanese kanji want the
# escape sequence themselves.
_ESCAPES: Final = {
    b"(B": "ascii", b"(J": "shift_jis", b")I": "shift_jis",
    b"-A": "iso8859_1", b"-B": "iso8859_2", b"-C": "iso8859_3", b"-D": "iso8859_4", b"-L": "iso8859_5",
    b"-G": "iso8859_6", b"-F": "iso8859_7", b"-H": "iso8859_8", b"-M": "iso8859_9", b"-b": "iso8859_15",
    b"-T": "iso8859_11", b"$)C": "euc_kr", b"$)A": "gb2312",
    b"$B": "iso2022_jp", b"$(D": "iso2022_jp_2",
}  # fmt: skip
_KANJI: Final = frozenset({"iso2022_jp", "iso2022_jp_2"})
_ESCAPED = re.compile(rb"\x1b(\([BJ]|\)I|-[A-Za-z]|\$\)[CA]|\$\([DC]|\$B)")
# PS3.5 6.1.2.5.3: what was designated ends with the line, the value and the part of a name.
_ENDS_OF_DESIGNATION = re.compile(rb"([\\\^=\r\n\t\f])")
_C1_CONTROLS: Final = dict.fromkeys(range(0x80, 0xA0), "\ufffd")


def codecs_of(specific_character_set: bytes) -> tuple[str, ...]:
    """Return the codecs for the values of (0008,0005), in order; empty where none is known."""
    text = specific_character_set.decode("ascii", "replace").strip(" \0")
    if not text:
        return ()
    codecs = tuple(_codec(term.strip(" \0").upper()) for term in text.split("\\"))
    return codecs if any(codecs) else ()


def _codec(term: str) -> str:
    if not term:
        return "ascii"
    if term in _BY_NAME:
        return _BY_NAME[term]
    if term.removeprefix("ISO 2022 ") in _BY_NAME:
        return _BY_NAME[term.removeprefix("ISO 2022 ")]
    match = _DEFINED_TERM.match(term)
    return _REPERTOIRES.get(match[1], "") if match else ""


def decode(value: bytes, codecs: tuple[str, ...]) -> str:
    """Decode one value, all its parts and multiples together."""
    if not codecs or codecs == ("ascii",):
        return _decode_unnamed(value)
    if b"\x1b" in value and (len(codecs) > 1 or codecs[0] in _KANJI):
        return _decode_extended(value, codecs[0])
    if codecs[0] in {"", "ascii", *_KANJI}:
        if value.isascii():
            return value.decode("ascii")
        # Code extensions without their escape sequences: the second character set is meant.
        other = next((codec for codec in codecs[1:] if codec and codec not in _KANJI), "")
        return value.decode(other, "replace") if other else _decode_unnamed(value)
    return value.decode(codecs[0], "replace")


def _decode_unnamed(value: bytes) -> str:
    if value.isascii():
        return value.decode("ascii")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1").translate(_C1_CONTROLS)


def _decode_extended(value: bytes, first: str) -> str:
    """Decode a value with code extensions (ISO 2022, PS3.5 6.1.2.5)."""
    initial = "ascii" if first in {"", *_KANJI} else first
    parts = _ESCAPED.split(value)
    text = [_decode_single(parts[0], initial, initial)]
    for escape, part in zip(parts[1::2], parts[2::2], strict=True):
        codec = _ESCAPES.get(escape, "")
        if codec in _KANJI:
            text.append((b"\x1b" + escape + part).decode(codec, "replace"))
        else:
            # Switching to ASCII is G0 only: what was designated to G1 first stays there.
            text.append(_decode_single(part, initial if codec in {"", "ascii"} else codec, initial))
    return "".join(text)


def _decode_single(part: bytes, codec: str, initial: str) -> str:
    """Decode what follows an escape sequence, and from the first delimiter on as the value began."""
    if codec == initial:
        return _replacing(part, codec)
    pieces = _ENDS_OF_DESIGNATION.split(part, maxsplit=1)
    return _replacing(pieces[0], codec) + _replacing(b"".join(pieces[1:]), initial)


def _replacing(part: bytes, codec: str) -> str:
    return _decode_unnamed(part) if codec == "ascii" else part.decode(codec, "replace")
