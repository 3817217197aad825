"""What is read of an A-ASSOCIATE-RQ by hand (PS3.8 9.3.2).

pynetdicom gives up a request whose AE titles are none; its caller should be told which of them is odd, and counted.
"""

from typing import Final

from fileroom.adapters.dicom._services.link import Asked
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

A_ASSOCIATE_RQ: Final = 0x01
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


def _is_title(raw: memoryview) -> bool:
    try:
        AeTitle(bytes(raw).decode("ascii"))
    except (UnicodeDecodeError, InvalidInput):
        return False
    return True


def _shown(raw: memoryview) -> str:
    text = bytes(raw).decode("latin-1").strip(" ")
    return "".join(character if " " <= character <= "~" else f"\\x{ord(character):02x}" for character in text)
