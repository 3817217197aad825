"""Counts what becomes of the files of one import."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fileroom.application.filing_decisions import Filed
from fileroom.domain.errors import FileroomError, InvalidDicom, LimitExceeded, StorageError
from fileroom.domain.filing import FilingOutcome

log = logging.getLogger(__name__)

MAX_FAILURES_KEPT: Final = 1000


class FailureKind(StrEnum):
    """Why one file was not filed."""

    INVALID_DICOM = "invalid_dicom"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    STORAGE = "storage"

    @classmethod
    def of(cls, error: FileroomError) -> "FailureKind":
        """Return the kind of failure that an error means for a file."""
        match error:
            case InvalidDicom():
                return cls.INVALID_DICOM
            case LimitExceeded():
                return cls.SKIPPED
            case StorageError():
                return cls.STORAGE
            case _:
                return cls.UNREADABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportFailure:
    """One file that was not filed."""

    name: str
    kind: FailureKind
    why: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateCounts:
    """Duplicates by cause."""

    identical: int = 0
    """Here already with the same content."""
    conflict_rejected: int = 0
    """Here already with other content; refused."""
    conflict_replaced: int = 0
    """Here already with other content; the new one took its place."""
    conflict_ignored: int = 0
    """Here already with other content; the old one was kept."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.identical + self.conflict_rejected + self.conflict_replaced + self.conflict_ignored


_CAUSES: Final = {
    FilingOutcome.DUPLICATE: "identical",
    FilingOutcome.REJECTED: "conflict_rejected",
    FilingOutcome.REPLACED: "conflict_replaced",
    FilingOutcome.IGNORED: "conflict_ignored",
}
_ACCEPTED: Final = frozenset({FilingOutcome.STORED, FilingOutcome.REPLACED})


class ImportLedger:
    """Counts files as they end; what is taken back when the catalog cannot be written, is counted as failed."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.scanned = 0
        self.bytes = 0
        self.not_dicom = 0
        self.kinds: Counter[FailureKind] = Counter()
        self.failures: list[ImportFailure] = []
        self.stopped_by = ""
        self._outcomes: Counter[FilingOutcome] = Counter()
        self._unwritten: list[tuple[str, Filed]] = []

    @property
    def accepted(self) -> int:
        """Files that were filed anew, replaced ones included."""
        return sum(self._outcomes[outcome] for outcome in _ACCEPTED)

    @property
    def failed(self) -> int:
        """Files that were not filed, whatever the reason."""
        return self.kinds.total()

    def duplicates(self) -> DuplicateCounts:
        """Return the duplicates by cause."""
        return DuplicateCounts(**{cause: self._outcomes[outcome] for outcome, cause in _CAUSES.items()})

    def pass_over(self, name: str, why: str) -> None:
        """Count a file that nobody would have expected to be filed."""
        self.not_dicom += 1
        _note(name, why)

    def fail(self, name: str, kind: FailureKind, why: str, hint: str = "") -> None:
        """Count a file that was not filed; the first of each kind are kept by name."""
        self.kinds[kind] += 1
        if self.kinds[kind] <= MAX_FAILURES_KEPT:
            self.failures.append(ImportFailure(name=name, kind=kind, why=why, hint=hint))
        _note(name, why)

    def filed(self, name: str, filed: Filed) -> None:
        """Count a file that was filed, or found to be here."""
        self._count(name, filed, filed.entry.stored.size)
        self._unwritten.append((name, filed))

    def _count(self, name: str, filed: Filed, size: int) -> None:
        self._outcomes[filed.outcome] += 1
        if filed.outcome in _ACCEPTED:
            self.bytes += size
        if filed.outcome is FilingOutcome.REJECTED:
            self.fail(
                name,
                FailureKind.CONFLICT,
                f"instance {filed.entry.record.sop_instance_uid} is here with other content",
                "set [objects] duplicates to replace or ignore",
            )

    def written(self, settled: Mapping[str, Filed]) -> None:
        """All that was counted until now is in the catalog, or ended otherwise than it seemed (by SOP Instance UID)."""
        last = {_uid(filed): (name, filed) for name, filed in self._unwritten if filed.outcome in _ACCEPTED}
        self._unwritten.clear()
        for uid, (name, filed) in last.items():
            now = settled.get(uid, filed)
            if now.outcome is not filed.outcome:
                self._outcomes[filed.outcome] -= 1
                self.bytes -= filed.entry.stored.size
                self._count(name, now, filed.entry.stored.size)

    def not_written(self, error: FileroomError) -> None:
        """Take back what was counted since the catalog was last written, and the copies of that."""
        lost = {_uid(filed) for _, filed in self._unwritten if filed.outcome in _ACCEPTED}
        for name, filed in self._unwritten:
            if _uid(filed) not in lost or filed.outcome is FilingOutcome.REJECTED:
                continue
            self._outcomes[filed.outcome] -= 1
            if filed.outcome in _ACCEPTED:
                self.bytes -= filed.entry.stored.size
            self.fail(name, FailureKind.STORAGE, error.message, error.hint)
        self._unwritten.clear()


def _uid(filed: Filed) -> str:
    return filed.entry.record.sop_instance_uid


def _note(name: str, why: str) -> None:
    """Log a file that was not filed; people put patients' names into paths, so these are for debugging only."""
    log.info("a file was not filed: %s", why)
    log.debug("that file is %s", name)
