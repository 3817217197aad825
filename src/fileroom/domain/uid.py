"""Unique identifiers (PS3.5 clause 9): what is valid, what arrives in the field, and safe names on disk.

UIDs travel as plain strings. What we make or are told by a person must be valid (`parse_uid`); what arrives from
a peer or a file is cleaned (`clean_uid`) and accepted, but becomes a file name only through `safe_name`.
"""

import hashlib
import re
from typing import Final

from fileroom.domain.errors import InvalidInput

MAX_LENGTH: Final = 64
# PS3.5 9.1: components are digits without leading zeros, joined by single dots.
_VALID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*\Z")
_SAFE = re.compile(r"[0-9][0-9.]{0,63}\Z")

# Arbitrary UUID-derived root (PS3.5 B.2), under which no registration is needed.
_UUID_ROOT: Final = "2.25."

IMPLEMENTATION_CLASS_UID: Final = "2.25.209716462146318366014471384293834206981"
IMPLEMENTATION_VERSION_NAME: Final = "FILEROOM_0_1"


def is_valid_uid(text: str) -> bool:
    """Tell whether `text` obeys PS3.5 9.1: at most 64 characters of dotted numbers without leading zeros."""
    return len(text) <= MAX_LENGTH and _VALID.match(text) is not None


def parse_uid(text: str) -> str:
    """Return the UID that a person typed, without surrounding blanks.

    Raises:
        InvalidInput: it is not a UID by PS3.5 9.1.
    """
    uid = text.strip()
    if not is_valid_uid(uid):
        raise InvalidInput(
            f"{text!r} is not a UID",
            hint="a UID is digits and dots, at most 64 characters, no component with a leading zero",
        )
    return uid


def clean_uid(raw: str) -> str:
    """Strip the padding that peers leave behind (PS3.5 6.2 pads with NUL; blanks are seen too)."""
    return raw.strip("\0 \t\r\n")


def safe_name(uid: str) -> str:
    """Return a name for `uid` that is safe as one path component on every platform.

    Digits and dots up to 64 characters stay as they are; anything else (`..`, separators, control characters,
    over-long or empty values) becomes `x-` and 32 hexadecimal digits of its SHA-256, so that two different UIDs
    never share a name by accident.
    """
    if _SAFE.match(uid) and not uid.endswith(".") and ".." not in uid:
        return uid
    return "x-" + hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def uid_from_random(number: int) -> str:
    """Make a UID of PS3.5 B.2 (`2.25.` and a decimal) from a random 128-bit number."""
    return _UUID_ROOT + str(number & ((1 << 128) - 1))
