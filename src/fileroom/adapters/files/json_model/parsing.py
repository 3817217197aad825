"""JSON text to objects, strictly and within bounds, before anybody asks what the objects mean.

What belongs here: what RFC 8259 leaves to readers. Names that occur twice are an error, numbers keep the digits that
they are written with, and nothing is nested deeper than the parser can go.
"""

import json
from typing import Final, TypeAlias

from fileroom.domain.errors import InvalidJson, LimitExceeded

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | None"
"""What a document holds; `bool` is an `int` here, as it is in Python."""

MAX_CONTAINERS: Final = 4_000_000
"""Objects and arrays of one document, each of which takes far more room in memory than in it."""
MAX_VALUES: Final = 20_000_000
"""Members of objects and values of arrays, all together."""
_BYTE_ORDER_MARK: Final = "\ufeff"


class Digits(float):
    """A number with a fraction or an exponent, and how it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def parse(content: bytes) -> Json:
    """Parse a document.

    `NaN` and infinities, which are no JSON, are understood: writers are known that put them there.

    Raises:
        InvalidJson: it is no JSON.
        LimitExceeded: it holds more than can be held in memory.
    """
    if content.count(b"{") + content.count(b"[") > MAX_CONTAINERS or content.count(b",") > MAX_VALUES:
        raise LimitExceeded(
            f"the document has more than {MAX_CONTAINERS} objects and arrays, or {MAX_VALUES} values"
        )
    try:
        text = content.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
        document: Json = json.loads(text, parse_float=_number, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise InvalidJson(f"no JSON in UTF-8 (RFC 8259 8.1): byte {error.start} is none of a text") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidJson("the JSON is nested too deep") from None
    except ValueError as error:  # more digits than Python reads as one integer
        raise InvalidJson(f"a number has too many digits: {error}") from None
    return document


def _number(text: str) -> float:
    number = float(text)
    return number if repr(number) == text else Digits(text)


def _object(pairs: list[tuple[str, Json]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidJson(f"{twice[:64]!r} stands twice in one object")
    return found
