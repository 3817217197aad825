"""What is found when a file is held against the standard: findings, how serious they are, and where they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_FINDINGS: Final = 1000
"""Findings of one file that are kept; all are counted."""


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    """The standard says "shall", and the file does not."""
    WARNING = "warning"
    """Allowed, or not to be decided from the file alone, but likely to be a mistake or to make trouble."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as the standard has it."""

    severity: Severity
    rule: str
    """A stable lower_snake word for scripts."""
    path: str = ""
    """Where: tags from the top, items counted from 1, such as `(0040,A730)[2].(0008,0100)`; '' for the whole file."""
    keyword: str = ""
    """Of the element; '' where it has none."""
    message: str
    clause: str
    """Of the standard, such as `PS3.5 6.2`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What was found in one file."""

    sop_class_uid: str = ""
    """Of the object, '' where it says none."""
    transfer_syntax_uid: str = ""
    findings: tuple[Finding, ...] = ()
    """In the order in which they were found; at most `MAX_FINDINGS`, of which errors are the last to be left out."""
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    left_out: int = 0
    """Findings beyond those kept."""

    @property
    def is_valid(self) -> bool:
        """Whether there are no errors."""
        return not self.errors


def validation_of(
    found: Iterable[Finding], *, sop_class_uid: str = "", transfer_syntax_uid: str = ""
) -> Validation:
    """Count findings and keep as many as are kept: where there are too many, errors first."""
    counts = dict.fromkeys(Severity, 0)
    kept: dict[Severity, list[tuple[int, Finding]]] = {severity: [] for severity in Severity}
    for number, finding in enumerate(found):
        counts[finding.severity] += 1
        if len(kept[finding.severity]) < MAX_FINDINGS:
            kept[finding.severity].append((number, finding))
    most_serious_first = [each for severity in Severity for each in kept[severity]][:MAX_FINDINGS]
    total = sum(counts.values())
    return Validation(
        sop_class_uid=sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        findings=tuple(finding for _, finding in sorted(most_serious_first, key=lambda each: each[0])),
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        notes=counts[Severity.NOTE],
        left_out=total - len(most_serious_first),
    )
