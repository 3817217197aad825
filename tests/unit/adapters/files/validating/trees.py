"""Trees made by hand, and findings in short."""

from collections.abc import Iterable

from fileroom.adapters.files.structure import EXPLICIT_LITTLE, LONG_VRS, UNDEFINED, Encoding
from fileroom.adapters.files.tree import Element, Item, Tree
from fileroom.adapters.files.validating.places import Place, place_of
from fileroom.domain.validation import Finding
from tests.strategies import EXPLICIT


def an_element(tag: int, vr: str, value: bytes | str = b"", *, pad: bool = True) -> Element:
    """Return an element as it is read from a file, padded unless a test wants it otherwise."""
    content = value.encode("ascii") if isinstance(value, str) else value
    if pad and len(content) % 2:
        content += b"\0" if vr in {"UI", "OB", "UN"} else b" "
    return Element(tag, vr.encode("ascii"), content, written_vr=vr.encode("ascii"), length=len(content))


def a_sequence(tag: int, *items: Item) -> Element:
    """Return a sequence of undefined length."""
    return Element(tag, b"SQ", items=list(items), written_vr=b"SQ", length=UNDEFINED)


def some_fragments(*fragments: bytes, vr: str = "OB") -> Element:
    """Return encapsulated Pixel Data, the offset table first."""
    code = vr.encode("ascii")
    return Element(0x7FE00010, code, fragments=list(fragments), written_vr=code, length=UNDEFINED)


def an_item(*elements: Element, encoding: Encoding = EXPLICIT_LITTLE) -> Item:
    """Return an item of undefined length; offsets follow from the lengths of what is plain."""
    item = Item(is_undefined=True, length=UNDEFINED, encoding=encoding)
    offset = 0
    for element in elements:
        element.offset = offset
        offset += (12 if element.written_vr in LONG_VRS else 8) + element.size
        item.append(element)
    return item


def a_place(*elements: Element) -> Place:
    """Return a data set as rules see it."""
    return place_of(an_item(*elements))


def a_tree(*elements: Element, syntax: str = EXPLICIT, meta: Iterable[Element] = ()) -> Tree:
    """Return a file with these elements in its data set."""
    return Tree(
        meta=list(meta),
        root=an_item(*elements),
        transfer_syntax_uid=syntax,
        encoding=EXPLICIT_LITTLE,
        has_file_meta=bool(meta),
        data_offset=0,
        file_size=0,
    )


def rules_of(findings: Iterable[Finding]) -> list[str]:
    """Return the rules that were broken."""
    return [finding.rule for finding in findings]


def messages_of(findings: Iterable[Finding]) -> str:
    """Return what was said, in one text."""
    return "\n".join(finding.message for finding in findings)
