"""Binary values: they come in whole units of their VR (PS3.5 6.2)."""

from collections.abc import Iterator

from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.places import Place, is_plain
from fileroom.adapters.files.value_counts import UNIT_BYTES
from fileroom.domain.validation import Finding


def number_findings(place: Place, element: Element) -> Iterator[Finding]:
    """Find whether the value of an element with one of `UNIT_BYTES` is a multiple of it."""
    unit = UNIT_BYTES[element.vr]
    if is_plain(element) and element.size % unit:
        vr = element.vr.decode("ascii")
        yield place.error(
            "value",
            element.tag,
            f"{element.size} bytes are no whole number of {vr} of {unit} bytes",
            "PS3.5 6.2",
        )
