"""`fileroom to-image`, `stats` and `histogram`, as people and scripts use them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fileroom.entrypoints.operations.measuring import ascii_bar, block_bar
from tests.entrypoints.documents import assert_document
from tests.entrypoints.program import Program
from tests.images import an_image, element
from tests.samples import BUNDLED


def bundled(name: str) -> Path:
    """A file that comes with pydicom."""
    return next(path for path in BUNDLED if path.name == name)


CT, MR, COLOUR = bundled("CT_small.dcm"), bundled("MR_small.dcm"), bundled("examples_ybr_color.dcm")
CUT_OFF, STRUCTURES = bundled("MR_truncated.dcm"), bundled("rtstruct.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with images, a damaged one, one object without pixels, and a text."""
    files = tmp_path / "files"
    (files / "deep").mkdir(parents=True)
    shutil.copy(CT, files / "deep" / "ct.dcm")
    shutil.copy(MR, files / "mr")
    shutil.copy(CUT_OFF, files / "cut.dcm")
    shutil.copy(STRUCTURES, files / "structures.dcm")
    (files / "notes.txt").write_text("nothing here", encoding="utf-8")
    return files


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of an image."""
    with Image.open(path) as image:
        return image.size


# to-image ------------------------------------------------------------------------------------------------------------


def test_image_is_written_and_told(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "new" / "mr.png"
    said = program.run("to-image", MR, "--output", output)

    assert said.stdout == f"{MR} -> {output}: 64x64, 8 bit, window 600/1600 of the file\n"
    assert size_of(output) == (64, 64)


def test_document_of_an_image_is_flat(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "ct.png"
    document = program.json("to-image", CT, "--output", output, "--force-16bit")

    assert_document(document, operation="to_image", status="success")
    assert (document["file"], document["output"]) == (str(CT), str(output))
    assert (document["format"], document["frames"]) == ("png", 1)
    assert document["images"] == [
        {
            "output": str(output), "frame": 1, "width": 128, "height": 128, "bits": 16, "contrast": "min_max",
            "window_center": 135.5, "window_width": 2063.0,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("a.png", (), "PNG"),
        ("a.PNG", (), "PNG"),
        ("a.jpg", (), "JPEG"),
        ("a.jpeg", ("--quality", "70"), "JPEG"),
        ("a", (), "PNG"),
        ("a", ("--format", "jpeg"), "JPEG"),
        ("a.dat", ("--format", "png"), "PNG"),
    ],
)
def test_format_is_that_of_the_option_or_of_the_name(
    program: Program, tmp_path: Path, name: str, options: tuple[str, ...], kind: str
) -> None:
    program.run("to-image", CT, "--output", tmp_path / name, *options)

    with Image.open(tmp_path / name) as image:
        assert image.format == kind


def test_all_frames_are_written_under_numbers(program: Program, tmp_path: Path) -> None:
    output = tmp_path / "heart.jpg"
    said = program.run("to-image", COLOUR, "--output", output, "--all-frames").stdout

    assert "heart-0001.jpg to heart-0030.jpg: 320x240, 8 bit, colours as they are" in said
    assert len(list(tmp_path.glob("heart-00??.jpg"))) == 30
    assert not output.exists()


def test_one_frame_of_several_is_told(program: Program, tmp_path: Path) -> None:
    said = program.run("to-image", COLOUR, "--output", tmp_path / "heart.png", "--frame", "7").stdout

    assert "frame 7 of 30" in said


def test_folder_gives_a_folder_and_names_what_failed(program: Program, folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    document = program.json("to-image", "--recursive", folder, "--output-dir", images, code=3)

    assert_document(document, operation="to_image", status="partial")
    assert (document["processed"], document["failed"], document["not_dicom"]) == (2, 2, 1)
    assert {path.relative_to(images) for path in images.rglob("*.*")} == {Path("deep/ct.png"), Path("mr.png")}
    assert {failure["kind"] for failure in document["failures"]} == {"invalid_dicom"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--force-8bit", "--force-16bit"), "contradict"),
        (("--window-center", "40"), "a window has both"),
        (("--window-width", "400"), "a window has both"),
        (("--window-center", "40", "--window-width", "0"), "a width above 0"),
        (("--window-center", "nan", "--window-width", "1"), "finite center"),
        (("--window-center", "40", "--window-width", "400", "--normalize"), "two ways"),
        (("--window-center", "40", "--window-width", "400", "--disable-voi-lut"), "a window is a VOI LUT"),
        (("--frame", "0"), "no frame 0"),
        (("--frame", "2"), "no frame 2: it has 1"),
        (("--frame", "1", "--all-frames"), "cannot both"),
        (("--quality", "50"), "for JPEG"),
        (("--format", "jpeg"), "no name for JPEG"),
    ],
)
def test_options_that_contradict_each_other_are_a_mistake(
    program: Program, tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    output = tmp_path / "ct.png"
    assert why in program.run("to-image", CT, "--output", output, *options, code=2).stderr
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("a.bmp", (), ".bmp"),
        ("a.jpg", ("--force-16bit",), "JPEG images have 8 bits"),
        ("a.jpg", ("--quality", "101"), "not from 1 to 100"),
        ("a.jpg", ("--format", "png"), "no name for PNG"),
    ],
)
def test_names_that_contradict_options_are_a_mistake(
    program: Program, tmp_path: Path, name: str, options: tuple[str, ...], why: str
) -> None:
    assert why in program.run("to-image", CT, "--output", tmp_path / name, *options, code=2).stderr
    assert not (tmp_path / name).exists()


def test_object_without_pixels_is_named(program: Program, tmp_path: Path) -> None:
    said = program.run("to-image", STRUCTURES, "--output", tmp_path / "a.png", code=3).stderr

    assert f"{STRUCTURES}: it has no pixels" in said


# stats ---------------------------------------------------------------------------------------------------------------


def test_statistics_are_told_with_their_unit(program: Program) -> None:
    lines = program.run("stats", CT).stdout.splitlines()

    assert lines[0] == f"{CT}: 1 frame of 128x128, values in HU"
    assert ["min", "-896"] in [line.split() for line in lines]
    assert ["50", "%", "2"] in [line.split() for line in lines]


def test_document_of_statistics_is_flat(program: Program) -> None:
    document = program.json("stats", CT)

    assert_document(document, operation="stats", status="success")
    assert (document["rows"], document["columns"], document["frames"]) == (128, 128, 1)
    assert (document["modality_lut"], document["unit"], document["ignored"]) == ("rescale", "HU", 0)
    gray = document["overall"]["gray"]
    assert (gray["count"], gray["min"], gray["max"], gray["p50"]) == (16384, -896, 1167, 2)
    assert document["by_frame"] == [{"frame": 1, "gray": gray}]
    assert document["percentiles_exact"] is True


def test_statistics_of_colours_are_told_by_channel_and_frame(program: Program) -> None:
    document = program.json("stats", COLOUR)
    assert list(document["overall"]) == ["red", "green", "blue"]
    assert [each["frame"] for each in document["by_frame"]] == list(range(1, 31))

    said = program.run("stats", COLOUR).stdout
    assert "30 frames of 320x240, stored values" in said
    assert len([line for line in said.splitlines() if " green " in f"{line} "]) == 31


def test_statistics_of_a_folder_name_what_failed(program: Program, folder: Path) -> None:
    document = program.json("stats", "--recursive", folder, code=3)

    assert [Path(each["file"]).name for each in document["files"]] == ["ct.dcm", "mr"]
    assert document["failed"] == 2


def test_image_of_padding_alone_has_a_count_of_0(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "object.dcm"
    path.write_bytes(an_image(np.full((2, 2), 7, np.uint16), more=[element(0x00280120, "US", 7)]))

    document = program.json("stats", path)
    assert (document["overall"], document["ignored"]) == ({"gray": {"count": 0}}, 4)
    assert "4 values left out" in program.run("stats", path).stdout


# histogram -----------------------------------------------------------------------------------------------------------


def test_histogram_is_drawn_in_ascii_where_nobody_looks(program: Program) -> None:
    lines = program.run("histogram", CT, "--bins", "8").stdout.splitlines()

    assert lines[0] == f"{CT}: 1 frame of 128x128, values in HU"
    assert len(lines) == 9
    assert lines[1].split()[:2] == ["-896", "3325"]
    assert lines[4].endswith("#" * 60)
    assert max(map(len, lines[1:])) <= 80
    assert all(line.isascii() for line in lines[1:])


def test_document_of_a_histogram_is_flat(program: Program) -> None:
    document = program.json("histogram", CT, "--bins", "4")

    assert_document(document, operation="histogram", status="success")
    assert document["bins"] == 4
    assert document["bin_edges"] == [-896, -380.25, 135.5, 651.25, 1167]
    assert sum(document["counts"]["gray"]) == 16384


@pytest.mark.parametrize("bins", ["0", "65537", "x"])
def test_number_of_bins_is_checked(program: Program, bins: str) -> None:
    program.run("histogram", CT, "--bins", bins, code=2)


def test_bars_have_the_length_of_their_part() -> None:
    assert block_bar(1, 10) == "█" * 10
    assert block_bar(0, 10) == ""
    assert block_bar(0.5, 3) == "█▌"
    assert block_bar(1e-9, 10) == "▏"
    assert ascii_bar(1, 10) == "#" * 10
    assert ascii_bar(1e-9, 10) == "#"
    assert ascii_bar(0, 10) == ""


@pytest.mark.parametrize("command", ["stats", "histogram"])
@pytest.mark.parametrize(
    ("path", "code", "kind"), [(CUT_OFF, 3, "invalid_dicom"), (Path("nowhere"), 6, "not_found")]
)
def test_single_file_that_fails_is_an_error(
    program: Program, command: str, path: Path, code: int, kind: str
) -> None:
    document = program.json(command, path, code=code)

    assert_document(document, operation=command, status="failed")
    assert document["error"]["kind"] == kind
