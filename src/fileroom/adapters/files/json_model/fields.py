"""JSON values as the bytes of a value field: the way back of `fileroom.adapters.files.json_model.values`.

What belongs here: what stands under `Value` of one attribute, to bytes in little endian without padding. What people
write by hand is understood where it can mean one thing only.
"""

import math
import re
import struct
from typing import Final

from fileroom.adapters.files.json_model.parsing import Digits, Json
from fileroom.adapters.files.json_model.vrs import (
    FLOAT,
    INTEGER,
    LOCALISED,
    NAME_GROUPS,
    NUMBER,
    SINGLE,
    TEXT,
)
from fileroom.adapters.files.text_encoding import encode
from fileroom.domain.errors import InvalidJson

MAX_DECIMAL: Final = 16
"""Characters of a decimal string (PS3.5 6.2)."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_TAG = re.compile(r"[0-9A-Fa-f]{8}\Z")
_NOT_FINITE: Final = {
    "nan": math.nan, "inf": math.inf, "+inf": math.inf, "infinity": math.inf, "+infinity": math.inf,
    "-inf": -math.inf, "-infinity": -math.inf,
}  # fmt: skip


class DoesNotFit(InvalidJson):
    """The character sets of the data set do not have the characters of a text."""


def field_of(values: list[Json], vr: bytes, codecs: tuple[str, ...]) -> bytes:
    """Return the value field of text, numbers or tags, without padding.

    Raises:
        DoesNotFit: a text cannot be written in the character sets.
        InvalidJson: a value is none of that VR.
    """
    if vr in TEXT:
        return _text_field(values, vr, codecs)
    if vr in INTEGER:
        return _packed([_integer(value) for value in values], INTEGER[vr])
    if vr in FLOAT:
        return _packed([_float(value) for value in values], FLOAT[vr])
    if vr == b"AT":
        return b"".join(_tag(value) for value in values)
    raise InvalidJson(f"VR {_name_of(vr)} is written as InlineBinary or BulkDataURI, not as Value")


def _name_of(vr: bytes) -> str:
    return vr.decode("ascii", "replace")


def _packed(numbers: list[int] | list[float], code: str) -> bytes:
    try:
        return struct.pack(f"<{len(numbers)}{code}", *numbers)
    except (struct.error, OverflowError):
        names = {code: _name_of(vr) for vr, code in NUMBER.items()}
        raise InvalidJson(f"a number is out of the range of VR {names[code]}") from None


def _text_field(values: list[Json], vr: bytes, codecs: tuple[str, ...]) -> bytes:
    text = "\\".join(_text(value, vr) for value in values)
    field = encode(text, codecs if vr in LOCALISED else ())
    if field is not None:
        return field
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidJson("a text holds half of a character (a surrogate without the other one)")
    if vr not in LOCALISED:
        raise InvalidJson(f"VR {_name_of(vr)} holds ASCII only")
    raise DoesNotFit("a text does not fit the character set of the data set")


def _text(value: Json, vr: bytes) -> str:
    if value is None:
        return ""
    if vr == b"PN":
        text = _name(value)
    elif vr == b"DS":
        text = _decimal(value)
    elif vr == b"IS":
        text = value if isinstance(value, str) else str(_integer(value))
    elif isinstance(value, str):
        text = value
    else:
        raise InvalidJson(f"a value of VR {_name_of(vr)} is a string, not {_kind(value)}")
    if "\\" in text and vr not in SINGLE:
        raise InvalidJson("a backslash in a value would split it: write the parts as values")
    return text


def _name(value: Json) -> str:
    """Join the component groups of a person's name; a bare string, which some writers leave, is one already."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise InvalidJson(f"a value of VR PN is an object, not {_kind(value)}")
    unknown = next((name for name in value if name not in NAME_GROUPS), None)
    if unknown is not None:
        raise InvalidJson(f"{unknown[:64]!r} is no group of a name: these are {', '.join(NAME_GROUPS)}")
    groups: list[str] = []
    for name in NAME_GROUPS:
        group = value.get(name)
        if group is not None and not isinstance(group, str):
            raise InvalidJson(f"{name} is a string, not {_kind(group)}")
        if group and "=" in group and name != NAME_GROUPS[-1]:
            raise InvalidJson(f"{name} holds an equals sign, which separates groups")
        groups.append(group or "")
    while groups and not groups[-1]:
        groups.pop()
    return "=".join(groups)


def _decimal(value: Json) -> str:
    """Return a decimal string; a number keeps its digits, as many as there is room for."""
    if isinstance(value, str):
        return value
    number = _float(value)
    if not math.isfinite(number):
        raise InvalidJson("a value of VR DS is a finite number")
    if isinstance(value, Digits) and len(value.text) <= MAX_DECIMAL:
        return value.text
    text = str(value) if isinstance(value, int) else repr(number)
    precision = 17
    while len(text) > MAX_DECIMAL:
        precision -= 1
        text = f"{number:.{precision}g}"
    return text


def _integer(value: Json) -> int:
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidJson(f"an integer is needed, not {_kind(value)}")


def _float(value: Json) -> float:
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _NOT_FINITE:
            return _NOT_FINITE[text]
        if _FLOAT.match(text):
            return float(text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise InvalidJson("a number is out of range") from None
    raise InvalidJson(f"a number is needed, not {_kind(value)}")


def _tag(value: Json) -> bytes:
    if not isinstance(value, str) or not _TAG.match(value):
        raise InvalidJson("a value of VR AT is a string of 8 hexadecimal digits")
    tag = int(value, 16)
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)


def _kind(value: Json) -> str:
    """Name a value by its JSON type, which tells nothing of a patient."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "this string"
    return (
        "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "this number"
    )
