"""What identifies somebody in one object, and finding it in other texts of the object.

Whatever an object holds, finding takes time in proportion to the text, not to the number of things looked for.
"""

import re
from collections.abc import Iterator
from typing import Final

_SHORTEST_NAME: Final = 3
_SHORTEST_PHRASE: Final = 4
_SHORTEST_IN_BYTES: Final = 5
"""Shorter words are in any noise."""
_STANDS_ALONE: Final = 6
"""Characters from which a match inside a longer word counts as well: `12345678` in `MRN12345678`."""
_LONGEST: Final = 64
"""A phrase is recognized by so much of its beginning."""

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
_BETWEEN_VALUES = re.compile(r"[\\\r\n]+")
_SPACES = re.compile(r"[ \t]{2,}")
_DATE_VALUES = re.compile(r"(?<![0-9.])((?:1[89]|20)[0-9]{2})\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12][0-9]|3[01])")
_EIGHT_DIGITS = re.compile(r"(?=((?:1[89]|20)[0-9]{6}))")
_WRITTEN_DATES = re.compile(r"(?=((?<![0-9])[0-9]{1,4}([-./])[0-9]{1,2}\2[0-9]{1,4}))")
_UIDS = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
_DUMMY_DATE: Final = "19000101"

Span = tuple[int, int]
"""Where something is in a text: first position, and the one after the last."""


class Identifiers:
    """Words, phrases, dates and UIDs to look for, without regard to case."""

    def __init__(self) -> None:
        self._whole: dict[int, set[str]] = {}
        """Words that count only if they stand alone, by length."""
        self._anywhere: dict[int, set[str]] = {}
        """Short ones of scripts that write words without blanks, by length."""
        self._long: dict[str, dict[int, set[str]]] = {}
        """Longer ones, by their first characters and their length."""
        self._dates: set[str] = set()
        """As YYYYMMDD."""
        self._uids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._whole or self._anywhere or self._long or self._dates or self._uids)

    def add_name(self, value: str) -> None:
        """Take the parts of a person's name, those of three letters and more (two where they are not Latin)."""
        for part in _BETWEEN_NAMES.split(value.lower()):
            for piece in {part: None} | dict.fromkeys(part.split("-")):
                word = piece.strip(" \0'\"-")
                if len(word) >= (_SHORTEST_NAME if word.isascii() else 2):
                    self._add(word)

    def add_phrase(self, value: str) -> None:
        """Take an identifier, an address or the name of an institution: each value and each line of it."""
        for part in _BETWEEN_VALUES.split(value.lower()):
            phrase = part.strip(" \0\t,;")
            if len(phrase) >= _SHORTEST_PHRASE:
                self._add(phrase)

    def add_date(self, value: str) -> None:
        """Take the dates of a value of DA or DT."""
        self._dates.update("".join(found.groups()) for found in _DATE_VALUES.finditer(value))
        self._dates.discard(_DUMMY_DATE)

    def add_uid(self, uid: str) -> None:
        """Take a UID; those that begin with it and a dot count as well."""
        self._uids.add(uid)

    def has_uid(self, uid: str) -> bool:
        """Tell whether a UID is one of them."""
        return uid in self._uids

    def found_in(self, text: str) -> bool:
        """Tell whether one of them is in a text."""
        return any(True for _ in self._spans(text.lower()))

    def cut_from(self, text: str) -> str:
        """Return a text without them, and without the gaps that they leave."""
        lowered = text.lower()
        if len(lowered) != len(text):
            text = lowered
        spans = sorted(self._spans(lowered))
        kept, end = [], 0
        for first, last in spans:
            kept.append(text[end:first])
            end = max(end, last)
        return _SPACES.sub(" ", "".join((*kept, text[end:]))).strip(" ,;") if spans else text

    def bytes_found_in(self, value: bytes) -> bool:
        """Tell whether one of them is in bytes, as ASCII, UTF-8 or Latin-1; short words do not count."""
        texts = [value.decode("latin-1")]
        if not value.isascii():
            texts.append(value.decode("utf-8", "replace"))
        return any(True for text in texts for _ in self._spans(text.lower(), shortest=_SHORTEST_IN_BYTES))

    def _add(self, word: str) -> None:
        if word in _NO_NAMES or word in _NO_VALUES or not any(map(str.isalnum, word)):
            return
        word = word[:_LONGEST]
        if len(word) >= _STANDS_ALONE:
            self._long.setdefault(word[:_STANDS_ALONE], {}).setdefault(len(word), set()).add(word)
        else:
            by_length = self._anywhere if _has_no_blanks(word) else self._whole
            by_length.setdefault(len(word), set()).add(word)

    def _spans(self, text: str, shortest: int = 0) -> Iterator[Span]:
        """Yield where they are in a text of lower case; spans may overlap."""
        yield from self._date_spans(text)
        yield from self._uid_spans(text)
        whole = {length: words for length, words in self._whole.items() if length >= shortest}
        if not (whole or self._anywhere or self._long):
            return
        follows_letter = False
        for first, letter in enumerate(text):
            by_length = self._long.get(text[first : first + _STANDS_ALONE])
            if by_length is not None:
                yield from _word_spans(text, first, by_length)
            for length, words in self._anywhere.items():
                if text[first : first + length] in words:
                    yield first, first + length
            if not follows_letter:
                for length, words in whole.items():
                    last = first + length
                    if text[first:last] in words and not text[last : last + 1].isalnum():
                        yield first, last
            follows_letter = letter.isalnum()

    def _date_spans(self, text: str) -> Iterator[Span]:
        if not self._dates:
            return
        for found in _EIGHT_DIGITS.finditer(text):
            if found[1] in self._dates:
                yield found.span(1)
        for found in _WRITTEN_DATES.finditer(text):
            first, second, third = found[1].split(found[2])
            for year, month, day in ((first, second, third), (third, second, first), (third, first, second)):
                if f"{year}{month:0>2}{day:0>2}" in self._dates:
                    yield found.span(1)
                    break

    def _uid_spans(self, text: str) -> Iterator[Span]:
        if not self._uids:
            return
        for found in _UIDS.finditer(text):
            uid = found[0][:_LONGEST]
            while uid:
                if uid in self._uids:
                    yield found.span()
                    break
                uid = uid.rpartition(".")[0]


def _word_spans(text: str, first: int, by_length: dict[int, set[str]]) -> Iterator[Span]:
    """Yield where long words begin at a position, with the rest of the words that they are in."""
    for length, words in by_length.items():
        if text[first : first + length] in words:
            last = first + length
            if _has_no_blanks(text[first:last]):
                yield first, last
                continue
            while first and text[first - 1].isalnum():
                first -= 1
            while text[last : last + 1].isalnum():
                last += 1
            yield first, last


def _has_no_blanks(word: str) -> bool:
    """Tell whether it is of a script that writes words without blanks between them: Chinese, Japanese, Korean."""
    return any(letter >= "\u2e80" for letter in word)
