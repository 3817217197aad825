"""All that de-identification of a file depends on, besides the file."""

from dataclasses import dataclass, field

from fileroom.domain.confidentiality.options import ProfileOptions
from fileroom.domain.confidentiality.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class DeidentificationPlan:
    """What is to be done, the same for each of many files."""

    key: bytes = field(repr=False)
    """Secret: whoever has it can tell which pseudonym is whose."""
    options: ProfileOptions = field(default_factory=ProfileOptions)
    rules: Rules = field(default_factory=Rules)
    patient_id: str | None = None
    """In the place of every patient's ID; a pseudonym for each patient where there is none."""
    patient_name: str = ""
    """In the place of every patient's name."""
