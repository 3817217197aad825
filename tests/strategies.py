"""Hypothesis strategies for DICOM: data sets and files in every uncompressed encoding, and damage done to them.

The encoder here is written from PS3.5 alone and shares nothing with the program, so that the two can disagree.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_uid

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)

_LONG = {"OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"}
_UNITS = {"US": 2, "SS": 2, "OW": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "FD": 8, "OD": 8}
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True)
class Element:
    """One element: a value in little endian, or items."""

    tag: int
    vr: str
    value: bytes = b""
    items: tuple[tuple["Element", ...], ...] | None = None
    undefined: bool = False
    """Whether the sequence and its items are written with undefined length."""


@dataclass(frozen=True)
class DicomFile:
    """A file and what is in it."""

    data: bytes
    data_offset: int
    transfer_syntax_uid: str
    elements: tuple[Element, ...]
    attributes: dict[str, str]
    """The catalogued attributes other than the UIDs."""

    @property
    def data_set(self) -> bytes:
        """The data set alone."""
        return self.data[self.data_offset :]


def encode(elements: Sequence[Element], transfer_syntax_uid: str) -> bytes:
    """Return the bytes of a data set."""
    implicit, order = transfer_syntax_uid == IMPLICIT, ">" if transfer_syntax_uid == BIG_ENDIAN else "<"
    data = b"".join(_element(element, implicit=implicit, order=order) for element in elements)
    if transfer_syntax_uid == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(data) + packer.flush()
    return data


def _element(element: Element, *, implicit: bool, order: str) -> bytes:
    group, number = element.tag >> 16, element.tag & 0xFFFF
    if element.items is None:
        value = element.value
        unit = _UNITS.get(element.vr, 1)
        if order == ">" and unit > 1:
            value = b"".join(value[at : at + unit][::-1] for at in range(0, len(value), unit))
        length = len(value)
    else:
        value = _items(element, implicit=implicit, order=order)
        length = _UNDEFINED if element.undefined else len(value)
    if implicit:
        return struct.pack("<HHI", group, number, length) + value
    vr = element.vr.encode()
    if element.vr in _LONG:
        return struct.pack(order + "HH2sHI", group, number, vr, 0, length) + value
    return struct.pack(order + "HH2sH", group, number, vr, length) + value


def _items(element: Element, *, implicit: bool, order: str) -> bytes:
    parts = []
    for item in element.items or ():
        content = b"".join(_element(inner, implicit=implicit, order=order) for inner in item)
        length = _UNDEFINED if element.undefined else len(content)
        parts += [struct.pack(order + "HHI", 0xFFFE, 0xE000, length), content]
        if element.undefined:
            parts.append(struct.pack(order + "HHI", 0xFFFE, 0xE00D, 0))
    if element.undefined:
        parts.append(struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0))
    return b"".join(parts)


def padded(text: str) -> bytes:
    """Return text as a value of even length."""
    value = text.encode("ascii")
    return value + b" " * (len(value) % 2)


def uid_value(text: str) -> bytes:
    """Return a UID as a value of even length."""
    value = text.encode("ascii")
    return value + b"\0" * (len(value) % 2)


words = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh0123456789^-_ "), max_size=20).map(
    lambda text: text.strip()
)
dates = st.dates().map(lambda date: date.strftime("%Y%m%d").rjust(8, "0"))
numbers = st.integers(0, 0xFFFF)

_TEXTS = {
    "Modality": (0x00080060, "CS"),
    "AccessionNumber": (0x00080050, "SH"),
    "StudyDescription": (0x00081030, "LO"),
    "ReferringPhysicianName": (0x00080090, "PN"),
    "PatientName": (0x00100010, "PN"),
    "PatientID": (0x00100020, "LO"),
    "ProtocolName": (0x00181030, "LO"),
    "StudyID": (0x00200010, "SH"),
}


def _plain(tags: st.SearchStrategy[int]) -> st.SearchStrategy[Element]:
    """Elements without items, of any kind of value."""
    even = st.binary(max_size=12).map(lambda value: value * 2)
    return st.one_of(
        st.builds(Element, tags, st.sampled_from(["LO", "SH", "ST", "UT"]), words.map(padded)),
        st.builds(Element, tags, st.sampled_from(["OB", "UN"]), even),
        st.builds(Element, tags, st.sampled_from(["US", "OW"]), st.binary(max_size=12).map(lambda v: v * 2)),
        st.builds(Element, tags, st.sampled_from(["UL", "FD"]), st.binary(max_size=4).map(lambda v: v * 8)),
        st.builds(Element, tags, st.just("DS"), st.just(b"1.5\\2.25")),
    ).filter(lambda element: not element.value.startswith((b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")))


def _in_order(elements: Sequence[Element]) -> tuple[Element, ...]:
    return tuple(sorted({element.tag: element for element in elements}.values(), key=lambda one: one.tag))


_private = st.integers(0x1001, 0x10FF).map(lambda number: 0x00090000 | number)
_late_private = st.integers(0x1001, 0x10FF).map(lambda number: 0x00290000 | number)
_item_tags = st.one_of(st.just(0x00080100), st.just(0x00081155), _private)
_sequence_tags = st.sampled_from([0x00081140, 0x00081115, 0x00091050, 0x00400275, 0x52009230])


def _sequences(inner: st.SearchStrategy[Element]) -> st.SearchStrategy[Element]:
    items = st.lists(st.lists(inner, max_size=3).map(_in_order), max_size=3).map(tuple)
    return st.builds(Element, _sequence_tags, st.just("SQ"), items=items, undefined=st.booleans())


nested = st.recursive(_plain(_item_tags), _sequences, max_leaves=6)
sequences = _sequences(nested)


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[tuple[Element, ...], dict[str, str]]:
    """Data sets with all that makes them objects, and the catalogued attributes that are in them."""
    attributes = {name: draw(words) for name in draw(st.sets(st.sampled_from(sorted(_TEXTS))))}
    found = [Element(_TEXTS[name][0], _TEXTS[name][1], padded(value)) for name, value in attributes.items()]
    if draw(st.booleans()):
        attributes["StudyDate"] = draw(dates)
        found.append(Element(0x00080020, "DA", padded(attributes["StudyDate"])))
    if draw(st.booleans()):
        attributes["Rows"] = str(draw(numbers))
        found.append(Element(0x00280010, "US", struct.pack("<H", int(attributes["Rows"]))))
    if draw(st.booleans()):
        attributes["InstanceNumber"] = str(draw(numbers))
        found.append(Element(0x00200013, "IS", padded(attributes["InstanceNumber"])))
    found += draw(st.lists(st.one_of(_plain(_private), _plain(_late_private), sequences), max_size=5))
    found += [
        Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
        Element(0x00080018, "UI", uid_value(a_uid(1, 1, draw(numbers)))),
        Element(0x0020000D, "UI", uid_value(a_uid(1))),
        Element(0x0020000E, "UI", uid_value(a_uid(1, 1))),
        Element(0x7FE00010, "OW", draw(st.binary(max_size=40)) * 2),
    ]
    return _in_order(found), {name: value for name, value in attributes.items() if value}


@st.composite
def dicom_files(
    draw: st.DrawFn, syntaxes: Sequence[str] = UNCOMPRESSED, *, file_meta: bool | None = None
) -> DicomFile:
    """Files with preamble and file meta information, or (where `file_meta` lets them) without either."""
    elements, attributes = draw(data_sets())
    syntax = draw(st.sampled_from(list(syntaxes)))
    instance = next(element.value for element in elements if element.tag == 0x00080018)
    header = encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid=instance.decode().strip("\0"),
        transfer_syntax_uid=syntax,
    )
    kinds = [header] if file_meta or syntax == DEFLATED else [header, header[132:], b""]
    header = draw(st.sampled_from(kinds))
    return DicomFile(header + encode(elements, syntax), len(header), syntax, elements, attributes)


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """Damage: bytes cut off, changed, put in, taken out, or lengths made huge."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(damaged) - 1, 0)))
        match draw(st.integers(0, 4)):
            case 0:
                del damaged[at:]
            case 1:
                damaged[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 2:
                damaged[at:at] = draw(st.binary(max_size=16))
            case 3:
                del damaged[at : at + draw(st.integers(0, 16))]
            case _:
                damaged[at : at + 4] = draw(st.sampled_from([b"\xff" * 4, b"\xff\xff\xff\x7f", bytes(4)]))
    return bytes(damaged)
