"""What the tests of the DICOM JSON Model share: files there and back, and what is in them, element by element."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fileroom.adapters.files.json_model.converter import TreeJsonConverter
from fileroom.adapters.files.json_model.vrs import TEXT
from fileroom.adapters.files.tree import Element, Item, open_tree, value_bytes
from fileroom.adapters.files.tree_writing import UNITS, padding_of, swapped
from fileroom.application.ports.json_converter import FromJsonOptions, ToJsonOptions, WrittenDicom
from tests.samples import BUNDLED

CONVERTER = TreeJsonConverter()
Content = tuple[str, object]
"""VR, and value, fragments or number of items."""


def sample(name: str) -> Path:
    """Return a bundled file by its name."""
    return next(path for path in BUNDLED if path.name == name)


def as_json(source: Path, folder: Path, options: ToJsonOptions | None = None) -> dict[str, Any]:
    """Convert a file, and return what stands in the document."""
    CONVERTER.to_json(source, folder / "document.json", options or ToJsonOptions())
    document = json.loads((folder / "document.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def from_json(document: object, folder: Path, options: FromJsonOptions | None = None) -> WrittenDicom:
    """Convert a document to `made.dcm` in a folder."""
    (folder / "given.json").write_text(json.dumps(document), encoding="utf-8")
    return CONVERTER.from_json(folder / "given.json", folder / "made.dcm", options or FromJsonOptions())


def contents(path: Path) -> dict[str, Content]:
    """Return all elements of a file by where they are, values in little endian and without the padding at the end."""
    with open_tree(path) as tree:
        return dict(_contents(tree.root, ""))


def is_in_order(path: Path) -> bool:
    """Tell whether tags ascend on all levels (PS3.5 7.1)."""
    with open_tree(path) as tree:
        items = [tree.root, *(inner for _, element, _ in tree.walk() for inner in element.items or ())]
    tags = [[element.tag for element in item.elements] for item in items]
    return all(each == sorted(each) for each in tags)


def _contents(item: Item, path: str) -> Iterator[tuple[str, Content]]:
    for element in item.elements:
        if not element.tag & 0xFFFF:
            continue  # group lengths have no place in the model
        where = f"{path}{element.tag:08X}"
        if element.items is not None:
            yield where, ("SQ", len(element.items))
            for number, inner in enumerate(element.items):
                yield from _contents(inner, f"{where}[{number}].")
        elif element.fragments is not None:
            yield where, ("fragments", [_even(value_bytes(each)) for each in element.fragments])
        else:
            yield where, (element.vr.decode(), _value(element, item))


def _value(element: Element, item: Item) -> bytes:
    value = value_bytes(element.value)
    if not item.encoding.is_little:
        value = swapped(value, UNITS.get(element.vr, 1))
    if element.vr in TEXT:
        return value.rstrip(b" \0")
    return value + padding_of(element.vr) * (len(value) % 2)


def _even(fragment: bytes) -> bytes:
    return fragment + bytes(len(fragment) % 2)
