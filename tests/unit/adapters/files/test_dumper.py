"""What a dump shows, and what it leaves out."""

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fileroom.adapters.files.inspecting.dumper import TreeDumper
from fileroom.domain.dump import DumpHeading, DumpLine, DumpOptions
from fileroom.domain.errors import FileroomError, InvalidDicom, NotDicom, NotFound
from tests.builders import a_dicom_file
from tests.samples import BUNDLED, OBJECTS, READABLE, damaged_files, name_of

DUMPER = TreeDumper()
OTHER_FOR_PYDICOM = {
    "winter.dcm": "an element is there twice, of which pydicom keeps one",
    "priv_SQ.dcm": "private without VR: pydicom shows bytes, we see that they are items",
    "rtdose_rle.dcm": "known sequences written as UN with a length: pydicom reads items, we show what is written",
    "rtdose_rle_1frame.dcm": "as rtdose_rle.dcm",
}


def sample(name: str) -> Path:
    """Return a bundled file by its name."""
    return next(path for path in BUNDLED if path.name == name)


def lines_of(
    path: Path, *, max_depth: int | None = None, max_value_length: int | None = None
) -> list[DumpLine]:
    """The lines of a file, without headings."""
    options = DumpOptions(max_depth=max_depth, max_value_length=max_value_length)
    return [line for line in DUMPER.lines(path, options) if isinstance(line, DumpLine)]


def a_line(path: Path, tag: int, *, max_value_length: int | None = None) -> DumpLine:
    """The first line of an element."""
    return next(line for line in lines_of(path, max_value_length=max_value_length) if line.tag == tag)


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A file with a sequence in a sequence, whose inner item changes the character set."""
    inner = Dataset()
    inner.SpecificCharacterSet = "ISO_IR 100"
    inner.CodeMeaning = "Größe"
    outer = Dataset()
    outer.CodeMeaning = "身長"
    outer.ConceptNameCodeSequence = Sequence([inner])
    path = tmp_path / "nested.dcm"
    path.write_bytes(
        a_dicom_file(
            values={
                "SpecificCharacterSet": "ISO_IR 192",
                "PatientName": "山田^太郎",
                "ContentSequence": Sequence([outer, Dataset()]),
            }
        )
    )
    return path


# ------------------------------------------------------------------------------------------------- lines


def test_file_meta_information_comes_first() -> None:
    shown = list(DUMPER.lines(sample("CT_small.dcm"), DumpOptions()))

    assert shown[0] == DumpHeading("File meta information")
    assert DumpHeading("Data set: Explicit VR Little Endian") in shown
    first = shown[1]
    assert isinstance(first, DumpLine)
    assert (first.tag, first.vr, first.value) == (0x00020000, "UL", "192")
    assert (first.length, first.multiplicity, first.name) == (4, 1, "FileMetaInformationGroupLength")


@pytest.mark.parametrize(
    ("tag", "value", "multiplicity"),
    [
        (0x00080008, r"[ORIGINAL\PRIMARY\AXIAL]", 3),
        (0x00080016, "[1.2.840.10008.5.1.4.1.1.2] CT Image Storage", 1),
        (0x00080050, "(no value)", 0),
        (0x00280010, "128", 1),
    ],
)
def test_values_are_shown_by_their_vr(tag: int, value: str, multiplicity: int) -> None:
    line = a_line(sample("CT_small.dcm"), tag)

    assert line.value == value
    assert line.multiplicity == multiplicity


def test_text_is_decoded_by_the_character_set_that_holds_there(nested: Path) -> None:
    values = [line.value for line in lines_of(nested)]

    assert "[山田^太郎]" in values
    assert "[身長]" in values
    assert "[Größe]" in values


def test_private_elements_are_named_by_their_creator() -> None:
    names = {line.tag: line.name for line in lines_of(sample("CT_small.dcm"))}

    assert names[0x00090010] == "Private Creator"
    assert names[0x00091001] == "GEMS_IDEN_01: Full fidelity"


def test_long_values_are_cut_and_whole_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "long.dcm"
    path.write_bytes(a_dicom_file(values={"ImageComments": "x" * 1000}, pixel_bytes=512))
    comments, pixels = 0x00204000, 0x7FE00010

    assert a_line(path, comments).value == f"[{'x' * 64}...]"
    assert a_line(path, comments, max_value_length=3).value == "[xxx...]"
    assert a_line(path, comments, max_value_length=0).value == f"[{'x' * 1000}]"
    assert a_line(path, pixels, max_value_length=9).value == r"0100\0302..."
    assert len(a_line(path, pixels, max_value_length=0).value) == 5 * 256 - 1


def test_value_is_cut_between_characters(tmp_path: Path) -> None:
    path = tmp_path / "long.dcm"
    path.write_bytes(a_dicom_file(values={"SpecificCharacterSet": "ISO_IR 192", "TextValue": "長" * 60_000}))

    assert a_line(path, 0x0040A160, max_value_length=5).value == "[長長長長長...]"
    assert "\ufffd" not in a_line(path, 0x0040A160, max_value_length=0).value


@pytest.mark.parametrize(
    ("depth", "left_out", "deepest"), [(0, ["(4 elements left out)"], 1), (1, ["(2 elements left out)"], 3)]
)
def test_deeper_levels_are_counted_instead_of_shown(
    nested: Path, depth: int, left_out: list[str], deepest: int
) -> None:
    shown = lines_of(nested, max_depth=depth)

    assert [line.value for line in shown if "left out" in line.value] == left_out
    assert max(line.depth for line in shown) == deepest


def test_fragments_are_listed_with_their_sizes() -> None:
    lines = lines_of(sample("SC_rgb_rle_2frame.dcm"))
    at = next(index for index, line in enumerate(lines) if line.tag == 0x7FE00010)

    assert lines[at].value == "(2 fragments)"
    assert lines[at].length is None
    assert [line.length for line in lines[at + 1 :]] == [8, 664, 664, 0]
    assert lines[at + 1].value == r"(offset table) 0\672"
    assert lines[at + 2].value.startswith(r"(fragment 1) 03\00\00\00")


def test_ends_are_shown_where_nothing_told_the_length() -> None:
    lines = lines_of(sample("reportsi.dcm"))
    starts = [line for line in lines if line.length is None]
    ends = [line for line in lines if line.tag in {0xFFFEE00D, 0xFFFEE0DD}]

    assert len(starts) == len(ends) > 10


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "path", [path for path in OBJECTS if path.name not in OTHER_FOR_PYDICOM], ids=name_of
)
def test_every_element_that_pydicom_reads_is_shown(path: Path) -> None:
    expected = [int(element.tag) for element in dcmread(path, force=True).iterall()]
    shown = [line.tag for line in lines_of(path) if line.tag < 0xFFFE0000 and line.tag >> 16 != 2]

    assert sorted(shown) == sorted(expected)


def test_damaged_file_is_shown_up_to_the_damage() -> None:
    shown: list[DumpHeading | DumpLine] = []
    lines = DUMPER.lines(sample("rtplan_truncated.dcm"), DumpOptions())

    with pytest.raises(InvalidDicom, match="truncated"):
        shown += lines

    last = shown[-1]
    assert isinstance(last, DumpLine)
    assert (last.tag, last.depth, last.name) == (0x300A012A, 4, "TableTopLateralPosition")


def test_what_is_no_file_or_no_dicom_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        next(DUMPER.lines(tmp_path / "nowhere", DumpOptions()))
    (tmp_path / "text").write_text("nothing here")
    with pytest.raises(NotDicom):
        next(DUMPER.lines(tmp_path / "text", DumpOptions()))


def test_large_values_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    head = a_dicom_file(pixel_bytes=0)
    size = 256 << 20
    with path.open("wb") as file:
        file.write(head[:-12] + b"\xe0\x7f\x10\x00OW\0\0" + size.to_bytes(4, "little"))
        file.truncate(len(head) + size)

    tracemalloc.start()
    line = a_line(path, 0x7FE00010, max_value_length=0)
    document = DUMPER.document(path, DumpOptions())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert line.length == size
    assert line.value.endswith("...")
    assert [(each.keyword, each.bytes) for each in document.left_out] == [("PixelData", size)]
    assert most < 16 << 20


# ------------------------------------------------------------------------------------------------- documents


@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_document_holds_every_element_of_the_top_level(path: Path) -> None:
    document = DUMPER.document(path, DumpOptions())
    tags = {
        f"{line.tag:08X}"
        for line in lines_of(path)
        if line.depth == 0 and line.tag & 0xFFFF and line.tag < 0xFFFE0000
    }

    assert document.data_set.keys() | document.file_meta.keys() == tags
    assert not document.damage


def test_document_leaves_out_what_is_too_large_or_too_deep(nested: Path) -> None:
    small = DUMPER.document(nested, DumpOptions(max_value_length=511, max_depth=1))

    assert {(each.path, each.bytes, each.elements) for each in small.left_out} == {
        ("(7FE0,0010)", 512, None),
        ("(0040,A730)[1].(0040,A043)", None, 2),
    }
    assert small.data_set["7FE00010"] == {"vr": "OW"}
    whole = DUMPER.document(nested, DumpOptions())
    assert whole.left_out == ()
    read = Dataset.from_json(whole.data_set)
    assert read.ContentSequence[0].ConceptNameCodeSequence[0].CodeMeaning == "Größe"
    assert read.PixelData == dcmread(nested).PixelData


def test_document_of_a_damaged_file_holds_what_was_whole() -> None:
    document = DUMPER.document(sample("MR_truncated.dcm"), DumpOptions())

    assert "truncated" in document.damage
    assert "00100010" in document.data_set
    assert "7FE00010" not in document.data_set


# ------------------------------------------------------------------------------------------------- damage


@given(damaged_files())
def test_damage_is_told_or_harmless(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged_dump.dcm"
    path.write_bytes(content)
    with suppress(FileroomError):
        lines_of(path)
    with suppress(FileroomError):
        DUMPER.document(path, DumpOptions())
