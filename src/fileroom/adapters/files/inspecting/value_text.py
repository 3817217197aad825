"""Values as a dump shows them: text in brackets, numbers, and bytes in hexadecimal, no longer than is wanted."""

import struct
from collections.abc import Iterable
from typing import Final

from fileroom.adapters.files.dictionary import entry_of
from fileroom.adapters.files.structure import Encoding, tag_text
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Value
from fileroom.domain.dump import LONGEST_VALUE
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer_syntaxes import TRANSFER_SYNTAXES

NO_VALUE: Final = "(no value)"
CUT: Final = "..."
_TEXTS: Final = frozenset(b"AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
_NUMBERS: Final = {
    b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"UV": "Q", b"SV": "q", b"OF": "f",
    b"OD": "d", b"OL": "I", b"OV": "Q",
}  # fmt: skip
_LONGEST_CHARACTER: Final = 8
"""Bytes of a character in any character set, with an escape sequence before it."""
_KNOWN_UIDS: Final = "1.2.840.10008."


class ValueText:
    """Shows values up to a number of characters; 0 for as many as are read."""

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length or LONGEST_VALUE

    def of(self, value: Value, vr: bytes, codecs: tuple[str, ...], encoding: Encoding) -> str:
        """Return a value as it is shown."""
        if not len(value):
            return NO_VALUE
        if vr in _TEXTS:
            return self._text(value, vr, codecs)
        if vr in _NUMBERS:
            return self._numbers(value, _NUMBERS[vr], encoding)
        if vr == b"AT":
            return self._tags(value, encoding)
        return self.hexadecimal(value, encoding, unit=2 if vr == b"OW" else 1)

    def _text(self, value: Value, vr: bytes, codecs: tuple[str, ...]) -> str:
        size = min(self._max_length * _LONGEST_CHARACTER, LONGEST_VALUE)
        raw = _start_of(value, size)
        text = decode(raw, codecs)
        is_cut = len(raw) < len(value)
        text = text.rstrip("\ufffd" if is_cut else " \0")  # half a character, or padding
        if len(text) > self._max_length or is_cut:
            return f"[{text[: self._max_length]}{CUT}]"
        if vr == b"UI" and text.startswith(_KNOWN_UIDS) and (name := _uid_name(text)):
            return f"[{text}] {name}"
        return f"[{text}]"

    def _numbers(self, value: Value, code: str, encoding: Encoding) -> str:
        size = struct.calcsize(code)
        count = min(len(value) // size, self._max_length, LONGEST_VALUE // size)
        order = "<" if encoding.is_little else ">"
        numbers = struct.unpack_from(f"{order}{count}{code}", _start_of(value, count * size))
        write = _float_text if code == "f" else repr
        return self._joined(map(write, numbers), is_whole=count == len(value) // size)

    def _tags(self, value: Value, encoding: Encoding) -> str:
        count = min(len(value) // 4, self._max_length)
        halves = struct.unpack_from(
            f"{'<' if encoding.is_little else '>'}{2 * count}H", _start_of(value, 4 * count)
        )
        tags = (
            tag_text(group << 16 | number) for group, number in zip(halves[::2], halves[1::2], strict=True)
        )
        return self._joined(tags, is_whole=count == len(value) // 4)

    def hexadecimal(self, value: Value, encoding: Encoding, *, unit: int = 1) -> str:
        """Return bytes, or words of two bytes, in hexadecimal."""
        raw = _start_of(value, min(self._max_length, LONGEST_VALUE) * unit)
        if unit > 1 and encoding.is_little:
            words = (raw[at : at + unit][::-1].hex() for at in range(0, len(raw), unit))
        else:
            words = (raw[at : at + unit].hex() for at in range(0, len(raw), unit))
        return self._joined(words, is_whole=len(raw) == len(value))

    def _joined(self, words: Iterable[str], *, is_whole: bool) -> str:
        """Join with backslashes, as far as there is room."""
        shown: list[str] = []
        room = self._max_length
        for word in words:
            room -= len(word) + 1
            if room < -1 and shown:
                return "\\".join(shown) + CUT
            shown.append(word)
        return "\\".join(shown) + ("" if is_whole else CUT)


def _start_of(value: Value, size: int) -> bytes:
    return value[:size] if isinstance(value, bytes) else value.read(size)


def _float_text(number: float) -> str:
    """Write a number of 32 bits with as many digits as tell it from its neighbours."""
    for digits in (6, 7, 8):
        text = f"{number:.{digits}g}"
        try:
            if struct.pack("<f", float(text)) == struct.pack("<f", number):
                return text
        except OverflowError:
            continue
    return f"{number:.9g}"


def _uid_name(uid: str) -> str:
    if uid in TRANSFER_SYNTAXES:
        return TRANSFER_SYNTAXES[uid].name
    name = sop_class_name(uid)
    return "" if name == uid else name


def name_of(tag: int, creator: str) -> str:
    """Return the keyword of an element, or the name that a private creator has for it, as far as these are known."""
    entry = entry_of(tag, creator)
    if creator:
        return f"{creator}: {entry.name}" if entry is not None else f"{creator}: ?"
    if entry is None:
        return "?"
    return entry.keyword or entry.name
