"""Where rules look: the data sets of a file, the outermost and those in items, each with what holds around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.dictionary import keyword_of
from fileroom.adapters.files.structure import tag_text
from fileroom.adapters.files.tree import CHARACTER_SET, HELD_BYTES, Element, Item, Tree, character_sets
from fileroom.domain.validation import Finding, Severity

_QUOTED: Final = 40
"""Characters of a value that a message repeats."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A data set: that of the file, or an item."""

    item: Item
    prefix: str = ""
    """Path of the item, with the dot before what is in it."""
    codecs: tuple[str, ...] = ()
    """Of text, by the Specific Character Set that holds here."""
    names_character_set: bool = False
    """Whether there is one that holds here."""

    def error(self, rule: str, tag: int, message: str, clause: str) -> Finding:
        """Make a finding about what the standard forbids."""
        return self.finding(Severity.ERROR, rule, tag, message, clause)

    def warning(self, rule: str, tag: int, message: str, clause: str) -> Finding:
        """Make a finding about what is likely to make trouble."""
        return self.finding(Severity.WARNING, rule, tag, message, clause)

    def note(self, rule: str, tag: int, message: str, clause: str) -> Finding:
        """Make a finding that is worth knowing."""
        return self.finding(Severity.NOTE, rule, tag, message, clause)

    def finding(self, severity: Severity, rule: str, tag: int, message: str, clause: str) -> Finding:
        """Make a finding about an element of this data set, or one that is missing."""
        return Finding(
            severity=severity,
            rule=rule,
            path=f"{self.prefix}{tag_text(tag)}",
            keyword=keyword_of(tag),
            message=message,
            clause=clause,
        )

    def within(self, element: Element) -> "Iterator[Place]":
        """Yield the items of a sequence."""
        for number, item in enumerate(element.items or (), start=1):
            yield place_of(item, f"{self.prefix}{tag_text(element.tag)}[{number}].", self)


def place_of(item: Item, prefix: str = "", around: Place | None = None) -> Place:
    """Return the place of an item, with the character sets it names or inherits."""
    names_one = item.find(CHARACTER_SET) is not None
    inherited = around.codecs if around is not None else ()
    return Place(
        item,
        prefix,
        character_sets(item, inherited),
        names_one or (around is not None and around.names_character_set),
    )


def places(tree: Tree) -> Iterator[Place]:
    """Yield the data set and all items in it, each before those within it."""
    yield from _within(place_of(tree.root))


def _within(place: Place) -> Iterator[Place]:
    yield place
    for element in place.item.elements:
        if element.items:
            for inner in place.within(element):
                yield from _within(inner)


def is_plain(element: Element) -> bool:
    """Tell whether an element has a value, rather than items or fragments."""
    return element.items is None and element.fragments is None


def start_of(element: Element) -> bytes:
    """Return the value of an element; of a large one what is looked at."""
    value = element.value
    return value if isinstance(value, bytes) else value.read(HELD_BYTES)


def quoted(text: str) -> str:
    """Repeat a value in a message, as much as is needed to find it."""
    return f"'{text}'" if len(text) <= _QUOTED else f"'{text[:_QUOTED]}...'"
