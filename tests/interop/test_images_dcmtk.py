"""Images are those of DCMTK's dcmj2pnm, pixel by pixel, over every bundled file that it decodes.

Two differences are known, and no other is accepted:

- DCMTK cuts off fractions of gray where we round: ours is the same or one more. Without a window its scale is another
  as well, by less than one step: ours is the same, one more, or one less.
- Colours that share their chrominance in uncompressed objects are converted with other integer tables: one more or one
  less.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fileroom.adapters.files.imaging.renderer import PillowImageRenderer
from fileroom.domain.errors import FileroomError
from fileroom.domain.rendering import RenderingOptions, Window
from tests.interop.peers import program
from tests.samples import OBJECTS, name_of

pytestmark = pytest.mark.interop

Pixels = NDArray[np.int64]

WINDOW = Window(center=40, width=400)
CASES = {
    "window of the file": (RenderingOptions(), ["+Wi", "1"], (0, 1)),
    "given window": (RenderingOptions(window=WINDOW), ["+Ww", "40", "400"], (0, 1)),
    "given window, 16 bits": (RenderingOptions(window=WINDOW, bits=16), ["+Ww", "40", "400", "+on2"], (0, 1)),
    "least to greatest": (RenderingOptions(normalize=True), ["+Wm"], (0, 1)),
    "full range": (RenderingOptions(voi_lut=False), ["-W"], (-1, 1)),
}
JPEG_LS = b"1.2.840.10008.1.2.4.8"
"""How the UIDs of its transfer syntaxes begin: another program of DCMTK decodes those."""
# DCMTK takes the number of frames for 1 where it is no number at all.
ONLY_DCMTK = {"badVR.dcm"}
# The full range of single bits: white is white here, and half of it there.
OTHER_SCALE = {"liver_1frame.dcm", "liver_expb_1frame.dcm"}


def theirs(path: Path, output: Path, options: list[str]) -> Pixels | None:
    """What DCMTK makes of a file; None where it does not."""
    written = options if "+on2" in options else [*options, "+on"]
    with path.open("rb") as file:
        name = "dcml2pnm" if JPEG_LS in file.read(1000) else "dcmj2pnm"
    output.unlink(missing_ok=True)
    subprocess.run([program(name), "-O", *written, path, output], capture_output=True, check=False)
    if not output.exists():
        return None
    with Image.open(output) as image:
        return np.asarray(image).astype(np.int64)


def ours(path: Path, output: Path, options: RenderingOptions) -> Pixels | None:
    """What we make of it; None where we do not."""
    try:
        PillowImageRenderer().render(path, output, options)
    except FileroomError:
        return None
    with Image.open(output) as image:
        return np.asarray(image).astype(np.int64)


@pytest.mark.parametrize("case", CASES)
def test_images_are_those_of_dcmtk(tmp_path: Path, case: str) -> None:
    options, arguments, tolerance = CASES[case]
    compared = 0
    for path in OBJECTS:
        expected = theirs(path, tmp_path / "theirs.png", arguments)
        if expected is None or path.name in ONLY_DCMTK:
            continue
        if expected.ndim == 3 and options.bits == 16:
            continue  # 16 bits a colour are not written here
        if path.name in OTHER_SCALE and not options.voi_lut:
            continue
        found = ours(path, tmp_path / "ours.png", options)
        assert found is not None, name_of(path)
        assert found.shape == expected.shape, name_of(path)
        difference = found - expected
        least, most = (-1, 1) if expected.ndim == 3 else tolerance
        assert least <= difference.min(), name_of(path)
        assert difference.max() <= most, name_of(path)
        compared += 1
    assert compared > (30 if case == "window of the file" else 50)


def test_frames_count_from_one_as_with_dcmtk(tmp_path: Path) -> None:
    path = next(path for path in OBJECTS if path.name == "rtdose.dcm")
    for frame in (1, 7, 15):
        expected = theirs(path, tmp_path / "theirs.png", ["+Wm", "+F", str(frame)])
        found = ours(path, tmp_path / "ours.png", RenderingOptions(normalize=True, frame=frame))
        assert expected is not None
        assert found is not None
        assert (found - expected).min() >= 0
        assert (found - expected).max() <= 1
