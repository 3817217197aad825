"""What is read of an A-ASSOCIATE-RQ by hand (PS3.8 9.3.2).

pynetdicom gives up a request whose AE titles are none; its caller should be told which of them is odd, and counted.
And it takes seconds for a request with thousands of presentation contexts.
"""

import struct
from typing import Final

from fileroom.adapters.dicom._services.link import Asked
from fileroom.adapters.dicom._shared.contexts import MAX_CONTEXTS
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

A_ASSOCIATE_RQ: Final = 0x01
_ITEM: Final = struct.Struct(">BxH")
_FIRST_ITEM: Final = 68
_PROPOSED_CONTEXT: Final = 0x20
_CALLED: Final = slice(4, 20)
_CALLING: Final = slice(20, 36)


def refused(body: memoryview, reason: RejectReason) -> Asked:
    """Return who asked, and that it was refused for a reason."""
    return Asked(
        calling_ae_title=_shown(body[_CALLING]), called_ae_title=_shown(body[_CALLED]), refusal=reason
    )


def odd_titles(body: memoryview) -> Asked | None:
    """Return why a request is refused whose AE titles are none, None where they are."""
    if len(body) < _CALLING.stop:
        return None  # no request at all
    if not _is_title(body[_CALLING]):
        return refused(body, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
    if not _is_title(body[_CALLED]):
        return refused(body, RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
    return None


def has_too_many_contexts(body: memoryview) -> bool:
    """Tell whether more presentation contexts are proposed than there are identifiers for (PS3.8 9.3.2.2)."""
    offset, found = _FIRST_ITEM, 0
    while offset + _ITEM.size <= len(body) and found <= MAX_CONTEXTS:
        kind, length = _ITEM.unpack_from(body, offset)
        found += kind == _PROPOSED_CONTEXT
        offset += _ITEM.size + length
    return found > MAX_CONTEXTS


def _is_title(raw: memoryview) -> bool:
    try:
        AeTitle(bytes(raw).decode("ascii"))
    except (UnicodeDecodeError, InvalidInput):
        return False
    return True


def _shown(raw: memoryview) -> str:
    text = bytes(raw).decode("latin-1").strip(" ")
    return "".join(character if " " <= character <= "~" else f"\\x{ord(character):02x}" for character in text)
