"""All that is in a DICOM file, for people and for scripts."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from fileroom.domain.dump import DumpDocument, DumpHeading, DumpLine, DumpOptions


class ObjectDumper(Protocol):
    """Shows files element by element, DICOMDIRs too; stateless, so that other processes can have one too."""

    @abstractmethod
    def lines(self, path: Path, options: DumpOptions) -> Iterator[DumpHeading | DumpLine]:
        """Yield what is in a file: file meta information, then the data set. Large values are read in part.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged: what is before the damage was yielded; or (NotDicom) no DICOM file at all.
        """

    @abstractmethod
    def document(self, path: Path, options: DumpOptions) -> DumpDocument:
        """Return a file in the DICOM JSON Model; where its data set is damaged, what is before the damage.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged before its data set, or (NotDicom) no DICOM file at all.
            LimitExceeded: it holds more than a document can.
        """
