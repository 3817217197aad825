"""What every header reader promises."""

import contextlib
import io
import struct
import tracemalloc
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.multival import MultiValue

from fileroom.adapters.files.header_reader import PydicomHeaderReader, ScannerHeaderReader
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.domain.attributes import ATTRIBUTES
from fileroom.domain.errors import InvalidDicom, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_dicom_file, a_record, a_uid
from tests.contract.suite import ContractSuite
from tests.strategies import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNCOMPRESSED,
    DicomFile,
    Element,
    dicom_files,
    encode,
    mutations,
    padded,
    uid_value,
)

ADAPTERS: tuple[Callable[[], HeaderReader], ...] = (ScannerHeaderReader, PydicomHeaderReader)
IDENTITY = {
    "SOPClassUID": Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
    "SOPInstanceUID": Element(0x00080018, "UI", uid_value(a_uid(1, 1, 1))),
    "StudyInstanceUID": Element(0x0020000D, "UI", uid_value(a_uid(1))),
    "SeriesInstanceUID": Element(0x0020000E, "UI", uid_value(a_uid(1, 1))),
}
PIXELS = Element(0x7FE00010, "OW", bytes(200))


def a_header(syntax: str = EXPLICIT) -> bytes:
    """Preamble and file meta information."""
    return encode_file_meta(
        sop_class_uid=CT_IMAGE_STORAGE, sop_instance_uid=a_uid(1, 1, 1), transfer_syntax_uid=syntax
    )


def a_file(*elements: Element, syntax: str = EXPLICIT, without: str = "", pixels: Element = PIXELS) -> bytes:
    """A file with these elements besides those that an object needs."""
    needed = [element for name, element in IDENTITY.items() if name != without]
    in_order = sorted([*needed, *elements, pixels], key=lambda element: element.tag)
    return a_header(syntax) + encode(in_order, syntax)


def a_sequence(depth: int, *, undefined: bool) -> Element:
    """Sequences, one inside the other."""
    element = Element(0x00081140, "SQ", items=((),), undefined=undefined)
    for _ in range(depth - 1):
        element = Element(0x00081140, "SQ", items=((element,),), undefined=undefined)
    return element


def fragments(*contents: bytes, end: bytes = b"\xfe\xff\xdd\xe0\0\0\0\0") -> bytes:
    """Encapsulated pixel data (PS3.5 A.4)."""
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(one)) + one for one in (b"", *contents))
    return struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + items + end


class CountingStream(io.BytesIO):
    """Counts what is read, and refuses to be asked for more than is reasonable at once."""

    most = 1 << 20

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 <= size <= self.most
        block = super().read(size)
        self.count += len(block)
        return block


class FailingStream(io.BytesIO):
    """A disk that gives up."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def read(reader: HeaderReader, data: bytes) -> Header:
    """Read a whole file."""
    header = reader.read(io.BytesIO(data))
    assert header is not None
    return header


class HeaderReaderContract(ContractSuite, ABC):
    @pytest.fixture
    @abstractmethod
    def reader(self) -> HeaderReader: ...

    # shapes of files

    @pytest.mark.parametrize("syntax", UNCOMPRESSED)
    def test_read_tells_attributes_and_where_the_data_set_begins(
        self, reader: HeaderReader, syntax: str
    ) -> None:
        header = read(reader, a_file(Element(0x00100010, "PN", b"Doe^Jane"), syntax=syntax))
        assert header.record == a_record_of(syntax, PatientName="Doe^Jane")
        assert (header.data_offset, header.has_file_meta) == (len(a_header(syntax)), True)

    @pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
    @pytest.mark.parametrize("start", [132, None])
    def test_read_finds_the_syntax_by_looking_when_preamble_or_file_meta_are_missing(
        self, reader: HeaderReader, syntax: str, start: int | None
    ) -> None:
        offset = len(a_header(syntax)) if start is None else start
        header = read(reader, a_file(syntax=syntax)[offset:])
        assert header.record.transfer_syntax_uid == syntax
        assert header.has_file_meta == (start is not None)
        assert header.data_offset == (0 if start is None else len(a_header(syntax)) - start)

    def test_read_takes_a_prefix_without_file_meta(self, reader: HeaderReader) -> None:
        data = a_file()
        header = read(reader, data[:132] + data[len(a_header()) :])
        assert (header.data_offset, header.has_file_meta) == (132, False)

    @pytest.mark.parametrize("length", [None, 0, 7, 100000, 0xFFFFFFFF])
    def test_read_does_not_believe_the_group_length_of_file_meta(
        self, reader: HeaderReader, length: int | None
    ) -> None:
        data = a_file()
        group_length = b"" if length is None else data[132:140] + struct.pack("<I", length)
        changed = data[:132] + group_length + data[144:]
        assert read(reader, changed).record == read(reader, data).record

    @pytest.mark.parametrize(("declared", "real"), [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)])
    def test_read_tells_what_the_data_set_is_when_file_meta_is_wrong(
        self, reader: HeaderReader, declared: str, real: str
    ) -> None:
        data = a_header(declared) + a_file(syntax=real)[len(a_header(real)) :]
        assert read(reader, data).record.transfer_syntax_uid == real

    def test_read_keeps_a_syntax_that_it_does_not_know(self, reader: HeaderReader) -> None:
        data = a_header("1.2.3.4") + a_file()[len(a_header()) :]
        assert read(reader, data).record.transfer_syntax_uid == "1.2.3.4"

    def test_read_takes_encapsulated_pixels(self, reader: HeaderReader) -> None:
        start = a_file(pixels=Element(0x00280010, "US", b"\1\0"))
        assert read(reader, start + fragments(b"abcd", b"\xfe\xff\xdd\xe0\0\0\0\0")).record.get("Rows") == "1"

    @pytest.mark.parametrize(
        "trailing",
        [b"", bytes(3), bytes(2048), struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 4) + bytes(4)],
        ids=["none", "few zeros", "many zeros", "data set trailing padding"],
    )
    def test_read_takes_padding_after_the_pixels(self, reader: HeaderReader, trailing: bytes) -> None:
        assert read(reader, a_file() + trailing).record.sop_instance_uid == a_uid(1, 1, 1)

    def test_read_takes_group_lengths_odd_lengths_and_private_elements(self, reader: HeaderReader) -> None:
        data = a_file(
            Element(0x00080000, "UL", struct.pack("<I", 999)),
            Element(0x00090010, "LO", b"ACME 1.0"),
            Element(0x00091001, "UN", b"odd"),
            Element(0x00100010, "PN", b"Doe"),
        )
        assert read(reader, data).record.attributes == {"PatientName": "Doe"}

    def test_read_takes_an_unknown_sequence_of_undefined_length(self, reader: HeaderReader) -> None:
        inner = encode([Element(0x00091002, "LO", b"in ")], IMPLICIT)
        item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner + b"\xfe\xff\xdd\xe0" + bytes(4)
        element = struct.pack("<HH2sHI", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF) + item
        data = a_file(Element(0x00100010, "PN", b"Doe"))
        at = data.index(struct.pack("<HH", 0x0010, 0x0010), len(a_header()))
        assert read(reader, data[:at] + element + data[at:]).record.get("PatientName") == "Doe"

    @pytest.mark.parametrize("tag", [0x00091001, 0x00290010, 0x7FE00010])
    @pytest.mark.parametrize("end", [b"\xfe\xff\x00\xe0", b"\xff\xff\xff\x7f", b"\x08\0\0\0"])
    def test_read_does_not_take_a_value_for_items_because_of_how_it_begins(
        self, reader: HeaderReader, tag: int, end: bytes
    ) -> None:
        data = a_file(syntax=IMPLICIT, pixels=Element(tag, "OW", b"\xfe\xff\x00\xe0" + end))
        assert read(reader, data).record.sop_instance_uid == a_uid(1, 1, 1)

    def test_read_goes_on_looking_when_tags_do_not_ascend(self, reader: HeaderReader) -> None:
        late = encode([IDENTITY["SeriesInstanceUID"]], EXPLICIT)
        data = a_file(
            Element(0x00400275, "SQ", items=()),
            without="SeriesInstanceUID",
            pixels=IDENTITY["StudyInstanceUID"],
        )
        assert read(reader, data + late).record.series_instance_uid == a_uid(1, 1)

    # values

    @pytest.mark.parametrize(
        ("character_set", "value", "name"),
        [
            ("ISO_IR 100", "Äneas^Rüdiger".encode("latin-1"), "Äneas^Rüdiger"),
            ("ISO_IR 144", b"\xbb\xee\xda\xe1\xd5\xdc", "\u041b\u044e\u043a\u0441\u0435\u043c"),
            ("ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
            ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
            (
                "\\ISO 2022 IR 87",
                b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
                "Yamada^Tarou=山田^太郎=やまだ^たろう",
            ),
            (
                "ISO 2022 IR 13\\ISO 2022 IR 87",
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
                "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
            ),
            (
                "\\ISO 2022 IR 149",
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
                "Hong^Gildong=洪^吉洞",
            ),
            ("\\ISO 2022 IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
            ("ISO 2022 IR 6\\ISO 2022 IR 100", b"Buc^J\x1b-A\xe9r\xf4me", "Buc^Jérôme"),
        ],
    )
    def test_read_decodes_names_by_their_character_set(
        self, reader: HeaderReader, character_set: str, value: bytes, name: str
    ) -> None:
        data = a_file(Element(0x00080005, "CS", padded(character_set)), Element(0x00100010, "PN", value))
        assert read(reader, data).record.get("PatientName") == name

    @pytest.mark.parametrize("character_set", [None, "", "ISO_IR 999", "nonsense", "ISO_IR 192"])
    def test_read_tolerates_a_character_set_that_is_wrong_or_missing(
        self, reader: HeaderReader, character_set: str | None
    ) -> None:
        elements = [Element(0x00100010, "PN", b"M\xfcller")]
        if character_set is not None:
            elements.append(Element(0x00080005, "CS", padded(character_set)))
        name = read(reader, a_file(*elements)).record.get("PatientName")
        assert name.startswith("M")
        assert name.endswith("ller")

    @pytest.mark.parametrize("syntax", UNCOMPRESSED)
    def test_read_writes_numbers_and_several_values_as_dicom_does(
        self, reader: HeaderReader, syntax: str
    ) -> None:
        data = a_file(
            Element(0x00080060, "CS", b"CT\\MR "),
            Element(0x00200013, "IS", b" 007 "),
            Element(0x00280008, "IS", b"12"),
            Element(0x00280010, "US", b"\x00\x02"),
            syntax=syntax,
        )
        attributes = read(reader, data).record.attributes
        assert attributes["Modality"] == "CT\\MR"
        assert int(attributes["InstanceNumber"]) == 7
        assert (attributes["NumberOfFrames"], attributes["Rows"]) == ("12", "512")

    def test_read_keeps_numbers_that_are_none(self, reader: HeaderReader) -> None:
        data = a_file(Element(0x00200013, "IS", b"1A"), Element(0x00280010, "US", b"\1"))
        attributes = read(reader, data).record.attributes
        assert attributes == {"InstanceNumber": "1A"}

    def test_read_cuts_values_that_are_too_long(self, reader: HeaderReader) -> None:
        data = a_file(Element(0x00081030, "LO", b"x" * 60000))
        assert read(reader, data).record.get("StudyDescription") == "x" * 1024

    def test_read_leaves_empty_attributes_out(self, reader: HeaderReader) -> None:
        data = a_file(Element(0x00100010, "PN", b""), Element(0x00100020, "LO", b"    "))
        assert read(reader, data).record.attributes == {}

    @pytest.mark.parametrize("value", [b"1.2.3\0\0", b"1.2.3 ", b" 1.2.3\0 "])
    def test_read_strips_the_padding_of_uids(self, reader: HeaderReader, value: bytes) -> None:
        data = a_file(Element(0x00080018, "UI", value), without="SOPInstanceUID")
        assert read(reader, data).record.sop_instance_uid == "1.2.3"

    # refusals

    @pytest.mark.parametrize("missing", IDENTITY)
    @pytest.mark.parametrize("empty", [False, True])
    def test_read_refuses_an_object_without_identity(
        self, reader: HeaderReader, missing: str, empty: bool
    ) -> None:
        extra = [Element(IDENTITY[missing].tag, "UI", b"")] if empty else []
        spaced = missing.replace("UID", " UID").replace("Instance", " Instance").replace("Class", " Class")
        with pytest.raises(InvalidDicom, match=spaced):
            reader.read(io.BytesIO(a_file(*extra, without=missing)))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\0",
            b"hello",
            b"<!DOCTYPE html><html>" + b"x" * 10000,
            b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 100,
            b"PK\3\4" + bytes(10000),
            bytes(100000),
            bytes(128) + b"DICM",
            bytes(128) + b"DICM" + b"\xff" * 10000,
            bytes(128) + b"DICM" + bytes(10000),
            b"\x08\0" * 50000,
            b"\2\0" * 50000,
        ],
    )
    def test_read_refuses_what_is_not_dicom_after_a_few_kilobytes(
        self, reader: HeaderReader, data: bytes
    ) -> None:
        stream = CountingStream(data)
        with pytest.raises(InvalidDicom):
            reader.read(stream)
        assert stream.count <= 32768

    def test_read_refuses_a_dicomdir(self, reader: HeaderReader) -> None:
        directory = b"1.2.840.10008.1.3.10"
        header = encode_file_meta(
            sop_class_uid=directory.decode(), sop_instance_uid="1.2", transfer_syntax_uid=EXPLICIT
        )
        entries = encode([Element(0x00041130, "CS", b"NONE")], EXPLICIT)
        for data in (header + entries, a_header() + entries):
            with pytest.raises(InvalidDicom, match="a DICOMDIR, not an object"):
                reader.read(io.BytesIO(data))

    @pytest.mark.parametrize("lost", [1, 100, 199])
    def test_read_refuses_pixels_that_are_cut_off(self, reader: HeaderReader, lost: int) -> None:
        with pytest.raises(InvalidDicom, match="truncated"):
            reader.read(io.BytesIO(a_file()[:-lost]))

    @pytest.mark.parametrize(
        "pixels",
        [
            fragments(b"abcd")[:-1],
            fragments(b"abcd")[:-8],
            fragments(b"abcd")[:-10],
            fragments(b"abcd", end=b""),
            fragments(b"abcd", end=b"\xfe\xff\x00\xe0\xff\xff\xff\x7f"),
            fragments(b"abcd", end=b"\x08\0\0\0\0\0\0\0"),
        ],
    )
    def test_read_refuses_fragments_without_an_end(self, reader: HeaderReader, pixels: bytes) -> None:
        start = a_file(pixels=Element(0x00280010, "US", b"\1\0"))
        with pytest.raises(InvalidDicom):
            reader.read(io.BytesIO(start + pixels))

    @pytest.mark.parametrize("undefined", [False, True])
    @pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
    def test_read_bounds_nesting(self, reader: HeaderReader, undefined: bool, syntax: str) -> None:
        fine = a_file(a_sequence(64, undefined=undefined), syntax=syntax)
        assert read(reader, fine).record.sop_instance_uid == a_uid(1, 1, 1)
        with pytest.raises(InvalidDicom, match="nested more than 64 deep"):
            reader.read(io.BytesIO(a_file(a_sequence(65, undefined=undefined), syntax=syntax)))
        with pytest.raises(InvalidDicom, match="nested more than 64 deep"):
            reader.read(io.BytesIO(a_file(a_sequence(150, undefined=undefined), syntax=syntax)))

    @pytest.mark.parametrize("tag", [0x00091001, 0x00100010, 0x00290010, 0x7FE00010])
    def test_read_allocates_nothing_on_the_word_of_a_length(self, reader: HeaderReader, tag: int) -> None:
        claim = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"UN", 0, 0xFFFFFFF0)
        stream = CountingStream(a_file(pixels=Element(0x00280009, "AT")) + claim + bytes(1000))
        read(reader, a_file())  # imports and caches are not what is measured
        tracemalloc.start()
        with pytest.raises(InvalidDicom):
            reader.read(stream)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20

    def test_read_refuses_an_element_larger_than_its_item(self, reader: HeaderReader) -> None:
        item = Element(0x00081140, "SQ", items=((Element(0x00080100, "SH", b"A" * 8),),))
        data = a_file(item)
        at = data.index(b"SH\x08\0") + 2
        with pytest.raises(InvalidDicom, match="more than its container"):
            reader.read(io.BytesIO(data[:at] + b"\xf0\0" + data[at + 2 :]))

    def test_read_skips_large_values_without_reading_them(self, reader: HeaderReader) -> None:
        large = Element(0x7FE00010, "OW", bytes(5_000_000))
        stream = CountingStream(a_file(Element(0x00091001, "OB", bytes(3_000_000)), pixels=large))
        assert reader.read(stream) is not None
        assert stream.count < 50_000

    @pytest.mark.parametrize("factor", [2, 100])
    def test_read_refuses_a_deflate_bomb(self, factor: int) -> None:
        packer = zlib.compressobj(9, wbits=-15)
        start = encode([*IDENTITY.values()], EXPLICIT)
        claim = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, factor << 20)
        packed = packer.compress(start + claim + bytes(factor << 20)) + packer.flush()
        with pytest.raises(InvalidDicom, match="unpacks to more"):
            self.with_inflation_limit(1_500_000).read(io.BytesIO(a_header(DEFLATED) + packed))
        with pytest.raises(InvalidDicom, match="unpacks to more"):
            self.with_inflation_limit(4 << 30).read(io.BytesIO(a_header(DEFLATED) + packed))

    @abstractmethod
    def with_inflation_limit(self, limit: int) -> HeaderReader:
        """A reader that inflates no more than that."""

    def test_read_takes_a_deflate_stream_with_a_zlib_header(self, reader: HeaderReader) -> None:
        data_set = encode([*IDENTITY.values(), PIXELS], EXPLICIT)
        header = read(reader, a_header(DEFLATED) + zlib.compress(data_set))
        assert header.record.transfer_syntax_uid == DEFLATED

    def test_read_tells_that_the_stream_failed(self, reader: HeaderReader) -> None:
        with pytest.raises(Unreadable, match="Input/output error"):
            reader.read(FailingStream(a_file()))

    # parts of files

    def test_read_asks_for_more_when_a_part_does_not_reach_far_enough(self, reader: HeaderReader) -> None:
        data = a_file(Element(0x00090010, "LO", b"ACME"), Element(0x00091001, "OB", bytes(4000)))
        assert reader.read(io.BytesIO(data[:2000]), complete=False) is None
        assert reader.read(io.BytesIO(b""), complete=False) is None

    def test_read_tells_from_a_part_as_soon_as_it_reaches_far_enough(self, reader: HeaderReader) -> None:
        data = a_file()
        assert reader.read(io.BytesIO(data[:-190]), complete=False) == read(reader, data)

    def test_read_refuses_a_part_that_is_not_dicom(self, reader: HeaderReader) -> None:
        with pytest.raises(InvalidDicom):
            reader.read(io.BytesIO(b"<!DOCTYPE html><html>" + b"x" * 1000), complete=False)

    # bare data sets

    @pytest.mark.parametrize("syntax", UNCOMPRESSED)
    def test_read_data_set_tells_attributes(self, reader: HeaderReader, syntax: str) -> None:
        data = a_file(Element(0x00100010, "PN", b"Doe^Jane"), syntax=syntax)[len(a_header(syntax)) :]
        header = reader.read_data_set(io.BytesIO(data), syntax)
        assert header is not None
        assert header.record == a_record_of(syntax, PatientName="Doe^Jane")
        assert (header.data_offset, header.has_file_meta) == (0, False)

    def test_read_data_set_does_not_check_what_comes_after_the_attributes(self, reader: HeaderReader) -> None:
        data = a_file()[len(a_header()) : -100]
        assert reader.read_data_set(io.BytesIO(data), EXPLICIT) is not None

    def test_read_data_set_refuses_what_lacks_identity(self, reader: HeaderReader) -> None:
        for data in (b"", encode([PIXELS], EXPLICIT), b"\xff" * 100):
            with pytest.raises(InvalidDicom):
                reader.read_data_set(io.BytesIO(data), EXPLICIT)

    def test_read_data_set_asks_for_more_when_a_part_does_not_reach_far_enough(
        self, reader: HeaderReader
    ) -> None:
        data = a_file()[len(a_header()) :]
        assert reader.read_data_set(io.BytesIO(data[:60]), EXPLICIT, complete=False) is None
        assert reader.read_data_set(io.BytesIO(data[:-150]), EXPLICIT, complete=False) is not None


class TestScannerHeaderReader(HeaderReaderContract):
    @pytest.fixture
    def reader(self) -> HeaderReader:
        return ScannerHeaderReader()

    def with_inflation_limit(self, limit: int) -> HeaderReader:
        return ScannerHeaderReader(max_inflated_bytes=limit)


class TestPydicomHeaderReader(HeaderReaderContract):
    @pytest.fixture
    def reader(self) -> HeaderReader:
        return PydicomHeaderReader()

    def with_inflation_limit(self, limit: int) -> HeaderReader:
        return PydicomHeaderReader(max_inflated_bytes=limit)


def a_record_of(syntax: str, **attributes: str) -> object:
    """What the files of this module hold."""
    record = a_record(transfer_syntax_uid=syntax)
    return type(record)(
        sop_instance_uid=record.sop_instance_uid,
        sop_class_uid=record.sop_class_uid,
        series_instance_uid=record.series_instance_uid,
        study_instance_uid=record.study_instance_uid,
        transfer_syntax_uid=syntax,
        attributes=attributes,
    )


# ------------------------------------------------------------------------------------------------- properties

adapters = pytest.mark.parametrize("adapter", ADAPTERS)
thorough = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@adapters
@thorough
@given(file=dicom_files())
def test_reader_finds_what_was_written(adapter: Callable[[], HeaderReader], file: DicomFile) -> None:
    header = adapter().read(io.BytesIO(file.data))
    assert header is not None
    assert header.record.attributes == file.attributes
    assert header.data_offset == file.data_offset
    assert header.record.transfer_syntax_uid == file.transfer_syntax_uid


@adapters
@thorough
@given(file=dicom_files(), part=st.floats(0, 1))
def test_reader_tells_the_same_or_nothing_from_a_part(
    adapter: Callable[[], HeaderReader], file: DicomFile, part: float
) -> None:
    whole = adapter().read(io.BytesIO(file.data))
    start = file.data[: int(len(file.data) * part)]
    told = adapter().read(io.BytesIO(start), complete=False)
    assert told is None or told == whole


@adapters
@thorough
@given(file=dicom_files(), part=st.floats(0, 1, exclude_max=True))
def test_reader_refuses_a_file_that_is_cut_off_within_an_element(
    adapter: Callable[[], HeaderReader], file: DicomFile, part: float
) -> None:
    start = file.data[: int(len(file.data) * part)]
    try:
        header = adapter().read(io.BytesIO(start))
    except InvalidDicom:
        return
    # Between two elements of the top level nothing tells that there were more.
    assert header is not None
    whole = {
        file.data_offset + len(encode(file.elements[:count], file.transfer_syntax_uid))
        for count in range(len(file.elements))
    }
    assert len(start) in whole


@adapters
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_reader_refuses_or_reads_damaged_files_within_bounds(
    adapter: Callable[[], HeaderReader], data: st.DataObject
) -> None:
    file = data.draw(dicom_files())
    damaged = data.draw(mutations(file.data))
    for complete in (True, False):
        stream = CountingStream(damaged)
        with contextlib.suppress(InvalidDicom):
            adapter().read(stream, complete=complete)
        assert stream.count <= 16 * len(damaged) + 65536


@adapters
@given(
    noise=st.binary(max_size=300),
    start=st.sampled_from([b"", b"\2\0", b"\x08\0", bytes(128) + b"DICM\x08\0"]),
)
def test_reader_refuses_noise(adapter: Callable[[], HeaderReader], noise: bytes, start: bytes) -> None:
    with pytest.raises(InvalidDicom):
        adapter().read(io.BytesIO(start + noise))


@thorough
@given(data=st.data())
def test_readers_agree_also_on_damaged_files(data: st.DataObject) -> None:
    damaged = data.draw(mutations(data.draw(dicom_files(syntaxes=(IMPLICIT, EXPLICIT, BIG_ENDIAN))).data))
    answers = []
    for adapter in ADAPTERS:
        try:
            header = adapter().read(io.BytesIO(damaged))
        except InvalidDicom as error:
            answers.append(error.message)
        else:
            assert header is not None
            answers.append(f"{header.record.sop_instance_uid} {header.data_offset}")
    assert answers[0] == answers[1]


# ------------------------------------------------------------------------------------------------- real files

REFUSED = {
    "Study Instance UID is missing": {
        "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm",
    },
    "SOP Class UID is missing": {
        "UN_sequence.dcm", "empty_charset_LEI.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm",
        "no_meta_group_length.dcm", "priv_SQ.dcm",
    },
    "truncated": {"MR_truncated.dcm", "rtplan_truncated.dcm"},
    "not DICOM": {
        "no_meta.dcm",  # begins with a stray byte
        "README.txt", "README", "crayons.icc", "rtplan.dump", "rtstruct.dump", "test1.json", "test_PN.json", "zipMR.gz",
    },
}  # fmt: skip


@cache
def local_files() -> tuple[Path, ...]:
    """The files that pydicom brings along; others of its list would have to be fetched."""
    from pydicom.data import data_manager

    root = Path(data_manager.DATA_ROOT)
    return tuple(
        path
        for folder in ("test_files", "charset_files")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    )


def as_text(value: object) -> str:
    """A value of pydicom's as DICOM writes it."""
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(as_text(one) for one in cast("MultiValue[object]", value))
    return str(value).strip(" \0")


@adapters
def test_reader_agrees_with_pydicom_on_the_files_that_come_with_it(
    adapter: Callable[[], HeaderReader],
) -> None:
    agreed = 0
    for path in local_files():
        data = path.read_bytes()
        reason = next((why for why, names in REFUSED.items() if path.name in names), "")
        if path.name.startswith("DICOMDIR"):
            reason = "a DICOMDIR, not an object"
        if path.parent.name == "charset_files" and (path.suffix == ".txt" or "SQEncoding" in path.name):
            reason = "not DICOM" if path.suffix == ".txt" else "SOP Class UID is missing"
        if reason:
            with pytest.raises(InvalidDicom, match=reason):
                adapter().read(io.BytesIO(data))
            continue
        header = read(adapter(), data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = dcmread(io.BytesIO(data), force=True)
            for attribute in ATTRIBUTES:
                try:
                    theirs = as_text(expected.get(attribute.keyword))
                except ValueError:
                    continue  # pydicom gives up on a number that is none
                assert header.record.get(attribute.keyword) == theirs.rstrip("="), (path, attribute.keyword)
            declared = str(getattr(expected.file_meta, "TransferSyntaxUID", ""))
        if declared:
            assert header.record.transfer_syntax_uid == declared, path
        agreed += 1
    assert agreed >= 140


@adapters
def test_reader_agrees_with_itself_on_every_start_of_real_files(adapter: Callable[[], HeaderReader]) -> None:
    for path in local_files():
        if path.name not in {
            "MR_small_implicit.dcm",
            "rtplan.dcm",
            "SC_rgb_rle.dcm",
            "image_dfl.dcm",
            "chrH32.dcm",
        }:
            continue
        data = path.read_bytes()
        whole, told = read(adapter(), data), 0
        for length in range(0, len(data), 7):
            header = adapter().read(io.BytesIO(data[:length]), complete=False)
            assert header in (None, whole)
            told += header is not None
        assert told


def test_scanner_reads_a_built_file() -> None:
    record = a_record(PatientName="Müller^Jürgen=山田")
    stream: BinaryIO = io.BytesIO(a_dicom_file(record))
    header = ScannerHeaderReader().read(stream)
    assert header is not None
    assert header.record.get("PatientName") == "Müller^Jürgen=山田"
