"""Files from one transfer syntax to another."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fileroom.domain.pixel_target import PixelTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscodedFile:
    """What was made of one file."""

    source_transfer_syntax_uid: str
    transfer_syntax_uid: str
    source_sop_instance_uid: str
    sop_instance_uid: str
    """Another one where pixels were packed with loss: that makes a new object (PS3.3 C.12.1.1)."""
    frames: int | None
    """Packed or unpacked; None where pixels were copied as they are, or there are none."""
    lossless: bool
    """Nothing was lost on this way; it may have been before."""
    pixels_identical: bool | None
    """Every pixel has the value that it had, which was compared; None where there are no pixels."""
    max_difference: int | None
    """The largest difference of a value, where something was lost."""
    compression_ratio: float | None
    """Bytes of pixels unpacked to bytes packed, where they are packed now."""
    source_bytes: int
    """Of the source file."""
    output_bytes: int
    """Of the file that was made."""


class FileTranscoder(Protocol):
    """Makes files; pickles, so that it works in other processes."""

    @abstractmethod
    def transcode(self, source: Path, output: Path, target: PixelTarget) -> TranscodedFile:
        """Write the object of `source` in another transfer syntax, whole or not at all.

        What is not lossy is read again as it was packed and compared, value for value, before anything appears.

        Raises:
            NotFound: there is no such file.
            InvalidDicom: it is damaged or no DICOM, or its pixels cannot be packed so.
            InvalidInput: pixels in its transfer syntax cannot be decoded.
            ConfigurationError: the codecs that are needed are not installed.
            LimitExceeded: its pixels are more than may be decoded.
            Unreadable: it cannot be read.
            StorageError: the output cannot be written.
        """
