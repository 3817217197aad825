"""Whose object it is: what pseudonyms and shifts of dates are made from."""

from dataclasses import dataclass
from typing import Final

from fileroom.adapters.files.tree import Tree, character_sets, text_value
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.pseudonyms import days_back, patient_pseudonym

PATIENT_ID: Final = 0x00100020
PATIENT_NAME: Final = 0x00100010
_ISSUER: Final = 0x00100021
_BIRTH_DATE: Final = 0x00100030
_STUDY: Final = 0x0020000D
_MAX_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Pseudonymity:
    """What stands for a patient."""

    original_id: str
    patient_id: str
    """The pseudonym, or what was given."""
    days: int
    """By how many days dates move."""


def pseudonymity(tree: Tree, plan: DeidentificationPlan) -> Pseudonymity:
    """Return what stands for the patient of an object.

    Patient ID and its issuer tell who it is. Where there is no ID, name and date of birth do; where there is no name
    either, the study does.
    """
    codecs = character_sets(tree.root)

    def text(tag: int) -> str:
        found = tree.root.find(tag)
        if found is None or found.items is not None or found.fragments is not None:
            return ""
        return text_value(found, codecs, max_bytes=_MAX_BYTES).strip(" \0")

    patient_id = text(PATIENT_ID)
    if patient_id:
        identity = f"id\0{patient_id}\0{text(_ISSUER)}"
    elif name := text(PATIENT_NAME).rstrip("^= "):
        identity = f"name\0{name}\0{text(_BIRTH_DATE)}"
    else:
        identity = f"study\0{text(_STUDY)}"
    given = plan.patient_id
    return Pseudonymity(
        original_id=patient_id,
        patient_id=patient_pseudonym(plan.key, identity) if given is None else given,
        days=days_back(plan.key, identity),
    )
