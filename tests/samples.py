"""The DICOM files that come with pydicom, whole, cut off and changed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

_PACKAGE = find_spec("pydicom")
assert _PACKAGE is not None
assert _PACKAGE.submodule_search_locations
_FOLDER: Final = Path(_PACKAGE.submodule_search_locations[0]) / "data"
_NO_DICOM: Final = frozenset({".py", ".pyc", ".json", ".txt", ".md", ".icc", ".gz", ".dump", ".zip"})
# DICOM without anything to tell it by, or cut off, or with wrong lengths.
BROKEN: Final = frozenset(
    {"README", "no_meta.dcm", "MR_truncated.dcm", "rtplan_truncated.dcm", "DICOMDIR-nooffset"}
)
BUNDLED: Final = tuple(
    sorted(path for path in _FOLDER.rglob("*") if path.is_file() and path.suffix not in _NO_DICOM)
)
"""Everything that might be DICOM."""
READABLE: Final = tuple(path for path in BUNDLED if path.name not in BROKEN)
"""What is whole; DICOMDIRs are among it."""
OBJECTS: Final = tuple(path for path in READABLE if "DICOMDIR" not in path.name)
"""What is whole and no DICOMDIR."""


def name_of(path: Path) -> str:
    """Return what tells a file apart in the name of a test."""
    return str(path.relative_to(_FOLDER))


@st.composite
def damaged_files(draw: st.DrawFn, most_bytes: int = 40_000) -> bytes:
    """A bundled file that was cut off or changed in a few bytes, most of them in its header."""
    content = bytearray(draw(st.sampled_from(_small(most_bytes))).read_bytes())
    if draw(st.booleans()):
        del content[draw(st.integers(0, len(content))) :]
    for _ in range(draw(st.integers(0, 8))):
        if content:
            near = min(len(content) - 1, draw(st.sampled_from((200, 2000, len(content)))))
            content[draw(st.integers(0, near))] = draw(st.integers(0, 255))
    return bytes(content)


def _small(most_bytes: int) -> list[Path]:
    return [path for path in BUNDLED if path.stat().st_size <= most_bytes]
