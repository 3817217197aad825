"""JSON objects in the DICOM JSON Model (PS3.18 F.2) as data sets, ready to be written.

What belongs here: attributes to elements, of any nesting, and where their values come from. The bytes of values are
made in `fileroom.adapters.files.json_model.fields`; what a whole file needs besides is in
`fileroom.adapters.files.json_model.rebuilding`.
"""

import re
from typing import Final, NamedTuple

from fileroom.adapters.files.dictionary import keywords, tag_of
from fileroom.adapters.files.json_model.bulk_source import BulkSource
from fileroom.adapters.files.json_model.fields import field_of
from fileroom.adapters.files.json_model.fragments import fragments_of
from fileroom.adapters.files.json_model.late_values import Document
from fileroom.adapters.files.json_model.parsing import Json
from fileroom.adapters.files.json_model.values import values_of
from fileroom.adapters.files.json_model.vrs import BULK, KNOWN, LOCALISED, MAX_TEXT_BYTES, ORIGINAL_BYTES
from fileroom.adapters.files.structure import MAX_NESTING, PIXEL_DATA, UNDEFINED
from fileroom.adapters.files.text import codecs_of
from fileroom.adapters.files.tree import (
    CHARACTER_SET,
    PIXEL_REPRESENTATION,
    Element,
    Item,
    Stored,
    Value,
    character_sets,
    value_bytes,
    vr_of,
)
from fileroom.adapters.files.tree_writing import new_element, put
from fileroom.domain.errors import InvalidJson, LimitExceeded
from fileroom.domain.suggestions import nearest

UTF8: Final = b"ISO_IR 192"
Members = dict[str, Json]
"""A JSON object."""
_TAG = re.compile(r"[0-9A-Fa-f]{8}\Z")
_VR = re.compile(r"[A-Z]{2}\Z")
_SOURCES: Final = ("Value", "InlineBinary", "BulkDataURI")


class Around(NamedTuple):
    """What holds around an item."""

    codecs: tuple[str, ...] = ()
    """Of text."""
    number_vr: bytes = b"US"
    """What `US or SS` means."""
    path: str = ""
    """Where it is, for messages."""
    depth: int = 0


_NOTHING: Final = Around()


class Attributes:
    """Makes data sets of the attributes of a document."""

    def __init__(
        self,
        document: Document,
        bulk: BulkSource,
        *,
        is_encapsulated: bool | None,
        as_utf8: bool = False,
    ) -> None:
        """Take long strings from the document.

        Pixels are fragments if `is_encapsulated`; None is for not knowing. With `as_utf8`, text is written in UTF-8,
        whatever the document says.
        """
        self._document = document
        self._bulk = bulk
        self._is_encapsulated = is_encapsulated
        self._as_utf8 = as_utf8
        self.count = 0
        """Elements that were made."""

    def data_set(self, members: Members, around: Around = _NOTHING) -> Item:
        """Make a data set, or an item of a sequence.

        Raises:
            InvalidJson: an attribute cannot be what it says, or (DoesNotFit) not in its character set.
            NotFound, Unreadable: bulk data is not there.
        """
        item = Item()
        tags = tags_of(members, around.path)
        around = self._with_character_set(item, members, tags, around)
        for tag, name in sorted(tags.items()):
            element = self._element(item, tag, members[name], around, around.path + name)
            item.append(element)
            self.count += 1
            if tag == PIXEL_REPRESENTATION and element.value and isinstance(element.value, bytes):
                around = around._replace(number_vr=b"SS" if any(element.value) else b"US")
        item.elements.sort(key=lambda element: element.tag)  # the character set came first
        return item

    def _with_character_set(
        self, item: Item, members: Members, tags: dict[int, str], around: Around
    ) -> Around:
        """Put Specific Character Set into an item, before any text, and return what holds from there on."""
        name = tags.pop(CHARACTER_SET, None)
        if self._as_utf8:
            if name is not None or not around.depth:
                put(item, new_element(CHARACTER_SET, UTF8))
                self.count += 1
            return around._replace(codecs=codecs_of(UTF8))
        if name is None:
            return around
        put(item, self._element(item, CHARACTER_SET, members[name], around, around.path + name))
        self.count += 1
        return around._replace(codecs=character_sets(item, around.codecs))

    def _element(self, item: Item, tag: int, attribute: Json, around: Around, where: str) -> Element:
        if not isinstance(attribute, dict):
            raise InvalidJson(f"{where}: an attribute is an object that holds its vr and its Value")
        vr = _vr(item, tag, attribute, around.number_vr, where)
        source = _source(attribute, where)
        if vr == b"SQ":
            return self._sequence(tag, attribute, source, around, where)
        codecs = around.codecs
        try:
            if source in {"", "Value"}:
                return new_element(tag, self._field(attribute, _values(attribute), vr, codecs), vr)
            value = self._bytes(attribute, source, vr)
            if vr in LOCALISED and self._as_utf8 and not _is_ascii(value):
                raise InvalidJson("its bytes are in a character set that other text does not fit")
            return self._binary(tag, vr, value)
        except InvalidJson as error:
            raise type(error)(f"{where}: {error.message}", hint=error.hint) from None

    def _field(self, attribute: Members, values: list[Json], vr: bytes, codecs: tuple[str, ...]) -> bytes:
        """Return the bytes of values; the original ones, if these are still the values of them."""
        if self._document.long_strings:
            values = [self._whole(value) for value in values]
        original = attribute.get(ORIGINAL_BYTES)
        if isinstance(original, str):
            raw = self._document.bytes_of(original)
            if len(raw) > MAX_TEXT_BYTES:
                raise LimitExceeded(f"{ORIGINAL_BYTES} has {len(raw)} bytes, more than {MAX_TEXT_BYTES}")
            raw = value_bytes(raw)
            if values_of(raw, vr, codecs).values == values:
                return raw
        elif original is not None:
            raise InvalidJson(f"{ORIGINAL_BYTES} is a string of base64")
        return field_of(values, vr, codecs) if values else b""

    def _whole(self, value: Json) -> Json:
        """Return a value, or a name in its groups, with the long strings that stand elsewhere."""
        if isinstance(value, dict):
            return {
                name: self._document.text_of(group) if isinstance(group, str) else group
                for name, group in value.items()
            }
        return self._document.text_of(value) if isinstance(value, str) else value

    def _bytes(self, attribute: Members, source: str, vr: bytes) -> Value:
        if ORIGINAL_BYTES in attribute:
            raise InvalidJson(f"{source} and {ORIGINAL_BYTES} exclude each other")
        text = attribute[source]
        if isinstance(text, list) and len(text) == 1:
            text = text[0]  # as in the example of PS3.18 F.4
        if not isinstance(text, str):
            raise InvalidJson(f"{source} is a string")
        value = self._document.bytes_of(text) if source == "InlineBinary" else self._bulk.open(text)
        if isinstance(value, Stored) and vr not in BULK:
            raise InvalidJson(f"VR {vr.decode('ascii')} has no bulk data (PS3.18 F.2.2)")
        return value

    def _binary(self, tag: int, vr: bytes, value: Value) -> Element:
        if tag >= PIXEL_DATA and vr in {b"OB", b"OW"} and self._is_encapsulated is not False:
            fragments = fragments_of(value)
            if fragments is not None and self._is_encapsulated is None:
                raise InvalidJson(
                    "the pixels are encapsulated, but the document does not tell the transfer syntax",
                    hint="add it as Available Transfer Syntax UID: "
                    '"00083002": {"vr": "UI", "Value": ["1.2.840.10008.1.2.4.50"]}',
                )
            if fragments is not None:
                return Element(tag, vr, fragments=fragments, written_vr=vr, length=UNDEFINED)
        if isinstance(value, bytes):
            return new_element(tag, value, vr)
        return Element(tag, vr, value, written_vr=vr)

    def _sequence(self, tag: int, attribute: Members, source: str, around: Around, where: str) -> Element:
        if source not in {"", "Value"}:
            raise InvalidJson(f"{where}: a sequence has its items as its Value")
        try:
            items = _values(attribute)
        except InvalidJson as error:
            raise InvalidJson(f"{where}: {error.message}") from None
        if items and around.depth >= MAX_NESTING:
            raise InvalidJson(f"{where}: sequences are nested more than {MAX_NESTING} deep")
        made: list[Item] = []
        for number, members in enumerate(items):
            if members is not None and not isinstance(members, dict):
                raise InvalidJson(f"{where}[{number}]: an item is an object")
            inner = around._replace(path=f"{where}[{number}].", depth=around.depth + 1)
            made.append(self.data_set(members or {}, inner))
        return Element(tag, b"SQ", items=made, written_vr=b"SQ")


def tags_of(members: Members, path: str = "") -> dict[int, str]:
    """Return the names of attributes by their tags, group lengths left out.

    Raises:
        InvalidJson: a name is neither a tag nor a keyword, or one attribute is there twice.
    """
    tags: dict[int, str] = {}
    for name in members:
        tag = int(name, 16) if _TAG.match(name) else tag_of(name)
        if tag is None or tag >> 16 == 0xFFFE or not (path or 0x00010000 <= tag < 0xFFFE0000):
            raise InvalidJson(
                f"{path}{name[:64]!r} is neither a tag of 8 hexadecimal digits nor a keyword",
                hint=_near(name),
            )
        if tag in tags:
            raise InvalidJson(f"{path}{name} and {path}{tags[tag]} are the same attribute")
        if tag & 0xFFFF:
            tags[tag] = name
    return tags


def _is_ascii(value: Value) -> bool:
    return value.isascii() if isinstance(value, bytes) else all(part.isascii() for part in value.parts())


def _near(name: str) -> str:
    return nearest(name, keywords()) if len(name) <= 64 else ""


def _vr(item: Item, tag: int, attribute: Members, number_vr: bytes, where: str) -> bytes:
    """Return the VR of an attribute; where it does not say, the dictionary's."""
    vr = attribute.get("vr")
    if vr is None:
        found = vr_of(tag, item, number_vr)
        if found == b"UN" and "InlineBinary" not in attribute:
            raise InvalidJson(f"{where}: its vr is missing, and no dictionary has it")
        return found
    if not isinstance(vr, str) or not _VR.match(vr):
        raise InvalidJson(f"{where}: its vr is no value representation")
    code = vr.encode("ascii")
    if code not in KNOWN and attribute.get("Value"):
        raise InvalidJson(f"{where}: {vr} is no value representation that has a Value")
    return code


def _values(attribute: Members) -> list[Json]:
    values = attribute.get("Value")
    if values is not None and not isinstance(values, list):
        raise InvalidJson("Value is an array")
    return values or []


def _source(attribute: Members, where: str) -> str:
    found = [name for name in _SOURCES if attribute.get(name) is not None]
    if len(found) > 1:
        raise InvalidJson(f"{where}: {' and '.join(found)} exclude each other")
    return found[0] if found else ""
