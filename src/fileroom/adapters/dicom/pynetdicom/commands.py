"""Command sets of DIMSE messages (PS3.7 6.3, 9.3, E.1): a dataclass and its bytes.

pynetdicom takes command sets through pydicom, which validates values; a UID with an odd character would end an
association there. What peers send is read as it is here, and what we send is what we were given.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

C_STORE_RQ: Final = 0x0001
C_GET_RQ: Final = 0x0010
C_FIND_RQ: Final = 0x0020
C_MOVE_RQ: Final = 0x0021
C_ECHO_RQ: Final = 0x0030
C_CANCEL_RQ: Final = 0x0FFF
RESPONSE: Final = 0x8000
"""Added to the field of a request, it makes that of its response."""

LOW_PRIORITY: Final = 0x0002
MEDIUM_PRIORITY: Final = 0x0000
_NO_DATA_SET: Final = 0x0101
_DATA_SET: Final = 0x0001
_COMMENT_LENGTH: Final = 64

_HEADER = struct.Struct("<HHI")
_US = struct.Struct("<H")


class BadCommand(Exception):
    """These bytes are no command set."""


@dataclass(kw_only=True, slots=True)
class Command:
    """A command set; None and '' are values that are absent."""

    field: int
    """Command Field (0000,0100)."""
    message_id: int | None = None
    responding_to: int | None = None
    """Message ID Being Responded To (0000,0120)."""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    priority: int | None = None
    status: int | None = None
    error_comment: str = ""
    move_destination: str = ""
    originator_ae_title: str = ""
    originator_message_id: int | None = None
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None
    has_data_set: bool = False

    @property
    def is_response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.field & RESPONSE)

    def encode(self) -> bytes:
        """Return its bytes, implicit VR little endian, group length first."""
        elements = bytearray()
        for element, name in _NUMBERS_AND_TEXTS:
            if element == 0x0800:
                value = _US.pack(_DATA_SET if self.has_data_set else _NO_DATA_SET)
            else:
                value = _encoded(element, getattr(self, name))
            if value:
                elements += _HEADER.pack(0, element, len(value)) + value
        return _HEADER.pack(0, 0, 4) + struct.pack("<I", len(elements)) + elements


# In the order of the tags, as a command set has to be.
_NUMBERS_AND_TEXTS = (
    (0x0002, "sop_class_uid"),
    (0x0100, "field"),
    (0x0110, "message_id"),
    (0x0120, "responding_to"),
    (0x0600, "move_destination"),
    (0x0700, "priority"),
    (0x0800, "has_data_set"),
    (0x0900, "status"),
    (0x0902, "error_comment"),
    (0x1000, "sop_instance_uid"),
    (0x1020, "remaining"),
    (0x1021, "completed"),
    (0x1022, "failed"),
    (0x1023, "warning"),
    (0x1030, "originator_ae_title"),
    (0x1031, "originator_message_id"),
)
_BY_ELEMENT = dict(_NUMBERS_AND_TEXTS)
_UIDS = frozenset({0x0002, 0x1000})
_TEXTS = _UIDS | {0x0600, 0x0902, 0x1030}


def _encoded(element: int, value: int | str | None) -> bytes:
    if value is None or value == "":
        return b""
    if isinstance(value, int):
        return _US.pack(min(value, 0xFFFF))
    data = value.encode("latin-1", "replace")
    if element == 0x0902:
        data = data[:_COMMENT_LENGTH]
    return data + (b"\0" if element in _UIDS else b" ") * (len(data) % 2)


def decode(data: bytes | bytearray) -> Command:
    """Read a command set; elements that are unknown or of an odd length are skipped.

    Raises:
        BadCommand: it is none, or it has no Command Field.
    """
    values: dict[str, Any] = {}
    offset, end = 0, len(data)
    while offset < end:
        if end - offset < _HEADER.size:
            raise BadCommand("a command element is cut off")
        group, element, length = _HEADER.unpack_from(data, offset)
        offset += _HEADER.size
        if length > end - offset:
            raise BadCommand("a command element is longer than the command set")
        raw = bytes(data[offset : offset + length])
        offset += length
        if group != 0:
            raise BadCommand(f"group {group:04X}H in a command set")
        name = _BY_ELEMENT.get(element)
        if name is None:
            continue
        if element in _TEXTS:
            values[name] = raw.decode("latin-1").strip("\0 ")
        elif length >= _US.size:
            number: int = _US.unpack_from(raw)[0]
            values[name] = number != _NO_DATA_SET if element == 0x0800 else number
    if "field" not in values:
        raise BadCommand("a command set without Command Field")
    return Command(**values)
