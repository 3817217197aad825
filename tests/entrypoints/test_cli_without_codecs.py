"""The tools for files where the extra `codecs` is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import BUNDLED

CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
PACKED = next(path for path in BUNDLED if path.name == "MR_small_RLE.dcm")
_WITHOUT = """
import sys
for name in ("numpy", "PIL", "pylibjpeg", "openjpeg", "rle", "jpeg_ls", "gdcm"):
    sys.modules[name] = None
from fileroom.entrypoints.cli.main import main
main(sys.argv[1:])
"""


def run(tmp_path: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line as if there were no NumPy and no codec."""
    command = [sys.executable, "-c", _WITHOUT, "--data-dir", str(tmp_path / "room"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("to-image", CT, "--output", "{out}"),
        ("stats", CT),
        ("histogram", CT),
        ("transcode", CT, "--transfer-syntax", "rle-lossless", "--output", "{out}"),
        ("transcode", PACKED, "--transfer-syntax", "explicit-vr-little-endian", "--output", "{out}"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:1])),
)
def test_tool_that_needs_codecs_says_what_to_install(
    tmp_path: Path, arguments: tuple[str | Path, ...]
) -> None:
    out = tmp_path / "out"
    ran = run(tmp_path, *(str(each).format(out=out) for each in arguments))

    assert ran.returncode == 2, ran.stderr
    assert "fileroom[codecs]" in ran.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("info", CT),
        ("dump", CT),
        ("validate", CT),
        ("to-json", CT, "--output", "{out}"),
        ("anonymize", CT, "--output", "{out}"),
        ("transcode", CT, "--transfer-syntax", "implicit-vr-little-endian", "--output", "{out}"),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_tool_that_needs_none_works(tmp_path: Path, arguments: tuple[str | Path, ...]) -> None:
    ran = run(tmp_path, *(str(each).format(out=tmp_path / "out") for each in arguments))

    assert ran.returncode == 0, ran.stderr
