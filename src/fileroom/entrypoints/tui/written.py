"""Commands as one would type them, for the history of tasks."""

from collections.abc import Iterable

from fileroom.entrypoints.tui.words import quoted


def written(command: str, *parts: tuple[str, str], **keys: str) -> str:
    """Return a command and its keys; those without a value are left out."""
    given: Iterable[tuple[str, str]] = (*parts, *keys.items())
    return " ".join([command, *(f"{key}={quoted(value)}" for key, value in given if value)])
