"""Whatever a file holds, the tools for pixels end soon, with a result or with an error of ours."""

import contextlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fileroom.adapters.files.imaging.measurer import NumpyPixelMeasurer
from fileroom.adapters.files.imaging.renderer import PillowImageRenderer
from fileroom.domain.errors import FileroomError
from fileroom.domain.rendering import ImageFormat, RenderingOptions, Window
from tests.images import a_file, element, encapsulated, image_elements, sequence
from tests.samples import OBJECTS, damaged_files
from tests.strategies import UNCOMPRESSED, Element

MOST_BYTES = 40_000
PIXEL_DATA = b"\xe0\x7f\x10\x00"
IMAGE_GROUP = re.compile(rb"\x28\x00[\x00-\xff]{2}(US|SS|IS|DS|CS|OW|SQ)")
OPTIONS = [
    RenderingOptions(),
    RenderingOptions(normalize=True, bits=16),
    RenderingOptions(window=Window(center=0, width=1e-300)),
    RenderingOptions(voi_lut=False, modality_lut=False, all_frames=True),
    RenderingOptions(image_format=ImageFormat.JPEG, quality=1),
]


@cache
def images() -> tuple[bytes, ...]:
    """Small bundled files with pixels."""
    contents = [path.read_bytes() for path in OBJECTS if path.stat().st_size <= MOST_BYTES]
    return tuple(content for content in contents if PIXEL_DATA in content)


@st.composite
def damaged_images(draw: st.DrawFn) -> bytes:
    """An image that was changed in what describes it, or in its pixels, or cut off."""
    content = bytearray(draw(st.sampled_from(images())))
    pixels = content.rfind(PIXEL_DATA)
    described = [match.start() for match in IMAGE_GROUP.finditer(bytes(content[:pixels]))] or [0]
    for _ in range(draw(st.integers(0, 6))):
        place = draw(
            st.one_of(
                st.sampled_from(described).flatmap(lambda at: st.integers(at + 4, at + 12)),
                st.integers(pixels, min(pixels + 200, len(content) - 1)),
                st.integers(pixels, len(content) - 1),
            )
        )
        if place < len(content):
            content[place] = draw(st.one_of(st.sampled_from((0, 1, 255)), st.integers(0, 255)))
    if draw(st.integers(0, 9)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    return bytes(content)


# A deadline would measure the machine; what may take long is bounded by the time that a test may take.
thorough = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
damaged = st.one_of(damaged_images(), damaged_files(MOST_BYTES))


@thorough
@given(content=damaged, options=st.sampled_from(OPTIONS))
def test_damaged_images_are_rendered_or_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, options: RenderingOptions
) -> None:
    source, folder = tmp_path / "object", tmp_path / "images"
    source.write_bytes(content)
    why, images = "", 0
    try:
        result = PillowImageRenderer(max_frame_bytes=1 << 26).render(source, folder / "image", options)
        images = sum(image.path.stat().st_size > 0 for image in result.images)
    except FileroomError as error:
        why = error.message
    assert bool(why) != bool(images)
    assert "\n" not in why
    assert not list(folder.glob(".*"))
    assert capfd.readouterr() == ("", "")


@thorough
@given(content=damaged, bins=st.sampled_from((1, 7, 65536)))
def test_damaged_images_are_measured_or_refused(tmp_path: Path, content: bytes, bins: int) -> None:
    source = tmp_path / "object"
    source.write_bytes(content)
    measurer = NumpyPixelMeasurer(max_frame_bytes=1 << 26)
    try:
        statistics = measurer.statistics(source)
        histogram = measurer.histogram(source, bins)
    except FileroomError:
        return
    counted = [sum(counts) for _, counts in histogram.counts]
    assert counted == [channel.count for channel in statistics.overall]
    assert len(statistics.by_frame) == statistics.image.frames


descriptions = st.fixed_dictionaries(
    {
        "rows": st.sampled_from((0, 1, 2, 3, 65535)),
        "columns": st.sampled_from((1, 2, 3, 4)),
        "samples": st.sampled_from((1, 3, 3, 2)),
        "photometric": st.sampled_from(
            (
                "MONOCHROME1",
                "MONOCHROME2",
                "PALETTE COLOR",
                "RGB",
                "YBR_FULL",
                "YBR_FULL_422",
                "YBR_PARTIAL_422",
                "HSV",
            )
        ),
        "frames": st.sampled_from((None, 1, 2, 9, "x")),
        "allocated": st.sampled_from((1, 8, 16, 32, 64, 12)),
        "stored": st.sampled_from((1, 7, 8, 12, 16, 32, 64)),
        "high_bit": st.sampled_from((0, 7, 11, 15, 31, 63)),
        "signed": st.sampled_from((0, 1, 2)),
        "planar": st.sampled_from((0, 1)),
    }
)
numbers = st.sampled_from(("0", "1", "-1", "1e300", "-0.5", "65535", "nan", ""))
transforms = st.lists(
    st.one_of(
        st.tuples(st.sampled_from((0x00281050, 0x00281051, 0x00281052, 0x00281053)), numbers).map(
            lambda told: element(told[0], "DS", told[1])
        ),
        st.tuples(st.sampled_from((0x00280120, 0x00280121)), st.sampled_from((0, 1, 65535))).map(
            lambda told: element(told[0], "US", told[1])
        ),
        st.tuples(
            st.sampled_from((0x00283000, 0x00283010)),
            st.tuples(*[st.sampled_from((0, 1, 2, 8, 16, 65535))] * 3),
            st.binary(max_size=8),
        ).map(
            lambda told: sequence(
                told[0], [element(0x00283002, "US", *told[1]), Element(0x00283006, "OW", told[2])]
            )
        ),
    ),
    max_size=5,
    unique_by=lambda told: told.tag,
)


@thorough
@given(
    described=descriptions,
    more=transforms,
    content=st.binary(max_size=80),
    syntax=st.sampled_from((*UNCOMPRESSED, "1.2.840.10008.1.2.1.98")),
    options=st.sampled_from(OPTIONS),
)
def test_images_of_any_description_are_rendered_or_refused(
    tmp_path: Path,
    *,
    described: dict[str, Any],
    more: list[Element],
    content: bytes,
    syntax: str,
    options: RenderingOptions,
) -> None:
    elements = [*image_elements(**described), *more]
    if syntax in UNCOMPRESSED:
        data = a_file([*elements, Element(0x7FE00010, "OW", content)], syntax)
    else:
        data = a_file(elements, syntax, after=encapsulated(content))
    source = tmp_path / "object"
    source.write_bytes(data)
    with contextlib.suppress(FileroomError):
        PillowImageRenderer().render(source, tmp_path / "images" / "image", options)
    with contextlib.suppress(FileroomError):
        NumpyPixelMeasurer().statistics(source)
