r"""A typed line in words, and where each of them stands: quotes, and keys before an equal sign.

A quote opens at the beginning of a word or after an equal sign, so that O'Brien needs none; the same quote twice within
quotes means itself. A backslash is a character like any other: `path="C:\My Scans"` is what it looks like.
"""

import re
from dataclasses import dataclass
from typing import Final

QUOTES: Final = "\"'"
_KEY: Final = re.compile(r"-{0,2}([^\W\d_][\w-]*)=")
_OPTION: Final = re.compile(r"`[^`]*`|(?<![\w./-])--([a-z][a-z0-9-]*)(?![\w./])")
_OPENS: Final = re.compile(r"=[\"']")


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word of a line."""

    start: int
    """Where it begins."""
    end: int
    """Where it is over."""
    key: str | None
    """What stands before the equal sign, as it was typed; None where the word is a value alone."""
    value: str
    """Without its quotes."""
    value_start: int
    """Where the value begins, its quote included."""
    is_quoted: bool
    """It begins with a quote, so that it is a value and nothing else."""
    is_open: bool = False
    """The closing quote is missing."""
    stray: int | None = None
    """Where a closing quote is followed by something else than a blank."""


def split(text: str) -> list[Word]:
    """Return the words of a line, those with mistakes included."""
    words: list[Word] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return words
        words.append(_word(text, at))
        at = words[-1].end


def quoted(value: str, *, always: bool = False) -> str:
    """Return a value as a line has it: in quotes where it would be taken for something else otherwise, or always."""
    is_plain = (
        value and value[0] not in QUOTES and not _OPENS.search(value) and not any(map(str.isspace, value))
    )
    if is_plain and not always:
        return value
    quote = "'" if '"' in value and "'" not in value else '"'
    return quote + value.replace(quote, 2 * quote) + quote


def as_keys(text: str) -> str:
    """Write options as keys, in a message that is for the command line, too; commands in backticks stay."""
    return _OPTION.sub(lambda found: found[1].replace("-", "_") if found[1] else found[0], text)


def looks_like_key(value: str) -> bool:
    """Whether a value that stands alone would be taken for a key, so that it needs quotes."""
    return value.startswith("--") or _KEY.match(value) is not None


def opened(value: str, *, always: bool = False) -> str:
    """Return the beginning of a value, of which there is more to come: a quote that it needs is not closed."""
    written = quoted(value, always=always)
    return written[:-1] if written and written != value else written


def _word(text: str, start: int) -> Word:
    found = _KEY.match(text, start)
    at = value_start = found.end() if found else start
    parts: list[str] = []
    may_open, is_open, stray = True, False, None
    while at < len(text) and not text[at].isspace():
        char = text[at]
        if may_open and char in QUOTES:
            piece, at, is_open = _quoted(text, at)
            parts.append(piece)
            may_open = False
            if stray is None and at < len(text) and not text[at].isspace():
                stray = at
            continue
        parts.append(char)
        may_open = char == "="
        at += 1
    return Word(
        start=start,
        end=at,
        key=found[1] if found else None,
        value="".join(parts),
        value_start=value_start,
        is_quoted=text[start] in QUOTES,
        is_open=is_open,
        stray=stray,
    )


def _quoted(text: str, start: int) -> tuple[str, int, bool]:
    """Read what is in quotes; return it, where it is over, and whether the closing quote is missing."""
    parts: list[str] = []
    quote, at = text[start], start + 1
    while True:
        end = text.find(quote, at)
        if end < 0:
            return "".join([*parts, text[at:]]), len(text), True
        parts.append(text[at:end])
        if text[end + 1 : end + 2] != quote:
            return "".join(parts), end + 1, False
        parts.append(quote)
        at = end + 2
