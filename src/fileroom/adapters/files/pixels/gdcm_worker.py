"""The other end of `gdcm_process`: a program that decodes JPEG frames from stdin to stdout until stdin ends.

It is run as a script and imports nothing of ours, so that it starts fast. A request is `REQUEST` followed by the
stream; an answer is `ANSWER` followed by samples, or without any where GDCM does not decode it.
"""

import struct
import sys
from importlib import import_module
from typing import Any, BinaryIO, Final

REQUEST: Final = struct.Struct("<HHBBBBBQ")
"""Rows, columns, samples, bits of a cell and of a sample, 1 for signed, index in `SYNTAXES`, size of the stream."""
ANSWER: Final = struct.Struct("<Q")
"""Bytes of samples that follow."""
SYNTAXES: Final = (
    "JPEGBaselineProcess1",
    "JPEGExtendedProcess2_4",
    "JPEGLosslessProcess14",
    "JPEGLosslessProcess14_1",
)
"""GDCM's names."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    gdcm = import_module("gdcm")  # it has no types
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        *image_of, size = REQUEST.unpack(head)
        samples = decoded(gdcm, requests.read(size), tuple(image_of))
        answers.write(ANSWER.pack(len(samples)))
        answers.write(samples)
        answers.flush()


def decoded(gdcm: Any, stream: bytes, image_of: tuple[int, ...]) -> bytes:  # noqa: ANN401 - a module without types
    """Return the samples of a stream, by pixel; none where GDCM does not decode it."""
    rows, columns, samples, cell, precision, signed, syntax = image_of
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(stream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    # As if it were RGB, so that colours stay what they are in the stream.
    name = "MONOCHROME2" if samples == 1 else "RGB"
    image.SetPhotometricInterpretation(
        gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.GetPIType(name))
    )
    if samples > 1:
        image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, SYNTAXES[syntax])))
    image.SetPixelFormat(gdcm.PixelFormat(samples, cell, precision, precision - 1, signed))
    content = image.GetBuffer()
    return b"" if content is None else bytes(content.encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
