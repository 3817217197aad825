"""Holding a file against the standard."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from fileroom.domain.validation import Validation


class ObjectValidator(Protocol):
    """Finds what is not as the standard has it; stateless, so that other processes can have one too."""

    @abstractmethod
    def validate(self, path: Path) -> Validation:
        """Return what is found in a DICOM file; one that is damaged is a finding like others.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged before its data set, or (NotDicom) no DICOM file at all.
        """
