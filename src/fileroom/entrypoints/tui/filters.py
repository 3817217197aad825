"""Filters of what is here, as they are typed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.local_filter import LocalFilter
from fileroom.entrypoints.requests import Truth, local_filter
from fileroom.entrypoints.tui.command_table import FILTER
from fileroom.entrypoints.tui.language import Mistake, Typed, read_values
from fileroom.entrypoints.tui.words import split

_TEXTS: Final = (
    "patient_name", "patient_id", "accession_number", "modality", "study_date", "study_description", "imported_at",
)  # fmt: skip


def read_filter(text: str) -> tuple[LocalFilter, tuple[str, ...]]:
    """Read what is typed to narrow a list of what is here; return the words without a key besides.

    Raises:
        Mistake: a word has no meaning there.
    """
    typed = Typed(name=FILTER.name, values=read_values(split(text), FILTER))
    try:
        return keyed_filter(typed), typed.all("words")
    except InvalidInput as error:
        raise Mistake(error.message, 0, len(text), hint=error.hint) from None


def named(criteria: LocalFilter, words: Sequence[str]) -> LocalFilter:
    """Add words that are part of the patient's name, in their order."""
    if not any(words):
        return criteria
    texts = [*([criteria.patient_name] if criteria.patient_name else []), *words]
    if len(texts) == 1:
        return replace(criteria, patient_name=texts[0])
    return replace(criteria, patient_name="*" + "*".join(text.strip("*") for text in texts) + "*")


def keyed_filter(typed: Typed) -> LocalFilter:
    """Return the filter of a command with filter keys, words left out.

    Raises:
        InvalidInput: a range runs backwards.
    """
    texts = typed.texts(*_TEXTS)
    first, last = typed.get("date_from"), typed.get("date_to")
    if (first or last) and not texts["study_date"]:
        texts["study_date"] = f"{first or ''}..{last or ''}"
    duplicate = (Truth.TRUE if typed.flag("duplicate") else Truth.FALSE) if typed.get("duplicate") else None
    return local_filter(**texts, duplicate=duplicate)
