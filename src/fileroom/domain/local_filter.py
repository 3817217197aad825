"""Filters for browsing the local catalog."""

from dataclasses import dataclass
from datetime import datetime

from fileroom.domain.attributes import BY_KEYWORD, Attribute
from fileroom.domain.matching import Condition, compile_keys


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFilter:
    """What to show; an empty field does not restrict.

    Name, IDs, date and description are compared with what the study shows (for series and instances: the study
    that they belong to). Modality, import time and duplicate must hold for one and the same instance below what is
    shown.
    """

    patient_name: str = ""
    """Part of the name, or a pattern with `*` and `?`; case and accents do not matter."""
    patient_id: str = ""
    """Exact, or a pattern."""
    accession_number: str = ""
    """Exact, or a pattern."""
    modalities: tuple[str, ...] = ()
    """Any of these."""
    study_date: str = ""
    """DA value or range (`20240101-20241231`), compared with the latest date of the study."""
    study_description: str = ""
    """Part of the description, or a pattern; case and accents do not matter."""
    imported_from: datetime | None = None
    """Catalogued at this moment (aware) or later."""
    imported_to: datetime | None = None
    """Catalogued before this moment (aware)."""
    duplicate: bool | None = None
    """True: another copy was offered at least once; False: never."""

    def conditions(self) -> list[tuple[Attribute, Condition]]:
        """Return the attribute conditions.

        Raises:
            InvalidInput: the date is neither a date nor a range.
        """
        keys = {
            "PatientName": _contains(self.patient_name),
            "PatientID": self.patient_id,
            "AccessionNumber": self.accession_number,
            "Modality": "\\".join(self.modalities),
            "StudyDate": self.study_date,
            "StudyDescription": _contains(self.study_description),
        }
        return compile_keys((BY_KEYWORD[keyword], value) for keyword, value in keys.items() if value)


def _contains(text: str) -> str:
    text = text.strip()
    return text if not text or "*" in text or "?" in text else f"*{text}*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A window over an ordered list."""

    limit: int
    """Most rows to return, at least 1."""
    offset: int = 0
    """Rows to pass over."""
