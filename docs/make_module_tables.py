# ruff: noqa: INP001 - the documentation is no package
"""Writes the tables that `fileroom validate` takes required attributes from: modules, and the IODs that they make up.

The standard (PS3.3) is published as documents for people; highdicom carries its tables as JSON. Give the folder
`_standard` of an installed highdicom: `.venv/bin/python docs/make_module_tables.py FOLDER VERSION`. What is kept of
them and why is told in docs/adr/0017-where-the-module-tables-come-from.md, the form in `validating/module_tables.py`.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fileroom.adapters.files.dictionary import tag_of

TARGET: Final = Path(__file__).parents[1] / "src/fileroom/adapters/files/validating/modules.json"

KeywordPath = tuple[str, ...]
Types = dict[KeywordPath, int]
"""Path of keywords to type: 1, 2, or 0 for what only leads to others."""

# The source has lost under which condition a table includes another one. What such a table requires is left out where
# an attribute of its own tells which tables hold: the functional groups of a frame (PS3.3 C.7.6.16), which may stand in
# one place or the other, and the value of an SR content item (PS3.3 C.17.3), which depends on its Value Type.
_FUNCTIONAL_GROUPS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_CONTENT_MODULE: Final = "sr-document-content"
_CONTENT: Final = "ContentSequence"
# Of the root; of an item below it, since one by reference has no value at all (PS3.3 C.17.3.2.5).
_OF_EVERY_CONTENT_ITEM: Final = {("ValueType",), (_CONTENT, "RelationshipType")}

_SMALL_WORDS: Final = {"and", "of", "the"}
_CAPITALS: Final = {
    "3d": "3D", "cr": "CR", "ct": "CT", "dx": "DX", "icc": "ICC", "lut": "LUT", "mpr": "MPR", "mr": "MR", "nm": "NM",
    "oct": "OCT", "pet": "PET", "roi": "ROI", "rt": "RT", "sc": "SC", "sop": "SOP", "sr": "SR", "us": "US", "vl": "VL",
    "voi": "VOI", "xa": "XA", "xrf": "XRF", "ecg": "ECG", "pdf": "PDF", "cda": "CDA", "stl": "STL", "obj": "OBJ",
    "mtl": "MTL",
}  # fmt: skip


def main() -> None:
    """Read the tables from the folder that was named, and write ours."""
    source, version = Path(sys.argv[1]), sys.argv[2]
    modules, iods, classes = (
        json.loads((source / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("module_attribute_map", "iod_module_map", "sop_class_iod_map")
    )
    tables = _Tables()
    mandatory = {
        iod: [module["key"] for module in found if module["usage"] == "M"] for iod, found in iods.items()
    }
    used = dict.fromkeys(key for keys in mandatory.values() for key in keys)
    roots = {key: tables.node(_types(key, modules.get(key, []))) for key in sorted(used)}
    tables.repeat_within_itself(roots[_CONTENT_MODULE], _CONTENT)
    kept = [key for key, root in roots.items() if root]
    number_of = {key: number for number, key in enumerate(kept)}
    wanted = sorted(set(classes.values()))
    lines = [
        ("source", f"DICOM PS3.3 as in the tables of highdicom {version} (MIT licence)"),
        ("nodes", tables.nodes),
        ("modules", [[_title(key), roots[key]] for key in kept]),
        (
            "iods",
            {
                iod: [_title(iod), *(number_of[key] for key in mandatory[iod] if key in number_of)]
                for iod in wanted
            },
        ),
        ("sop_classes", classes),
    ]
    body = ",\n".join(f"{json.dumps(name)}: {_written(value)}" for name, value in lines)
    TARGET.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET}: {len(kept)} modules, {len(wanted)} IODs, {len(tables.nodes)} nodes\n")


def _written(value: object) -> str:
    """Write a list or a mapping with a line for each of its members, so that changes can be read."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in value) + "\n]"
    if isinstance(value, dict):
        members = (
            f"{json.dumps(key)}:{json.dumps(each, separators=(',', ':'))}" for key, each in value.items()
        )
        return "{\n" + ",\n".join(members) + "\n}"
    return json.dumps(value)


class _Tables:
    """Item definitions, of which equal ones are kept once; number 0 is the empty one."""

    def __init__(self) -> None:
        self.nodes: list[list[int]] = [[]]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}

    def node(self, types: Types) -> int:
        """Return the number of a definition: tag, type and number of its items' definition, one after the other."""
        found: list[int] = []
        by_tag: dict[int, tuple[str, int]] = {}
        for path, type_ in types.items():
            tag = tag_of(path[0])
            if tag is None:
                raise SystemExit(f"the dictionary does not know {path[0]}")
            here = type_ if len(path) == 1 else 0
            by_tag[tag] = (path[0], here or by_tag.get(tag, ("", 0))[1])
        for tag, (keyword, type_) in sorted(by_tag.items()):
            inner = {path[1:]: kind for path, kind in types.items() if path[0] == keyword and len(path) > 1}
            child = self.node(inner)
            if type_ or child:
                found += [tag, type_, child]
        key = tuple(found)
        if key not in self._numbers:
            self._numbers[key] = len(self.nodes)
            self.nodes.append(found)
        return self._numbers[key]

    def repeat_within_itself(self, number: int, keyword: str) -> None:
        """Let the items of a sequence hold the same sequence again, to any depth, which the source writes out once."""
        tag = tag_of(keyword)
        node = self.nodes[number]
        at = next(index for index in range(0, len(node), 3) if node[index] == tag)
        self.nodes.append([*self.nodes[node[at + 2]], node[at], node[at + 1], len(self.nodes)])
        node[at + 2] = len(self.nodes) - 1


def _types(module: str, rows: Sequence[Mapping[str, Any]]) -> Types:
    """Return the paths of a module with their types, as far as these hold whatever a data set says."""
    types: Types = {}
    for row in rows:
        path = (*row["path"], row["keyword"])
        type_ = {"1": 1, "2": 2}.get(row["type"], 0)
        if len(path) > 1 and path[-2] in _FUNCTIONAL_GROUPS:
            type_ = 0
        if (
            module == _CONTENT_MODULE
            and path[:-1] in {(), (_CONTENT,)}
            and path not in _OF_EVERY_CONTENT_ITEM
        ):
            type_ = 0
        types[path] = min(type_, types.get(path) or type_) if type_ else types.get(path, 0)
    return types


def _title(key: str) -> str:
    """Return the name of a module or an IOD as PS3.3 writes it, as far as its key tells."""
    words = (
        _CAPITALS.get(word, word if word in _SMALL_WORDS else word.capitalize()) for word in key.split("-")
    )
    return " ".join(words).replace("X Ray", "X-Ray").replace("Multi Frame", "Multi-frame")


if __name__ == "__main__":
    main()
