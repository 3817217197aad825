"""What every header reader promises."""

import io
import struct
import tracemalloc
import zlib
from abc import ABC, abstractmethod

import pytest

from fileroom.adapters.files.header_reader import PydicomHeaderReader, ScannerHeaderReader
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.domain.errors import InvalidDicom, Unreadable
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import CT_IMAGE_STORAGE, a_record, a_uid
from tests.contract.suite import ContractSuite
from tests.strategies import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNCOMPRESSED,
    Element,
    encode,
    padded,
    uid_value,
)

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
