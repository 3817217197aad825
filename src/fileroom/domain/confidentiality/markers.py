"""What a de-identified object may say of itself (PS3.3 C.7.1.1 and C.12.1, PS3.15 E.1.1, PS3.16 CID 7050)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from fileroom.domain.confidentiality.options import ProfileOptions, Temporal

_LONGEST: Final = 64
"""Characters of a value of LO."""
_ORDER: Final = ("UNMODIFIED", "MODIFIED", "REMOVED")


class MethodCode(NamedTuple):
    """A code of CID 7050; the coding scheme is DCM."""

    value: str
    meaning: str


BASIC_PROFILE: Final = MethodCode("113100", "Basic Application Confidentiality Profile")
_FULL_DATES: Final = MethodCode("113106", "Retain Longitudinal Temporal Information Full Dates Option")
_MODIFIED_DATES: Final = MethodCode(
    "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
)


def method_codes(options: ProfileOptions) -> tuple[MethodCode, ...]:
    """Return the codes of the profile and of the options that were applied."""
    chosen = (
        (True, BASIC_PROFILE),
        (options.clean_graphics, MethodCode("113103", "Clean Graphics Option")),
        (options.clean_structured_content, MethodCode("113104", "Clean Structured Content Option")),
        (options.clean_descriptors, MethodCode("113105", "Clean Descriptors Option")),
        (options.temporal is Temporal.FULL, _FULL_DATES),
        (options.temporal is Temporal.SHIFTED, _MODIFIED_DATES),
        (
            options.retain_patient_characteristics,
            MethodCode("113108", "Retain Patient Characteristics Option"),
        ),
        (options.retain_device, MethodCode("113109", "Retain Device Identity Option")),
        (options.retain_uids, MethodCode("113110", "Retain UIDs Option")),
        (options.retain_safe_private, MethodCode("113111", "Retain Safe Private Option")),
        (options.retain_institution, MethodCode("113112", "Retain Institution Identity Option")),
    )
    return tuple(code for is_chosen, code in chosen if is_chosen)


def method_texts(options: ProfileOptions, *, edition: str, exceptions: Sequence[str] = ()) -> tuple[str, ...]:
    """Return values for De-identification Method, each of at most 64 characters.

    `exceptions` are the attributes that rules kept against the profile, by keyword: with any, the profile is not
    claimed, and they are named.
    """
    if exceptions:
        return ("fileroom: PS3.15 profile not met, kept by rule:", *(name[:_LONGEST] for name in exceptions))
    texts = [f"fileroom: PS3.15 {edition} Basic Confidentiality Profile"]
    texts += [code.meaning for code in method_codes(options)[1:]]
    return tuple(text[:_LONGEST] for text in texts)


def longitudinal(temporal: Temporal, before: str = "") -> str:
    """Return Longitudinal Temporal Information Modified, which never tells of less than an earlier step did."""
    now = {Temporal.FULL: "UNMODIFIED", Temporal.SHIFTED: "MODIFIED", Temporal.REMOVED: "REMOVED"}[temporal]
    return max((now, before if before in _ORDER else now), key=_ORDER.index)


_OFTEN_BURNED_IN: Final = frozenset({
    "ECG", "ES", "GM", "HD", "IVUS", "OP", "OT", "RF", "SC", "US", "XA", "XC",
})  # fmt: skip


def pixel_warnings(
    *, has_pixels: bool, modality: str, burned_in: str, recognizable: str, is_secondary_capture: bool
) -> tuple[str, ...]:
    """Return what a person should know of the pixels, which nobody looks at here."""
    if not has_pixels:
        return ()
    warnings = []
    if burned_in == "YES":
        warnings.append("the pixels have text burned in, as the object says, and were not changed")
    elif not burned_in and (modality in _OFTEN_BURNED_IN or is_secondary_capture):
        warnings.append("the pixels may have text burned in, as images of this kind often have")
    if recognizable == "YES":
        warnings.append("the pixels show who it is, as the object says, and were not changed")
    return tuple(warnings)
