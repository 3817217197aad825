"""Pixels against their description (PS3.3 C.7.6.3, PS3.5 clause 8)."""

from collections.abc import Callable, Iterator
from typing import Final

from fileroom.adapters.files.tree import Element, Tree
from fileroom.adapters.files.validating.attributes import numbers_in
from fileroom.adapters.files.validating.encapsulation_rules import encapsulation_findings
from fileroom.adapters.files.validating.pixel_description import (
    BITS_ALLOCATED,
    BITS_STORED,
    DOUBLE_FLOAT_PIXEL_DATA,
    FLOAT_PIXEL_DATA,
    HIGH_BIT,
    NUMBER_OF_FRAMES,
    PHOTOMETRIC_INTERPRETATION,
    PIXEL_DATA,
    PIXEL_REPRESENTATION,
    PLANAR_CONFIGURATION,
    SAMPLES_PER_PIXEL,
    PixelDescription,
    description_of,
    has_value,
)
from fileroom.adapters.files.validating.places import Place, is_plain, quoted
from fileroom.domain.transfer_syntaxes import transfer_syntax
from fileroom.domain.validation import Finding

CLAUSE: Final = "PS3.3 C.7.6.3"
_SAMPLES: Final = {
    "MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3, "YBR_FULL_422": 3,
    "YBR_PARTIAL_422": 3, "YBR_PARTIAL_420": 3, "YBR_ICT": 3, "YBR_RCT": 3, "XYB": 3, "HSV": 3, "ARGB": 4, "CMYK": 4,
}  # fmt: skip
_RETIRED: Final = frozenset({"HSV", "ARGB", "CMYK", "YBR_PARTIAL_422"})
_ONLY_COMPRESSED: Final = frozenset({"YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"})
_LUT_COLOURS: Final = ("Red", "Green", "Blue")
_LUT_DESCRIPTORS: Final = (0x00281101, 0x00281102, 0x00281103)
_LUT_DATA: Final = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED_LUT_DATA: Final = (0x00281221, 0x00281222, 0x00281223)
_PIXEL_PROVIDER_URL: Final = 0x00287FE0
_PIXELS: Final = (PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA, _PIXEL_PROVIDER_URL)


def pixel_findings(place: Place, tree: Tree) -> Iterator[Finding]:
    """Find what is wrong with the pixels of a data set, or of an icon in an item, and with what is said of them."""
    pixels = place.item.find(PIXEL_DATA)
    is_root = place.item is tree.root
    if pixels is None:
        if is_root:
            yield from _float_findings(place)
        return
    told = description_of(place.item, has_frames=is_root)
    for rule in (_bits, _samples, _planes, _palette, _frames):
        yield from rule(place, told)
    if pixels.fragments is not None:
        yield from encapsulation_findings(place, pixels, told, tree)
    else:
        yield from _native(place, pixels, told)
        if is_root and transfer_syntax(tree.transfer_syntax_uid).is_encapsulated:
            name = transfer_syntax(tree.transfer_syntax_uid).name
            yield place.error("pixel_data", PIXEL_DATA, f"not encapsulated, as {name} has it", "PS3.5 A.4")


def _bits(place: Place, told: PixelDescription) -> Iterator[Finding]:
    allocated, stored, high = told.allocated, told.stored, told.high_bit
    if allocated is not None and allocated != 1 and (allocated % 8 or not allocated):
        yield place.error(
            "pixel_bits", BITS_ALLOCATED, f"{allocated} is neither 1 nor a multiple of 8", "PS3.5 8.1.1"
        )
    if stored is not None and allocated is not None and not 0 < stored <= allocated:
        yield place.error("pixel_bits", BITS_STORED, f"{stored} of {allocated} bits allocated", "PS3.5 8.1.1")
    if high is not None and stored is not None and high != stored - 1:
        told_high = f"{high}, and must be one less than Bits Stored, {stored}"
        yield place.error("pixel_bits", HIGH_BIT, told_high, "PS3.5 8.1.1")
    if told.representation is not None and told.representation not in {0, 1}:
        yield place.error(
            "pixel_bits", PIXEL_REPRESENTATION, f"{told.representation} is neither 0 nor 1", CLAUSE
        )


def _samples(place: Place, told: PixelDescription) -> Iterator[Finding]:
    photometric, samples = told.photometric, told.samples
    if not photometric:
        return
    if photometric not in _SAMPLES:
        yield place.warning(
            "photometric",
            PHOTOMETRIC_INTERPRETATION,
            f"{quoted(photometric)} is none of the standard's",
            f"{CLAUSE}.1.2",
        )
        return
    if photometric in _RETIRED:
        yield place.note("retired", PHOTOMETRIC_INTERPRETATION, f"{photometric} is retired", f"{CLAUSE}.1.2")
    if samples is not None and samples != _SAMPLES[photometric]:
        needs = f"{samples}, and {photometric} has {_SAMPLES[photometric]}"
        yield place.error("photometric", SAMPLES_PER_PIXEL, needs, f"{CLAUSE}.1.2")


def _planes(place: Place, told: PixelDescription) -> Iterator[Finding]:
    clause = f"{CLAUSE}.1.3"
    if told.samples is not None and told.samples > 1:
        if place.item.find(PLANAR_CONFIGURATION) is None:
            yield place.error(
                "required", PLANAR_CONFIGURATION, "missing, with several samples a pixel", clause
            )
    elif told.samples == 1 and place.item.find(PLANAR_CONFIGURATION) is not None:
        yield place.warning("planar", PLANAR_CONFIGURATION, "here, with one sample a pixel", clause)
    if told.planar is not None and told.planar not in {0, 1}:
        yield place.error("planar", PLANAR_CONFIGURATION, f"{told.planar} is neither 0 nor 1", clause)


def _palette(place: Place, told: PixelDescription) -> Iterator[Finding]:
    if told.photometric != "PALETTE COLOR":
        return
    for colour, descriptor, data, segmented in zip(
        _LUT_COLOURS, _LUT_DESCRIPTORS, _LUT_DATA, _SEGMENTED_LUT_DATA, strict=True
    ):
        described = place.item.find(descriptor)
        if not has_value(described):
            missing = f"missing: PALETTE COLOR needs a descriptor of its {colour.lower()} lookup table"
            yield place.error("palette", descriptor, missing, f"{CLAUSE}.1.5")
        table = place.item.find(data)
        if not has_value(table) and not has_value(place.item.find(segmented)):
            missing = f"missing: PALETTE COLOR needs its {colour.lower()} lookup table"
            yield place.error("palette", data, missing, f"{CLAUSE}.1.6")
        elif table is not None and described is not None:
            yield from _table(place, described, table)


def _table(place: Place, described: Element, table: Element) -> Iterator[Finding]:
    """Hold a lookup table against its descriptor: number of entries, first value mapped, bits of an entry."""
    values = numbers_in(described, place.item.encoding)
    if len(values) != 3 or not table.size:
        return
    entries, bits = values[0] & 0xFFFF or 1 << 16, values[2]
    if bits not in {8, 16}:
        yield place.error(
            "palette", described.tag, f"entries of {bits} bits: neither 8 nor 16", f"{CLAUSE}.1.5"
        )
        return
    # Entries of 8 bits are found packed, as the standard has it, and in words of 16 bits each.
    sizes = {entries * 2} if bits == 16 else {entries + entries % 2, entries * 2}
    if table.size not in sizes:
        told = f"{table.size} bytes, and its descriptor says {entries} entries of {bits} bits"
        yield place.error("palette", table.tag, told, f"{CLAUSE}.1.6")


def _frames(place: Place, _: PixelDescription) -> Iterator[Finding]:
    values = numbers_in(place.item.find(NUMBER_OF_FRAMES), place.item.encoding, limit=1)
    if values and values[0] < 1:
        yield place.error(
            "frames", NUMBER_OF_FRAMES, f"{values[0]}: an image has one at least", "PS3.3 C.7.6.6"
        )


def _native(place: Place, pixels: Element, told: PixelDescription) -> Iterator[Finding]:
    if not is_plain(pixels):
        return
    expected, size = told.native_bytes, pixels.size
    if expected is not None and size != expected:
        less_or_more = "less" if size < expected else "more"
        yield place.error(
            "pixel_length",
            PIXEL_DATA,
            f"{size} bytes, {less_or_more} than the {expected} of its description "
            f"({told.columns} by {told.rows}, {told.samples} samples of {told.allocated} bits, {told.frames} frames)",
            "PS3.5 8.1",
        )
    if pixels.written_vr == b"OB" and told.allocated is not None and told.allocated > 8:
        yield place.error("vr", PIXEL_DATA, f"OB, with {told.allocated} bits allocated", "PS3.5 A.2")
    if told.photometric in _ONLY_COMPRESSED:
        told_photometric = f"{told.photometric}, and the pixels are not compressed"
        yield place.error("photometric", PHOTOMETRIC_INTERPRETATION, told_photometric, f"{CLAUSE}.1.2")


def _float_findings(place: Place) -> Iterator[Finding]:
    """Hold pixels that are floating point numbers against their description (PS3.3 C.7.6.24, C.7.6.25)."""
    for tag, size_of in _FLOATS.items():
        element = place.item.find(tag)
        if element is None or not is_plain(element):
            continue
        told = description_of(place.item, has_frames=True)
        if told.rows is None or told.columns is None:
            continue
        expected = size_of(told)
        if element.size != expected:
            yield place.error(
                "pixel_length", tag, f"{element.size} bytes, and described are {expected}", "PS3.5 8.1"
            )


_FLOATS: Final[dict[int, Callable[[PixelDescription], int]]] = {
    FLOAT_PIXEL_DATA: lambda told: (told.rows or 0) * (told.columns or 0) * told.frames * 4,
    DOUBLE_FLOAT_PIXEL_DATA: lambda told: (told.rows or 0) * (told.columns or 0) * told.frames * 8,
}


def missing_pixel_findings(place: Place) -> Iterator[Finding]:
    """Find whether an image has no pixels at all, for SOP Classes that have them."""
    if not any(has_value(place.item.find(tag)) for tag in _PIXELS):
        yield place.error("required", PIXEL_DATA, "an image without pixels", CLAUSE)
