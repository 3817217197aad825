"""Which files are meant by the paths that somebody named."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fileroom.application.ports.import_source import Refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """A file to work on."""

    path: Path
    relative: Path
    """Below the folder that was named; the file's name where it was named itself."""
    is_named: bool
    """It was named itself rather than found in a folder, so that whatever is wrong with it is a failure."""


class FileFinder(Protocol):
    """Looks for files; archives are files like others here."""

    @abstractmethod
    def find(self, path: Path, *, recursive: bool) -> Iterator[FoundFile | Refusal]:
        """Yield the file, or with `recursive` what a folder holds, lazily and in a stable order.

        Within folders symbolic links are not followed, and hidden files are files like others. What cannot be used
        comes as a `Refusal`, and the rest goes on.

        Raises:
            NotFound: `path` does not exist.
        """
