"""What people may ask for when they transcode, and what is asked back."""

import pytest

from fileroom.domain.errors import InvalidInput
from fileroom.domain.pixel_target import LOSSLESS, LOSSY, UNCOMPRESSED, WRITABLE, pixel_target


def test_target_is_named_as_people_name_transfer_syntaxes() -> None:
    assert pixel_target("RLELossless") == pixel_target("rle") == pixel_target("1.2.840.10008.1.2.5")
    assert pixel_target("jpeg2000", ratio=10.0).is_lossy
    assert not pixel_target("jpeg2000-lossless").is_lossy
    assert not pixel_target("implicit").is_compressed


def test_every_target_is_of_one_kind() -> None:
    assert sorted(WRITABLE) == sorted({*UNCOMPRESSED, *LOSSLESS, *LOSSY})


@pytest.mark.parametrize(
    "text", ["jpeg-baseline", "jpeg-lossless-sv1", "htj2k-lossless", "mpeg2-main", "1.2.3"]
)
def test_target_that_cannot_be_written_is_told_with_those_that_can(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be written") as caught:
        pixel_target(text)
    assert "jpeg2000-lossless" in caught.value.hint
    assert "explicit-vr-big-endian" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("jpeg2000", {}, "needs a ratio or a quality"),
        ("jpeg2000", {"ratio": 10.0, "quality": 50.0}, "one of them only"),
        ("jpeg2000", {"ratio": 1.0}, "not between 1 and"),
        ("jpeg2000", {"ratio": float("nan")}, "not between 1 and"),
        ("jpeg2000", {"ratio": float("inf")}, "not between 1 and"),
        ("jpeg2000", {"quality": 0.0}, "not between 0 and"),
        ("jpeg2000", {"quality": float("nan")}, "not between 0 and"),
        ("jpeg2000-lossless", {"ratio": 10.0}, "says nothing to"),
        ("rle-lossless", {"quality": 10.0}, "says nothing to"),
        ("jpeg-ls-lossless", {"near": 1}, "says nothing to"),
        ("jpeg-ls-near-lossless", {}, "needs the greatest difference"),
        ("jpeg-ls-near-lossless", {"near": 0}, "not between 1 and 255"),
        ("jpeg-ls-near-lossless", {"near": 256}, "not between 1 and 255"),
        ("jpeg-ls-near-lossless", {"near": 2, "ratio": 3.0}, "says nothing to"),
        ("jpeg2000-losles", {}, "no transfer syntax is called"),
    ],
)
def test_options_that_do_not_belong_to_the_target_are_told(
    text: str, options: dict[str, float], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        pixel_target(text, **options)  # type: ignore[arg-type]
