"""What is read of an A-ASSOCIATE-RQ by hand, and how it is rejected (PS3.8 9.3.2, 9.3.4).

pynetdicom gives up a request whose AE titles are none; its caller should be told which of them is odd, and counted.
"""

import struct
from dataclasses import dataclass
from typing import Final

from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

A_ASSOCIATE_RQ: Final = 0x01
_A_ASSOCIATE_RJ: Final = struct.Struct(">BxIxBBB")
_CALLED: Final = slice(4, 20)
_CALLING: Final = slice(20, 36)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A request that was refused before it was understood."""

    reason: RejectReason
    calling_ae_title: str
    """For people: what cannot be in a title is escaped."""
    called_ae_title: str
    """For people: what cannot be in a title is escaped."""


def rejection(reason: RejectReason) -> bytes:
    """Return an A-ASSOCIATE-RJ."""
    return _A_ASSOCIATE_RJ.pack(3, 4, *reason.value)


def refusal_of(body: memoryview, reason: RejectReason) -> Refusal:
    """Return the refusal of a request for a reason."""
    return Refusal(
        reason=reason, calling_ae_title=_shown(body[_CALLING]), called_ae_title=_shown(body[_CALLED])
    )


def odd_titles(body: memoryview) -> Refusal | None:
    """Return why a request is refused whose AE titles are none, None where they are."""
    if len(body) < _CALLING.stop:
        return None  # no request at all
    if not _is_title(body[_CALLING]):
        return refusal_of(body, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
    if not _is_title(body[_CALLED]):
        return refusal_of(body, RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
    return None


def _is_title(raw: memoryview) -> bool:
    try:
        AeTitle(bytes(raw).decode("ascii"))
    except (UnicodeDecodeError, InvalidInput):
        return False
    return True


def _shown(raw: memoryview) -> str:
    text = bytes(raw).decode("latin-1").strip(" ")
    return "".join(character if " " <= character <= "~" else f"\\x{ord(character):02x}" for character in text)
