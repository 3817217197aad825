"""Numbers and texts in the words that all doors use."""

import json


def human_bytes(size: float) -> str:
    """Write a number of bytes for people, in powers of 1024."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write `1 object`, `2 objects`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def escape_json(text: str) -> str:
    r"""Escape in JSON what could steer a terminal (C1 controls, bidirectional overrides); the value stays the same."""
    if text.isascii():
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
