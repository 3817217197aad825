"""Shows all that is in a file, from the tree of its elements."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fileroom.adapters.files.dictionary import keyword_of
from fileroom.adapters.files.inspecting.value_text import NO_VALUE, ValueText, name_of
from fileroom.adapters.files.structure import (
    EXPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    tag_text,
)
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets, open_tree
from fileroom.adapters.files.value_counts import value_count
from fileroom.application.ports.object_dumper import ObjectDumper
from fileroom.domain.dump import (
    DEFAULT_VALUE_LENGTH,
    LONGEST_VALUE,
    DumpDocument,
    DumpHeading,
    DumpLine,
    DumpOptions,
    LeftOut,
)
from fileroom.domain.transfer_syntaxes import transfer_syntax

_ITEM_NAMES: Final = {
    ITEM: "Item",
    ITEM_END: "ItemDelimitationItem",
    SEQUENCE_END: "SequenceDelimitationItem",
}


class TreeDumper(ObjectDumper):
    """Dumps files whatever their size: large values stay where they are."""

    def lines(self, path: Path, options: DumpOptions) -> Iterator[DumpHeading | DumpLine]:
        """Go through the tree."""
        length = options.max_value_length
        lines = _Lines(DEFAULT_VALUE_LENGTH if length is None else length, options.max_depth)
        with open_tree(path, keep_damaged=True) as tree:
            if tree.meta:
                yield DumpHeading("File meta information")
                yield from lines.of_item(_meta_item(tree), (), 0)
            yield DumpHeading(f"Data set: {transfer_syntax(tree.transfer_syntax_uid).name}")
            yield from lines.of_item(tree.root, (), 0)
            if tree.damage is not None:
                raise tree.damage

    def document(self, path: Path, options: DumpOptions) -> DumpDocument:
        """Take out what is too large or too deep, and let the rest be written."""
        with open_tree(path, keep_damaged=True) as tree:
            left_out = tuple(_Pruning(options).prune(tree.root))
            return DumpDocument(
                transfer_syntax_uid=tree.transfer_syntax_uid,
                file_meta=_json_of(_meta_item(tree)),
                data_set=_json_of(tree.root),
                left_out=left_out,
                damage=tree.damage.message if tree.damage is not None else "",
            )


def _meta_item(tree: Tree) -> Item:
    return Item(elements=tree.meta, encoding=EXPLICIT_LITTLE)


def _json_of(item: Item) -> dict[str, object]:
    from fileroom.adapters.files.json_model.writing import data_set_texts

    document: dict[str, object] = json.loads("".join(data_set_texts(item)))
    return document


class _Lines:
    """Makes lines."""

    def __init__(self, max_length: int, max_depth: int | None) -> None:
        self._values = ValueText(max_length)
        self._max_depth = max_depth

    def of_item(self, item: Item, inherited: tuple[str, ...], depth: int) -> Iterator[DumpLine]:
        """Yield the elements of a data set or an item, and what is in them."""
        codecs = character_sets(item, inherited)
        for element in item.elements:
            name = name_of(element.tag, item.creator_of(element.tag))
            length = None if element.length == UNDEFINED else element.length
            vr = element.vr.decode("ascii", "replace")
            if element.items is not None:
                items = element.items
                told = f"(sequence of {_counted(len(items), 'item')})"
                yield DumpLine(2 * depth, element.tag, vr, told, length, 1, name)
                yield from self._items(element, items, codecs, depth)
            elif element.fragments is not None:
                told = f"({_counted(max(len(element.fragments) - 1, 0), 'fragment')})"
                yield DumpLine(2 * depth, element.tag, vr, told, length, 1, name)
                yield from self._fragments(element, depth)
            else:
                value = self._values.of(element.value, element.vr, codecs, item.encoding)
                count = value_count(element, codecs)
                yield DumpLine(2 * depth, element.tag, vr, value, length, count, name)

    def _items(
        self, element: Element, items: list[Item], codecs: tuple[str, ...], depth: int
    ) -> Iterator[DumpLine]:
        if items and self._max_depth is not None and depth >= self._max_depth:
            told = f"({_counted(_elements_in(element), 'element')} left out)"
            yield DumpLine(2 * depth + 1, ITEM, "", told, None, 1, _ITEM_NAMES[ITEM])
            return
        for item in items:
            told = f"(item of {_counted(len(item.elements), 'element')})"
            length = None if item.is_undefined else item.length
            yield DumpLine(2 * depth + 1, ITEM, "", told, length, 1, _ITEM_NAMES[ITEM])
            yield from self.of_item(item, codecs, depth + 1)
            if item.is_undefined:
                yield _end(ITEM_END, 2 * depth + 1)
        if element.length == UNDEFINED:
            yield _end(SEQUENCE_END, 2 * depth)

    def _fragments(self, element: Element, depth: int) -> Iterator[DumpLine]:
        """Yield the offset table and the fragments of encapsulated pixels (PS3.5 A.4)."""
        for number, fragment in enumerate(element.fragments or ()):
            if number:
                shown = self._values.hexadecimal(fragment, EXPLICIT_LITTLE) if len(fragment) else NO_VALUE
                told = f"(fragment {number}) {shown}"
            else:
                told = f"(offset table) {self._values.of(fragment, b'UL', (), EXPLICIT_LITTLE)}"
            yield DumpLine(2 * depth + 1, ITEM, "", told, len(fragment), 1, _ITEM_NAMES[ITEM])
        yield _end(SEQUENCE_END, 2 * depth)


def _end(tag: int, depth: int) -> DumpLine:
    return DumpLine(depth, tag, "", "", 0, 0, _ITEM_NAMES[tag])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _elements_in(element: Element) -> int:
    """Count the elements in a sequence, on all levels."""
    return sum(
        1 + _elements_in(inner) if inner.items else 1
        for item in element.items or ()
        for inner in item.elements
    )


class _Pruning:
    """Takes out of a tree what a document is not to have."""

    def __init__(self, options: DumpOptions) -> None:
        wanted = options.max_value_length or LONGEST_VALUE
        self._max_bytes = min(wanted, LONGEST_VALUE)
        self._max_depth = options.max_depth

    def prune(self, item: Item, prefix: str = "", depth: int = 0) -> Iterator[LeftOut]:
        """Take out, and yield what was taken."""
        for element in item.elements:
            path = f"{prefix}{tag_text(element.tag)}"
            if element.items:
                if self._max_depth is not None and depth >= self._max_depth:
                    elements = _elements_in(element)
                    element.items = []
                    yield LeftOut(path=path, keyword=keyword_of(element.tag), elements=elements)
                    continue
                for number, inner in enumerate(element.items, start=1):
                    yield from self.prune(inner, f"{path}[{number}].", depth + 1)
            elif element.fragments is not None or element.size > self._max_bytes:
                yield LeftOut(path=path, keyword=keyword_of(element.tag), bytes=element.size)
                element.fragments, element.value = None, b""
