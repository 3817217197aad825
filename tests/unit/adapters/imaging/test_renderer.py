"""Images are what the stages of PS3.4 N.2 make of frames, and are written whole or not at all."""

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fileroom.adapters.files.imaging.renderer import PillowImageRenderer
from fileroom.domain.errors import (
    ConfigurationError,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
    NotDicom,
    NotFound,
    StorageError,
)
from fileroom.domain.rendering import Contrast, ImageFormat, RenderedFile, RenderingOptions, Window
from tests.images import a_file, an_image, element, image_elements, sequence
from tests.samples import OBJECTS
from tests.strategies import Element

PIXELS = np.array([[-100, 0, 50], [100, 200, 300]], np.int16)
HU = [element(0x00281052, "DS", "-1000"), element(0x00281053, "DS", "10")]
WINDOW = [element(0x00281050, "DS", "50.5"), element(0x00281051, "DS", "101")]


class Room:
    """A folder with a file, and its rendering."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "image.png"

    def render(self, data: bytes, **options: Any) -> RenderedFile:
        """Render a file with these options."""
        source = self.folder / "object.dcm"
        source.write_bytes(data)
        return PillowImageRenderer().render(source, self.output, RenderingOptions(**options))

    def image(self, data: bytes, **options: Any) -> list[Any]:
        """Its samples, as they are read back."""
        self.render(data, **options)
        with Image.open(self.output) as image:
            found: list[Any] = np.asarray(image).tolist()
            return found


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_window_of_the_file_is_applied_after_the_modality_lut(room: Room) -> None:
    # LINEAR goes from center - 0.5 - (width - 1) / 2, here 0, to center - 0.5 + (width - 1) / 2, here 100.
    values = np.array([[0, 100, 101], [102, 105, 110]], np.int16)
    result = room.render(an_image(values, more=[*HU, *WINDOW]))
    (image,) = result.images
    assert (image.contrast, image.window) == (Contrast.WINDOW, Window(center=50.5, width=101))
    assert (image.width, image.height, image.bits, image.frame) == (3, 2, 8, 1)
    # Rescaled these are -1000, 0 and 10, 20, 50 and 100.
    with Image.open(room.output) as read:
        assert read.mode == "L"
        assert np.asarray(read).tolist() == [[0, 0, 26], [51, 128, 255]]


def test_window_that_is_given_takes_the_place_of_the_files(room: Room) -> None:
    window = Window(center=100.5, width=201)
    data = an_image(PIXELS, more=WINDOW)
    assert room.image(data, window=window) == [[0, 0, 64], [128, 255, 255]]
    assert room.render(data, window=window).images[0].contrast is Contrast.GIVEN_WINDOW


def test_image_without_a_window_goes_from_its_least_to_its_greatest_value(room: Room) -> None:
    data = an_image(PIXELS)
    assert room.image(data) == [[0, 64, 96], [128, 191, 255]]
    assert room.image(data, normalize=True) == [[0, 64, 96], [128, 191, 255]]
    (image,) = room.render(data).images
    assert (image.contrast, image.window) == (Contrast.MIN_MAX, Window(center=100, width=400))


def test_normalizing_passes_over_window_and_padding(room: Room) -> None:
    padded = np.array([[-2000, 0, 50], [100, 150, 200]], np.int16)
    data = an_image(padded, more=[*WINDOW, element(0x00280120, "SS", -2000)])
    assert room.image(data, normalize=True) == [[0, 0, 64], [128, 191, 255]]


def test_image_of_padding_alone_is_black(room: Room) -> None:
    data = an_image(np.full((2, 2), 7, np.uint16), more=[element(0x00280120, "US", 7)])
    assert room.image(data) == [[0, 0], [0, 0]]


def test_disabled_modality_lut_leaves_stored_values(room: Room) -> None:
    data = an_image(np.array([[0, 50, 100]], np.int16), more=[*HU, *WINDOW])
    assert room.image(data, modality_lut=False) == [[0, 128, 255]]


def test_disabled_voi_lut_shows_all_values_that_the_bits_can_hold(room: Room) -> None:
    data = an_image(np.array([[0, 1024, 4095]], np.uint16), stored=12, more=[*HU, *WINDOW])
    assert room.image(data, voi_lut=False) == [[0, 64, 255]]
    image = room.render(data, voi_lut=False).images[0]
    assert image.contrast is Contrast.FULL_RANGE
    assert image.window == Window(center=-1000 + 40950 / 2, width=40950)


def test_monochrome1_is_shown_inverted(room: Room) -> None:
    data = an_image(np.array([[0, 64, 255]], np.uint8), photometric="MONOCHROME1")
    assert room.image(data) == [[255, 191, 0]]
    assert room.render(data).photometric_interpretation == "MONOCHROME1"


def test_16_bits_are_written_as_such(room: Room) -> None:
    data = an_image(np.array([[0, 100, 200]], np.uint16), more=[])
    assert room.image(data, bits=16) == [[0, 32768, 65535]]
    with Image.open(room.output) as image:
        assert image.mode == "I;16"
    assert room.render(data, bits=16).images[0].bits == 16


@pytest.mark.parametrize("signed", [0, 1])
def test_single_bits_are_black_and_white(room: Room, signed: int) -> None:
    elements = image_elements(rows=1, columns=4, allocated=1, signed=signed)
    data = a_file([*elements, Element(0x7FE00010, "OB", bytes([0b0110, 0]))])
    assert room.image(data) == [[0, 255, 255, 0]]
    assert room.image(data, voi_lut=False) == [[0, 255, 255, 0]]


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_floating_point_pixels_are_shown_and_what_is_no_number_is_black(room: Room, kind: str) -> None:
    values = np.array([[0.0, 0.5, 1.0, np.nan, np.inf, -np.inf]], kind)
    tag, vr = (0x7FE00008, "OF") if kind == "f4" else (0x7FE00009, "OD")
    elements = image_elements(rows=1, columns=6, allocated=8 * values.itemsize)
    data = a_file([*elements, Element(tag, vr, values.tobytes())])
    assert room.image(data) == [[0, 128, 255, 0, 255, 0]]
    assert room.image(data, voi_lut=False) == [[0, 128, 255, 0, 255, 0]]


@pytest.mark.parametrize("kind", ["u4", "i4", "u8", "i8"])
def test_large_samples_are_shown(room: Room, kind: str) -> None:
    values = np.array([[0, 1_000_000, 2_000_000]], kind)
    assert room.image(an_image(values)) == [[0, 128, 255]]


def test_colours_are_shown_as_they_are(room: Room) -> None:
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    data = an_image(pixels, photometric="RGB", more=WINDOW)
    assert room.image(data, window=Window(center=1, width=2)) == pixels.tolist()
    assert room.render(data).images[0].contrast is Contrast.NONE
    with pytest.raises(InvalidInput, match="RGB is written with 8 bits"):
        room.render(data, bits=16)


def test_colours_of_more_or_fewer_bits_fill_8(room: Room) -> None:
    deep = np.array([[[0, 0x1234, 0xFFFF]]], np.uint16)
    assert room.image(an_image(deep, photometric="RGB")) == [[[0, 0x12, 0xFF]]]
    shallow = np.array([[[0, 7, 15]]], np.uint8)
    assert room.image(an_image(shallow, photometric="RGB", stored=4)) == [[[0, 119, 255]]]


@pytest.mark.parametrize(
    ("photometric", "ybr", "rgb"),
    [
        ("YBR_FULL", (255, 128, 128), (255, 255, 255)),
        ("YBR_FULL", (76, 85, 255), (254, 0, 0)),
        ("YBR_FULL", (150, 44, 21), (0, 255, 1)),
        ("YBR_FULL", (29, 255, 107), (0, 0, 254)),
    ],
)
def test_luminance_and_chrominance_become_colours(
    room: Room, photometric: str, ybr: tuple[int, ...], rgb: tuple[int, ...]
) -> None:
    assert room.image(an_image(np.array([[ybr]], np.uint8), photometric=photometric)) == [[list(rgb)]]


def test_partial_luminance_reaches_from_16_to_235(room: Room) -> None:
    elements = image_elements(rows=1, columns=4, samples=3, photometric="YBR_PARTIAL_422", allocated=8)
    content = bytes([16, 235, 128, 128, 0, 255, 128, 128])
    data = a_file([*elements, Element(0x7FE00010, "OB", content)])
    assert room.image(data) == [[[0] * 3, [255] * 3, [0] * 3, [255] * 3]]


def test_colours_that_nobody_can_show_are_refused(room: Room) -> None:
    with pytest.raises(InvalidInput, match="HSV"):
        room.render(an_image(np.zeros((1, 1, 3), np.uint8), photometric="HSV"))


def many(frames: int) -> bytes:
    """A file of several frames, each of one value, which its own window makes white or black."""
    own = [
        [sequence(0x00289132, [element(0x00281050, "DS", index), element(0x00281051, "DS", "1")])]
        for index in range(frames)
    ]
    pixels = np.stack([np.full((2, 2), index % 2 * 9, np.uint8) for index in range(frames)])
    return an_image(pixels, frames=frames, more=[sequence(0x52009230, *own)])


def test_first_frame_is_rendered_unless_another_is_wanted(room: Room) -> None:
    assert room.image(many(3)) == [[255, 255], [255, 255]]
    assert room.render(many(3), frame=2).images[0].frame == 2
    assert room.image(many(3), frame=3) == [[0, 0], [0, 0]]
    with pytest.raises(InvalidInput, match="it has no frame 4: it has 3"):
        room.render(many(3), frame=4)


def test_all_frames_get_numbered_names(room: Room) -> None:
    result = room.render(many(3), all_frames=True)
    assert [image.path.name for image in result.images] == [f"image-000{n}.png" for n in (1, 2, 3)]
    assert [image.frame for image in result.images] == [1, 2, 3]
    assert not room.output.exists()
    shown = [np.asarray(Image.open(image.path)).max() for image in result.images]
    assert shown == [255, 255, 0]


def test_all_frames_of_one_get_the_name_that_was_given(room: Room) -> None:
    assert room.render(an_image(PIXELS), all_frames=True).images[0].path == room.output


def test_jpeg_is_near_to_what_was_shown(room: Room) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    room.output = room.folder / "image.jpg"
    room.render(an_image(ramp), image_format=ImageFormat.JPEG, quality=100)
    with Image.open(room.output) as image:
        assert image.format == "JPEG"
        assert np.abs(np.asarray(image).astype(int) - ramp).max() <= 2
    best = room.output.stat().st_size
    room.render(an_image(ramp), image_format=ImageFormat.JPEG, quality=20)
    assert room.output.stat().st_size < best


def test_jpeg_cannot_have_every_size(room: Room) -> None:
    data = an_image(np.zeros((1, 65501), np.uint8))
    with pytest.raises(InvalidInput, match="65501x1 pixels are more than"):
        room.render(data, image_format=ImageFormat.JPEG)


def test_nothing_of_the_object_but_its_pixels_is_written(room: Room) -> None:
    room.render(an_image(PIXELS, more=[element(0x00100010, "PN", "Doe^Jane")]))
    content = room.output.read_bytes()
    assert b"Doe" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert image.info == {}


@pytest.mark.parametrize("cut", [0, 10, 400])
def test_nothing_remains_where_rendering_fails(room: Room, cut: int) -> None:
    data = an_image(PIXELS)
    with pytest.raises(InvalidDicom):
        room.render(data[:cut] if cut else data[:-2])
    assert [path.name for path in room.folder.iterdir()] == ["object.dcm"]


def test_failures_are_told_apart(room: Room, tmp_path: Path) -> None:
    renderer, options = PillowImageRenderer(max_frame_bytes=11), RenderingOptions()
    source = tmp_path / "object.dcm"
    with pytest.raises(NotFound):
        renderer.render(source, room.output, options)
    source.write_bytes(b"nothing of the kind, but long enough to be looked at " * 10)
    with pytest.raises(NotDicom):
        renderer.render(source, room.output, options)
    source.write_bytes(an_image(PIXELS))
    with pytest.raises(LimitExceeded):
        renderer.render(source, room.output, options)
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    with pytest.raises(StorageError):
        PillowImageRenderer().render(source, blocked / "image.png", options)


def test_missing_libraries_are_told_with_what_to_install(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fileroom.adapters.files.imaging.renderer.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="Pillow") as caught:
        room.render(an_image(PIXELS))
    assert "fileroom[codecs]" in caught.value.hint


def test_renderer_and_results_pickle(room: Room) -> None:
    assert pickle.loads(pickle.dumps(PillowImageRenderer()))  # noqa: S301 - it has just been made
    result = room.render(an_image(PIXELS))
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - it has just been made


def test_bundled_files_are_rendered(tmp_path: Path) -> None:
    refused: list[str] = []
    sizes: list[Sequence[int]] = []
    for index, path in enumerate(OBJECTS):
        output = tmp_path / f"{index}.png"
        try:
            result = PillowImageRenderer().render(path, output, RenderingOptions())
        except InvalidDicom as error:
            refused.append(error.message)
            continue
        with Image.open(output) as image:
            image.load()
            assert image.size == (result.images[0].width, result.images[0].height)
            sizes.append(image.size)
    assert len(sizes) > 90
    assert not [why for why in refused if "no pixels" not in why and "Rows is missing" not in why][2:]
