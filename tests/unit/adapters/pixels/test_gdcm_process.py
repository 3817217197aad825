"""GDCM may die of a stream without taking this process along."""

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fileroom.adapters.files.pixels import gdcm_process
from fileroom.adapters.files.pixels.codestreams import jpeg_header
from fileroom.adapters.files.pixels.description import ImageDescription, describe, pixel_element
from fileroom.adapters.files.pixels.encapsulation import EncapsulatedFrames
from fileroom.adapters.files.pixels.gdcm_process import GdcmProcess
from fileroom.adapters.files.tree import open_tree
from fileroom.domain.errors import InvalidDicom, LimitExceeded
from tests.images import an_image, tree_of
from tests.samples import OBJECTS

LOSSLESS = "1.2.840.10008.1.2.4.70"


@pytest.fixture
def description() -> ImageDescription:
    """Of two pixels of 8 bits."""
    return describe(tree_of(an_image(np.zeros((1, 2), np.uint8))))


Ours = Callable[[str, float], GdcmProcess]


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ours]:
    """Processes that run a script of ours in the place of GDCM's."""
    started: list[GdcmProcess] = []

    def start(script: str, max_seconds: float = 60) -> GdcmProcess:
        path = tmp_path / "gdcm_worker.py"
        path.write_text(
            "import os, struct, sys, time\nsaid = sys.stdin.buffer\nout = sys.stdout.buffer\n"
            + textwrap.dedent(script),
            encoding="utf-8",
        )
        monkeypatch.setattr(gdcm_process, "_SCRIPT", path)
        started.append(GdcmProcess(max_seconds=max_seconds))
        return started[-1]

    yield start
    for process in started:
        process.close()


def test_frames_are_decoded_one_after_the_other() -> None:
    path = next(path for path in OBJECTS if path.name == "SC_rgb_jpeg_gdcm.dcm")
    process = GdcmProcess()
    with open_tree(path) as tree:
        found = describe(tree)
        stream = EncapsulatedFrames(tree.root, pixel_element(tree), 1, max_bytes=1 << 20).read(0)
    try:
        once, again = (
            process.decode(stream, found, jpeg_header(stream).precision, LOSSLESS) for _ in range(2)
        )
        np.testing.assert_array_equal(once, again)
        assert once[5, 5].tolist() == [255, 0, 0]
        with pytest.raises(InvalidDicom):
            process.decode(stream[: len(stream) // 2][:200], found, 8, LOSSLESS)
        np.testing.assert_array_equal(process.decode(stream, found, 8, LOSSLESS), once)
    finally:
        process.close()


def test_process_that_dies_is_a_damaged_frame_and_the_next_gets_another(
    ours: Ours, description: ImageDescription, tmp_path: Path
) -> None:
    process = ours(
        f"""
        died = {str(tmp_path / "died")!r}
        said.read(17)
        if not os.path.exists(died):
            open(died, "w").close()
            os.abort()
        said.read(3)
        out.write(struct.pack("<Q", 2) + b"ab")
        out.flush()
        said.read()
        """,
        60,
    )
    with pytest.raises(InvalidDicom, match="broke down"):
        process.decode(b"abc", description, 8, LOSSLESS)
    assert process.decode(b"abc", description, 8, LOSSLESS).tolist() == [[97, 98]]


@pytest.mark.parametrize("answer", ['b""', 'struct.pack("<Q", 1) + b"a"', 'struct.pack("<Q", 1 << 60)'])
def test_answer_of_another_size_is_a_damaged_frame(
    ours: Ours, description: ImageDescription, answer: str
) -> None:
    process = ours(f"said.read(20)\nout.write({answer})\nout.flush()\n", 60)
    with pytest.raises(InvalidDicom):
        process.decode(b"abc", description, 8, LOSSLESS)


def test_process_that_takes_too_long_is_ended(ours: Ours, description: ImageDescription) -> None:
    process = ours("time.sleep(600)\n", 0.2)
    with pytest.raises(LimitExceeded, match=r"more than 0\.2 s"):
        process.decode(b"abc", description, 8, LOSSLESS)
    process.close()
