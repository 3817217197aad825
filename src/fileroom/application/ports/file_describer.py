"""What is in a DICOM file, in short."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from fileroom.domain.file_facts import FileDescription


class FileDescriber(Protocol):
    """Tells of patient, study, series, image and encoding; stateless, and pickles."""

    @abstractmethod
    def describe(self, path: Path) -> FileDescription:
        """Read a file, to its end, and tell what it is; a DICOMDIR too. Pixels are neither read nor decoded.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged, or (NotDicom) no DICOM file at all.
        """
