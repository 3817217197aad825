"""Images for people from the pixels of objects."""

from abc import abstractmethod
from pathlib import Path
from typing import Protocol

from fileroom.domain.rendering import RenderedFile, RenderingOptions


class ImageRenderer(Protocol):
    """Writes frames as PNG or JPEG; stateless, and pickles."""

    @abstractmethod
    def render(self, source: Path, output: Path, options: RenderingOptions) -> RenderedFile:
        """Write the frames that are asked for: one to `output`, several beside it under numbered names.

        Modality LUT, VOI LUT or window, and presentation follow PS3.4 N.2. An image appears whole or not at all.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged, has no pixels, or (NotDicom) is no DICOM file.
            InvalidInput: it has no such frame, or its pixels cannot be shown as is asked.
            LimitExceeded: a frame is larger than may be.
            ConfigurationError: the codecs that it needs are not installed.
            StorageError: the image cannot be written.
        """
