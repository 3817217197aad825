"""Filters of lists as they are typed: of what is here by all its keys, of other lists by words."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.local_filter import LocalFilter
from fileroom.domain.text import fold
from fileroom.entrypoints.requests import Truth, local_filter
from fileroom.entrypoints.tui.command_table import FILTER
from fileroom.entrypoints.tui.language import Mistake, Typed, read_values
from fileroom.entrypoints.tui.records import Record, RecordSource
from fileroom.entrypoints.tui.words import split

_READ: Final = 2000
"""Rows that are looked through at once."""
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


def study_filter(text: str) -> LocalFilter:
    """Read a filter of studies, where words without a key are part of the patient's name.

    Raises:
        Mistake: a word has no meaning there.
    """
    return named(*read_filter(text))


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


class WordsSource(RecordSource):
    """The rows of another list that hold all words, in any of their columns; case and accents do not matter."""

    def __init__(self, source: RecordSource, words: Iterable[str]) -> None:
        self.source = source
        self.columns = source.columns
        self._words = tuple(filter(None, map(fold, words)))
        self._found: Sequence[Record] = ()

    def count(self) -> int:
        """Look through the whole list."""
        self._found = [record for record in _all(self.source) if self._holds(record)]
        return len(self._found)

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Cut out a piece of what was found."""
        return self._found[offset : offset + limit]

    def _holds(self, record: Record) -> bool:
        text = fold(" ".join(record.cells))
        return all(word in text for word in self._words)


def _all(source: RecordSource) -> Iterable[Record]:
    total = source.count()
    for offset in range(0, total, _READ):
        yield from source.window(offset, _READ)
