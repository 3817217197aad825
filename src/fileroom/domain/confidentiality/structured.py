"""Content items whose values tell of persons and devices (PS3.15 E.3.4), by the codes of their concept names."""

from typing import Final

from fileroom.domain.confidentiality.options import ProfileOptions

# Codes of the scheme DCM (PS3.16 annex D), from the templates of observers, subjects and orders (TID 1001 to 1010) and
# of persons in dose reports (TID 1020).
_PERSONS: Final = frozenset({
    "121008", "121010", "121011", "121020", "121021", "121022", "121028", "121029", "121030", "121031", "121036",
    "121039", "121040", "121041", "113870", "113871", "113872", "128774", "111723", "121173",
})  # fmt: skip
_INSTITUTIONS: Final = frozenset({"121009", "113873"})
_DEVICES: Final = frozenset({"121012", "121013", "121016", "121017", "113877", "113880"})
_CHARACTERISTICS: Final = frozenset({"121032", "121033"})


def tells_of_somebody(scheme: str, code: str, options: ProfileOptions) -> bool:
    """Tell whether the value of a content item with this concept name is replaced, whatever it says."""
    if scheme != "DCM":
        return False
    return (
        code in _PERSONS
        or (code in _INSTITUTIONS and not options.retain_institution)
        or (code in _DEVICES and not options.retain_device)
        or (code in _CHARACTERISTICS and not options.retain_patient_characteristics)
    )
