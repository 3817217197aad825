"""Trees of elements: the same as pydicom sees, written back as they were, and bounded on any input."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fileroom.adapters.files.structure import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from fileroom.adapters.files.tree import (
    Element,
    Item,
    Stored,
    Tree,
    character_sets,
    open_tree,
    read_tree,
    text_value,
    value_bytes,
)
from fileroom.adapters.files.tree_writing import data_set_parts, file_parts, new_element, put
from fileroom.domain.errors import FileroomError, InvalidDicom, NotDicom, NotFound
from fileroom.domain.file_meta import encode_file_meta
from tests.builders import EXPLICIT_VR_LITTLE_ENDIAN, a_data_set, encoded
from tests.samples import READABLE, damaged_files, name_of

# Written with group lengths or with odd ones, which are not written back; by another deflater; in implicit VR with
# encapsulated pixels, which is not allowed.
_NOT_AS_IT_WAS = frozenset({
    "chrJapMulti.dcm", "chrJapMultiExplicitIR6.dcm", "chrKoreanMulti.dcm", "693_J2KI.dcm", "ExplVR_BigEnd.dcm",
    "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm", "image_dfl.dcm", "SC_rgb_jpeg.dcm",
})  # fmt: skip
_AS_IT_WAS = [path for path in READABLE if path.name not in _NOT_AS_IT_WAS]


def a_file(data_set: Dataset) -> bytes:
    """A data set as an explicit VR little endian file."""
    header = encode_file_meta(
        sop_class_uid=data_set.SOPClassUID,
        sop_instance_uid=data_set.SOPInstanceUID,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
    )
    return header + encoded(data_set)


def shape(tree: Tree) -> list[tuple[int, int]]:
    """Tags and depths, group lengths aside."""
    return [(element.tag, depth) for _, element, depth in tree.walk() if element.tag & 0xFFFF]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_tree_has_the_elements_that_pydicom_sees(path: Path) -> None:
    seen = {int(each.tag): each.VR for each in dcmread(path, force=True) if each.tag & 0xFFFF}

    with open_tree(path) as tree:
        found = {each.tag: each.vr.decode() for each in tree.root.elements if each.tag & 0xFFFF}

    assert found.keys() == seen.keys()
    # pydicom decides `OB or OW` by rules of its own, puts a known VR in the place of UN, and does not look into
    # private elements without a VR for items.
    differ = {(found[tag], seen[tag]) for tag in seen if found[tag] != seen[tag]}
    assert {ours for ours, _ in differ} <= {"OW", "UN", "SQ"}, differ


@pytest.mark.parametrize("path", _AS_IT_WAS, ids=name_of)
def test_tree_is_written_back_as_it_was(path: Path) -> None:
    with open_tree(path) as tree:
        assert b"".join(data_set_parts(tree.root, tree.encoding)) == path.read_bytes()[tree.data_offset :]


@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_file_reads_the_same_after_it_was_written(path: Path) -> None:
    with open_tree(path) as tree:
        again = read_tree(io.BytesIO(b"".join(file_parts(tree))))
        assert shape(again) == shape(tree)
        assert [(element.vr, element.size) for _, element, _ in again.walk()] == [
            (element.vr, element.size + element.size % 2)
            for _, element, _ in tree.walk()
            if element.tag & 0xFFFF
        ]


@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE])
def test_encodings_hold_the_same_values(target: object) -> None:
    assert target in (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE)
    inner = Dataset()
    inner.PatientName = "Inner^Name"
    inner.SmallestImagePixelValue = -7
    data_set = a_data_set(PixelRepresentation=1, Rows=4, RadiationMachineSAD="1000.0")
    data_set.ReferencedStudySequence = Sequence([inner, Dataset()])
    data_set.FrameTimeVector = [1.5, 2.5]
    tree = read_tree(io.BytesIO(a_file(data_set)))
    syntax = {
        id(EXPLICIT_LITTLE): "1.2.840.10008.1.2.1",
        id(EXPLICIT_BIG): "1.2.840.10008.1.2.2",
        id(IMPLICIT_LITTLE): "1.2.840.10008.1.2",
    }[id(target)]

    written = dcmread(io.BytesIO(b"".join(file_parts(tree, syntax))))

    assert written.file_meta.TransferSyntaxUID == syntax
    assert written.ReferencedStudySequence[0].SmallestImagePixelValue == -7
    assert list(written.FrameTimeVector) == [1.5, 2.5]
    assert written.PatientName == data_set.PatientName
    assert len(written.ReferencedStudySequence) == 2


def test_large_values_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    path.write_bytes(a_file(a_data_set(pixel_bytes=200_000)))

    with open_tree(path) as tree:
        pixels = tree.root.find(0x7FE00010)
        assert pixels is not None
        assert isinstance(pixels.value, Stored)
        whole = pixels.value.read()
        assert len(whole) == 200_000
        assert b"".join(pixels.value.parts(7_000)) == whole
        assert pixels.value.read(10, 5) == whole[5:15]


def test_text_follows_the_character_set_of_its_item() -> None:
    inner = Dataset()
    inner.SpecificCharacterSet = "ISO_IR 144"
    inner.PatientName = "Dostoevski Достоевский"
    plain = Dataset()
    plain.PatientName = "Äneas"
    data_set = a_data_set(SpecificCharacterSet="ISO_IR 100")
    data_set.ReferencedStudySequence = Sequence([inner, plain])
    tree = read_tree(io.BytesIO(a_file(data_set)))

    around = character_sets(tree.root)
    sequence = tree.root.find(0x00081110)
    assert sequence is not None
    assert sequence.items is not None
    names = []
    for item in sequence.items:
        element = item.find(0x00100010)
        assert element is not None
        names.append(text_value(element, character_sets(item, around)).strip())

    assert names == ["Dostoevski Достоевский", "Äneas"]


def test_put_keeps_the_order_of_tags() -> None:
    item = Item()
    for tag in (0x00100020, 0x00080018, 0x00100010, 0x00100020):
        put(item, new_element(tag, b"1"))

    assert [element.tag for element in item.elements] == [0x00080018, 0x00100010, 0x00100020]
    assert [element.value for element in item.elements] == [b"1\0", b"1 ", b"1 "]


def test_nesting_without_end_is_refused() -> None:
    item = Item()
    for _ in range(70):
        item = Item(elements=[Element(0x00081110, b"SQ", items=[item])])
    nested = b"".join(data_set_parts(item, EXPLICIT_LITTLE))
    head = a_file(a_data_set())
    with pytest.raises(InvalidDicom, match="nested"):
        read_tree(io.BytesIO(head[: read_tree(io.BytesIO(head)).data_offset] + nested))


def test_what_is_not_there_or_no_dicom_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with pytest.raises(NotFound), open_tree(tmp_path / "nothing"):
        pass
    with pytest.raises(NotDicom), open_tree(tmp_path / "text"):
        pass


def test_directory_is_read_where_it_is_wanted() -> None:
    path = next(path for path in READABLE if path.name == "DICOMDIR")
    with open_tree(path) as tree:
        assert tree.root.find(0x00041220) is not None
    with pytest.raises(NotDicom), open_tree(path, directories=False):
        pass


@given(damaged_files())
def test_damage_is_told_or_harmless(content: bytes) -> None:
    try:
        tree = read_tree(io.BytesIO(content))
        for _, element, _ in tree.walk():
            if element.items is None and element.fragments is None:
                value_bytes(element.value)
        b"".join(file_parts(tree))
    except FileroomError:
        pass


def reading(content: bytes, *, keep_damaged: bool) -> Tree | str:
    """Return the tree of a file, or why there is none."""
    try:
        return read_tree(io.BytesIO(content), keep_damaged=keep_damaged)
    except InvalidDicom as error:
        return error.message


@given(content=damaged_files(most_bytes=5_000))
def test_what_is_before_the_damage_is_kept_where_it_is_wanted(content: bytes) -> None:
    strict, kept = (reading(content, keep_damaged=keep) for keep in (False, True))

    if isinstance(kept, str):  # before the data set
        assert strict == kept
    elif isinstance(strict, str):
        assert kept.damage is not None
        assert kept.damage.message == strict
    else:
        assert kept.damage is None
        assert [element.tag for _, element, _ in kept.walk()] == [
            element.tag for _, element, _ in strict.walk()
        ]
