"""Commands as one would type them, for the history of tasks."""

import re
from collections.abc import Iterable
from typing import Final

_OPENS: Final = re.compile(r"=[\"']")


def written(command: str, *parts: tuple[str, str], **keys: str) -> str:
    """Return a command and its keys; those without a value are left out."""
    given: Iterable[tuple[str, str]] = (*parts, *keys.items())
    return " ".join([command, *(f"{key}={_quoted(value)}" for key, value in given if value)])


def _quoted(value: str) -> str:
    """Return a value in quotes where it would be taken for something else otherwise; a quote within is doubled."""
    if value[0] not in "\"'" and not _OPENS.search(value) and not any(map(str.isspace, value)):
        return value
    quote = "'" if '"' in value and "'" not in value else '"'
    return quote + value.replace(quote, 2 * quote) + quote
