"""JPEG of 9 to 12 bits by GDCM itself, which pydicom keeps to those of 8 bits and to lossless ones."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np

from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.adapters.files.pydicom_guard import unheard
from fileroom.domain.errors import InvalidDicom


def is_gdcm_there() -> bool:
    """Tell whether GDCM is installed."""
    return find_spec("gdcm") is not None


def decode_jpeg(stream: bytes, description: ImageDescription, precision: int) -> Pixels:
    """Decode a JPEG Extended stream (ISO 10918-1 process 4) whose dimensions have been checked.

    Raises:
        InvalidDicom: it is damaged.
    """
    gdcm = import_module("gdcm")  # it has no types

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(stream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((description.columns, description.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(description.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    if description.is_colour:
        image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(
        gdcm.PixelFormat(description.samples, 16, precision, precision - 1, int(description.is_signed))
    )
    with unheard():
        content = image.GetBuffer()
    if content is None:
        raise InvalidDicom("GDCM does not decode it")
    found = np.frombuffer(content.encode("utf-8", "surrogateescape"), np.uint16)
    if found.size != description.frame_samples:
        raise InvalidDicom(f"GDCM decodes {found.size} samples of {description.frame_samples}")
    shape = (description.rows, description.columns)
    return found.reshape((*shape, description.samples) if description.is_colour else shape)
