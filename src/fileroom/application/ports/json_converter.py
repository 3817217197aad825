"""DICOM files as documents in the DICOM JSON Model, and back."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

BULK_THRESHOLD: Final = 1024
"""Bytes from which on a value is bulk data by default."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToJsonOptions:
    """How a document is written."""

    bulk_dir: Path | None = None
    """Folder for files that take pixels and large values; None: these stand in the document, as base64."""
    bulk_threshold: int = BULK_THRESHOLD
    """Bytes from which on a value goes there; pixels always do."""
    pretty: bool = False
    """An attribute a line, indented."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FromJsonOptions:
    """How a document is read."""

    bulk_dir: Path | None = None
    """Folder of bulk data besides that of the document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenJson:
    """A document that was made."""

    elements: int
    """Of the file, on all levels."""
    bulk_files: int
    bulk_bytes: int
    size: int
    """Bytes of the document."""
    notes: tuple[str, ...] = ()
    """What people should know of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenDicom:
    """A file that was made."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    elements: int
    """On all levels."""
    bulk_values: int
    """Values that came from files of their own."""
    size: int
    """Bytes of the file."""
    notes: tuple[str, ...] = ()
    """What was decided for the document: a new UID, another character set."""


class JsonConverter(Protocol):
    """Converts to and from the DICOM JSON Model (PS3.18 annex F); stateless, and pickles.

    There and back gives the same elements: tags, VRs, nesting and the bytes of values, padding at their end (PS3.5 6.2)
    and group lengths aside. Private elements and all character sets are no exception.
    """

    @abstractmethod
    def to_json(self, source: Path, output: Path, options: ToJsonOptions) -> WrittenJson:
        """Write a DICOM file as a document, which appears whole or not at all; values are not held in memory.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged, or (NotDicom) no DICOM file at all.
            LimitExceeded: a text is too long to stand in a document.
            StorageError: the document or a file of bulk data cannot be written.
        """

    @abstractmethod
    def from_json(self, source: Path, output: Path, options: FromJsonOptions) -> WrittenDicom:
        """Write a document as a DICOM file, which appears whole or not at all; large values are not held in memory.

        Raises:
            NotFound: there is no such document, or not the bulk data that it refers to.
            Unreadable: it cannot be read.
            InvalidJson: it is not in the model, or lacks what every object has.
            NotDicom: it is no JSON at all.
            InvalidDicom: its elements cannot be written in its transfer syntax.
            LimitExceeded: it is too large.
            StorageError: the file cannot be written.
        """
