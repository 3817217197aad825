"""Frames are decoded one by one, value for value what the object holds, or refused for a reason that is told."""

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder

from fileroom.adapters.files.pixels.frames import Frames
from fileroom.adapters.files.tree import open_tree
from fileroom.domain.errors import (
    ConfigurationError,
    FileroomError,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
)
from fileroom.domain.transfer_syntaxes import transfer_syntax
from tests.contract.test_header_reader_properties import local_files
from tests.images import (
    Array,
    a_file,
    an_image,
    element,
    encapsulated,
    frames_of,
    image_elements,
    tree_of,
)
from tests.strategies import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, UNCOMPRESSED, Element

ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
MPEG2 = "1.2.840.10008.1.2.4.100"
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"

# What pydicom decodes otherwise: words of OW in big endian are words to us, to DCMTK and to GDCM also where pixels
# have 32 bits (PS3.5 8.1.1); to pydicom they are 32-bit numbers.
OTHER_WORDS = {"rtdose_expb.dcm", "rtdose_expb_1frame.dcm"}
# The first of the plugins that we use, which others differ from in the last bit of lossy images.
PLUGINS = {"JPEG2000": "pylibjpeg", "JPEG2000Lossless": "pylibjpeg", "JPEGBaseline8Bit": "pillow"}


def test_frames_of_the_bundled_files_are_those_of_pydicom() -> None:
    compared = 0
    for path in local_files():
        expected = pydicoms_frames(path)
        if expected is None:
            continue
        with open_tree(path) as tree:
            frames = Frames(tree)
            found = [frame.pixels for frame in frames]
        if path.name in OTHER_WORDS:
            expected = [one.view(">u2").astype("<u2").view("<u4") for one in expected]
        assert len(found) == len(expected), path
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.dtype == theirs.dtype.newbyteorder("="), path
            np.testing.assert_array_equal(ours, theirs, err_msg=str(path))
        compared += 1
    assert compared > 70


def pydicoms_frames(path: Path) -> list[Array] | None:
    """What pydicom decodes, colours as they are; None where it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data_set = dcmread(path)
            uid = data_set.file_meta.TransferSyntaxUID
            pixels, _ = get_decoder(uid).as_array(
                data_set, raw=True, decoding_plugin=PLUGINS.get(transfer_syntax(uid).keyword, "")
            )
        except Exception:  # noqa: BLE001 - what it cannot read is not for this test
            return None
    return list(pixels) if int(data_set.get("NumberOfFrames", None) or 1) > 1 else [pixels]


@pytest.mark.parametrize(
    ("syntax", "kind"),
    [
        (syntax, f"{sign}{size}")
        for syntax in UNCOMPRESSED
        for sign in "ui"
        for size in ("12" if syntax == BIG_ENDIAN else "1248")  # there are only words in OW
    ],
)
def test_frames_are_what_was_written_in_every_uncompressed_syntax(syntax: str, kind: str) -> None:
    pixels = np.arange(-50, 52).astype(kind).reshape(2, 3, 17)
    found = frames_of(an_image(pixels, frames=2, syntax=syntax))
    np.testing.assert_array_equal(np.stack(found), pixels)
    assert found[0].dtype == np.dtype(kind)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize(("tag", "vr", "kind"), [(0x7FE00008, "OF", "f4"), (0x7FE00009, "OD", "f8")])
def test_frames_of_floating_point_pixels(syntax: str, tag: int, vr: str, kind: str) -> None:
    pixels = np.linspace(-1.5, 2.5, 12, dtype=kind).reshape(3, 4)
    elements = [
        element(0x00280002, "US", 1),
        element(0x00280004, "CS", "MONOCHROME2"),
        element(0x00280010, "US", 3),
        element(0x00280011, "US", 4),
        Element(tag, vr, pixels.tobytes()),
    ]
    (found,) = frames_of(a_file(elements, syntax))
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == np.dtype(kind)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_frames_of_colour_have_their_samples_last(planar: int, kind: str) -> None:
    pixels = np.arange(2 * 3 * 5 * 3).astype(kind).reshape(2, 3, 5, 3)
    written = pixels.transpose(0, 3, 1, 2) if planar else pixels
    elements = image_elements(
        rows=3, columns=5, samples=3, photometric="RGB", frames=2, allocated=8 * int(kind[1]), planar=planar
    )
    found = frames_of(a_file([*elements, Element(0x7FE00010, "OW", written.tobytes())]))
    np.testing.assert_array_equal(np.stack(found), pixels)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN])
def test_frames_of_single_bits_need_not_begin_with_a_byte(syntax: str, signed: int) -> None:
    bits = np.arange(3 * 5 * 7) % 3 % 2
    packed = np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()
    elements = image_elements(rows=5, columns=7, frames=3, allocated=1, signed=signed)
    found = frames_of(a_file([*elements, Element(0x7FE00010, "OW", packed)], syntax))
    np.testing.assert_array_equal(np.stack(found).ravel(), bits)


def test_frames_of_subsampled_colour_give_both_pixels_the_same() -> None:
    elements = image_elements(rows=1, columns=4, samples=3, photometric="YBR_FULL_422", allocated=8)
    content = bytes([10, 11, 100, 200, 12, 13, 101, 201])
    frame = Frames(tree_of(a_file([*elements, Element(0x7FE00010, "OB", content)]))).read(0)
    assert frame.photometric == "YBR_FULL"
    assert frame.pixels.tolist() == [[[10, 100, 200], [11, 100, 200], [12, 101, 201], [13, 101, 201]]]


@pytest.mark.parametrize(
    ("stored", "high_bit", "signed", "cell", "value"),
    [
        (12, 11, 0, 0xF123, 0x123),
        (12, 11, 1, 0x0FFF, -1),
        (12, 11, 1, 0xF7FF, 0x7FF),
        (12, 15, 0, 0x1237, 0x123),
        (12, 15, 1, 0x8000, -2048),
        (12, 13, 0, 0xC004, 1),
        (16, 15, 1, 0xFFFE, -2),
    ],
)
def test_frames_hold_the_stored_bits_with_their_sign(
    stored: int, high_bit: int, signed: int, cell: int, value: int
) -> None:
    pixels = np.full((2, 2), cell, np.uint16)
    (found,) = frames_of(an_image(pixels, stored=stored, high_bit=high_bit, signed=signed))
    assert found.tolist() == [[value] * 2] * 2


@pytest.mark.parametrize(("columns", "allocated"), [(3, 8), (4, 1)])
@pytest.mark.parametrize("syntax", [EXPLICIT, ENCAPSULATED_UNCOMPRESSED])
def test_frames_of_subsampled_colour_come_in_pairs_of_bytes(
    columns: int, allocated: int, syntax: str
) -> None:
    elements = image_elements(
        rows=2, columns=columns, samples=3, photometric="YBR_FULL_422", allocated=allocated
    )
    if syntax == EXPLICIT:
        data = a_file([*elements, Element(0x7FE00010, "OB", bytes(18 if allocated == 8 else 2))])
    else:
        data = a_file(elements, syntax, after=encapsulated(bytes(18)))
    with pytest.raises(InvalidDicom, match="YBR_FULL_422"):
        frames_of(data)


def test_frames_are_read_one_at_a_time() -> None:
    pixels = np.arange(100 * 256 * 256, dtype=np.uint32).astype(np.uint16).reshape(100, 256, 256)
    frames = Frames(tree_of(an_image(pixels, frames=100)))
    read: list[int] = []
    value = cast("Any", frames)._native._value
    whole = value.read

    def counted(count: int | None = None, start: int = 0) -> bytes:
        read.append(count or 0)
        return cast("bytes", whole(count, start))

    type(value).read, restore = (lambda _, count=None, start=0: counted(count, start)), type(value).read
    try:
        np.testing.assert_array_equal(frames.read(57).pixels, pixels[57])
    finally:
        type(value).read = restore
    assert read == [256 * 256 * 2]


def compressed(
    fragments: list[bytes], syntax: str, *, offsets: tuple[int, ...] = (), **described: Any
) -> bytes:
    """A file with compressed frames."""
    described = {"rows": 2, "columns": 4, "allocated": 8} | described
    return a_file(image_elements(**described), syntax, after=encapsulated(*fragments, offsets=offsets))


PLAIN = [bytes(range(at, at + 8)) for at in (0, 8, 16)]


def test_frames_of_several_fragments_each_are_found_by_the_table_of_offsets() -> None:
    fragments = [PLAIN[0][:2], PLAIN[0][2:], PLAIN[1], PLAIN[2][:6], PLAIN[2][6:]]
    data = compressed(fragments, ENCAPSULATED_UNCOMPRESSED, offsets=(0, 24, 40), frames=3)
    assert [frame.tobytes() for frame in frames_of(data)] == PLAIN


def test_frames_of_several_fragments_are_found_by_the_extended_table_of_offsets() -> None:
    fragments = [PLAIN[0][:2], PLAIN[0][2:], PLAIN[1]]
    elements = image_elements(rows=2, columns=4, allocated=8, frames=2)
    table = Element(0x7FE00001, "OV", struct.pack("<2Q", 0, 24))
    data = a_file([*elements, table], ENCAPSULATED_UNCOMPRESSED, after=encapsulated(*fragments))
    assert [frame.tobytes() for frame in frames_of(data)] == PLAIN[:2]


def test_frames_without_a_table_are_found_by_the_ends_of_images() -> None:
    end = b"\xff\xd9"
    fragments = [b"\0" * 4, b"\0" * 2 + end, b"\1" * 6 + end]
    data = compressed(fragments, ENCAPSULATED_UNCOMPRESSED, frames=2)
    assert [frame.tobytes() for frame in frames_of(data)] == [b"\0" * 6 + end, b"\1" * 6 + end]


def test_frames_one_in_all_fragments() -> None:
    data = compressed([PLAIN[0][:2], PLAIN[0][2:]], ENCAPSULATED_UNCOMPRESSED)
    assert [frame.tobytes() for frame in frames_of(data)] == [PLAIN[0]]


@pytest.mark.parametrize(
    ("fragments", "offsets", "why"),
    [
        (PLAIN[:1], (), "1 fragments cannot hold 2 frames"),
        ([], (), "0 fragments cannot hold 2 frames"),
        (PLAIN, (), "does not show"),
        (PLAIN, (0, 17), "byte 17, where no fragment begins"),
        (PLAIN, (16, 0), "not in the order"),
        (PLAIN, (16, 32), "not in the order"),
        (PLAIN, (0, 1 << 31), "no fragment begins"),
    ],
)
def test_frames_that_fragments_do_not_make_are_refused(
    fragments: list[bytes], offsets: tuple[int, ...], why: str
) -> None:
    with pytest.raises(InvalidDicom, match=why):
        frames_of(compressed(fragments, ENCAPSULATED_UNCOMPRESSED, offsets=offsets, frames=2))


def test_frames_that_are_deflated_are_inflated_no_further_than_needed() -> None:
    packer = zlib.compressobj(wbits=-15)
    stream = packer.compress(PLAIN[0] + bytes(1 << 20)) + packer.flush()
    (found,) = frames_of(compressed([stream], DEFLATED_FRAME))
    assert found.tobytes() == PLAIN[0]
    for damaged in (b"\xff" * 20, stream[:5]):
        with pytest.raises(InvalidDicom):
            frames_of(compressed([damaged], DEFLATED_FRAME))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rows": 0}, "Rows is 0"),
        ({"columns": 0}, "Columns is 0"),
        ({"samples": 2}, "Samples per Pixel is 2"),
        ({"samples": 3}, "MONOCHROME2 with 3 samples"),
        ({"photometric": "RGB"}, "RGB with 1 samples"),
        ({"photometric": ""}, "Photometric Interpretation is missing"),
        ({"photometric": "GREEN"}, "'GREEN'"),
        ({"allocated": 0, "stored": 1}, "Bits Allocated is missing"),
        ({"allocated": 12}, "Bits Allocated is 12"),
        ({"stored": 17}, "Bits Stored of 17"),
        ({"high_bit": 16}, "High Bit of 16"),
        ({"stored": 12, "high_bit": 5}, "High Bit of 5"),
        ({"signed": 2}, "Pixel Representation is 2"),
        ({"samples": 3, "photometric": "RGB", "planar": 2}, "Planar Configuration is 2"),
        ({"frames": "-1"}, "Number of Frames is -1"),
        ({"frames": "1A"}, "is not a number"),
        ({"frames": "1.5"}, "is not a whole number"),
        ({"frames": "NaN"}, "is not a number"),
        ({"frames": 2}, "2 frames of 4x2 need 32"),
    ],
)
def test_frames_of_an_image_that_contradicts_itself_are_refused(changes: dict[str, Any], why: str) -> None:
    described = {"rows": 2, "columns": 4} | changes
    data = a_file([*image_elements(**described), Element(0x7FE00010, "OW", bytes(18))])
    with pytest.raises(InvalidDicom, match=why):
        Frames(tree_of(data))


def test_frames_larger_than_the_bound_are_refused_before_anything_is_read() -> None:
    data = an_image(np.zeros((10, 10), np.uint16))
    assert len(frames_of(data, max_frame_bytes=200)) == 1
    with pytest.raises(LimitExceeded, match="200 bytes, more than 199"):
        Frames(tree_of(data), max_frame_bytes=199)
    for many in (1_000_001, 2_000_000_000):
        data = a_file([*image_elements(rows=1, columns=1, frames=many), Element(0x7FE00010, "OW", bytes(2))])
        with pytest.raises(LimitExceeded, match="frames, more than"):
            Frames(tree_of(data))


def test_frames_of_a_stream_with_other_dimensions_are_refused_before_a_codec_sees_it() -> None:
    huge = struct.pack(">HHHBHHB", 0xFFD8, 0xFFC0, 11, 8, 65535, 65535, 1) + bytes(3) + b"\xff\xda"
    with pytest.raises(InvalidDicom, match="65535x65535"):
        frames_of(compressed([huge], JPEG_BASELINE))
    deep = struct.pack(">HHHBHHB", 0xFFD8, 0xFFC3, 11, 16, 2, 4, 1) + bytes(3) + b"\xff\xda"
    with pytest.raises(InvalidDicom, match="16 bits a sample"):
        frames_of(compressed([deep], "1.2.840.10008.1.2.4.70"))
    scans = struct.pack(">HHHBHHB", 0xFFD8, 0xFFC2, 11, 8, 2, 4, 1) + bytes(3) + b"\xff\xda" * 65
    with pytest.raises(InvalidDicom, match="scans"):
        frames_of(compressed([scans], JPEG_BASELINE))
    siz = struct.pack(">HHHH8IH3B", 0xFF4F, 0xFF51, 41, 0, 1 << 31, 1 << 30, 0, 0, 64, 64, 0, 0, 1, 7, 1, 1)
    with pytest.raises(InvalidDicom, match="2147483648x1073741824 pixels"):
        frames_of(compressed([siz], JPEG2000_LOSSLESS))
    siz = struct.pack(">HHHH8IH3B", 0xFF4F, 0xFF51, 41, 0, 4000, 4000, 0, 0, 1, 1, 0, 0, 1, 7, 1, 1)
    with pytest.raises(InvalidDicom, match="16000000 tiles"):
        frames_of(compressed([siz], JPEG2000_LOSSLESS))


@pytest.mark.parametrize("syntax", [JPEG_BASELINE, JPEG2000_LOSSLESS, RLE, "1.2.840.10008.1.2.4.80"])
@pytest.mark.parametrize(
    "stream", [b"", b"\0" * 8, b"\xff\xd8\xff\xd9", b"\xff\x4f\xff\x51", bytes(range(64))]
)
def test_frames_that_are_no_streams_are_refused(syntax: str, stream: bytes) -> None:
    with pytest.raises(InvalidDicom):
        frames_of(compressed([stream], syntax))


def test_frames_of_a_syntax_without_codecs_are_refused() -> None:
    with pytest.raises(InvalidInput, match="MPEG2 Main Profile"):
        frames_of(compressed([b"\0" * 8], MPEG2))


def test_frames_of_a_syntax_whose_codecs_are_not_installed_tell_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(get_decoder(JPEG_BASELINE), "_available", {})
    monkeypatch.setattr("fileroom.adapters.files.pixels.gdcm_process.is_gdcm_there", lambda: False)
    with pytest.raises(ConfigurationError, match=r"JPEG Baseline .* not installed") as caught:
        frames_of(compressed([b"\0" * 8], JPEG_BASELINE))
    assert 'pip install "fileroom[codecs]"' in caught.value.hint


@pytest.mark.parametrize(
    ("syntax", "after", "why"),
    [
        (JPEG_BASELINE, Element(0x7FE00010, "OW", bytes(16)), "are not encapsulated"),
        (EXPLICIT, None, "are encapsulated"),
    ],
)
def test_frames_not_written_as_the_syntax_says_are_refused(
    syntax: str, after: Element | None, why: str
) -> None:
    described = image_elements(rows=2, columns=4)
    if after is not None:
        data = a_file([*described, after], syntax)
    else:
        data = a_file(described, syntax, after=encapsulated(b"\0" * 16))
    with pytest.raises(InvalidDicom, match=why):
        Frames(tree_of(data))


def test_frames_of_an_object_without_pixels_are_refused() -> None:
    with pytest.raises(InvalidDicom, match="no pixels"):
        Frames(tree_of(a_file([])))


def test_codecs_report_damage_in_our_words_and_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    messages: list[str] = []
    for path in local_files():
        data = path.read_bytes()
        middle = (len(data) + 1000) // 2
        try:
            frames_of(data[:middle] + bytes(64) + data[middle + 64 :])
        except FileroomError as error:
            messages.append(error.message)
    assert len(messages) > 10
    assert not any("\n" in message for message in messages)
    assert capfd.readouterr() == ("", "")
