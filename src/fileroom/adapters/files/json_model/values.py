"""Values of elements as JSON values (PS3.18 F.2.2 to F.2.5).

What belongs here: one value field, as bytes in little endian, to what stands under `Value`, and whether that leads
back to the same bytes. Padding at the end (PS3.5 6.2) is dropped, all else of a text is kept as it is.
"""

import math
import re
import struct
from typing import Final, NamedTuple

from fileroom.adapters.files.json_model.parsing import Json
from fileroom.adapters.files.json_model.vrs import (
    DECIMAL,
    EXACT_INTEGERS,
    LOCALISED,
    NAME_GROUPS,
    NUMBER,
    SINGLE,
    TEXT,
)
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.text_encoding import encode

_PADDING: Final = b" \0"
_MAX_DIGITS: Final = 24
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")


class Values(NamedTuple):
    """What a value field holds."""

    values: list[Json]
    """Empty where there is no value."""
    is_exact: bool
    """Written back, the values give the same bytes, padding at the end aside."""


def values_of(raw: bytes, vr: bytes, codecs: tuple[str, ...]) -> Values:
    """Return the values of a field of text, numbers or tags; of other VRs there are none."""
    if vr in TEXT:
        return _texts(raw.rstrip(_PADDING), vr, codecs if vr in LOCALISED else ())
    if vr in NUMBER:
        return _numbers(raw, vr)
    if vr == b"AT":
        whole = len(raw) // 4
        halves = struct.unpack_from(f"<{2 * whole}H", raw)
        tags: list[Json] = [f"{halves[at]:04X}{halves[at + 1]:04X}" for at in range(0, 2 * whole, 2)]
        return Values(tags, len(raw) % 4 == 0)
    return Values([], not raw)


def _texts(value: bytes, vr: bytes, codecs: tuple[str, ...]) -> Values:
    if not value:
        return Values([], True)
    text = decode(value, codecs)
    is_exact = (value.isascii() and b"\x1b" not in value) or encode(text, codecs) == value
    if not is_exact:
        text = text.encode("utf-8", "replace").decode()  # a surrogate that a codec let pass
    if vr in SINGLE:
        return Values([text], is_exact)
    parts = text.split("\\")
    if vr == b"PN":
        names: list[Json] = [_name(part) or None for part in parts]
        return Values(names, is_exact and all(_is_exact_name(part) for part in parts))
    if vr in DECIMAL:
        return Values([_decimal(part) for part in parts], is_exact)
    return Values([part or None for part in parts], is_exact)


def _name(text: str) -> dict[str, Json]:
    """Split a person's name into its component groups (PS3.5 6.2.1)."""
    return {group: part for group, part in zip(NAME_GROUPS, text.split("=", 2), strict=False) if part}


def _is_exact_name(text: str) -> bool:
    groups = text.split("=", 2)
    return len(groups) == 1 or bool(groups[-1])


def _decimal(text: str) -> Json:
    """Return a decimal or integer string as a number if that is written in one way only: this one."""
    if len(text) > _MAX_DIGITS:
        return text
    found = _NUMBER.match(text)
    if not found:
        return text or None
    if found[2] or found[3]:
        number = float(text)
        return number if math.isfinite(number) and repr(number) == text else text
    return int(text) if text != "-0" and abs(int(text)) <= EXACT_INTEGERS else text


def _numbers(raw: bytes, vr: bytes) -> Values:
    code = NUMBER[vr]
    size = struct.calcsize(code)
    whole = len(raw) // size
    layout = f"<{whole}{code}"
    numbers = struct.unpack_from(layout, raw)
    is_exact = len(raw) == whole * size
    if code in "qQ":
        return Values(
            [number if abs(number) <= EXACT_INTEGERS else str(number) for number in numbers], is_exact
        )
    if code in "fd" and not all(map(math.isfinite, numbers)):
        # Of the many bit patterns that are no number, JSON tells one.
        plain = [math.nan if math.isnan(number) else number for number in numbers]
        is_exact = is_exact and struct.pack(layout, *plain) == raw
        return Values([_float(number) for number in numbers], is_exact)
    return Values(list(numbers), is_exact)


def _float(number: float) -> Json:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"
