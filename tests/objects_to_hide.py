"""Makes DICOM files, element by element, for tests of what hides whose they are."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fileroom.adapters.files.deidentifying.deidentifier import TreeDeidentifier
from fileroom.adapters.files.structure import EXPLICIT_LITTLE, UNDEFINED
from fileroom.adapters.files.tree import Element, Item, Tree, open_tree, value_bytes
from fileroom.adapters.files.tree_writing import file_parts, new_element
from fileroom.application.ports.deidentifier import Deidentified
from fileroom.domain.confidentiality.options import ProfileOptions
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.rules import Rules

KEY: Final = b"a key for tests, of no worth"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
CT: Final = "1.2.840.10008.5.1.4.1.1.2"
SOP_CLASS: Final = 0x00080016


def text(tag: int, value: str, vr: str | None = None) -> Element:
    """Return an element whose value is text: words, a UID, a date."""
    return new_element(tag, value.encode("utf-8"), vr.encode() if vr else None)


def sequence(tag: int, *items: Iterable[Element], vr: bytes = b"SQ") -> Element:
    """Return a sequence of these items."""
    element = new_element(tag, b"", vr)
    element.items = [item(each) for each in items]
    element.length = UNDEFINED
    return element


def item(elements: Iterable[Element]) -> Item:
    """Return an item of these elements, in the order of their tags."""
    made = Item(encoding=EXPLICIT_LITTLE)
    for element in sorted(elements, key=lambda element: element.tag):
        made.append(element)
    return made


def write_object(path: Path, elements: Iterable[Element], *, syntax: str = EXPLICIT) -> Path:
    """Write a file of a CT image with these elements."""
    root = item([text(SOP_CLASS, CT), *elements])
    tree = Tree(
        meta=[],
        root=root,
        transfer_syntax_uid=syntax,
        encoding=EXPLICIT_LITTLE,
        has_file_meta=True,
        data_offset=0,
        file_size=0,
    )
    path.write_bytes(b"".join(file_parts(tree, syntax)))
    return path


def a_plan(rules: Rules | None = None, /, **options: object) -> DeidentificationPlan:
    """Return a plan with options of the profile."""
    return DeidentificationPlan(
        key=KEY,
        options=ProfileOptions(**options),  # type: ignore[arg-type] # tests give what it takes
        rules=rules or Rules(),
    )


def hide(source: Path, plan: DeidentificationPlan | None = None) -> tuple[Item, Deidentified]:
    """De-identify a file and return the new data set, and what was done."""
    output = source.with_suffix(".out")
    done = TreeDeidentifier().deidentify(source, output, plan or a_plan())
    with open_tree(output) as tree:
        return tree.root, done


def hidden(
    folder: Path,
    elements: Iterable[Element],
    plan: DeidentificationPlan | None = None,
    *,
    syntax: str = EXPLICIT,
) -> Item:
    """De-identify an object of these elements and return the new data set."""
    return hide(write_object(folder / "in.dcm", elements, syntax=syntax), plan)[0]


def value_in(root: Item, *path: int) -> bytes | None:
    """Return the value at a path of tags, through the first item of each sequence, without padding; None for none."""
    found: Element | None = None
    for tag in path:
        if found is not None:
            if not found.items:
                return None
            root = found.items[0]
        found = root.find(tag)
        if found is None:
            return None
    assert found is not None
    return value_bytes(found.value).strip(b" \0")
