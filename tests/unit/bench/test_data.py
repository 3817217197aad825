"""The objects that measurements send."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from bench._data import CT, SERIES, SMALL, Kind, some_of, write_large, write_objects


@pytest.mark.parametrize(("kind", "size"), [(CT, 525_000), (SMALL, 9_000)], ids=["CT", "small"])
def test_objects_are_dicom_of_their_size_and_all_different(kind: Kind, size: int, tmp_path: Path) -> None:
    batch = write_objects(tmp_path / "all", kind, 2 * SERIES + 1)
    files = [file for part in batch.parts for file in part.iterdir()]
    assert (len(files), len(batch.parts)) == (batch.count, SERIES)
    found = [dcmread(file) for file in files]
    for one, file in zip(found, files, strict=True):
        assert one.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
        assert one.SOPInstanceUID == f"{one.SeriesInstanceUID}.{one.InstanceNumber}"
        assert len(one.PixelData) == one.Rows * one.Columns * 2
        assert file.stat().st_size == batch.object_bytes == pytest.approx(size, rel=0.05)
    assert len(found[0]) >= 60
    assert len({one.SOPInstanceUID for one in found}) == batch.count
    assert len({one.PixelData for one in found}) == batch.count
    assert len({one.SeriesInstanceUID for one in found}) == SERIES
    assert len({one.StudyInstanceUID for one in found}) == 1


def test_objects_are_the_same_in_each_run(tmp_path: Path) -> None:
    first, second = (write_objects(tmp_path / name, SMALL, 3) for name in ("first", "second"))
    assert [part.name for part in first.parts] == [part.name for part in second.parts]
    for one, other in zip(first.folder.rglob("*.dcm"), second.folder.rglob("*.dcm"), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_batches_with_other_numbers_share_no_object(tmp_path: Path) -> None:
    batches = write_objects(tmp_path / "all", SMALL, 5), write_objects(tmp_path / "more", SMALL, 5, first=5)
    found = {dcmread(file).SOPInstanceUID for batch in batches for file in batch.folder.rglob("*.dcm")}
    assert len(found) == 10


def test_some_of_a_batch_are_spread_over_its_parts(tmp_path: Path) -> None:
    batch = write_objects(tmp_path / "all", SMALL, 3 * SERIES)
    few = some_of(batch, tmp_path / "few", SERIES)
    assert few.count == SERIES
    assert [len(list(part.iterdir())) for part in few.parts] == [1] * SERIES
    assert some_of(batch, tmp_path / "most", 1000).count == batch.count


def test_large_object_is_dicom_of_whole_frames(tmp_path: Path) -> None:
    size = write_large(tmp_path / "large.dcm", 3 * CT.pixel_bytes + 100)
    found = dcmread(tmp_path / "large.dcm")
    assert (tmp_path / "large.dcm").stat().st_size == size
    assert found.NumberOfFrames == 3
    assert len(found.PixelData) == 3 * CT.pixel_bytes
