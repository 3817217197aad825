"""Trees as JSON text in the DICOM JSON Model (PS3.18 F.2), in parts, whatever the size of their values.

What is not in the model is left out: group lengths and file meta information. How the data set was written is told
by Available Transfer Syntax UID (0008,3002), as in the metadata of DICOMweb, where it is not Explicit VR Little
Endian. Encapsulated pixels stand there as the items that hold their fragments (PS3.5 A.4).
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from fileroom.adapters.files.json_model.values import values_of
from fileroom.adapters.files.json_model.vrs import BULK, MAX_TEXT_BYTES, NUMBER, ORIGINAL_BYTES, TEXT
from fileroom.adapters.files.structure import PIXEL_DATA, tag_text
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets
from fileroom.adapters.files.tree_writing import SOP_CLASS_UID, SOP_INSTANCE_UID, UNITS, swapped, uid_in
from fileroom.domain.errors import LimitExceeded
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

META_SOP_CLASS_UID: Final = 0x00020002
META_SOP_INSTANCE_UID: Final = 0x00020003
TRANSFER_SYNTAX: Final = 0x00020010
AVAILABLE_TRANSFER_SYNTAX: Final = 0x00083002
_BLOCK: Final = 3 << 18
"""Bytes at a time: a multiple of 3, so that base64 of the blocks is base64 of the whole, and of 8, for numbers."""
_PART: Final = 1 << 16
_INDENT: Final = "  "
_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BulkSink(Protocol):
    """Takes large values and tells where they are from then on."""

    threshold: int
    """Bytes from which on a value is given away; pixels always are."""

    def take(self, tag: int, parts: Iterable[bytes]) -> str:
        """Return the URI of a value."""


def json_parts(tree: Tree, *, bulk: BulkSink | None = None, pretty: bool = False) -> Iterator[bytes]:
    """Yield a file as one JSON object, in UTF-8.

    Raises:
        LimitExceeded: a text is too long to be decoded.
        Unreadable: a large value cannot be read any more.
    """
    return JsonWriter(bulk, pretty=pretty).parts(tree)


def data_set_texts(item: Item, codecs: tuple[str, ...] = (), *, pretty: bool = False) -> Iterator[str]:
    """Yield the elements of an item as one JSON object; `codecs` are those of the data set around it.

    Raises:
        LimitExceeded: a text is too long to be decoded.
        Unreadable: a large value cannot be read any more.
    """
    yield from JsonWriter(None, pretty=pretty).data_set(item, codecs)


def _told_besides(tree: Tree) -> dict[int, str]:
    """Return members that are not in the data set, by tag: what is needed to make the same file again.

    File meta information is there only where nothing else tells it: an object without a SOP class or instance (such as
    a DICOMDIR), or one that has Available Transfer Syntax UID itself.
    """
    syntax = tree.transfer_syntax_uid
    has_uids = bool(uid_in(tree.root, SOP_CLASS_UID) and uid_in(tree.root, SOP_INSTANCE_UID))
    if has_uids and tree.root.find(AVAILABLE_TRANSFER_SYNTAX) is None:
        is_assumed = syntax == EXPLICIT_VR_LITTLE_ENDIAN and not _has_fragments(tree)
        return {} if is_assumed else {AVAILABLE_TRANSFER_SYNTAX: syntax}
    meta = Item(tree.meta)
    uids = {tag: uid_in(meta, tag) for tag in (META_SOP_CLASS_UID, META_SOP_INSTANCE_UID)}
    return (uids if not has_uids else {}) | {TRANSFER_SYNTAX: syntax}


def _has_fragments(tree: Tree) -> bool:
    return any(element.fragments is not None for _, element, _ in tree.walk())


class JsonWriter:
    """Writes one file."""

    def __init__(self, bulk: BulkSink | None = None, *, pretty: bool = False) -> None:
        """Give large values to `bulk`. With `pretty`, every attribute has a line, indented."""
        self._bulk = bulk
        self._pretty = pretty
        self.count = 0
        """Elements written so far, on all levels."""
        self._repeated = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be told in JSON."""
        if not self._repeated:
            return ()
        return (f"{self._repeated} repeated elements left out: a data set has each tag once (PS3.5 7.1)",)

    def parts(self, tree: Tree) -> Iterator[bytes]:
        """Yield a file as one JSON object, in UTF-8.

        Raises:
            LimitExceeded: a text is too long to be decoded.
            Unreadable: a large value cannot be read any more.
            StorageError: bulk data cannot be written.
        """
        pending: list[str] = []
        size = 0
        for text in self.data_set(tree.root, (), 0, _told_besides(tree)):
            pending.append(text)
            size += len(text)
            if size >= _PART:
                yield "".join(pending).encode()
                pending, size = [], 0
        pending.append("\n")
        yield "".join(pending).encode()

    def data_set(
        self, item: Item, inherited: tuple[str, ...], depth: int = 0, extra: dict[int, str] | None = None
    ) -> Iterator[str]:
        """Yield an object; `inherited` are the codecs around it, `extra` UIDs that are told besides, by their tags."""
        codecs = character_sets(item, inherited)
        members: dict[int, Element | str] = dict(extra or {})
        for element in item.elements:
            if element.tag & 0xFFFF and members.setdefault(element.tag, element) is not element:
                self._repeated += 1
        if not members:
            yield "{}"
            return
        line = "\n" + _INDENT * (depth + 1) if self._pretty else ""
        lead = "{" + line
        for tag in sorted(members):
            member = members[tag]
            if isinstance(member, str):
                values = f',"Value":[{_encode_json(member)}]' if member else ""
                yield f'{lead}"{tag:08X}":{{"vr":"UI"{values}}}'
            else:
                self.count += 1
                yield f'{lead}"{tag:08X}":{{"vr":"{_vr_text(member)}"'
                yield from self._content(member, item, codecs, depth)
                yield "}"
            lead = "," + line
        yield "\n" + _INDENT * depth + "}" if self._pretty else "}"

    def _content(self, element: Element, item: Item, codecs: tuple[str, ...], depth: int) -> Iterator[str]:
        if element.items is not None:
            yield from self._items(element, codecs, depth)
            return
        if not element.size and element.fragments is None:
            return
        if self._is_bulk(element) and self._bulk is not None:
            uri = self._bulk.take(element.tag, _value_parts(element, item))
            yield f',"BulkDataURI":{_encode_json(uri)}'
            return
        vr = element.vr
        if element.fragments is not None or not (vr in TEXT or vr in NUMBER or vr == b"AT"):
            yield from _base64("InlineBinary", element, item)
        elif vr in TEXT and element.size > MAX_TEXT_BYTES:
            raise LimitExceeded(
                f"{tag_text(element.tag)} has {element.size} bytes of text, more than {MAX_TEXT_BYTES}",
                hint="put large values into files of their own with --bulk-dir",
            )
        else:
            yield from _values(element, item, codecs)

    def _is_bulk(self, element: Element) -> bool:
        if self._bulk is None:
            return False
        if element.fragments is not None or element.tag == PIXEL_DATA:
            return True
        return element.size >= self._bulk.threshold and element.vr in BULK

    def _items(self, element: Element, codecs: tuple[str, ...], depth: int) -> Iterator[str]:
        lead = ',"Value":['
        for item in element.items or ():
            yield lead
            yield from self.data_set(item, codecs, depth + 1)
            lead = ","
        if element.items:
            yield "]"


def _vr_text(element: Element) -> str:
    """Return the VR to tell.

    UN of items, which is a sequence (PS3.5 6.2.2, note on UN), is told as one; fragments without a VR are OB.
    """
    if element.items is not None:
        return "SQ"
    if element.fragments is not None and not element.written_vr:
        return "OB"
    return element.vr.decode("ascii", "replace")


def _values(element: Element, item: Item, codecs: tuple[str, ...]) -> Iterator[str]:
    """Write the values of text or numbers, and besides the bytes where the values do not lead back to them."""
    is_exact = True
    lead = ',"Value":['
    blocks: Iterable[bytes] = _value_parts(element, item)
    if element.vr in TEXT:
        blocks = (b"".join(blocks),)
    for block in blocks:
        found = values_of(block, element.vr, codecs)
        is_exact = is_exact and found.is_exact
        if found.values:
            yield lead + _encode_json(found.values)[1:-1]
            lead = ","
    if lead == ",":
        yield "]"
    if not is_exact:
        yield from _base64(ORIGINAL_BYTES, element, item)


def _base64(name: str, element: Element, item: Item) -> Iterator[str]:
    yield f',"{name}":"'
    for block in _blocks_of(_value_parts(element, item)):
        yield b64encode(block).decode("ascii")
    yield '"'


def _value_parts(element: Element, item: Item) -> Iterator[bytes]:
    """Yield the bytes of a value in little endian, in blocks of whole numbers."""
    if element.fragments is not None:
        yield from _encapsulated(element)
        return
    unit = 1 if item.encoding.is_little else UNITS.get(element.vr, 1)
    value = element.value
    for part in (value,) if isinstance(value, bytes) else value.parts(_BLOCK):
        yield part if unit == 1 else swapped(part, unit)


def _encapsulated(element: Element) -> Iterator[bytes]:
    """Yield fragments as the items that they are in a file (PS3.5 A.4), without the delimiter at the end."""
    for fragment in element.fragments or ():
        padding = len(fragment) % 2
        yield b"\xfe\xff\x00\xe0" + (len(fragment) + padding).to_bytes(4, "little")
        yield from (fragment,) if isinstance(fragment, bytes) else fragment.parts(_BLOCK)
        if padding:
            yield b"\0"


def _blocks_of(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Cut bytes anew so that all blocks but the last one have a multiple of 3 bytes."""
    rest = b""
    for part in parts:
        joined = rest + part if rest else part
        whole = len(joined) // 3 * 3
        if whole:
            yield joined[:whole] if whole < len(joined) else joined
        rest = joined[whole:]
    if rest:
        yield rest
