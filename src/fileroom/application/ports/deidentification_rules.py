"""Rules of one's own for de-identification, from where somebody wrote them down."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from fileroom.domain.confidentiality.rules import Rules


class DeidentificationRules(Protocol):
    """Reads rules."""

    @abstractmethod
    def read(self, path: Path) -> Rules:
        """Return the rules of a file.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidInput: it says what is not known; the hint names the nearest that is.
        """
