"""Renders frames with NumPy and writes them with Pillow."""

import io
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.adapters.files.pixels.description import MAX_FRAME_BYTES
from fileroom.adapters.files.pydicom_guard import INSTALL_CODECS, codecs, require_numpy
from fileroom.adapters.files.tree import open_tree
from fileroom.adapters.files.whole_file import write_whole
from fileroom.application.ports.image_renderer import ImageRenderer
from fileroom.domain.errors import ConfigurationError, InvalidInput
from fileroom.domain.rendering import (
    DEFAULT_QUALITY,
    ImageFormat,
    RenderedFile,
    RenderedImage,
    RenderingOptions,
    frame_path,
)

if TYPE_CHECKING:
    from fileroom.adapters.files.imaging.rendering import Picture
    from fileroom.adapters.files.pixels.native import Pixels

_PNG_LEVEL: Final = 1
"""Of zlib: half to a third of the time of Pillow's own (6); gray images are about as large, palettes a third larger."""
_MAX_JPEG_SIDE: Final = 65_500
"""Of libjpeg."""


class PillowImageRenderer(ImageRenderer):
    """Renders frame by frame: one is in memory."""

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """Refuse frames that take more than `max_frame_bytes`."""
        self._max_frame_bytes = max_frame_bytes

    def render(self, source: Path, output: Path, options: RenderingOptions) -> RenderedFile:
        """Decode, render and write the frames that are wanted, each as soon as it is ready."""
        require_numpy()
        if find_spec("PIL") is None:
            raise ConfigurationError(
                "writing images needs Pillow, which is not installed", hint=INSTALL_CODECS
            )
        from fileroom.adapters.files.imaging.rendering import FrameRenderer
        from fileroom.adapters.files.pixels.frames import Frames

        with open_tree(source) as tree:
            frames = Frames(tree, max_frame_bytes=self._max_frame_bytes)
            wanted = _wanted(options, len(frames))
            renderer = FrameRenderer(tree, frames, options)
            images = []
            for index in wanted:
                picture = renderer.render(frames.read(index), index)
                path = frame_path(output, index + 1) if options.all_frames and len(frames) > 1 else output
                images.append(_written(path, index, picture, options))
            return RenderedFile(
                image_format=options.image_format,
                photometric_interpretation=frames.description.photometric,
                frames=len(frames),
                images=tuple(images),
            )


def _wanted(options: RenderingOptions, frames: int) -> range:
    """Return the frames to be rendered, from 0."""
    if options.all_frames:
        return range(frames)
    frame = options.frame or 1
    if frame > frames:
        raise InvalidInput(
            f"it has no frame {frame}: it has {frames}", hint="frames count from 1" if frames > 1 else ""
        )
    return range(frame - 1, frame)


def _written(path: Path, index: int, picture: "Picture", options: RenderingOptions) -> RenderedImage:
    height, width = picture.samples.shape[:2]
    if options.image_format is ImageFormat.JPEG and max(height, width) > _MAX_JPEG_SIDE:
        raise InvalidInput(f"{width}x{height} pixels are more than a JPEG image can have")
    with codecs("the image cannot be encoded"):
        content = _encoded(picture.samples, options)
    write_whole(path, (content,))
    return RenderedImage(
        path=path,
        frame=index + 1,
        width=width,
        height=height,
        bits=8 * picture.samples.dtype.itemsize,
        contrast=picture.contrast,
        window=picture.window,
        explanation=picture.explanation,
    )


def _encoded(samples: "Pixels", options: RenderingOptions) -> bytes:
    import numpy as np
    from PIL import Image

    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(samples))
    if options.image_format is ImageFormat.PNG:
        # Filtered gray of 8 bits has more runs than matches: looking for these alone is faster, and packs better.
        is_gray = image.mode == "L"
        strategy = zlib.Z_RLE if is_gray else zlib.Z_DEFAULT_STRATEGY
        image.save(stream, "PNG", compress_level=_PNG_LEVEL, compress_type=strategy)
    else:
        image.save(stream, "JPEG", quality=options.quality or DEFAULT_QUALITY, subsampling=0)
    return stream.getvalue()
