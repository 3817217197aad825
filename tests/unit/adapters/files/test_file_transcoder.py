"""Files in every transfer syntax that can be written: pixels and all else compared, and nothing left of failures."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fileroom.adapters.files.pixels.frames import Frames
from fileroom.adapters.files.structure import IMPLICIT_LITTLE, PIXEL_DATA
from fileroom.adapters.files.transcoding.engine import PixelLimits
from fileroom.adapters.files.transcoding.file_transcoder import TreeFileTranscoder
from fileroom.adapters.files.tree import Item, Tree, open_tree
from fileroom.adapters.files.tree_writing import data_set_parts
from fileroom.adapters.system.uid_source import RandomUidSource
from fileroom.application.ports.file_transcoder import TranscodedFile
from fileroom.domain.errors import (
    FileroomError,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
    NotDicom,
    NotFound,
    StorageError,
)
from fileroom.domain.pixel_target import (
    JPEG2000,
    JPEG_LS_NEAR_LOSSLESS,
    LOSSLESS,
    LOSSY,
    UNCOMPRESSED,
    WRITABLE,
    PixelTarget,
)
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from tests.samples import BROKEN, BUNDLED, OBJECTS, damaged_files, name_of

TRANSCODER = TreeFileTranscoder(uids=RandomUidSource())
DESCRIPTION = {0x00280004, 0x00280006, 0x00280101, 0x00280102, PIXEL_DATA}
"""What is said of pixels, and pixels themselves."""
LOSS = {0x00282110, 0x00282112, 0x00282114}
EXPLICIT = [uid for uid in UNCOMPRESSED if uid != IMPLICIT_VR_LITTLE_ENDIAN]
DERIVATION = {0x00080008, 0x00080018, 0x00082111, 0x00082112, 0x00089215}
# What is wrong with the file itself, not with the way from one syntax to the other.
UNFIT = ("(0028,0008) is not a number", "Rows is missing", "the object says 256x1024")
# What an encoder does not take.
HONEST = (" does not take ", "is not written for images of less than")


def a_target(uid: str) -> PixelTarget:
    """The target with something asked of lossy ones."""
    return PixelTarget(
        transfer_syntax_uid=uid,
        ratio=10.0 if uid == JPEG2000 else None,
        near=2 if uid == JPEG_LS_NEAR_LOSSLESS else None,
    )


def named(name: str) -> Path:
    """A bundled file."""
    return next(path for path in BUNDLED if path.name == name)


def rest_of(tree: Tree, without: set[int]) -> list[bytes]:
    """Every element at the top but those that pixels change, in implicit VR: tags and values are left of them."""
    return [
        b"".join(data_set_parts(Item(elements=[element], encoding=tree.encoding), IMPLICIT_LITTLE))
        for element in tree.root.elements
        if element.tag & 0xFFFF and element.tag not in without
    ]


def frames_of(tree: Tree) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]":
    """The pixels of every frame, none where they cannot be had."""
    try:
        return [frame.pixels for frame in Frames(tree)]
    except FileroomError:
        return []


def transcoded(path: Path, output: Path, uid: str) -> TranscodedFile | None:
    """Transcode a file; None where it is no image that can be packed so, which is told."""
    try:
        return TRANSCODER.transcode(path, output, a_target(uid))
    except (InvalidDicom, InvalidInput) as error:
        told = error.message
    if not any(why in told for why in HONEST + UNFIT):
        pytest.fail(told)
    return None


# Every bundled file, to everything -----------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", WRITABLE, ids=lambda uid: transfer_syntax(uid).short_name)
@pytest.mark.parametrize("path", OBJECTS, ids=name_of)
def test_file_is_the_same_but_for_its_encoding(path: Path, uid: str, tmp_path: Path) -> None:
    output = tmp_path / "out.dcm"
    with open_tree(path) as tree:
        was, before = tree.transfer_syntax_uid, frames_of(tree)
    made = transcoded(path, output, uid)
    if made is None:
        assert list(tmp_path.iterdir()) == []
        return

    with open_tree(path) as tree, open_tree(output) as there:
        assert there.transfer_syntax_uid == made.transfer_syntax_uid == uid
        assert made.source_transfer_syntax_uid == was
        after = frames_of(there)
        assert len(before) == len(after)
        if uid not in LOSSY:
            assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
            assert made.lossless
            assert made.pixels_identical is (True if tree.root.find(PIXEL_DATA) else None)
            assert made.sop_instance_uid == made.source_sop_instance_uid
        changed = DESCRIPTION | (LOSS if was != uid else set())
        if not made.lossless:
            changed |= LOSS | DERIVATION
        if path.name == "UN_sequence.dcm" and uid == EXPLICIT_VR_BIG_ENDIAN:
            # A delimiter within UN would have the wrong byte order: its length is told instead.
            changed.add(0x4453100C)
        assert rest_of(tree, changed) == rest_of(there, changed)
    assert made.output_bytes == output.stat().st_size


@pytest.mark.parametrize("uid", LOSSLESS, ids=lambda uid: transfer_syntax(uid).short_name)
def test_most_bundled_images_can_be_packed(uid: str, tmp_path: Path) -> None:
    packed = 0
    for path in OBJECTS:
        try:
            made = TRANSCODER.transcode(path, tmp_path / "out.dcm", a_target(uid))
        except FileroomError:
            continue
        packed += made.frames is not None or made.source_transfer_syntax_uid == uid
    assert packed >= {"1.2.840.10008.1.2.4.90": 40, "1.2.840.10008.1.2.4.80": 85}.get(uid, 95)


# Without VRs, those of private elements are lost: what has such does not go by way of implicit VR.
@pytest.mark.parametrize(
    ("name", "uid"),
    [
        *((name, uid) for name in ("rtplan.dcm", "MR_small.dcm") for uid in UNCOMPRESSED),
        *((name, uid) for name in ("CT_small.dcm", "test-SR.dcm", "reportsi.dcm") for uid in EXPLICIT),
    ],
)
def test_way_there_and_back_gives_the_same_data_set(name: str, uid: str, tmp_path: Path) -> None:
    path = named(name)
    with open_tree(path) as tree:
        was, offset = tree.transfer_syntax_uid, tree.data_offset
    TRANSCODER.transcode(path, tmp_path / "there", a_target(uid))
    TRANSCODER.transcode(tmp_path / "there", tmp_path / "back", a_target(was))
    with open_tree(tmp_path / "back") as back:
        assert (tmp_path / "back").read_bytes()[back.data_offset :] == path.read_bytes()[offset:]


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_file_is_told_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    path = named(name)
    with pytest.raises(InvalidDicom):
        TRANSCODER.transcode(path, tmp_path / "out" / "there.dcm", a_target(LOSSLESS[0]))
    assert not list(tmp_path.rglob("*.*"))


def test_directory_is_no_object(tmp_path: Path) -> None:
    with pytest.raises(NotDicom, match="DICOMDIR"):
        TRANSCODER.transcode(named("DICOMDIR"), tmp_path / "out", a_target(UNCOMPRESSED[0]))


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        TRANSCODER.transcode(tmp_path / "nowhere", tmp_path / "out", a_target(UNCOMPRESSED[0]))


def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError):
        TRANSCODER.transcode(named("CT_small.dcm"), tmp_path / "file" / "out", a_target(UNCOMPRESSED[0]))


def test_more_pixels_than_allowed_are_not_decoded(tmp_path: Path) -> None:
    few = TreeFileTranscoder(uids=RandomUidSource(), limits=PixelLimits(frame_bytes=1000))
    with pytest.raises(LimitExceeded):
        few.transcode(named("MR_small_RLE.dcm"), tmp_path / "out", a_target(UNCOMPRESSED[0]))
    assert list(tmp_path.iterdir()) == []


def test_file_meta_information_within_the_data_set_is_not_written(tmp_path: Path) -> None:
    """Else it would be taken for what the new file says of itself."""
    content = bytearray(named("CT_small.dcm").read_bytes())
    content[132] = 1  # of the group of (0002,0000): what follows is in the data set then
    source, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(content)
    with pytest.raises(InvalidDicom, match=r"\(0002,0001\) stands in the data set"):
        TRANSCODER.transcode(source, output, a_target(LOSSLESS[0]))
    assert not output.exists()


def test_what_is_there_stays_when_it_fails(tmp_path: Path) -> None:
    output = tmp_path / "out.dcm"
    output.write_bytes(b"before")
    with pytest.raises(InvalidDicom):
        TRANSCODER.transcode(named("MR_truncated.dcm"), output, a_target(UNCOMPRESSED[0]))
    assert output.read_bytes() == b"before"


def test_transcoder_and_its_result_cross_processes(tmp_path: Path) -> None:
    there = pickle.loads(pickle.dumps(TRANSCODER))  # noqa: S301 - made a moment ago
    made = there.transcode(named("CT_small.dcm"), tmp_path / "out", a_target(LOSSLESS[0]))
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - made a moment ago


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=damaged_files(), uid=st.sampled_from(WRITABLE))
def test_damaged_file_is_transcoded_or_told_and_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, uid: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    source, output = folder / "in", folder / "out"
    source.write_bytes(content)
    try:
        TRANSCODER.transcode(source, output, a_target(uid))
    except FileroomError:
        assert [path.name for path in folder.iterdir()] == ["in"]
    else:
        with open_tree(output) as tree:
            assert tree.transfer_syntax_uid == uid
