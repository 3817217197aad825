"""Reads what was typed into the types of our options.

Typer would have pydantic do that, which takes longer to load than many a command to run. What is not known here, Typer
reads, as does a version of it that has no place for us.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args, get_origin

import typer

if TYPE_CHECKING:
    # Typer carries its own copy of Click; only the checker needs to know where.
    from typer._click import Context, Parameter
    from typer.core import TyperArgument, TyperOption

Read = Callable[[str], object]


def read_by_ourselves(parameters: "Iterable[Parameter]") -> None:
    """Have the values of these parameters read by this module, where it knows their type."""
    for each in parameters:
        described = getattr(each, "type_descriptor", None)
        if described is None or not hasattr(each, "get_runtime_param"):
            continue
        kind = described.annotation
        info = described.parameter_info
        read = _reader(get_args(kind)[0] if get_origin(kind) is list else kind, info)
        if read is not None:
            reader = _Reader(read)
            each.get_runtime_param = lambda reader=reader: reader


class _Reader:
    """Stands where Typer keeps what reads a parameter's values."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def coerce(self, value: object, param: "TyperArgument | TyperOption", ctx: "Context") -> object:
        """Return what was typed as a value of the parameter's type."""
        several = param.multiple or param.nargs != 1
        if value is None:
            return () if several else None
        try:
            if isinstance(value, (list, tuple)):
                return [self._one(each) for each in value]
            return self._one(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None

    def _one(self, value: object) -> object:
        # What is no text is a default, of the right type already.
        return self._read(value) if isinstance(value, str) else value


def _reader(kind: object, info: object) -> Read | None:
    if not isinstance(kind, type) or getattr(info, "parser", None) is not None:
        return None
    if issubclass(kind, Enum):
        return _choice(kind, case_sensitive=getattr(info, "case_sensitive", True))
    if kind in {int, float}:
        return _number(kind, getattr(info, "min", None), getattr(info, "max", None))
    return _SIMPLE.get(kind)


def _choice(kind: type[Enum], *, case_sensitive: bool) -> Read:
    def read(text: str) -> Enum:
        wanted = text if case_sensitive else text.casefold()
        for each in kind:
            if (each.value if case_sensitive else each.value.casefold()) == wanted:
                return each
        raise ValueError(f"{text!r} is not one of {', '.join(repr(each.value) for each in kind)}.")

    return read


def _number(kind: type, low: float | None, high: float | None) -> Read:
    noun = "whole number" if kind is int else "number"

    def read(text: str) -> object:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a {noun}.") from None
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(f"{text} is not {_range(low, high)}.")
        return number

    return read


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"{high} or less"
    return f"{low} or more" if high is None else f"from {low} to {high}"


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false.")


_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})
_SIMPLE: Final[Mapping[type, Read]] = {str: str, bool: _truth, Path: Path}
