"""Files without what tells whose they are."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fileroom.domain.confidentiality.plan import DeidentificationPlan


class Finding(StrEnum):
    """What became of an identifying value that was found again in an attribute which the profile keeps."""

    CUT = "cut"
    """It was taken out of the text."""
    REPLACED = "replaced"
    """The whole value was replaced or emptied."""
    LEFT = "left"
    """It is still there: in a coded value or in bytes, or a rule keeps the attribute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Residue:
    """An attribute that the profile keeps, in which an identifying value was found again."""

    path: str
    """Such as `RequestAttributesSequence[1].ScheduledProcedureStepLocation`; never the value."""
    finding: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Deidentified:
    """What was done to a file."""

    sop_instance_uid: str
    """Of the new object, '' where there is none."""
    removed: int
    """Attributes on all levels; of a sequence that was removed only itself."""
    emptied: int
    replaced: int
    """By dummies, pseudonyms or values of rules."""
    uids: int
    """UIDs that were replaced."""
    shifted: int
    """Dates that were moved."""
    cleaned: int
    """Texts of which something was cut out, as an option or a rule says."""
    size: int
    """Bytes of the new file."""
    residues: tuple[Residue, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a person should look at, in words."""
    claims_profile: bool = True
    """Whether the object says that it conforms to the profile: not where a rule keeps what should go."""


class Deidentifier(Protocol):
    """Applies the Basic Application Level Confidentiality Profile (PS3.15 annex E) to files; stateless, pickles."""

    @abstractmethod
    def deidentify(self, source: Path, output: Path, plan: DeidentificationPlan) -> Deidentified:
        """Write a file's object without what identifies anybody.

        The output appears whole or not at all, in the place of what was there. The same plan makes the same bytes of
        the same file.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged, or (NotDicom) no DICOM file, or a DICOMDIR.
            InvalidInput: a value that was given cannot be written in its place.
            StorageError: the output cannot be written.
        """
