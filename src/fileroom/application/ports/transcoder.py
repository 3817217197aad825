"""From one transfer syntax to another, without loss."""

from abc import abstractmethod
from typing import Protocol

from fileroom.application.ports.object_store import OutgoingObject


class Transcoder(Protocol):
    """Re-encodes data sets; pixels stay the same, value for value."""

    @abstractmethod
    def can_convert(self, from_syntax_uid: str, to_syntax_uid: str) -> bool:
        """Tell whether `convert` knows both syntaxes and needed codecs are installed; quick, reads nothing."""

    @abstractmethod
    def convert(self, source: OutgoingObject, to_syntax_uid: str) -> OutgoingObject:
        """Return the same object in another transfer syntax, held in memory.

        Raises:
            InvalidDicom: the object cannot be decoded, or not encoded in that syntax without loss.
            Unreadable: the object cannot be read.
        """
