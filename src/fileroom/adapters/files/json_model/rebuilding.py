"""Whole files from JSON documents: what a file needs besides its data set (PS3.10 7.1).

What belongs here: opening a document, which transfer syntax and which UIDs the file gets, and what becomes of text
that its character set cannot hold. The attributes themselves are made in
`fileroom.adapters.files.json_model.reading`.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fileroom.adapters.files.json_model.bulk_source import BulkSource
from fileroom.adapters.files.json_model.fields import DoesNotFit
from fileroom.adapters.files.json_model.late_values import (
    MAX_DOCUMENT_BYTES,
    read_document,
)
from fileroom.adapters.files.json_model.parsing import Json, parse
from fileroom.adapters.files.json_model.reading import Attributes, Members, tags_of
from fileroom.adapters.files.json_model.writing import (
    AVAILABLE_TRANSFER_SYNTAX,
    META_SOP_CLASS_UID,
    META_SOP_INSTANCE_UID,
    TRANSFER_SYNTAX,
)
from fileroom.adapters.files.tree import Item
from fileroom.adapters.files.tree_writing import (
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    data_set_parts,
    deflated_parts,
    encoding_of,
    new_element,
    put,
    uid_in,
)
from fileroom.domain.errors import InvalidJson, NotFound, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from fileroom.domain.uid import clean_uid, uid_from_random


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A file that is ready to be written."""

    root: Item
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    elements: int
    """On all levels."""
    bulk_values: int
    """Values that come from files of their own."""
    notes: tuple[str, ...]
    """What was decided for the document."""

    def parts(self) -> Iterator[bytes]:
        """Yield the bytes of the file.

        Raises:
            InvalidDicom: it holds what its transfer syntax cannot.
            InvalidJson: a large value turns out to be no base64.
            Unreadable: a large value cannot be read any more.
        """
        syntax = self.transfer_syntax_uid
        yield encode_file_meta(
            sop_class_uid=self.sop_class_uid,
            sop_instance_uid=self.sop_instance_uid,
            transfer_syntax_uid=syntax,
        )
        parts = data_set_parts(self.root, encoding_of(syntax))
        yield from deflated_parts(parts) if transfer_syntax(syntax).is_deflated else parts


@contextmanager
def open_document(
    path: Path, *, bulk_dir: Path | None = None, max_bytes: int = MAX_DOCUMENT_BYTES
) -> Iterator[Rebuilt]:
    """Read a document; its parts can be asked for as long as the block lasts.

    Raises:
        NotFound: there is no such file, or no such bulk data.
        Unreadable: it cannot be read.
        InvalidJson: it is no JSON, or not in the DICOM JSON Model, or no file can be made of it.
        LimitExceeded: it is too large.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror or error}") from None
    with stream:
        folders = (path.parent,) if bulk_dir is None else (bulk_dir, path.parent)
        yield _rebuilt(stream, folders, max_bytes)


def _rebuilt(stream: BinaryIO, folders: tuple[Path, ...], max_bytes: int) -> Rebuilt:
    document = read_document(stream, max_bytes=max_bytes)
    members = _one_object(parse(document.text))
    meta = _Meta(members)
    notes: list[str] = []
    bulk = BulkSource(folders)
    try:
        attributes = Attributes(document, bulk, is_encapsulated=meta.is_encapsulated)
        root = attributes.data_set(meta.others)
    except DoesNotFit as error:
        notes.append(f"{error.message}: all text is written in UTF-8 (ISO_IR 192)")
        bulk = BulkSource(folders)
        attributes = Attributes(document, bulk, is_encapsulated=meta.is_encapsulated, as_utf8=True)
        root = attributes.data_set(meta.others)
    return Rebuilt(
        root=root,
        sop_class_uid=_sop_class(root, meta),
        sop_instance_uid=_sop_instance(root, meta, notes),
        transfer_syntax_uid=meta.transfer_syntax_uid,
        elements=attributes.count,
        bulk_values=bulk.count,
        notes=tuple(notes),
    )


def _one_object(document: Json) -> Members:
    if isinstance(document, list):
        if len(document) != 1:
            raise InvalidJson(
                f"the document holds {len(document)} data sets, and a file holds one",
                hint="write each data set into a document of its own",
            )
        document = document[0]
    if not isinstance(document, dict):
        raise InvalidJson("the document is no object in the DICOM JSON Model (PS3.18 F.2)")
    return document


class _Meta:
    """What a document says that belongs into file meta information, and what is left without that."""

    def __init__(self, members: Members) -> None:
        tags = tags_of(members)
        self._members = members
        self._names = {tag: name for tag, name in tags.items() if tag >> 16 == 2}
        told = TRANSFER_SYNTAX
        if TRANSFER_SYNTAX not in tags and AVAILABLE_TRANSFER_SYNTAX in tags:
            told = AVAILABLE_TRANSFER_SYNTAX
            self._names[told] = tags[told]
        self.others: Members = {name: members[name] for tag, name in tags.items() if tag not in self._names}
        self.transfer_syntax_uid = self.uid(told) or EXPLICIT_VR_LITTLE_ENDIAN
        self.is_encapsulated: bool | None = None
        if self.uid(told):
            syntax = transfer_syntax(self.transfer_syntax_uid)
            self.is_encapsulated = syntax.is_encapsulated or syntax.uid == EXPLICIT_VR_LITTLE_ENDIAN

    def __contains__(self, tag: int) -> bool:
        return tag in self._names

    def uid(self, tag: int) -> str:
        """Return a UID, '' where there is none.

        Raises:
            InvalidJson: it is none.
        """
        name = self._names.get(tag)
        if name is None:
            return ""
        attribute = self._members[name]
        values = attribute.get("Value") if isinstance(attribute, dict) else attribute
        value = values[0] if isinstance(values, list) and len(values) == 1 else values or ""
        if not isinstance(value, str):
            raise InvalidJson(f"{name}: a single UID is needed")
        return clean_uid(value)


def _sop_class(root: Item, meta: _Meta) -> str:
    """Return the SOP class; only a document that brings file meta information may do without."""
    uid = uid_in(root, SOP_CLASS_UID) or meta.uid(META_SOP_CLASS_UID)
    if not uid and META_SOP_CLASS_UID not in meta:
        raise InvalidJson(
            "SOPClassUID (0008,0016) is missing: it says what kind of object this is",
            hint='a CT image has "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}',
        )
    return uid


def _sop_instance(root: Item, meta: _Meta, notes: list[str]) -> str:
    """Return the identity of the object; it gets a new one where the document has none."""
    uid = uid_in(root, SOP_INSTANCE_UID) or meta.uid(META_SOP_INSTANCE_UID)
    if not uid and META_SOP_INSTANCE_UID not in meta:
        uid = uid_from_random(uuid.uuid4().int)
        put(root, new_element(SOP_INSTANCE_UID, uid.encode("ascii")))
        notes.append(f"SOPInstanceUID (0008,0018) is missing: the object is a new one, {uid}")
    return uid
