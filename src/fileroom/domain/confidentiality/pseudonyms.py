"""Pseudonyms that a secret key makes: the same for the same, in every file and every run, and no way back without it.

Each kind is HMAC-SHA256 (RFC 2104) of the key, the kind and what is replaced, so that none tells of another.
"""

import base64
import hmac
from functools import lru_cache
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import clean_uid, uid_from_random

MIN_KEY_BYTES: Final = 16
MAX_SHIFT_DAYS: Final = 3650
"""Dates move back by one day at least and by ten years at most."""
STANDARD_ROOT: Final = "1.2.840.10008."
"""UIDs of the standard itself: SOP classes, transfer syntaxes, coding schemes, frames of reference of atlases."""
_REMEMBERED: Final = 65536


def check_key(key: bytes) -> bytes:
    """Return a key that is long enough.

    Raises:
        InvalidInput: it is shorter than 16 bytes.
    """
    if len(key) < MIN_KEY_BYTES:
        raise InvalidInput(
            f"the key has {len(key)} bytes, {MIN_KEY_BYTES} are the least",
            hint="32 random bytes make a good key: head -c 32 /dev/urandom > key",
        )
    return key


def uid_pseudonym(key: bytes, uid: str) -> str:
    """Return another UID of PS3.5 B.2 for a UID; those of the standard and empty ones stay."""
    uid = clean_uid(uid)
    if not uid or uid.startswith(STANDARD_ROOT):
        return uid
    return _uid(key, uid)


@lru_cache(_REMEMBERED)
def _uid(key: bytes, uid: str) -> str:
    digest = bytearray(_digest(key, "uid", uid)[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # RFC 9562: version 8, made by a rule of one's own
    digest[8] = digest[8] & 0x3F | 0x80
    return uid_from_random(int.from_bytes(digest, "big"))


def patient_pseudonym(key: bytes, identity: str) -> str:
    """Return a Patient ID for a patient, such as `ANON-6VQ4NHZ2W5L3KDTA`."""
    return f"ANON-{_letters(key, 'patient', identity, 10)}"


def title_pseudonym(key: bytes, title: str) -> str:
    """Return an AE title (at most 16 characters) for an AE title."""
    return f"AE_{_letters(key, 'ae', title, 5)}"


def days_back(key: bytes, identity: str) -> int:
    """Return by how many days a patient's dates move: -3650 to -1, always the same for the same patient."""
    return -1 - int.from_bytes(_digest(key, "days", identity)[:8], "big") % MAX_SHIFT_DAYS


def _letters(key: bytes, kind: str, text: str, count: int) -> str:
    return base64.b32encode(_digest(key, kind, text)[:count]).decode("ascii")


def _digest(key: bytes, kind: str, text: str) -> bytes:
    return hmac.digest(key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256")
