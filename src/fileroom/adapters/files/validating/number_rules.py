"""Binary values: they come in whole units of their VR (PS3.5 6.2)."""

from collections.abc import Iterator
from typing import Final

from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.places import Place, is_plain
from fileroom.domain.validation import Finding

UNIT_BYTES: Final = {
    b"AT": 4, b"FD": 8, b"FL": 4, b"OD": 8, b"OF": 4, b"OL": 4, b"OV": 8, b"OW": 2, b"SL": 4, b"SS": 2, b"SV": 8,
    b"UL": 4, b"US": 2, b"UV": 8,
}  # fmt: skip
"""Bytes of one value, or of one word of a stream of words."""


def number_findings(place: Place, element: Element) -> Iterator[Finding]:
    """Find whether the value is a multiple of its unit."""
    unit = UNIT_BYTES.get(element.vr)
    if unit is not None and is_plain(element) and element.size % unit:
        vr = element.vr.decode("ascii")
        yield place.error(
            "value",
            element.tag,
            f"{element.size} bytes are no whole number of {vr} of {unit} bytes",
            "PS3.5 6.2",
        )
