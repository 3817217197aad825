"""What a peer, or fileroom, holds after a transfer, and how that differs from what it was given."""

import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.interop.samples import Sample, all_samples, data_set_of

TRAILING_PADDING = 0xFFFCFFFC
BYTE_ORDERED_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


@dataclass(frozen=True, kw_only=True)
class Held:
    """One object as it is held."""

    transfer_syntax_uid: str
    data_set: bytes

    def values(self, *, with_bulk: bool = True) -> Dataset:
        """What it says, however it is encoded; `with_bulk` takes in what has another byte order elsewhere."""
        content = self.data_set
        if self.transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = read_dataset(
                BytesIO(content),
                self.transfer_syntax_uid == ImplicitVRLittleEndian,
                self.transfer_syntax_uid != ExplicitVRBigEndian,
            )
            return _plain(read, with_bulk=with_bulk)


class Difference(StrEnum):
    """How something held differs from what was sent."""

    MISSING = "missing"
    PADDED = "padded"
    """Even length by one NUL at the end of a deflated stream (PS3.5 A.5)."""
    REENCODED = "reencoded"
    """The same values in the same transfer syntax, in other bytes: lengths, group lengths, trailing padding."""
    CONVERTED = "converted"
    """The same values in another transfer syntax."""
    CHANGED = "changed"
    """Other values."""


def held(content: bytes) -> tuple[str, Held]:
    """Read a DICOM file: the SOP Instance UID of its data set, and the data set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pydicom.dcmread(BytesIO(content), specific_tags=["SOPInstanceUID"])
        uid, syntax = str(read.SOPInstanceUID), str(read.file_meta.TransferSyntaxUID)
    return uid, Held(transfer_syntax_uid=syntax, data_set=data_set_of(content))


def held_in(paths: Iterable[Path]) -> dict[str, Held]:
    """Read DICOM files, by SOP Instance UID."""
    found = [held(path.read_bytes()) for path in paths]
    assert len(found) == len(dict(found)), "no object is held twice"
    return dict(found)


def as_sent(samples: Iterable[Sample]) -> dict[str, Held]:
    """What a peer holds that keeps samples as they are."""
    return {
        one.sop_instance_uid: Held(transfer_syntax_uid=one.transfer_syntax_uid, data_set=one.data_set)
        for one in samples
    }


def differences(got: Mapping[str, Held], wanted: Mapping[str, Held]) -> dict[str, Difference]:
    """Tell by sample name what is held otherwise than wanted; nothing else may be held."""
    names = {one.sop_instance_uid: one.name.removeprefix("test_files/") for one in all_samples()}
    strange = got.keys() - wanted.keys()
    assert not strange, f"nobody sent these: {sorted(strange)}"
    told = {names[uid]: _difference(got.get(uid), one) for uid, one in wanted.items()}
    return {name: difference for name, difference in told.items() if difference is not None}


def _difference(got: Held | None, wanted: Held) -> Difference | None:
    if got is None:
        return Difference.MISSING
    if got == wanted:
        return None
    if got.transfer_syntax_uid != wanted.transfer_syntax_uid:
        same = got.values(with_bulk=False) == wanted.values(with_bulk=False)
        return Difference.CONVERTED if same else Difference.CHANGED
    if got.transfer_syntax_uid == DeflatedExplicitVRLittleEndian and got.data_set == wanted.data_set + b"\0":
        return Difference.PADDED
    return Difference.REENCODED if got.values() == wanted.values() else Difference.CHANGED


def _plain(data_set: Dataset, *, with_bulk: bool) -> Dataset:
    """Leave out what says nothing: group lengths, trailing padding, and how encapsulated pixels are labelled."""
    for element in list(data_set):
        if element.tag.element == 0 or element.tag == TRAILING_PADDING:
            del data_set[element.tag]
        elif element.VR == "SQ":
            for item in element.value:
                _plain(item, with_bulk=with_bulk)
        elif element.VR in BYTE_ORDERED_VRS and not with_bulk:
            del data_set[element.tag]
        elif element.VR == "OW" and element.is_undefined_length:
            element.VR = "OB"
    return data_set
