"""Transcoding beside DCMTK's converters and GDCM's: their results are read by us, and ours by them.

Pixels are compared as values, data sets element by element. Where the two differ, the test says why.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fileroom.adapters.files.pixels.frames import Frames
from fileroom.adapters.files.structure import IMPLICIT_LITTLE
from fileroom.adapters.files.transcoding.file_transcoder import TreeFileTranscoder
from fileroom.adapters.files.tree import Item, open_tree
from fileroom.adapters.files.tree_writing import data_set_parts
from fileroom.adapters.system.uid_source import RandomUidSource
from fileroom.domain.pixel_target import PixelTarget, pixel_target
from tests.interop import peers
from tests.samples import BUNDLED
from tests.unit.adapters.files.test_transcoding_pixels import an_image, ramp, write

pytestmark = pytest.mark.interop

Pixels = NDArray[np.generic]
TRANSCODER = TreeFileTranscoder(uids=RandomUidSource())
EXPLICIT = pixel_target("explicit-vr-little-endian")
PACKABLE = (
    "CT_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "examples_palette.dcm",
    "examples_rgb_color.dcm", "examples_overlay.dcm", "ExplVR_BigEnd.dcm", "image_dfl.dcm", "chrX2.dcm",
)  # fmt: skip
"""Signed and not, gray and in colour, by pixel and by plane, of 8, 12 and 16 bits, in all uncompressed syntaxes."""


def named(name: str) -> Path:
    """A bundled file."""
    return next(path for path in BUNDLED if path.name == name)


def run(name: str, *arguments: str | Path) -> None:
    """Run a converter to its end; it must succeed."""
    ran = subprocess.run([peers.program(name), *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def transcoded(source: Path, output: Path, target: PixelTarget) -> Path:
    """Our result."""
    TRANSCODER.transcode(source, output, target)
    return output


def pixels_of(path: Path) -> list[Pixels]:
    """The values of every frame."""
    with open_tree(path) as tree:
        return [frame.pixels for frame in Frames(tree)]


def photometric_of(path: Path) -> str:
    """Of the pixels as they decode."""
    with open_tree(path) as tree:
        return Frames(tree).read(0).photometric


def same(one: Sequence[Pixels], other: Sequence[Pixels]) -> bool:
    """Every value of every frame."""
    return len(one) == len(other) and all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def elements_of(path: Path, *, without: Sequence[int] = ()) -> dict[int, bytes]:
    """Every element at the top, with all that is in it, in implicit VR: tags and values are left of it.

    Group lengths and Data Set Trailing Padding, which converters leave out, are left out; lengths are told.
    """
    with open_tree(path) as tree:
        for _, element, _ in tree.walk():
            element.length = 0
            for inner in element.items or ():
                inner.is_undefined = False
        return {
            element.tag: b"".join(data_set_parts(Item([element], encoding=tree.encoding), IMPLICIT_LITTLE))
            for element in tree.root.elements
            if element.tag & 0xFFFF and element.tag not in {0xFFFCFFFC, *without}
        }


# Uncompressed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "target"),
    [
        ("+ti", "implicit-vr-little-endian"),
        ("+te", "explicit-vr-little-endian"),
        ("+tb", "explicit-vr-big-endian"),
        ("+td", "deflated-explicit-vr-little-endian"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        *PACKABLE, "rtplan.dcm", "rtdose.dcm", "test-SR.dcm", "reportsi.dcm", "chrKoreanMulti.dcm", "waveform_ecg.dcm",
        "SC_ybr_full_422_uncompressed.dcm", "rtdose_expb.dcm", "liver_1frame.dcm",
    ],
)  # fmt: skip
def test_data_set_is_that_of_dcmconv(name: str, option: str, target: str, tmp_path: Path) -> None:
    run("dcmconv", option, named(name), tmp_path / "theirs")
    ours = elements_of(transcoded(named(name), tmp_path / "ours", pixel_target(target)))
    theirs = elements_of(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    assert [f"{tag:08X}" for tag in ours if ours[tag] != theirs[tag]] == []


# Compressed: theirs read by us, ours by them -------------------------------------------------------------------------

PACKERS = [
    ("rle-lossless", "dcmcrle", ()),
    ("rle-lossless", "gdcmconv", ("--rle",)),
    ("jpeg-ls-lossless", "dcmcjpls", ()),
    ("jpeg-ls-lossless", "gdcmconv", ("--jpegls",)),
    ("jpeg2000-lossless", "gdcmconv", ("--j2k",)),
]
UNPACKERS = [
    ("rle-lossless", "dcmdrle", ()),
    ("rle-lossless", "gdcmconv", ("--raw",)),
    ("jpeg-ls-lossless", "dcmdjpls", ()),
    ("jpeg-ls-lossless", "gdcmconv", ("--raw",)),
    ("jpeg2000-lossless", "gdcmconv", ("--raw",)),
]


@pytest.mark.parametrize(("target", "program", "options"), PACKERS)
@pytest.mark.parametrize("name", PACKABLE)
def test_what_they_pack_has_the_same_pixels_when_we_unpack_it(
    name: str, target: str, program: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    source = transcoded(named(name), tmp_path / "in", EXPLICIT)
    run(program, *options, source, tmp_path / "theirs")
    with open_tree(tmp_path / "theirs") as tree:
        assert tree.transfer_syntax_uid == pixel_target(target).transfer_syntax_uid
    back = transcoded(tmp_path / "theirs", tmp_path / "back", EXPLICIT)
    assert same(pixels_of(back), pixels_of(source))
    assert photometric_of(back) == photometric_of(source)


@pytest.mark.parametrize(("target", "program", "options"), UNPACKERS)
@pytest.mark.parametrize("name", PACKABLE)
def test_what_we_pack_has_the_same_pixels_when_they_unpack_it(
    name: str, target: str, program: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    packed = transcoded(named(name), tmp_path / "packed", pixel_target(target))
    run(program, *options, packed, tmp_path / "theirs")
    assert same(pixels_of(tmp_path / "theirs"), pixels_of(named(name)))


MADE = {
    "signed, 12 bits": an_image(ramp(1, 40, 50, dtype="<i2", most=0xFFF), stored=12),
    "three frames": an_image(ramp(3, 64, 48)),
    "two frames in colour": an_image(ramp(2, 40, 40, 3, dtype="u1")),
    "brightness and colour": an_image(ramp(1, 40, 40, 3, dtype="u1"), PhotometricInterpretation="YBR_FULL"),
    "shifted up": an_image((ramp(1, 40, 50, most=0xFFF).astype("<u2") << 4), BitsStored=12, HighBit=15),
}


@pytest.mark.parametrize(("target", "program", "options"), UNPACKERS)
@pytest.mark.parametrize("kind", MADE)
def test_pixels_of_every_kind_are_the_same_when_they_unpack_them(
    kind: str, target: str, program: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    source = write(tmp_path / "in", MADE[kind])
    packed = transcoded(source, tmp_path / "packed", pixel_target(target))
    run(program, *options, packed, tmp_path / "theirs")
    assert same(pixels_of(tmp_path / "theirs"), pixels_of(source))


@pytest.mark.parametrize(
    ("target", "program", "options"),
    [("jpeg2000", "gdcmconv", ("--raw",)), ("jpeg-ls-near-lossless", "dcmdjpls", ())],
)
@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_rgb_color.dcm", "examples_overlay.dcm"])
def test_what_we_pack_with_loss_has_for_them_the_pixels_that_it_has_for_us(
    name: str, target: str, program: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    asked = pixel_target(target, ratio=12.0) if target == "jpeg2000" else pixel_target(target, near=2)
    packed = transcoded(named(name), tmp_path / "packed", asked)
    run(program, *options, packed, tmp_path / "theirs")
    assert same(pixels_of(tmp_path / "theirs"), pixels_of(packed))


@pytest.mark.parametrize(
    ("program", "options", "name"),
    [
        ("dcmdjpeg", (), "SC_rgb_jpeg_gdcm.dcm"),
        ("dcmdjpeg", ("+cn",), "SC_rgb_dcmtk_+eb+cr.dcm"),
        ("dcmdjpeg", ("+cn",), "SC_rgb_dcmtk_+eb+cy+n1.dcm"),
        ("dcmdjpeg", ("+cn",), "SC_rgb_dcmtk_+eb+cy+np.dcm"),
        ("dcmdjpeg", ("+cn",), "SC_rgb_jpeg_lossy_gdcm.dcm"),
        ("dcmdjpeg", ("+cn",), "examples_ybr_color.dcm"),
        ("dcmdjpls", (), "MR_small_jpeg_ls_lossless.dcm"),
        ("dcmdjpls", (), "JPEGLSNearLossless_16.dcm"),
        ("dcmdrle", (), "SC_rgb_rle_2frame.dcm"),
        ("dcmdrle", (), "MR_small_RLE.dcm"),
        ("gdcmconv", ("--raw",), "MR_small_jp2klossless.dcm"),
        ("gdcmconv", ("--raw",), "examples_jpeg2k.dcm"),
        ("gdcmconv", ("--raw",), "693_J2KI.dcm"),
        ("gdcmconv", ("--raw",), "JPGExtended.dcm"),
    ],
)
def test_what_others_packed_has_the_same_pixels_for_us_and_for_them(
    program: str, options: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    run(program, *options, named(name), tmp_path / "theirs")
    ours = pixels_of(transcoded(named(name), tmp_path / "ours", EXPLICIT))
    theirs = pixels_of(tmp_path / "theirs")
    assert [frame.shape for frame in ours] == [frame.shape for frame in theirs]
    assert same(ours, theirs)
