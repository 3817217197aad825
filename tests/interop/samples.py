"""The files that come with pydicom as objects to send around: real ones, in many transfer syntaxes and characters.

Some of them share a SOP Instance UID. All but the first get another one of the same length, so that nothing else in
the file moves and one peer can hold them all.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pydicom
import pydicom.data

ROOT = Path(pydicom.data.__file__).parent
FOLDERS = ("charset_files", "test_files")
PREAMBLE_BYTES = 132
GROUP_LENGTH_BYTES = 12
READABLE = 160
"""Of pydicom's files, those that are whole DICOM files and name class, study, series and instance."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One file."""

    name: str
    """Its path below pydicom's data."""
    content: bytes
    """With a SOP Instance UID of its own."""
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str

    @property
    def data_set(self) -> bytes:
        """What is sent on the wire where nobody re-encodes."""
        return data_set_of(self.content)

    def write_to(self, folder: Path) -> Path:
        """Write the file under a name that no other sample has."""
        path = folder / f"{self.sop_instance_uid}.dcm"
        path.write_bytes(self.content)
        return path


def data_set_of(content: bytes) -> bytes:
    """Return what follows the file meta information of a DICOM file (PS3.10 7.1)."""
    assert content[PREAMBLE_BYTES - 4 : PREAMBLE_BYTES] == b"DICM"
    first = content[PREAMBLE_BYTES : PREAMBLE_BYTES + GROUP_LENGTH_BYTES]
    assert first[:8] == b"\x02\x00\x00\x00UL\x04\x00", "file meta begins with its length"
    length = int.from_bytes(first[8:], "little")
    return content[PREAMBLE_BYTES + GROUP_LENGTH_BYTES + length :]


@lru_cache(maxsize=1)
def all_samples() -> tuple[Sample, ...]:
    """Return every file of pydicom's that can be stored."""
    found: dict[str, Sample] = {}
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    for path in paths:
        sample = _read(path, found)
        if sample is not None:
            found[sample.sop_instance_uid] = sample
    return tuple(found.values())


def _read(path: Path, taken: Iterable[str]) -> Sample | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = pydicom.dcmread(path, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            return None
        names = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        sop_class, instance, series, study = (str(read.get(name) or "") for name in names)
        if not (sop_class and instance and series and study):
            return None
        content = path.read_bytes()
        if instance in taken:
            other = _another(instance, taken)
            content = content.replace(instance.encode(), other.encode())
            instance = other
        return Sample(
            name=path.relative_to(ROOT).as_posix(),
            content=content,
            sop_class_uid=sop_class,
            sop_instance_uid=instance,
            series_instance_uid=series,
            study_instance_uid=study,
            transfer_syntax_uid=str(read.file_meta.TransferSyntaxUID),
        )


def _another(uid: str, taken: Iterable[str]) -> str:
    """Return a UID of the same length: the last digit may be any."""
    return next(other for digit in "123456789" if (other := uid[:-1] + digit) not in taken)


def sample(name: str) -> Sample:
    """Return a sample by its file name."""
    [found] = [one for one in all_samples() if Path(one.name).name == name]
    return found


def by_transfer_syntax(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group samples by their transfer syntax."""
    grouped: dict[str, list[Sample]] = {}
    for one in samples:
        grouped.setdefault(one.transfer_syntax_uid, []).append(one)
    return grouped
