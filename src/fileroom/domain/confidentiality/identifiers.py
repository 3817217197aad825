"""What identifies somebody in one object, and finding it in other texts of the object."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_SHORTEST_NAME: Final = 3
_SHORTEST_PHRASE: Final = 4
_STANDS_ALONE: Final = 6
"""Characters from which a match inside a longer word counts as well: `12345678` in `MRN12345678`."""

# Parts of names that are words of a language, and values that say that there is none.
_NO_NAMES: Final = frozenset({
    "and", "ben", "bin", "bint", "dei", "del", "den", "der", "des", "die", "dos", "dott", "ibn", "iii", "jnr", "jun",
    "las", "les", "los", "med", "mme", "mrs", "phd", "prof", "sen", "the", "und", "van", "von", "zum", "zur",
})  # fmt: skip
_NO_VALUES: Final = frozenset({
    "anon", "anonymized", "anonymised", "anonymous", "empty", "hidden", "n/a", "none", "null", "removed", "test",
    "unknown", "unnamed", "unspecified",
})  # fmt: skip
_BETWEEN_NAMES = re.compile(r"[\\^=,;.()\s]+")
_LETTER = r"[^\W_]"
_SPACES = re.compile(r"[ \t]{2,}")
_EIGHT_DIGITS = re.compile(r"(?<![0-9.])((?:1[89]|20)[0-9]{2})\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12][0-9]|3[01])")


class Identifiers:
    """Words, phrases, dates and UIDs to look for, without regard to case."""

    def __init__(self) -> None:
        self._words: dict[str, None] = {}  # in the order they came: results do not depend on hashes

    def __bool__(self) -> bool:
        return bool(self._words)

    def add_name(self, value: str) -> None:
        """Take the parts of a person's name, those of three letters and more (two where they are not Latin)."""
        for part in _BETWEEN_NAMES.split(value.lower()):
            for piece in {part: None} | dict.fromkeys(part.split("-")):
                word = piece.strip(" \0'\"-")
                if len(word) >= (_SHORTEST_NAME if word.isascii() else 2) and not _is_common(word):
                    self._words[word] = None

    def add_phrase(self, value: str) -> None:
        """Take an identifier, an address, a name of an institution or a UID: each value and each line of it."""
        for part in re.split(r"[\\\r\n]+", value.lower()):
            phrase = part.strip(" \0\t,;")
            if len(phrase) >= _SHORTEST_PHRASE and not _is_common(phrase):
                self._words[phrase] = None

    def add_date(self, value: str) -> None:
        """Take the dates of a value of DA or DT, and what people write for them."""
        for found in _EIGHT_DIGITS.finditer(value):
            year, month, day = found.groups()
            if f"{year}{month}{day}" == "19000101":
                continue  # the dummy for dates
            self._words[year + month + day] = None
            for sign in "-./":
                for order in ((year, month, day), (day, month, year), (month, day, year)):
                    self._words[sign.join(order)] = None

    def found_in(self, text: str) -> bool:
        """Tell whether one of them is in a text."""
        return any(True for _ in self._matching(text.lower()))

    def cut_from(self, text: str) -> str:
        """Return a text without them, and without the gaps that they leave."""
        lowered = text.lower()
        for word in sorted(self._matching(lowered), key=len, reverse=True):
            text = _pattern(word).sub("", text)
        return _SPACES.sub(" ", text).strip(" ,;")

    def bytes_found_in(self, value: bytes) -> bool:
        """Tell whether one of them is in bytes, as ASCII, UTF-8 or Latin-1."""
        return self.found_in(value.decode("latin-1")) or (
            not value.isascii() and self.found_in(value.decode("utf-8", "replace"))
        )

    def _matching(self, lowered: str) -> Iterator[str]:
        for word in self._words:
            if word in lowered and (_counts_within_words(word) or _pattern(word).search(lowered)):
                yield word


def _is_common(word: str) -> bool:
    return word in _NO_NAMES or word in _NO_VALUES or not any(map(str.isalnum, word))


def _has_no_blanks(word: str) -> bool:
    """Tell whether it is of a script that writes words without blanks between them: Chinese, Japanese, Korean."""
    return any(letter >= "\u2e80" for letter in word)


def _counts_within_words(word: str) -> bool:
    return len(word) >= _STANDS_ALONE or _has_no_blanks(word)


@lru_cache(4096)
def _pattern(word: str) -> re.Pattern[str]:
    """Match a word whole; a long one is matched within words, which go with it."""
    escaped = re.escape(word)
    if _has_no_blanks(word):
        return re.compile(escaped)
    if len(word) >= _STANDS_ALONE:
        return re.compile(f"{_LETTER}*{escaped}{_LETTER}*", re.IGNORECASE)
    return re.compile(f"(?<!{_LETTER}){escaped}(?!{_LETTER})", re.IGNORECASE)
