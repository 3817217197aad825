"""Who is one patient: told by ID and issuer, or by name and birth date where the ID is empty."""

import hashlib
from collections.abc import Mapping
from typing import Final

from fileroom.domain.attributes import attributes_of
from fileroom.domain.query import QueryLevel

PATIENT_KEYWORDS: Final = tuple(attribute.keyword for attribute in attributes_of(QueryLevel.PATIENT))

_MAX_LENGTH: Final = 512


def patient_key(shown: Mapping[str, str]) -> str:
    """Return what is equal for the studies of one patient, from what a study shows about its patient.

    The length of the first part keeps two parts from reading like two others; a key that is too long for an index is
    told by its digest.
    """
    if patient_id := shown.get("PatientID", ""):
        kind, first, second = "id", patient_id, shown.get("IssuerOfPatientID", "")
    else:
        kind, first, second = "name", shown.get("PatientName", ""), shown.get("PatientBirthDate", "")
    key = f"{kind} {len(first)} {first} {second}"
    return key if len(key) <= _MAX_LENGTH else f"{kind} {hashlib.sha256(key.encode()).hexdigest()}"
