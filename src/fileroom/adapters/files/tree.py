"""A whole DICOM file as a tree of elements, items and fragments, read within bounds and ready to be changed.

What belongs here: the tree itself, and reading it. Small values are held, large ones stay in the file until somebody
asks for them, so that a file of gigabytes costs what its header costs. Whatever a file says of lengths and nesting is
checked on the way (`fileroom.adapters.files.structure`). Writing is in `fileroom.adapters.files.tree_writing`.
The tree and its reader stand together, since what is left in the file has to be found there again.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from fileroom.adapters.files.dictionary import creator_tag, entry_of, is_private, is_private_creator
from fileroom.adapters.files.file_format import DataSet, open_data_set, open_file
from fileroom.adapters.files.structure import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    LONG_VRS,
    MAX_NESTING,
    PIXEL_DATA,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Encoding,
    Walker,
    looks_like_items,
    tag_text,
)
from fileroom.adapters.files.text import codecs_of, decode
from fileroom.adapters.files.window import StreamSource, Truncated, Window
from fileroom.domain.errors import InvalidDicom, NotFound, Unreadable

HELD_BYTES: Final = 64 << 10
"""Values up to here are in memory."""
MAX_INFLATED_BYTES: Final = 2 << 30
"""A deflated data set is unpacked into memory, up to here."""
_BLOCK: Final = 1 << 20

_MAX_TERMS_BYTES: Final = 1024
"""Of the names of character sets, more than there are."""

CHARACTER_SET: Final = 0x00080005
PIXEL_REPRESENTATION: Final = 0x00280103


class Stored:
    """A large value that stays where it is: bytes of a stream from an offset."""

    __slots__ = ("_offset", "_stream", "size")

    def __init__(self, stream: BinaryIO, offset: int, size: int) -> None:
        self._stream = stream
        self._offset = offset
        self.size = size

    def __len__(self) -> int:
        return self.size

    def read(self, count: int | None = None, start: int = 0) -> bytes:
        """Return `count` bytes from `start`, all by default.

        Raises:
            Unreadable: the stream failed, or has become shorter.
        """
        wanted = max(min(self.size - start, self.size if count is None else count), 0)
        try:
            self._stream.seek(self._offset + start)
            found = self._stream.read(wanted)
        except (OSError, ValueError) as error:
            raise Unreadable(f"reading failed: {error}") from error
        if len(found) != wanted:
            raise Unreadable("the file became shorter while it was read")
        return found

    def parts(self, block: int = _BLOCK) -> Iterator[bytes]:
        """Yield the bytes in blocks.

        Raises:
            Unreadable: the stream failed, or has become shorter.
        """
        for start in range(0, self.size, block):
            yield self.read(block, start)

    def within(self, start: int, size: int) -> "Stored":
        """Return a piece of it, which stays where it is too."""
        return Stored(self._stream, self._offset + start, size)


Value = bytes | Stored


def value_bytes(value: Value) -> bytes:
    """Return a value as bytes, whatever its size."""
    return value if isinstance(value, bytes) else value.read()


@dataclass(slots=True, eq=False)
class Item:
    """A data set within a sequence, or the data set of a file."""

    elements: list["Element"] = field(default_factory=list)
    """In the order of the file."""
    is_undefined: bool = False
    """Its length was not told; a delimiter ends it."""
    offset: int = 0
    """Of the item's own head in the data set's bytes."""
    length: int = 0
    """As written."""
    encoding: Encoding = EXPLICIT_LITTLE
    """How its elements were written."""
    creators: dict[int, str] = field(default_factory=dict)
    """Private creators by the tag that reserves their block."""

    def append(self, element: "Element") -> None:
        """Add an element at the end."""
        self.elements.append(element)
        if is_private_creator(element.tag) and isinstance(element.value, bytes):
            creator = element.value[:256].decode("ascii", "replace").strip(" \0")
            self.creators.setdefault(element.tag, creator)

    def find(self, tag: int) -> "Element | None":
        """Return the first element of a tag on this level."""
        return next((element for element in self.elements if element.tag == tag), None)

    def creator_of(self, tag: int) -> str:
        """Return the private creator of an element on this level, '' where it has none."""
        if not is_private(tag) or is_private_creator(tag):
            return ""
        return self.creators.get(creator_tag(tag), "")


@dataclass(slots=True, eq=False)
class Element:
    """One element; exactly one of value, items and fragments is meant."""

    tag: int
    vr: bytes
    """As written; where no VR was written, what the dictionary makes of it."""
    value: Value = b""
    """Bytes as they stand in the file, in the byte order of the item they are in; padding included."""
    items: list[Item] | None = None
    """Of a sequence."""
    fragments: list[Value] | None = None
    """Of encapsulated Pixel Data (PS3.5 A.4); the first is the Basic Offset Table."""
    written_vr: bytes = b""
    """Empty where none was written."""
    length: int = 0
    """As written; `UNDEFINED` where a delimiter ends it."""
    offset: int = 0
    """Of its tag in the data set's bytes."""

    @property
    def size(self) -> int:
        """Bytes of the value; of fragments all together; 0 for a sequence."""
        return sum(map(len, self.fragments)) if self.fragments is not None else len(self.value)


@dataclass(slots=True, eq=False)
class Tree:
    """A DICOM file."""

    meta: list[Element]
    """File meta information (PS3.10 7.1), empty where there was none."""
    root: Item
    """The data set."""
    transfer_syntax_uid: str
    """As the file says; among the uncompressed ones what it really is."""
    encoding: Encoding
    """How the data set was written."""
    has_file_meta: bool
    data_offset: int
    """Bytes of the file before the data set."""
    file_size: int
    preamble: bytes = b""
    """The 128 bytes before `DICM`, where there are any."""
    damage: InvalidDicom | None = None
    """What ended the reading of a damaged data set before its end, where that was asked for."""

    def walk(self) -> Iterator[tuple[Item, Element, int]]:
        """Yield every element of the data set with the item that holds it and how deep it is, 0 being the top."""
        yield from _walk(self.root, 0)


def _walk(item: Item, depth: int) -> Iterator[tuple[Item, Element, int]]:
    for element in item.elements:
        yield item, element, depth
        for inner in element.items or ():
            yield from _walk(inner, depth + 1)


def character_sets(item: Item, inherited: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the codecs of text in an item: its own Specific Character Set, or what holds around it."""
    found = item.find(CHARACTER_SET)
    if found is None or found.items is not None:
        return inherited
    return codecs_of(found.value if isinstance(found.value, bytes) else found.value.read(_MAX_TERMS_BYTES))


def text_value(element: Element, codecs: tuple[str, ...], *, max_bytes: int | None = None) -> str:
    """Decode the text of an element; padding is left as it is."""
    value = element.value
    if isinstance(value, Stored):
        value = value.read(max_bytes)
    return decode(value if max_bytes is None else value[:max_bytes], codecs)


@contextmanager
def open_tree(
    path: Path,
    *,
    max_inflated_bytes: int = MAX_INFLATED_BYTES,
    directories: bool = True,
    keep_damaged: bool = False,
) -> Iterator[Tree]:
    """Read a DICOM file; large values can be asked for as long as the block lasts.

    With `directories`, a DICOMDIR is read like an object. With `keep_damaged`, a data set that is damaged gives the
    tree of what was whole before the damage, which is told in `Tree.damage` instead of raised.

    Raises:
        NotFound: there is no such file.
        Unreadable: it cannot be read.
        InvalidDicom: it is damaged, or (NotDicom) no DICOM file at all.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror or error}") from None
    with stream:
        yield read_tree(
            stream,
            max_inflated_bytes=max_inflated_bytes,
            directories=directories,
            keep_damaged=keep_damaged,
        )


def read_tree(
    stream: BinaryIO,
    *,
    max_inflated_bytes: int = MAX_INFLATED_BYTES,
    directories: bool = True,
    keep_damaged: bool = False,
) -> Tree:
    """Read a DICOM file from a seekable stream, which large values are read from later; see `open_tree`.

    Raises:
        Unreadable: the stream fails.
        InvalidDicom: it is damaged, or (NotDicom) no DICOM file at all.
    """
    try:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
    except (OSError, ValueError) as error:
        raise Unreadable(f"reading failed: {error}") from error
    source = StreamSource(stream)
    found = open_file(source, max_inflated_bytes=max_inflated_bytes, directories=directories)
    preamble, meta = _before_data_set(source, found)
    root = Item(encoding=found.encoding, length=UNDEFINED)
    damage = None
    try:
        _Reader(found, stream).data_set(root, found.start)
    except InvalidDicom as error:
        if not keep_damaged:
            raise
        damage = error
    return Tree(
        meta=meta,
        root=root,
        transfer_syntax_uid=found.transfer_syntax_uid,
        encoding=found.encoding,
        has_file_meta=found.has_file_meta,
        data_offset=found.data_offset,
        file_size=size,
        preamble=preamble,
        damage=damage,
    )


def read_data_set(
    stream: BinaryIO, transfer_syntax_uid: str, *, max_inflated_bytes: int = MAX_INFLATED_BYTES
) -> Tree:
    """Read a bare data set of a known transfer syntax, from where a seekable stream stands up to its end.

    Raises:
        Unreadable: the stream fails.
        InvalidDicom: it is damaged.
    """
    try:
        origin = stream.tell()
        size = stream.seek(0, io.SEEK_END)
        stream.seek(origin)
    except (OSError, ValueError) as error:
        raise Unreadable(f"reading failed: {error}") from error
    found = open_data_set(StreamSource(stream), transfer_syntax_uid, max_inflated_bytes=max_inflated_bytes)
    root = Item(encoding=found.encoding, length=UNDEFINED)
    _Reader(found, stream, origin).data_set(root, found.start)
    return Tree(
        meta=[],
        root=root,
        transfer_syntax_uid=found.transfer_syntax_uid,
        encoding=found.encoding,
        has_file_meta=False,
        data_offset=origin,
        file_size=size,
    )


def _before_data_set(whole: StreamSource, found: DataSet) -> tuple[bytes, list[Element]]:
    """Return preamble and file meta information, whose end is known by now."""
    head = whole.read_at(0, found.data_offset)
    start = 132 if head[128:132] == b"DICM" else 4 if head[:4] == b"DICM" else 0
    preamble = head[:128] if start == 132 else b""
    if not found.has_file_meta:
        return preamble, []
    meta = head[start:]
    encoding = EXPLICIT_LITTLE
    if meta[4:6] not in SHORT_VRS and meta[4:6] not in LONG_VRS:
        encoding = IMPLICIT_LITTLE  # against PS3.10 7.1, and seen
    source = io.BytesIO(meta)
    window = Window(StreamSource(source))
    item = Item(encoding=encoding)
    _Reader(DataSet(StreamSource(source), window, 0, encoding, "", 0, True), source).data_set(item, 0)
    return preamble, item.elements


@dataclass(slots=True, eq=False)
class _Level:
    """A data set that is being read."""

    item: Item
    end: int | None
    """Where it ends; None where a delimiter tells."""
    depth: int
    limit: int | None = None
    """What its elements must not go beyond: its end, or that of what is around it."""
    number_vr: bytes = b"US"
    """What `US or SS` means here: it follows Pixel Representation, also into sequences."""

    def add(self, element: Element) -> None:
        """Take an element at the end."""
        self.item.append(element)
        if element.tag == PIXEL_REPRESENTATION and element.size and isinstance(element.value, bytes):
            self.number_vr = b"SS" if any(element.value) else b"US"


class _Reader:
    """Goes over a data set once; each method returns where it stopped."""

    def __init__(self, found: DataSet, stream: BinaryIO, origin: int = 0) -> None:
        """Go over a data set whose offsets count from `origin` in `stream`."""
        self._walker = Walker(found.window, deep=True)
        self._window = found.window
        self._is_stream = isinstance(found.source, StreamSource)
        self._stream = stream
        self._origin = origin
        self._unpacked = b"" if self._is_stream else _all_of(found)
        if not self._is_stream:
            self._stream = io.BytesIO(self._unpacked)
            self._origin = 0
            self._window = Window(StreamSource(self._stream))
            self._walker = Walker(self._window, deep=True)

    def data_set(self, item: Item, position: int) -> None:
        """Read the elements of the top level."""
        level = _Level(item, None, 0)
        while (head := self._walker.next(position, item.encoding)) is not None:
            self._walker.passed(head[0])
            position = self._element(head, level, position)

    def _item(self, level: "_Level", position: int) -> int:
        """Read the elements of an item up to its end, or to its delimiter where none is told."""
        while position != level.end:
            head = self._walker.head(position, level.item.encoding, level.limit)
            if head[0] != ITEM_END:
                position = self._element(head, level, position)
            elif level.end is None:
                return head[3]
            else:
                position = head[3]
        return position

    def _element(self, head: tuple[int, bytes, int, int], level: "_Level", offset: int) -> int:
        tag, written, length, start = head
        vr = written
        if not written:
            vr = vr_of(tag, level.item, level.number_vr)
            if tag < PIXEL_DATA and vr != b"SQ" and self._holds_items(length, start):
                vr = b"SQ"
        element = Element(tag, vr, written_vr=written, length=length, offset=offset)
        # What holds items or fragments is added before them: where one is damaged, those before it are kept.
        if length == UNDEFINED and tag >= PIXEL_DATA and vr not in {b"SQ", b"UN"}:
            element.vr = written or b"OB"  # PS3.5 A.4
            level.add(element)
            return self._fragments(element, start, level.limit)
        if vr == b"SQ" or length == UNDEFINED:
            if vr not in {b"SQ", b"UN"}:
                raise InvalidDicom(f"{tag_text(tag)} of VR {vr.decode('ascii', 'replace')} has no length")
            level.add(element)
            return self._items(element, start, level)
        end = start + length
        if not self._window.reaches(end):
            raise Truncated(f"truncated: {tag_text(tag)} needs {length} bytes from byte {start} on")
        element.value = self._value(start, length)
        level.add(element)
        return end

    def _holds_items(self, length: int, start: int) -> bool:
        if length == UNDEFINED:
            return True
        return length >= 8 and looks_like_items(self._window.take(start, 8), length)

    def _value(self, start: int, length: int) -> Value:
        if length <= HELD_BYTES:
            return self._window.take(start, length) if length else b""
        return Stored(self._stream, self._origin + start, length)

    def _fragments(self, element: Element, position: int, end: int | None) -> int:
        """Read fragments up to the delimiter of their sequence (PS3.5 A.4)."""
        element.fragments = []
        while True:
            if end is not None and position + 8 > end:
                raise InvalidDicom(f"the fragments of {tag_text(element.tag)} do not fit their container")
            marker, length = self._marker(position)
            position += 8
            if marker == SEQUENCE_END:
                return position
            if marker != ITEM or length == UNDEFINED:
                raise InvalidDicom(
                    f"{tag_text(marker)} at byte {position - 8} in the place of a fragment of {tag_text(element.tag)}"
                )
            if not self._window.reaches(position + length):
                raise Truncated(f"truncated: a fragment of {tag_text(element.tag)} needs {length} bytes")
            element.fragments.append(self._value(position, length))
            position += length

    def _items(self, element: Element, position: int, around: "_Level") -> int:
        tag, length = element.tag, element.length
        if around.depth >= MAX_NESTING:
            raise InvalidDicom(f"sequences are nested more than {MAX_NESTING} deep at {tag_text(tag)}")
        encoding = IMPLICIT_LITTLE if element.vr == b"UN" else around.item.encoding  # PS3.5 6.2.2, note on UN
        element.items = []
        stop = position + length if length != UNDEFINED else None
        limit = stop if stop is not None else around.limit
        while position != stop:
            if limit is not None and position + 8 > limit:
                raise InvalidDicom(f"the items of {tag_text(tag)} do not fit their container")
            marker, count = self._marker(position, encoding)
            offset, position = position, position + 8
            if marker == SEQUENCE_END:
                if stop is None:
                    return position
                continue
            if marker != ITEM:
                raise InvalidDicom(
                    f"{tag_text(marker)} at byte {offset} in the place of an item of {tag_text(tag)}"
                )
            end = position + count if count != UNDEFINED else None
            if end is not None and limit is not None and end > limit:
                raise InvalidDicom(f"an item of {tag_text(tag)} is larger than its container")
            inner = encoding
            if end is None or count >= 8:
                inner = self._walker.encoding_of_item(position, encoding)
            item = Item(is_undefined=end is None, offset=offset, length=count, encoding=inner)
            element.items.append(item)
            level = _Level(item, end, around.depth + 1, end if end is not None else limit, around.number_vr)
            position = self._item(level, position)
        return position

    def _marker(self, position: int, encoding: Encoding = EXPLICIT_LITTLE) -> tuple[int, int]:
        self._walker.spend(1)
        group, number, length = encoding.tag_length.unpack(self._window.take(position, 8))
        return group << 16 | number, length


def _all_of(found: DataSet) -> bytes:
    """Return a deflated data set as it unpacks, which its source bounds."""
    blocks = [found.window.buffer]
    position = len(found.window.buffer)
    while block := found.source.read_at(position, _BLOCK):
        blocks.append(block)
        position += len(block)
    return b"".join(blocks)


def vr_of(tag: int, item: Item, number_vr: bytes = b"US") -> bytes:
    """Return the VR that the dictionary has for an element of an item, made unambiguous; UN where it has none."""
    found = entry_of(tag, item.creator_of(tag))
    if found is None:
        return b"UN"
    if found.vr == "US or SS":
        return number_vr
    if "OW" in found.vr or tag == PIXEL_DATA:
        return b"OW"
    code = found.vr.encode("ascii")
    return code if code in SHORT_VRS or code in LONG_VRS else b"UN"
