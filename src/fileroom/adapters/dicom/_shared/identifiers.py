"""Identifiers: attributes by keyword, to and from the bytes of a data set (PS3.4 C.2.2, PS3.5 6 and 7).

Dictionary and tables of character sets are pydicom's; its parser and its conversion of values are not used, since
they warn and raise where peers are careless. A value that cannot be read is left out, the rest stands.
"""

import re
import struct
from collections.abc import Sequence
from typing import Final

from pydicom.charset import CODES_TO_ENCODINGS, encode_string, python_encoding

from fileroom.adapters.dicom._shared.elements import elements
from fileroom.adapters.dicom._shared.keys import (
    ASCII_VRS,
    NUMBER_FORMATS,
    TEXT_VRS,
    Key,
    check_value,
    name_of,
    numbers,
    resolve_key,
    vr_of,
)
from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import Attributes
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

CHARACTER_SET: Final = "SpecificCharacterSet"
UTF_8: Final = "ISO_IR 192"
_CHARACTER_SET_TAG: Final = 0x00080005
_LONG_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_SINGLE_VALUED: Final = frozenset({"LT", "ST", "UT", "UR"})
_ESCAPED = re.compile(rb"(\x1b[-()][A-Z]|\x1b\$[)(]?[A-Z])")
_GB2312: Final = "iso_ir_58"
_GB2312_ESCAPE: Final = b"\x1b$)A"
# PS3.5 6.1.2.5.3: what ends the reach of an escape sequence.
_RESETS = re.compile("([\\\\^=\r\n\f\t])")


def encode(
    keys: Attributes,
    syntax_uid: str,
    character_set: str = "",
    *,
    strict: bool = True,
    with_character_set: bool = True,
) -> bytes:
    """Return the data set of an identifier, and Specific Character Set with it.

    Where not `strict`, what cannot be sent is left out; so answers are made.

    `character_set` is preferred where it holds the text; otherwise text beyond ASCII goes as ISO_IR 192.

    Raises:
        InvalidInput: a keyword is unknown, or a value does not fit its VR.
    """
    resolved: dict[int, tuple[Key, str]] = {}
    for name, value in keys.items():
        try:
            key = resolve_key(name)
            check_value(key, value)
        except InvalidInput:
            if strict:
                raise
            continue
        resolved[key.tag] = (key, value)
    texts = [value for key, value in resolved.values() if key.vr in TEXT_VRS]
    chosen = choose_character_set(texts, character_set)
    if with_character_set and (strict or chosen):
        resolved[_CHARACTER_SET_TAG] = (resolve_key(CHARACTER_SET), chosen)
    encodings = encodings_of(chosen)
    implicit, order = _layout(syntax_uid)
    data = bytearray()
    for tag in sorted(resolved):
        key, value = resolved[tag]
        data += _element(key, _value(key, value, encodings, order), implicit=implicit, order=order)
    return bytes(data)


def decode(data: bytes, syntax_uid: str, character_set: str = "") -> dict[str, str]:
    """Return the attributes of an identifier by keyword, sequences and binary values left out.

    Text is decoded by the identifier's Specific Character Set, or by `character_set` where it has none; the
    attribute itself is not returned, since it says nothing about text that is decoded.
    """
    implicit, order = _layout(syntax_uid)
    found = {
        tag: (vr if vr not in {"", "UN"} else vr_of(tag), raw)
        for tag, vr, raw in elements(data, implicit=implicit, order=order)
    }
    own = found.pop(_CHARACTER_SET_TAG, ("CS", b""))[1].decode("ascii", "replace").strip("\0 ")
    encodings = encodings_of(own or character_set)
    decoded: dict[str, str] = {}
    for tag, (vr, raw) in found.items():
        text = _text(vr, raw, encodings, order)
        if text is not None and tag & 0xFFFF:
            decoded[name_of(tag)] = text
    return decoded


def read_uids(data: bytes, syntax_uid: str, name: str) -> tuple[str, ...]:
    """Return the values of one UID attribute of a data set."""
    return tuple(uid for uid in decode(data, syntax_uid).get(name, "").split("\\") if uid)


def choose_character_set(texts: Sequence[str], preferred: str) -> str:
    """Return the Specific Character Set for texts: none for ASCII, `preferred` where it holds them, else UTF-8."""
    beyond = [text for text in texts if not text.isascii()]
    if not beyond:
        return ""
    if preferred:
        encodings = encodings_of(preferred)
        try:
            if all(decode_text(_encoded(text, encodings), encodings) == text for text in beyond):
                return preferred
        except (UnicodeError, ValueError, LookupError, UserWarning):
            pass
    return UTF_8


def encodings_of(character_set: str) -> list[str]:
    """Return Python's names for the values of Specific Character Set; unknown values are skipped."""
    names = [part.strip("\0 ") for part in character_set.split("\\")]
    found = [python_encoding[name] for name in names if name in python_encoding]
    # pydicom's default is Latin-1 for ISO_IR 6: it can decode anything, as the peers that send no name expect.
    return found or ["utf-8" if _says_utf8(character_set) else python_encoding[""]]


def decode_text(raw: bytes, encodings: Sequence[str]) -> str:
    """Decode text with code extensions (PS3.5 6.1.2.5); what cannot be decoded becomes replacement characters."""
    if b"\x1b" not in raw:
        return _decoded(raw, encodings[0])
    pieces = _ESCAPED.split(raw)
    text = _decoded(pieces[0], encodings[0])
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        encoding = CODES_TO_ENCODINGS.get(escape, encodings[0])
        if encoding in {"iso2022_jp", "iso2022_jp_2"}:
            text += _decoded(escape + piece, encoding)
            continue
        if encoding == encodings[0] or piece.isascii():
            text += _decoded(piece, encoding)
            continue
        # A delimiter ends the escape's reach: the rest is in the first encoding again.
        cut = next((index for index, byte in enumerate(piece) if byte in b"\\^=\r\n\f\t"), len(piece))
        text += _decoded(piece[:cut], encoding)
        text += _decoded(piece[cut:], encodings[0] if piece[cut:].isascii() else encoding)
    return text


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        pass
    # A peer that names no character set, or the wrong one, mostly means one of these.
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return raw.decode(encoding if encoding.isascii() else "latin-1", "replace")


def _encoded(text: str, encodings: Sequence[str]) -> bytes:
    """Encode text; each part between delimiters for itself, as code extensions demand."""
    if len(encodings) == 1:
        return text.encode(encodings[0])
    pieces = _RESETS.split(text)
    return b"".join(
        piece.encode("ascii") if piece.isascii() else _extended(piece, encodings) for piece in pieces
    )


def _extended(piece: str, encodings: Sequence[str]) -> bytes:
    if _GB2312 in encodings[1:]:
        # pydicom takes it for one of those whose escape sequences Python writes, which it does not.
        return _GB2312_ESCAPE + piece.encode(_GB2312)
    return encode_string(piece, encodings)


def _value(key: Key, value: str, encodings: Sequence[str], order: str) -> bytes:
    if not value:
        return b""
    if key.vr in NUMBER_FORMATS:
        return b"".join(struct.pack(order + NUMBER_FORMATS[key.vr], number) for number in numbers(key, value))
    if key.vr == "AT":
        return b"".join(
            struct.pack(order + "HH", int(part[:4], 16), int(part[4:], 16)) for part in value.split("\\")
        )
    raw = _encoded(value, encodings) if key.vr in TEXT_VRS else value.encode("ascii")
    return raw + (b"\0" if key.vr == "UI" else b" ") * (len(raw) % 2)


def _element(key: Key, value: bytes, *, implicit: bool, order: str) -> bytes:
    group, element = key.tag >> 16, key.tag & 0xFFFF
    if implicit:
        return struct.pack(order + "HHI", group, element, len(value)) + value
    vr = key.vr.encode()
    if key.vr in _LONG_VRS:
        return struct.pack(order + "HH2sHI", group, element, vr, 0, len(value)) + value
    # A value beyond 64 KB in a short form cannot be told (PS3.5 7.1.2): it goes as UN.
    if len(value) > 0xFFFF:
        return struct.pack(order + "HH2sHI", group, element, b"UN", 0, len(value)) + value
    return struct.pack(order + "HH2sH", group, element, vr, len(value)) + value


def _text(vr: str, raw: bytes, encodings: Sequence[str], order: str) -> str | None:
    """Return a value as text; None where it is binary or cannot be read."""
    if vr in NUMBER_FORMATS:
        form = NUMBER_FORMATS[vr]
        size = struct.calcsize(form)
        whole = raw[: len(raw) // size * size]
        return "\\".join(str(number[0]) for number in struct.iter_unpack(order + form, whole))
    if vr == "AT":
        whole = raw[: len(raw) // 4 * 4]
        return "\\".join(
            f"{group:04X}{element:04X}" for group, element in struct.iter_unpack(order + "HH", whole)
        )
    if vr in TEXT_VRS:
        text = decode_text(raw, encodings)
    elif vr in ASCII_VRS:
        text = raw.decode("ascii") if raw.isascii() else _decoded(raw, encodings[0])
    else:
        return None
    if vr in _SINGLE_VALUED:
        return text.rstrip("\0 ")
    return "\\".join(value.strip("\0 ") for value in text.split("\\")).rstrip("\\") if text else ""


def _layout(syntax_uid: str) -> tuple[bool, str]:
    return syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN, ">" if syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<"


def _says_utf8(character_set: str) -> bool:
    compact = character_set.replace("_", "").replace("-", "").replace(" ", "").upper()
    return compact in {"ISOIR192", "ISO2022IR192", "UTF8"}
