"""Text from patients and devices: folded for searching, escaped for a terminal.

Folding decides what counts as the same when a person searches. It never changes what is stored or shown.
"""

import re
import unicodedata
from typing import Final

# Marks that a person searching leaves out. In other scripts marks are letters in their own right, such as the vowel
# signs of Devanagari and Thai or the voicing marks that tell Japanese ka from ga; those are kept.
_IGNORED_MARKS: Final = (
    (0x0300, 0x036F),  # accents of Latin, Greek and Cyrillic
    (0x0483, 0x0489),  # Cyrillic titlo and numerals
    (0x0591, 0x05C7),  # Hebrew points and cantillation
    (0x0610, 0x061A),  # Arabic honorifics
    (0x064B, 0x065F),  # Arabic vowels, hamza above and below
    (0x0670, 0x0670),  # Arabic superscript alef
    (0x06D6, 0x06ED),  # Koranic marks
    (0x0711, 0x0711),  # Syriac superscript alaph
    (0x0730, 0x074A),  # Syriac vowels
    (0x08CA, 0x08FF),  # Arabic extended
    (0x1AB0, 0x1AFF),  # combining diacritical marks extended
    (0x1DC0, 0x1DFF),  # combining diacritical marks supplement
    (0x20D0, 0x20FF),  # combining marks for symbols
    (0x2DE0, 0x2DFF),  # Cyrillic extended A
    (0xA66F, 0xA67D),  # Cyrillic extended B
    (0xFB1E, 0xFB1E),  # Hebrew varika
    (0xFE20, 0xFE2F),  # combining half marks
)
# What nobody sees: it must not make two values different.
_INVISIBLE: Final = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x061C, 0x061C),  # Arabic letter mark
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x202A, 0x202E),  # bidirectional embedding and override
    (0x2060, 0x206F),  # word joiner, isolates
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0xE0000, 0xE007F),  # tags
    (0xE0100, 0xE01EF),  # variation selectors of ideographs, common in Japanese names
)
_TATWEEL: Final = 0x0640  # stretches an Arabic word and means nothing
# Letters with a stroke or a ligature, which Unicode does not decompose, as people type them without the right keyboard.
_PLAIN_LETTERS: Final[dict[str, str | None]] = {
    "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ŧ": "t", "ŋ": "ng",
    "\u0131": "i",  # the dotless i of Turkish, whose capital is the I of everybody else
}  # fmt: skip


def _deletions() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for first, last in (*_IGNORED_MARKS, *_INVISIBLE):
        table.update(dict.fromkeys(range(first, last + 1)))
    for first, last in _IGNORED_MARKS:
        # A block of marks may hold a letter or a sign as well, such as the Hebrew maqaf.
        for code in range(first, last + 1):
            if unicodedata.category(chr(code)) not in {"Mn", "Me", "Cn"}:
                del table[code]
    table[_TATWEEL] = None
    # Control characters that do not separate words (PS3.5 6.2 pads with NUL).
    table.update({code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()})
    return table


_DELETED = _deletions()
_FOLDED_LETTERS: dict[int, str | None] = _DELETED | str.maketrans(_PLAIN_LETTERS)
# Katakana to hiragana: the phonetic group of a name comes in either (PS3.5 H.3), and people type whichever.
_FOLDED_LETTERS |= {code: chr(code - 0x60) for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}


def fold(text: str) -> str:
    """Return the form of `text` in which texts that a person searching takes for the same are equal.

    Case, accents, width (full-width Latin, half-width kana), ligatures and invisible characters do not count;
    blanks are collapsed and stripped. Marks go where people leave them out: Latin, Greek, Cyrillic (so й counts
    as и), Hebrew points, Arabic vowels and hamza. They stay where they make another letter: Japanese か and が,
    the vowel signs of Indic scripts, Thai, Khmer. Katakana counts as hiragana. Letters that do not decompose are
    written plainly: ø as o, ł as l, ß as ss. The wildcards `*` and `?` stay what they are.

    Idempotent. An accent is ignored, not transcribed: Müller is found by muller, not by mueller.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    # Marks go before the case too, since the Greek iota subscript becomes a letter when its case is folded.
    plain = unicodedata.normalize("NFKD", text).translate(_DELETED).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_FOLDED_LETTERS)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def fold_name(text: str) -> tuple[str, str, str]:
    """Return the alphabetic, ideographic and phonetic groups of a person name, each folded (PS3.5 6.2.1.1).

    Groups stand between `=`, components between `^`, their full-width forms included. Padding and components that
    are empty at the end do not count: `Doe^Jane^^^` and `DOE ^jane` are the same. A group that is missing is empty;
    what comes after the third is dropped.
    """
    groups = [_fold_group(group) for group in re.split("[=\uff1d]", text, maxsplit=3)[:3]]
    alphabetic, ideographic, phonetic = groups + [""] * (3 - len(groups))
    return alphabetic, ideographic, phonetic


def _fold_group(group: str) -> str:
    # Compatibility forms such as the small equals sign would turn into delimiters; blanks keep the groups apart.
    components = (fold(re.sub("[=^]", " ", fold(part))) for part in re.split("[\\^\uff3e]", group))
    return "^".join(components).rstrip("^")


# Format characters that belong to the writing of a language: joiners of Indic and Persian, direction marks (which,
# unlike overrides, reorder nothing but their neighbours), and the visible prefix signs of Arabic, Syriac and Kaithi.
_VISIBLE_FORMATS: Final = frozenset(
    "\u200c\u200d\u200e\u200f\u061c"
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_NAMED_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def for_terminal(text: str) -> str:
    r"""Return `text` with everything escaped that could steer a terminal or lie about the order of characters.

    Escaped are the control characters C0, DEL and C1 (and with them every ANSI sequence), line and paragraph
    separators, bidirectional embeddings, overrides and isolates, other invisible format characters, and lone
    surrogates, which no terminal encoding can carry. They appear as `\n`, `\x1b`, `\u202e` or `\U000e0041`.
    Printable text of any script stays as it is. Idempotent.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    category = unicodedata.category(char)
    # Zs: blanks of every width. Co, Cn: gaiji, and characters newer than this Python's tables.
    if category in {"Zs", "Co", "Cn"} or char in _VISIBLE_FORMATS:
        return char
    if char in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
