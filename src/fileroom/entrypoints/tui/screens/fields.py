"""Fields of a form as data: what is asked for, what may be answered, and what helps to answer it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.tui.words import as_keys

Values = Mapping[str, str]
"""What stands in a form, by the keys of its fields; a tick is `YES`, none is ''."""
Check = Callable[[str], object]
"""Raises a FileroomError for a text that cannot be used; is not asked about an empty one."""
YES: Final = "yes"


class Kind(StrEnum):
    """How a field is answered."""

    TEXT = "text"
    CHOICE = "choice"
    """One of a few words."""
    TICK = "tick"
    """Yes or no."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could stand in a field."""

    text: str
    """What the whole field holds when it is taken."""
    label: str
    """What the list of candidates says."""


Complete = Callable[[str], Sequence[Candidate]]
"""Candidates for what was typed so far; called in another thread than the screen's, unless the field is quick."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One line of a form."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    value: str = ""
    """What stands there at first."""
    required: bool = False
    placeholder: str = ""
    """Shown while it is empty; beside a tick always."""
    choices: Sequence[str] = ()
    check: Check | None = None
    complete: Complete | None = None
    is_quick: bool = False
    """Candidates come from memory: no thread is needed."""
    picks: bool = False
    """Only a candidate can be right: the nearest is offered, and what is typed is no mistake until one goes on."""
    is_there: bool = False
    """Only the path of something that is there can be right: Tab does not go on from one that is half typed."""

    def fault_of(self, text: str) -> str:
        """Say what is wrong with a text, '' for nothing."""
        if not text.strip():
            return "this is needed" if self.required else ""
        if self.check is None:
            return ""
        try:
            self.check(text)
        except FileroomError as error:
            return in_words(error)
        return ""


def in_words(error: FileroomError) -> str:
    """Write an error and what to do about it in one line."""
    return as_keys(f"{error.message}: {error.hint}" if error.hint else error.message)
