"""What files are told to be."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from pydicom import dcmread

from fileroom.adapters.files.inspecting.describer import TreeFileDescriber
from fileroom.domain.errors import FileroomError, InvalidDicom, NotFound
from fileroom.domain.file_facts import FACTS
from tests.builders import a_dicom_file
from tests.samples import BUNDLED, READABLE, damaged_files, name_of

DESCRIBER = TreeFileDescriber()


def sample(name: str) -> Path:
    """Return a bundled file by its name."""
    return next(path for path in BUNDLED if path.name == name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_facts_are_what_pydicom_reads(path: Path) -> None:
    seen = dcmread(path, force=True)

    told = DESCRIBER.describe(path).values

    assert told["size_bytes"] == path.stat().st_size
    for key, keyword in (("rows", "Rows"), ("columns", "Columns"), ("bits_stored", "BitsStored")):
        assert told.get(key) == seen.get(keyword)
    for key, keyword in (("modality", "Modality"), ("sop_instance_uid", "SOPInstanceUID")):
        assert told.get(key, "") == (seen.get(keyword) or "")
    name = seen.get("PatientName")
    if name is not None and str(name).isascii():  # of other ones pydicom warns and guesses
        assert told.get("patient_name", "") == str(name).rstrip("= ")
    if "PixelData" in seen and "fragments" not in told:
        assert told["pixel_data_bytes"] == len(seen.PixelData)


def test_values_have_the_types_of_their_kinds() -> None:
    told = DESCRIBER.describe(sample("CT_small.dcm")).values

    assert told["image_position"] == (-158.135803, -179.035797, -75.699997)
    assert told["slice_thickness"] == 5.0
    assert told["instance_number"] == 1
    assert told["pixel_representation"] == "signed"
    assert told["has_preamble"] is True
    assert told["sop_class"] == "CT Image Storage"
    creators = told["private_creators"]
    assert isinstance(creators, tuple)
    assert creators[:2] == ("GEMS_IDEN_01", "GEMS_PATI_01")


def test_encapsulated_pixels_are_counted() -> None:
    told = DESCRIBER.describe(sample("SC_rgb_rle_2frame.dcm")).values

    assert told["frames"] == told["fragments"] == 2
    assert told["transfer_syntax"] == "RLE Lossless"


def test_more_is_told_only_when_it_is_asked_for() -> None:
    description = DESCRIBER.describe(sample("CT_small.dcm"))
    short, long = ([fact.key for fact, _ in description.told(verbose=more)] for more in (False, True))

    assert "elements" not in short
    assert set(short) < set(long)
    assert long == [fact.key for fact in FACTS if fact.key in description.values]


def test_value_that_is_no_number_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "odd.dcm"
    content = a_dicom_file(values={"SliceThickness": "5.0 "})
    path.write_bytes(content.replace(b"5.0 ", b"5,0 "))

    assert DESCRIBER.describe(path).values["slice_thickness"] == "5,0"


def test_directory_is_described() -> None:
    told = DESCRIBER.describe(sample("DICOMDIR")).values
    assert told["sop_class"] == "Media Storage Directory Storage"


def test_file_that_is_cut_off_is_told() -> None:
    with pytest.raises(InvalidDicom, match="truncated"):
        DESCRIBER.describe(sample("MR_truncated.dcm"))
    with pytest.raises(NotFound):
        DESCRIBER.describe(Path("nowhere.dcm"))


@given(damaged_files())
def test_damage_is_told_or_harmless(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.dcm"
    path.write_bytes(content)
    with suppress(FileroomError):
        DESCRIBER.describe(path)
