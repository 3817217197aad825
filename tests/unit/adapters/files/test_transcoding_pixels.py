"""What transcoding makes of pixels of every kind, and what it says of them."""

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate as encapsulated
from pydicom.pixels.decoders.base import get_decoder
from pydicom.sequence import Sequence

from fileroom.adapters.files.pixels.encapsulation import EncapsulatedFrames
from fileroom.adapters.files.structure import EXPLICIT_BIG, PIXEL_DATA, UNDEFINED
from fileroom.adapters.files.transcoding import spool
from fileroom.adapters.files.transcoding.file_transcoder import TreeFileTranscoder
from fileroom.adapters.files.transcoding.fragments import EXTENDED_LENGTHS, EXTENDED_OFFSETS, encapsulate
from fileroom.adapters.files.tree import Item, Stored, value_bytes
from fileroom.adapters.system.uid_source import RandomUidSource
from fileroom.application.ports.file_transcoder import TranscodedFile
from fileroom.domain.errors import FileroomError, InvalidDicom, InvalidInput, LimitExceeded
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.pixel_target import (
    JPEG2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    PixelTarget,
    pixel_target,
)
from tests.builders import a_data_set, encoded
from tests.samples import BUNDLED

EXPLICIT = pixel_target("explicit-vr-little-endian")
BIG = pixel_target("explicit-vr-big-endian")
PACKED = [pixel_target(name) for name in ("rle-lossless", "jpeg-ls-lossless", "jpeg2000-lossless")]
LOSSY = [pixel_target("jpeg2000", ratio=8.0), pixel_target("jpeg-ls-near-lossless", near=3)]
TARGETS = [*PACKED, EXPLICIT, BIG]
Pixels = NDArray[np.generic]


def named(name: str) -> Path:
    """A bundled file."""
    return next(path for path in BUNDLED if path.name == name)


def an_image(pixels: Pixels, *, stored: int | None = None, **values: Any) -> Dataset:
    """An object with these pixels: frames, rows, columns and, of colour, samples."""
    is_colour = pixels.ndim == 4
    data_set = a_data_set(
        NumberOfFrames=pixels.shape[0],
        Rows=pixels.shape[1],
        Columns=pixels.shape[2],
        SamplesPerPixel=3 if is_colour else 1,
        PhotometricInterpretation="RGB" if is_colour else "MONOCHROME2",
        BitsAllocated=8 * pixels.itemsize,
        BitsStored=stored or 8 * pixels.itemsize,
        HighBit=(stored or 8 * pixels.itemsize) - 1,
        PixelRepresentation=int(pixels.dtype.kind == "i"),
    )
    if is_colour:
        data_set.PlanarConfiguration = 0
    content = pixels.tobytes()
    data_set.PixelData = content + b"\0" * (len(content) % 2)
    data_set["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    for keyword, value in values.items():
        setattr(data_set, keyword, value)
    return data_set


def write(path: Path, data_set: Dataset, syntax: str = EXPLICIT.transfer_syntax_uid) -> Path:
    """A data set as a file of an explicit little endian syntax."""
    header = encode_file_meta(
        sop_class_uid=data_set.SOPClassUID,
        sop_instance_uid=data_set.SOPInstanceUID,
        transfer_syntax_uid=syntax,
    )
    path.write_bytes(header + encoded(data_set, syntax))
    return path


def transcode(source: Path, target: PixelTarget) -> tuple[TranscodedFile, Path, Dataset]:
    """Transcode beside the source."""
    output = source.with_name(f"{source.name}.{target.transfer_syntax_uid}")
    made = TreeFileTranscoder(uids=RandomUidSource()).transcode(source, output, target)
    return made, output, dcmread(output)


def stored_pixels(data_set: Dataset) -> Pixels:
    """What pydicom decodes, without a change of colours."""
    syntax = data_set.file_meta.TransferSyntaxUID
    return get_decoder(syntax).as_array(data_set, raw=True)[0]


def ramp(*shape: int, dtype: str = "<u2", most: int = 0) -> Pixels:
    """Smooth pixels that are different in every frame."""
    values = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape) * 7
    kind = np.dtype(dtype)
    limit = most or np.iinfo(kind).max
    folded = values % (limit + 1)
    return (folded - (limit + 1) // 2 if kind.kind == "i" else folded).astype(kind)


# Without loss --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.transfer_syntax_uid)
@pytest.mark.parametrize(
    "data_set",
    [
        an_image(ramp(1, 40, 50)),
        an_image(ramp(3, 33, 35, dtype="u1")),
        an_image(ramp(2, 40, 50, dtype="<i2")),
        an_image(ramp(2, 40, 50, dtype="<i2", most=0xFFF), stored=12),
        an_image(ramp(1, 40, 50, dtype="<u2", most=0x3FF), stored=10),
        an_image(ramp(2, 40, 40, 3, dtype="u1")),
        an_image(ramp(1, 33, 47, 3, dtype="<u2")),
        an_image(ramp(1, 40, 40, 3, dtype="u1"), PhotometricInterpretation="YBR_FULL"),
        an_image(ramp(2, 40, 50), PhotometricInterpretation="MONOCHROME1"),
    ],
    ids=["16", "8x3", "signed", "signed12", "10", "rgbx2", "rgb16", "ybr", "inverse"],
)
def test_values_come_back_through_every_syntax(
    data_set: Dataset, target: PixelTarget, tmp_path: Path
) -> None:
    source = write(tmp_path / "in", data_set)
    before = stored_pixels(dcmread(source))

    made, output, packed = transcode(source, target)
    _, _, back = transcode(output, EXPLICIT)

    assert made.lossless
    assert made.pixels_identical
    assert np.array_equal(stored_pixels(packed), before)
    assert np.array_equal(stored_pixels(back), before)
    assert back.PhotometricInterpretation == data_set.PhotometricInterpretation
    assert "LossyImageCompression" not in packed


def test_planes_are_packed_pixel_by_pixel_and_say_so(tmp_path: Path) -> None:
    pixels = ramp(1, 40, 50, 3, dtype="u1")
    data_set = an_image(pixels, PlanarConfiguration=1)
    data_set.PixelData = pixels.transpose(0, 3, 1, 2).tobytes()
    source = write(tmp_path / "in", data_set)

    for target in PACKED:
        _, output, packed = transcode(source, target)
        assert packed.PlanarConfiguration == 0
        _, _, back = transcode(output, EXPLICIT)
        assert np.array_equal(stored_pixels(back), pixels[0])


def test_colours_are_transformed_in_jpeg_2000_and_named_so(tmp_path: Path) -> None:
    source = write(tmp_path / "in", an_image(ramp(1, 40, 40, 3, dtype="u1")))
    assert transcode(source, PACKED[2])[2].PhotometricInterpretation == "YBR_RCT"
    assert transcode(source, LOSSY[0])[2].PhotometricInterpretation == "YBR_ICT"
    assert transcode(source, PACKED[1])[2].PhotometricInterpretation == "RGB"


def test_colours_that_were_left_out_are_filled_in_and_named_so(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(named("SC_ybr_full_422_uncompressed.dcm").read_bytes())
    for target in PACKED:
        assert transcode(source, target)[2].PhotometricInterpretation == "YBR_FULL"
    assert transcode(source, BIG)[2].PhotometricInterpretation == "YBR_FULL_422"


def test_bits_above_the_high_bit_move_down_when_they_are_packed(tmp_path: Path) -> None:
    values = ramp(1, 40, 50, most=0xFFF)
    source = write(tmp_path / "in", an_image((values.astype("<u2") << 4), BitsStored=12, HighBit=15))

    _, _, packed = transcode(source, PACKED[1])

    assert (packed.BitsStored, packed.HighBit) == (12, 11)
    assert np.array_equal(stored_pixels(packed), values[0])


@pytest.mark.parametrize("target", PACKED, ids=lambda target: target.transfer_syntax_uid)
def test_overlay_among_the_pixels_is_not_lost(target: PixelTarget, tmp_path: Path) -> None:
    data_set = an_image(ramp(1, 40, 50, most=0xFFF), stored=12)
    data_set.add_new(0x60000010, "US", 40)
    data_set.add_new(0x60000102, "US", 15)
    with pytest.raises(InvalidDicom, match="overlay in group 6000 is in bit 15"):
        transcode(write(tmp_path / "in", data_set), target)


def test_values_beyond_bits_stored_are_no_pixels(tmp_path: Path) -> None:
    """PS3.5 8.1.1: bits that are not stored hold none, so that whoever reads pixels leaves them out."""
    source = write(tmp_path / "in", an_image(ramp(1, 40, 50, most=0xFFFF), stored=12, HighBit=11))
    _, _, packed = transcode(source, PACKED[1])
    assert np.array_equal(stored_pixels(packed), ramp(1, 40, 50, most=0xFFFF)[0] & 0xFFF)


def test_single_bits_go_on_from_frame_to_frame_when_they_are_unpacked(tmp_path: Path) -> None:
    bits = (ramp(5, 3, 5, dtype="u1") // 7 % 3 == 0).astype("u1")
    data_set = an_image(bits, BitsAllocated=1, BitsStored=1, HighBit=0)
    frames = [np.packbits(frame.reshape(-1), bitorder="little").tobytes() for frame in bits]
    data_set.PixelData = encapsulated(frames, has_bot=True)
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    source = write(tmp_path / "in", data_set, "1.2.840.10008.1.2.1.98")  # encapsulated uncompressed

    made, _, back = transcode(source, EXPLICIT)

    assert made.frames == 5
    assert back.PixelData == np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    assert np.array_equal(stored_pixels(back), bits)


def test_icon_is_unpacked_with_the_image(tmp_path: Path) -> None:
    image = an_image(ramp(1, 40, 50))
    icon = an_image(ramp(1, 16, 16, dtype="u1"))
    packed = get_packed(tmp_path, icon, PACKED[0])
    icon.PixelData = packed.PixelData
    icon["PixelData"].is_undefined_length = True
    whole = get_packed(tmp_path, image, PACKED[0])
    whole.IconImageSequence = Sequence([icon])
    source = write(tmp_path / "in", whole, RLE_LOSSLESS)

    for target in (EXPLICIT, BIG, PACKED[1]):
        _, _, made = transcode(source, target)
        (inner,) = made.IconImageSequence
        assert inner.PixelData == ramp(1, 16, 16, dtype="u1").tobytes()
        assert not inner["PixelData"].is_undefined_length


def get_packed(folder: Path, data_set: Dataset, target: PixelTarget) -> Dataset:
    """The same in another syntax."""
    return transcode(write(folder / "plain", data_set), target)[2]


# With loss -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", LOSSY, ids=lambda target: target.transfer_syntax_uid)
def test_loss_makes_a_derived_object_that_says_so(target: PixelTarget, tmp_path: Path) -> None:
    data_set = an_image(ramp(2, 64, 64), ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    made, _, lossy = transcode(write(tmp_path / "in", data_set), target)

    assert not made.lossless
    assert made.max_difference
    assert lossy.SOPInstanceUID == made.sop_instance_uid != data_set.SOPInstanceUID
    assert lossy.file_meta.MediaStorageSOPInstanceUID == lossy.SOPInstanceUID
    assert list(lossy.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert lossy.LossyImageCompression == "01"
    assert made.compression_ratio == pytest.approx(lossy.LossyImageCompressionRatio, rel=1e-3)
    assert lossy.LossyImageCompressionMethod in {"ISO_15444_1", "ISO_14495_1"}
    assert lossy.DerivationDescription.startswith("Lossy compression: JPEG")
    assert lossy.DerivationCodeSequence[0].CodeValue == "113040"
    (before,) = lossy.SourceImageSequence
    assert before.ReferencedSOPInstanceUID == data_set.SOPInstanceUID
    assert before.ReferencedSOPClassUID == data_set.SOPClassUID
    assert before.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert [element.tag for element in lossy] == sorted(element.tag for element in lossy)


def test_loss_is_added_to_what_was_lost_before(tmp_path: Path) -> None:
    source = write(tmp_path / "in", an_image(ramp(1, 64, 64), DerivationDescription="Made up"))
    _, first, _ = transcode(source, LOSSY[0])
    _, _, twice = transcode(first, LOSSY[1])

    assert list(twice.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_14495_1"]
    assert len(twice.LossyImageCompressionRatio) == 2
    assert twice.DerivationDescription.split("; ")[0] == "Made up"
    assert len(twice.DerivationDescription.split("; ")) == 3
    purposes = [each.PurposeOfReferenceCodeSequence[0].CodeValue for each in twice.SourceImageSequence]
    assert purposes == ["121320", "121322"]


def test_loss_stays_told_when_it_is_unpacked_or_packed_without_loss(tmp_path: Path) -> None:
    _, lossy, before = transcode(write(tmp_path / "in", an_image(ramp(1, 64, 64))), LOSSY[0])
    for target in TARGETS:
        made, _, after = transcode(lossy, target)
        assert made.lossless
        assert after.LossyImageCompression == "01"
        assert after.LossyImageCompressionRatio == before.LossyImageCompressionRatio
        assert after.SOPInstanceUID == before.SOPInstanceUID


def test_loss_is_told_where_only_the_transfer_syntax_said_so(tmp_path: Path) -> None:
    silent = dcmread(named("SC_rgb_small_odd_jpeg.dcm"))
    del silent.LossyImageCompression, silent.LossyImageCompressionRatio, silent.LossyImageCompressionMethod
    source = write(tmp_path / "in", silent, "1.2.840.10008.1.2.4.50")
    _, _, unpacked = transcode(source, EXPLICIT)
    assert unpacked.LossyImageCompression == "01"
    assert unpacked.LossyImageCompressionMethod == "ISO_10918_1"


def test_near_lossless_keeps_to_what_may_differ(tmp_path: Path) -> None:
    pixels = ramp(2, 64, 64)
    made, _, near = transcode(write(tmp_path / "in", an_image(pixels)), LOSSY[1])
    difference = np.abs(stored_pixels(near).astype(int) - pixels.astype(int)).max()
    assert made.max_difference == difference
    assert 0 < difference <= 3


def test_near_lossless_that_would_turn_a_sign_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    pixels = rng.choice(np.array([32766, 32767, -32768, -32767], "<i2"), (1, 64, 64))
    with pytest.raises(InvalidDicom, match="wrap around"):
        transcode(write(tmp_path / "in", an_image(pixels)), LOSSY[1])


def test_quality_is_taken_for_a_ratio(tmp_path: Path) -> None:
    source = write(tmp_path / "in", an_image(ramp(1, 64, 64)))
    good = transcode(source, pixel_target("jpeg2000", quality=80.0))[0]
    bad = transcode(source, pixel_target("jpeg2000", quality=20.0))[0]
    assert (good.max_difference or 0) < (bad.max_difference or 0)


# What cannot be -----------------------------------------------------------------------------------------------------


def test_pixels_that_are_elsewhere_are_told(tmp_path: Path) -> None:
    data_set = an_image(ramp(1, 40, 50), PixelDataProviderURL="https://example.org/1")
    del data_set.PixelData
    with pytest.raises(InvalidInput, match="on a server"):
        transcode(write(tmp_path / "in", data_set, "1.2.840.10008.1.2.4.94"), EXPLICIT)


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.107", "1.2.3.4"])
def test_pixels_that_nobody_decodes_are_told(uid: str, tmp_path: Path) -> None:
    data_set = get_packed(tmp_path, an_image(ramp(1, 40, 50)), PACKED[0])
    path = write(tmp_path / "in", data_set, RLE_LOSSLESS)
    header = encode_file_meta(
        sop_class_uid=data_set.SOPClassUID, sop_instance_uid=data_set.SOPInstanceUID, transfer_syntax_uid=uid
    )
    path.write_bytes(header + encoded(data_set, RLE_LOSSLESS))
    with pytest.raises(InvalidInput, match="cannot be decoded"):
        transcode(path, EXPLICIT)


def test_floating_point_pixels_are_not_packed(tmp_path: Path) -> None:
    data_set = an_image(ramp(1, 40, 50, dtype="<u4"))
    del data_set.PixelData
    data_set.FloatPixelData = bytes(40 * 50 * 4)
    source = write(tmp_path / "in", data_set)
    with pytest.raises(InvalidDicom, match="does not take floating point pixels"):
        transcode(source, PACKED[0])
    assert transcode(source, BIG)[0].pixels_identical


# Fragments -----------------------------------------------------------------------------------------------------------


def test_offsets_lead_to_the_frames(tmp_path: Path) -> None:
    _, _, packed = transcode(write(tmp_path / "in", an_image(ramp(4, 40, 50))), PACKED[1])
    content = packed.PixelData
    count = struct.unpack_from("<I", content, 4)[0] // 4
    offsets = struct.unpack_from(f"<{count}I", content, 8)
    base = 8 + 4 * count
    assert len(offsets) == 4
    assert all(content[base + at : base + at + 4] == b"\xfe\xff\x00\xe0" for at in offsets)
    assert all(content[base + at + 8 : base + at + 10] == b"\xff\xd8" for at in offsets)


class _Huge(Stored):
    """A value that is only said to be there."""

    def __init__(self, size: int) -> None:
        self.size = size


@pytest.mark.parametrize("order", ["<", ">"])
def test_offsets_beyond_32_bits_stand_in_the_extended_table(order: str) -> None:
    item = Item(encoding=EXPLICIT_BIG) if order == ">" else Item()
    sizes = [0xF0000001, 0xF0000000, 10]

    encapsulate(item, [_Huge(size) for size in sizes])

    offsets, lengths, pixels = item.elements
    assert (offsets.tag, lengths.tag, pixels.tag) == (EXTENDED_OFFSETS, EXTENDED_LENGTHS, PIXEL_DATA)
    assert pixels.fragments is not None
    assert pixels.fragments[0] == b""
    assert struct.unpack(f"{order}3Q", value_bytes(offsets.value)) == (0, 0xF000000A, 0x1E0000012)
    assert struct.unpack(f"{order}3Q", value_bytes(lengths.value)) == tuple(sizes)

    # What reads them finds the third frame, and that the first is too long for it.
    frames = EncapsulatedFrames(item, pixels, 3, max_bytes=100)
    with pytest.raises(LimitExceeded, match="frame 1 has 4026531841"):
        frames.read(0)


def test_frame_that_is_too_long_for_a_fragment_is_refused() -> None:
    with pytest.raises(InvalidDicom, match="too long for a fragment"):
        encapsulate(Item(), [_Huge(UNDEFINED)])


# Bounds --------------------------------------------------------------------------------------------------------------


def test_pixels_out_of_proportion_are_not_decoded(tmp_path: Path) -> None:
    data_set = get_packed(tmp_path, an_image(ramp(1, 40, 50)), PACKED[0])
    data_set.Rows = data_set.Columns = 30_000
    data_set["PixelData"].is_undefined_length = True
    with pytest.raises(FileroomError) as caught:
        transcode(write(tmp_path / "in", data_set, RLE_LOSSLESS), EXPLICIT)
    assert isinstance(caught.value, LimitExceeded)


def test_memory_does_not_grow_with_the_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "HELD_BYTES", 1 << 16)
    few = write(tmp_path / "few", an_image(ramp(20, 128, 128)))
    many = write(tmp_path / "many", an_image(ramp(400, 128, 128)))
    transcode(few, PACKED[1])
    peaks = []
    for source in (few, many):
        tracemalloc.start()
        _, packed, _ = measured(source, PACKED[1])
        measured(packed, EXPLICIT)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (2 << 20)


def measured(source: Path, target: PixelTarget) -> tuple[TranscodedFile, Path, None]:
    """Transcode without reading the result."""
    output = source.with_name(f"{source.name}.{target.transfer_syntax_uid}")
    return TreeFileTranscoder(uids=RandomUidSource()).transcode(source, output, target), output, None


@pytest.mark.parametrize("uid", [RLE_LOSSLESS, JPEG_LS_LOSSLESS, JPEG2000_LOSSLESS])
def test_object_that_is_in_the_syntax_already_is_written_as_it_is(uid: str, tmp_path: Path) -> None:
    _, output, before = transcode(
        write(tmp_path / "in", an_image(ramp(2, 40, 50))), PixelTarget(transfer_syntax_uid=uid)
    )
    again, _, after = transcode(output, PixelTarget(transfer_syntax_uid=uid))
    assert after.PixelData == before.PixelData
    assert again.frames is None
    assert again.pixels_identical
