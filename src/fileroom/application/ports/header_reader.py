"""From bytes to an instance record."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from fileroom.domain.records import InstanceRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the start of a DICOM object says."""

    record: InstanceRecord
    """The catalogued attributes."""
    data_offset: int
    """Bytes before the data set."""
    has_file_meta: bool
    """Whether file meta information (PS3.10 7.1) was there."""


class HeaderReader(Protocol):
    """Reads headers, bounded in time and memory on any input (no allocation from a declared length alone)."""

    @abstractmethod
    def read(self, stream: BinaryIO, *, complete: bool = True) -> Header | None:
        """Read a DICOM file: with or without preamble, with or without file meta information.

        The stream is seekable and stands at the first byte; where it stands afterwards is not defined. With
        `complete=False` the stream holds only the first part of the file, and None says that more is needed to
        tell. With `complete=True` the whole structure up to the end is checked too, so that a truncated object is
        refused.

        Raises:
            InvalidDicom: this is not DICOM, is truncated, or lacks one of SOP Class, SOP Instance, Study Instance and
                Series Instance UID; the message says which.
            Unreadable: the stream failed.
        """

    @abstractmethod
    def read_data_set(
        self, stream: BinaryIO, transfer_syntax_uid: str, *, complete: bool = True
    ) -> Header | None:
        """Read a bare data set of a known transfer syntax, as it comes in a C-STORE; otherwise like `read`.

        The data set begins where the stream stands, which need not be its first byte.

        The structure after the catalogued attributes is not checked: what a peer sent is kept as it came.

        Raises:
            InvalidDicom: as for `read`.
        """
