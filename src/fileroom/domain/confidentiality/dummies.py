"""Values that stand in for others: valid for their VR (PS3.5 6.2) and the same for everybody."""

from typing import Final

REMOVED: Final = "REMOVED"

_TEXTS: Final = {
    b"AE": REMOVED,
    b"AS": "000Y",
    b"CS": REMOVED,
    b"DA": "19000101",
    b"DS": "0",
    b"DT": "19000101000000",
    b"IS": "0",
    b"LO": REMOVED,
    b"LT": REMOVED,
    b"PN": REMOVED,
    b"SH": REMOVED,
    b"ST": REMOVED,
    b"TM": "000000",
    b"UC": REMOVED,
    b"UR": "about:blank",
    b"UT": REMOVED,
}
_MAX_ZEROS: Final = 4096
"""Bytes of numbers are counted as they were, up to here."""
_UNITS: Final = {
    b"AT": 4, b"FD": 8, b"FL": 4, b"OB": 1, b"OD": 8, b"OF": 4, b"OL": 4, b"OV": 8, b"OW": 2, b"SL": 4,
    b"SS": 2, b"SV": 8, b"UL": 4, b"UN": 1, b"US": 2, b"UV": 8,
}  # fmt: skip


def dummy_bytes(vr: bytes, size: int) -> bytes:
    """Return a value of a VR in the place of one that had `size` bytes, without padding.

    Text gives a constant. Numbers give as many zeros as there were, bytes give one zero of the VR's width.
    """
    text = _TEXTS.get(vr)
    if text is not None:
        return text.encode("ascii")
    unit = _UNITS.get(vr, 1)
    if vr[:1] == b"O" or vr == b"UN":
        return bytes(max(unit, 2))
    return bytes(max(min(size, _MAX_ZEROS) // unit, 1) * unit)
