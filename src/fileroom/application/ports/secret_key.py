"""The key of pseudonyms: whoever has it can tell which one is whose."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol


class SecretKey(Protocol):
    """Keeps one key for this account, and reads others."""

    @abstractmethod
    def own(self) -> bytes:
        """Return the key of the data directory, which is made when it is first wanted.

        All processes get the same, also those that ask for it at once. Nobody else can read it.

        Raises:
            StorageError: it cannot be made or read.
        """

    @abstractmethod
    def read(self, path: Path) -> bytes:
        """Return the key in a file: its bytes without blanks and line ends around them.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidInput: it is too short or too long to be a key.
        """
