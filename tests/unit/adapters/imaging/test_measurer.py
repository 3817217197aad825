"""Statistics and histograms are those that NumPy works out from all values at once."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_modality_lut

from fileroom.adapters.files.imaging import counting, measuring
from fileroom.adapters.files.imaging.counting import ValueCounts, counts_of, merged, percentile
from fileroom.adapters.files.imaging.measurer import NumpyPixelMeasurer
from fileroom.domain.errors import FileroomError, InvalidDicom, InvalidInput
from fileroom.domain.pixel_values import PERCENTILES, ChannelStatistics, ModalityLut, PixelStatistics
from fileroom.domain.transfer_syntaxes import transfer_syntax
from tests.images import Array, a_file, an_image, element, image_elements, sequence
from tests.samples import OBJECTS
from tests.strategies import Element

RESCALED = [element(0x00281052, "DS", "-1024"), element(0x00281053, "DS", "0.5")]
# Decoded otherwise by pydicom: see the tests of frames.
OTHERWISE = {"rtdose_expb.dcm", "rtdose_expb_1frame.dcm"}


def statistics(folder: Path, data: bytes) -> PixelStatistics:
    """The statistics of a file."""
    path = folder / "object.dcm"
    path.write_bytes(data)
    return NumpyPixelMeasurer().statistics(path)


def assert_are_those_of(found: ChannelStatistics, values: Array) -> None:
    """Compare with what NumPy says."""
    assert found.count == values.size
    assert found.minimum == values.min()
    assert found.maximum == values.max()
    assert found.mean == pytest.approx(values.mean(dtype=np.float64), rel=1e-12, abs=1e-9)
    assert found.standard_deviation == pytest.approx(values.std(dtype=np.float64), rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(found.percentiles, np.percentile(values, PERCENTILES), rtol=1e-14, atol=0)


def decoded(path: Path) -> Dataset | None:
    """What pydicom decodes to the same values, bit by bit.

    Lossy codecs differ in the last bit and colours are rounded otherwise when they are converted; for big endian words
    of 32 bits see the tests of frames.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data_set = dcmread(path)
            data_set.pixel_array  # noqa: B018 - it is kept
        except Exception:  # noqa: BLE001 - what pydicom cannot read is not for this test
            return None
    syntax = transfer_syntax(data_set.file_meta.TransferSyntaxUID)
    is_exact = syntax.is_lossless and not str(data_set.PhotometricInterpretation).startswith("YBR")
    return data_set if is_exact and path.name not in OTHERWISE else None


def test_statistics_of_the_bundled_files_are_those_of_numpy() -> None:
    compared = 0
    for path in OBJECTS:
        data_set = decoded(path)
        if data_set is None:
            continue
        pixels = data_set.pixel_array
        found = NumpyPixelMeasurer().statistics(path)
        frames = pixels if int(data_set.get("NumberOfFrames", None) or 1) > 1 else pixels[None]
        values = apply_modality_lut(frames, data_set)
        colours = int(data_set.SamplesPerPixel) > 1
        for sample, channel in enumerate(found.overall):
            assert_are_those_of(channel, values[..., sample] if colours else values)
        for frame, channels in zip(values, found.by_frame, strict=True):
            for sample, channel in enumerate(channels):
                assert_are_those_of(channel, frame[..., sample] if colours else frame)
        assert found.is_exact
        compared += 1
    assert compared > 60


def test_statistics_are_those_of_rescaled_values_in_each_frame_and_in_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(-1000, 3000, (4, 17, 23)).astype(np.int16)
    found = statistics(tmp_path, an_image(pixels, frames=4, more=RESCALED))
    values = pixels * 0.5 - 1024
    assert_are_those_of(found.overall[0], values)
    for channels, frame in zip(found.by_frame, values, strict=True):
        assert_are_those_of(channels[0], frame)
    assert found.image.modality_lut is ModalityLut.RESCALE
    assert (found.image.rows, found.image.columns, found.image.frames) == (17, 23, 4)


def test_statistics_follow_rescaling_that_differs_from_frame_to_frame(tmp_path: Path) -> None:
    own = [
        [sequence(0x00289145, [element(0x00281052, "DS", "0"), element(0x00281053, "DS", slope)])]
        for slope in ("1", "-2")
    ]
    pixels = np.arange(12, dtype=np.uint16).reshape(2, 2, 3)
    found = statistics(tmp_path, an_image(pixels, frames=2, more=[sequence(0x52009230, *own)]))
    assert_are_those_of(found.overall[0], np.concatenate([pixels[0].ravel(), pixels[1].ravel() * -2.0]))


def test_values_that_a_table_makes_the_same_are_counted_together(tmp_path: Path) -> None:
    table = Element(0x00283006, "OW", np.array([7, 7, 3, 7], "<u2").tobytes())
    lut = sequence(0x00283000, [element(0x00283002, "US", 4, 0, 16), table])
    found = statistics(tmp_path, an_image(np.array([[0, 1, 2, 3]], np.uint16), more=[lut]))
    assert_are_those_of(found.overall[0], np.array([7, 7, 3, 7]))


def test_padding_and_what_is_no_number_are_left_out(tmp_path: Path) -> None:
    pixels = np.array([[-2000, 1], [-2000, 3]], np.int16)
    found = statistics(tmp_path, an_image(pixels, more=[element(0x00280120, "SS", -2000)]))
    assert_are_those_of(found.overall[0], np.array([1, 3]))
    assert found.image.ignored == 2
    values = np.array([[1.0, np.nan, np.inf, -np.inf, 2.5]], "<f4")
    elements = image_elements(rows=1, columns=5, allocated=32)
    found = statistics(tmp_path, a_file([*elements, Element(0x7FE00008, "OF", values.tobytes())]))
    assert_are_those_of(found.overall[0], np.array([1.0, 2.5]))
    assert found.image.ignored == 3


def test_image_of_padding_alone_has_no_statistics(tmp_path: Path) -> None:
    data = an_image(np.full((2, 2), 7, np.uint16), more=[element(0x00280120, "US", 7)])
    found = statistics(tmp_path, data)
    assert (found.overall[0].count, found.overall[0].percentiles, found.image.ignored) == (0, (), 4)
    assert sum(NumpyPixelMeasurer().histogram(tmp_path / "object.dcm", 4).counts[0][1]) == 0


def test_colours_are_told_by_channel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2, 5, 6, 3)).astype(np.uint8)
    found = statistics(tmp_path, an_image(pixels, photometric="RGB", frames=2))
    assert [channel.channel for channel in found.overall] == ["red", "green", "blue"]
    for sample, channel in enumerate(found.overall):
        assert_are_those_of(channel, pixels[..., sample])


def test_percentiles_over_very_many_values_are_right_to_a_millionth_of_the_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MAX_DISTINCT", 1000)
    monkeypatch.setattr(counting, "_MERGE_AT", 2000)
    pixels = np.random.default_rng(7).integers(0, 2**32, (6, 32, 33), dtype=np.uint64).astype(np.uint32)
    found = statistics(tmp_path, an_image(pixels, frames=6))
    assert not found.is_exact
    (overall,) = found.overall
    assert (overall.count, overall.minimum, overall.maximum) == (pixels.size, pixels.min(), pixels.max())
    assert overall.mean == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
    assert overall.standard_deviation == pytest.approx(pixels.std(dtype=np.float64), rel=1e-9)
    width = float(pixels.max()) - float(pixels.min())
    exact = np.percentile(pixels, PERCENTILES)
    assert np.abs(np.array(overall.percentiles) - exact).max() <= width / measuring.GRID
    for channels, frame in zip(found.by_frame, pixels, strict=True):
        assert_are_those_of(channels[0], frame)
    histogram = NumpyPixelMeasurer().histogram(tmp_path / "object.dcm", 50)
    counts, edges = np.histogram(pixels, 50)
    np.testing.assert_allclose(histogram.edges, edges)
    assert histogram.counts[0][1] == tuple(counts)


@given(values=st.lists(st.integers(-300, 300), min_size=1, max_size=60), per_cent=st.integers(0, 100))
def test_percentiles_from_counts_are_numpys(values: list[int], per_cent: int) -> None:
    found = counts_of(np.array(values))
    told = percentile(found.values.astype(np.float64), found.counts, per_cent)
    assert told == pytest.approx(np.percentile(values, per_cent), rel=1e-14, abs=1e-12)


@given(parts=st.lists(st.lists(st.integers(-5, 5)), min_size=1))
def test_counts_that_are_merged_are_those_of_all(parts: list[list[int]]) -> None:
    found = merged([counts_of(np.array(part, np.int16)) for part in parts])
    values, counts = np.unique(
        np.array([value for part in parts for value in part], np.int16), return_counts=True
    )
    assert found.values.tolist() == values.tolist()
    assert found.counts.tolist() == counts.tolist()


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "f4", "f8"])
def test_counts_are_those_of_numpy_whatever_the_type(kind: str) -> None:
    values = np.random.default_rng(1).integers(0, 100, 1000).astype(kind)
    found = counts_of(values)
    expected, counts = np.unique(values, return_counts=True)
    assert isinstance(found, ValueCounts)
    assert found.values.dtype == values.dtype
    assert found.values.tolist() == expected.tolist()
    assert found.counts.tolist() == counts.tolist()


@pytest.mark.parametrize("bins", [1, 2, 7, 32, 1000])
def test_histogram_is_that_of_numpy(tmp_path: Path, bins: int) -> None:
    pixels = np.random.default_rng(2).integers(-300, 900, (3, 8, 9)).astype(np.int16)
    path = tmp_path / "object.dcm"
    path.write_bytes(an_image(pixels, frames=3, more=RESCALED))
    found = NumpyPixelMeasurer().histogram(path, bins)
    counts, edges = np.histogram(pixels * 0.5 - 1024, bins)
    assert found.edges == tuple(edges)
    assert found.counts == (("gray", tuple(counts)),)


def test_histogram_of_one_value_is_around_it(tmp_path: Path) -> None:
    path = tmp_path / "object.dcm"
    path.write_bytes(an_image(np.full((2, 2), 7, np.uint8)))
    found = NumpyPixelMeasurer().histogram(path, 4)
    assert found.edges == (6.5, 6.75, 7.0, 7.25, 7.5)
    assert found.counts == (("gray", (0, 0, 4, 0)),)


def test_histogram_of_colours_has_the_same_edges_for_all(tmp_path: Path) -> None:
    pixels = np.array([[[0, 100, 200], [50, 100, 250]]], np.uint8)
    path = tmp_path / "object.dcm"
    path.write_bytes(an_image(pixels, photometric="RGB"))
    found = NumpyPixelMeasurer().histogram(path, 5)
    assert list(found.edges) == [0, 50, 100, 150, 200, 250]
    counts: dict[str, tuple[int, ...]] = dict(found.counts)
    assert counts == {
        "red": (1, 1, 0, 0, 0),
        "green": (0, 0, 2, 0, 0),
        "blue": (0, 0, 0, 0, 2),
    }


@pytest.mark.parametrize("bins", [0, -1, 65537])
def test_histogram_of_no_bins_or_too_many_is_refused(tmp_path: Path, bins: int) -> None:
    with pytest.raises(InvalidInput, match="bins"):
        NumpyPixelMeasurer().histogram(tmp_path / "object.dcm", bins)


def test_numbers_beyond_all_bounds_are_told_without_a_warning(tmp_path: Path) -> None:
    more = [element(0x00281052, "DS", "0"), element(0x00281053, "DS", "1e308")]
    found = statistics(tmp_path, an_image(np.array([[0, 1, 2]], np.uint16), more=more))
    assert found.image.ignored == 1
    assert found.overall[0].maximum == 1e308


def test_object_without_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDicom, match="no pixels"):
        statistics(tmp_path, a_file([]))


def test_measurer_results_and_errors_pickle(tmp_path: Path) -> None:
    measurer = pickle.loads(pickle.dumps(NumpyPixelMeasurer()))  # noqa: S301 - it has just been made
    assert isinstance(measurer, NumpyPixelMeasurer)
    found = statistics(tmp_path, an_image(np.zeros((2, 2), np.uint8)))
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - it has just been made
    error = InvalidDicom("why")
    assert isinstance(pickle.loads(pickle.dumps(error)), FileroomError)  # noqa: S301 - it has just been made
