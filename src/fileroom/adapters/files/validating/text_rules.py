"""Text in the character sets of its data set: LO, LT, PN, SH, ST, UC and UT (PS3.5 6.2), and the sets' names."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from fileroom.adapters.files.text import codecs_of, decode
from fileroom.adapters.files.tree import CHARACTER_SET, Element
from fileroom.adapters.files.validating.places import Place, is_plain, quoted, start_of
from fileroom.domain.validation import Finding

CLAUSE: Final = "PS3.5 6.2"
TERMS_CLAUSE: Final = "PS3.3 C.12.1.1.2"
_UNDECODABLE: Final = "\ufffd"
_REPLACEMENT_IN_UTF8: Final = b"\xef\xbf\xbd"
_ESCAPE: Final = "\x1b"

# PS3.3 tables C.12-2 to C.12-5.
_WITHOUT_EXTENSIONS: Final = frozenset(
    f"ISO_IR {number}"
    for number in (100, 101, 109, 110, 144, 127, 126, 138, 148, 203, 13, 166, 192)
) | {"GB18030", "GBK"}  # fmt: skip
_ALONE: Final = frozenset({"ISO_IR 192", "GB18030", "GBK"})
_WITH_EXTENSIONS: Final = frozenset(
    f"ISO 2022 IR {number}"
    for number in (6, 100, 101, 109, 110, 144, 127, 126, 138, 148, 203, 13, 166, 87, 159, 149, 58)
)  # fmt: skip


class _Kind(NamedTuple):
    """What values of a VR may be."""

    max_characters: int = 0
    """Of a value, 0 for any number."""
    is_multiple: bool = False
    """Whether backslashes part values."""
    controls: str = _ESCAPE
    """Control characters that it may hold (PS3.5 6.1.3)."""


_PAGE_CONTROLS: Final = "\t\n\f\r" + _ESCAPE
_KINDS: Final[dict[bytes, _Kind]] = {
    b"LO": _Kind(64, is_multiple=True),
    b"LT": _Kind(10240, controls=_PAGE_CONTROLS),
    b"PN": _Kind(is_multiple=True),
    b"SH": _Kind(16, is_multiple=True),
    b"ST": _Kind(1024, controls=_PAGE_CONTROLS),
    b"UC": _Kind(is_multiple=True),
    b"UT": _Kind(controls=_PAGE_CONTROLS),
}
TEXT_VRS: Final = frozenset(_KINDS)
"""What the rules for text are for."""
_NAME_GROUPS: Final = 3
_NAME_COMPONENTS: Final = 5
_NAME_GROUP_CHARACTERS: Final = 64


def text_findings(place: Place, element: Element) -> Iterator[Finding]:
    """Find what is wrong with the text of an element of `TEXT_VRS`: of each kind of mistake the first value."""
    if not is_plain(element) or not element.size:
        return
    kind = _KINDS[element.vr]
    content = start_of(element)
    if content.endswith(b"\0"):
        yield place.error("padding", element.tag, "padded with NUL instead of a blank", CLAUSE)
        content = content.rstrip(b"\0")
    if not content.isascii():
        yield from _wrong_bytes(place, element, content, is_whole=len(content) == element.size)
    text = decode(content, place.codecs)
    if text.isprintable() and element.vr != b"PN" and len(text) <= (kind.max_characters or len(text)):
        return  # as nearly all are
    values = text.split("\\") if kind.is_multiple else [text]
    told = set[str]()
    for number, value in enumerate(values, start=1):
        for what in _mistakes(value.rstrip(" "), kind, is_name=element.vr == b"PN"):
            if what not in told:
                told.add(what)
                which = f"value {number} of {len(values)}, " if len(values) > 1 else ""
                yield place.error("value", element.tag, f"{which}{quoted(value)}: {what}", CLAUSE)


def _wrong_bytes(place: Place, element: Element, content: bytes, *, is_whole: bool) -> Iterator[Finding]:
    if not place.names_character_set:
        yield place.error(
            "repertoire",
            element.tag,
            "holds bytes beyond the default character repertoire, and no Specific Character Set says which they are",
            TERMS_CLAUSE,
        )
    elif place.codecs:
        text = decode(content, place.codecs)
        # A large value is looked at up to a byte that may be the middle of a character.
        text = text if is_whole else text[:-4]
        if _UNDECODABLE in text and _REPLACEMENT_IN_UTF8 not in content:
            yield place.error(
                "repertoire",
                element.tag,
                "holds bytes that are no characters in its Specific Character Set",
                "PS3.5 6.1",
            )


def _mistakes(value: str, kind: _Kind, *, is_name: bool) -> Iterator[str]:
    if kind.max_characters and len(value) > kind.max_characters:
        yield f"longer than {kind.max_characters} characters"
    if not value.isprintable() and any(
        (ord(char) < 0x20 and char not in kind.controls) or char == "\x7f" for char in value
    ):
        yield "holds control characters"
    if is_name:
        yield from _wrong_name(value)


def _wrong_name(value: str) -> Iterator[str]:
    """Find what is wrong with the groups and components of a person name (PS3.5 6.2.1)."""
    groups = value.split("=")
    if len(groups) > _NAME_GROUPS:
        yield f"a name of more than {_NAME_GROUPS} component groups"
    if any(group.count("^") >= _NAME_COMPONENTS for group in groups):
        yield f"a name of more than {_NAME_COMPONENTS} components"
    if any(len(group) > _NAME_GROUP_CHARACTERS for group in groups):
        yield f"a component group longer than {_NAME_GROUP_CHARACTERS} characters"


def character_set_findings(place: Place) -> Iterator[Finding]:
    """Find what is wrong with the names of character sets in a data set or an item."""
    element = place.item.find(CHARACTER_SET)
    if element is None or not is_plain(element):
        return
    text = start_of(element).decode("ascii", "replace")
    terms = [term.strip(" \0") for term in text.split("\\")]
    for number, term in enumerate(terms):
        if what := _wrong_term(term, number, len(terms)):
            if term and not codecs_of(term.encode("ascii", "replace")):
                what = "unknown, its text cannot be read"
            yield place.error("character_set", element.tag, f"{quoted(term)}: {what}", TERMS_CLAUSE)


def _wrong_term(term: str, number: int, count: int) -> str:
    """Say what is wrong with one of the values, '' for nothing."""
    if not term:
        return "only the first of several may be empty" if number else ""
    if count == 1:
        if term in _WITHOUT_EXTENSIONS or term in _WITH_EXTENSIONS:
            return ""
        return "no defined term; the default repertoire has none" if term == "ISO_IR 6" else "no defined term"
    if term in _ALONE:
        return "must not stand beside others"
    if term in _WITHOUT_EXTENSIONS:
        return "without code extensions, which several character sets need"
    return "" if term in _WITH_EXTENSIONS else "no defined term"
