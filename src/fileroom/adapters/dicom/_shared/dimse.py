"""Command sets of DIMSE messages (PS3.7 6.3.1, 9.3, annex E): one dataclass, its bytes, and what each service needs.

Implicit VR little endian, group 0000 only. What peers send is read as it is, and what we do not know is kept; what we
send is built by the functions at the end, so that no required element is forgotten.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from fileroom.adapters.dicom._shared.mistakes import LocalError, MessageError

COMMAND_LIMIT: Final = 1 << 16
"""Longest command set that is read; the longest sensible one has some 500 bytes."""
RESPONSE: Final = 0x8000
"""Added to the Command Field of a request, it makes that of its response."""
NO_DATA_SET: Final = 0x0101
"""Command Data Set Type (0000,0800) of a message without a data set; anything else announces one."""
DATA_SET: Final = 0x0001

_HEADER: Final = struct.Struct("<HHI")
_TAG: Final = struct.Struct("<HH")
_NUMBER: Final = struct.Struct("<HHIH")
_PLAIN_RESPONSE: Final = struct.Struct("<HHIHHHIHHHIHHHIH")
_GROUP_LENGTH: Final = struct.Struct("<HHII")
_COMMENT_LENGTH: Final = 64


class CommandField(IntEnum):
    """Command Field (0000,0100) of requests (PS3.7 E.1)."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    C_CANCEL = 0x0FFF


class Priority(IntEnum):
    """Priority (0000,0700)."""

    MEDIUM = 0x0000
    HIGH = 0x0001
    LOW = 0x0002


@dataclass(frozen=True, kw_only=True)
class CommandSet:
    """A command set; None, '' and () are elements that are absent."""

    field: int
    """Command Field (0000,0100)."""
    sop_class_uid: str = ""
    """Affected SOP Class UID (0000,0002)."""
    message_id: int | None = None
    responding_to: int | None = None
    """Message ID Being Responded To (0000,0120)."""
    move_destination: str = ""
    priority: int | None = None
    data_set_type: int = NO_DATA_SET
    """(0000,0800); a peer that leaves it out sends no data set."""
    status: int | None = None
    offending_elements: tuple[int, ...] = ()
    """(0000,0901): tags, group in the upper half."""
    error_comment: str = ""
    """(0000,0902), cut to 64 characters when sent."""
    error_id: int | None = None
    sop_instance_uid: str = ""
    """Affected SOP Instance UID (0000,1000)."""
    remaining: int | None = None
    """Sub-operations; the counters of responses to C-MOVE and C-GET, FFFFH where there are more."""
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None
    originator_ae_title: str = ""
    """Of the C-MOVE that a C-STORE is a sub-operation of (0000,1030)."""
    originator_message_id: int | None = None
    others: tuple[tuple[int, bytes], ...] = ()
    """Other elements of group 0000, as element number and value."""

    @property
    def is_response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.field & RESPONSE)

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows."""
        return self.data_set_type != NO_DATA_SET

    def encode(self) -> bytes:
        """Return its bytes, group length first, elements in order.

        Raises:
            LocalError: a value does not fit.
        """
        elements = {
            element: write(element, value)
            for value, (element, write) in zip(_values_of(self), _WRITERS, strict=True)
            if value or value == 0
        }
        if self.others:
            others = {element: _element(element, value) for element, value in self.others}
            elements = dict(sorted({**others, **elements}.items()))
        body = b"".join(elements.values())
        return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def decode_command(data: bytes | bytearray | memoryview) -> CommandSet:
    """Read a command set.

    The group length is not believed, elements may come in any order, the last of several counts, and a number that
    is too short counts as absent.

    Raises:
        MessageError: it is none: an element is cut off or of another group, or there is no Command Field.
    """
    if len(data) > COMMAND_LIMIT:
        raise MessageError(f"a command set of {len(data)} bytes, which is over the limit of {COMMAND_LIMIT}")
    raw, offset, values, others = bytes(data), 0, dict[str, Any](), dict[int, bytes]()
    end = len(raw)
    while offset < end:
        start = offset + _HEADER.size
        if start > end:
            raise MessageError("a command set with half an element")
        group, element, length = _HEADER.unpack_from(raw, offset)
        offset = start + length
        if group:
            raise MessageError(f"a command set with an element of group {group:04X}H")
        if offset > end:
            raise MessageError(
                f"a command set with an element of {length} bytes where {end - start} are left"
            )
        if element in _READERS:
            name, read = _READERS[element]
            values[name] = read(raw[start:offset])
        elif element:
            others[element] = raw[start:offset]
    if values.get("field") is None:
        raise MessageError("a command set without a Command Field")
    if values.get("data_set_type", NO_DATA_SET) is None:
        del values["data_set_type"]
    if others:
        values["others"] = tuple(sorted(others.items()))
    # What a frozen dataclass's constructor does one by one, for absent fields, too, costs as much as all the rest.
    command = object.__new__(CommandSet)
    command.__dict__.update(values)
    return command


def c_echo_rq(message_id: int, sop_class_uid: str) -> CommandSet:
    """Return a C-ECHO-RQ (PS3.7 9.3.5.1)."""
    return CommandSet(field=CommandField.C_ECHO, message_id=message_id, sop_class_uid=sop_class_uid)


def c_store_rq(
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    priority: Priority = Priority.MEDIUM,
    originator_ae_title: str = "",
    originator_message_id: int | None = None,
) -> CommandSet:
    """Return a C-STORE-RQ, to be followed by the object (PS3.7 9.3.1.1)."""
    return CommandSet(
        field=CommandField.C_STORE,
        message_id=message_id,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        priority=priority,
        data_set_type=DATA_SET,
        originator_ae_title=originator_ae_title,
        originator_message_id=originator_message_id,
    )


def c_find_rq(message_id: int, sop_class_uid: str, *, priority: Priority = Priority.MEDIUM) -> CommandSet:
    """Return a C-FIND-RQ, to be followed by an identifier (PS3.7 9.3.2.1)."""
    return _with_identifier(CommandField.C_FIND, message_id, sop_class_uid, priority)


def c_get_rq(message_id: int, sop_class_uid: str, *, priority: Priority = Priority.MEDIUM) -> CommandSet:
    """Return a C-GET-RQ, to be followed by an identifier (PS3.7 9.3.3.1)."""
    return _with_identifier(CommandField.C_GET, message_id, sop_class_uid, priority)


def c_move_rq(
    message_id: int, sop_class_uid: str, destination: str, *, priority: Priority = Priority.MEDIUM
) -> CommandSet:
    """Return a C-MOVE-RQ, to be followed by an identifier (PS3.7 9.3.4.1)."""
    return _with_identifier(CommandField.C_MOVE, message_id, sop_class_uid, priority, destination)


def c_cancel_rq(message_id: int) -> CommandSet:
    """Return a C-CANCEL-RQ for the request with this message ID (PS3.7 9.3.2.3)."""
    return CommandSet(field=CommandField.C_CANCEL, responding_to=message_id)


def response_to(
    request: CommandSet,
    status: int,
    *,
    has_data_set: bool = False,
    error_comment: str = "",
    offending_elements: tuple[int, ...] = (),
    remaining: int | None = None,
    completed: int | None = None,
    failed: int | None = None,
    warning: int | None = None,
) -> CommandSet:
    """Return the response to a request (PS3.7 9.3), with the UIDs that it named.

    Raises:
        LocalError: it is no request that is answered.
    """
    if request.is_response or request.field == CommandField.C_CANCEL or request.message_id is None:
        raise LocalError(f"a command {request.field:04X}H without a message ID is not answered")
    return CommandSet(
        field=request.field | RESPONSE,
        responding_to=request.message_id,
        sop_class_uid=request.sop_class_uid,
        sop_instance_uid=request.sop_instance_uid,
        data_set_type=DATA_SET if has_data_set else NO_DATA_SET,
        status=status,
        error_comment=error_comment,
        offending_elements=offending_elements,
        remaining=remaining,
        completed=completed,
        failed=failed,
        warning=warning,
    )


def plain_response(request: CommandSet, status: int) -> bytes:
    """Return the bytes of a response that says nothing but its status, as most do: each object waits for one.

    Raises:
        LocalError: it is no request that is answered.
    """
    if request.is_response or request.field == CommandField.C_CANCEL or request.message_id is None:
        raise LocalError(f"a command {request.field:04X}H without a message ID is not answered")
    sop_class_uid, sop_instance_uid = request.sop_class_uid, request.sop_instance_uid
    body = b"".join(
        (
            _sop_class(0x0002, sop_class_uid) if sop_class_uid else b"",
            _PLAIN_RESPONSE.pack(
                *(0, 0x0100, 2, request.field | RESPONSE),
                *(0, 0x0120, 2, request.message_id),
                *(0, 0x0800, 2, NO_DATA_SET),
                *(0, 0x0900, 2, status),
            ),
            _uid(0x1000, sop_instance_uid) if sop_instance_uid else b"",
        )
    )
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def _with_identifier(
    field: CommandField, message_id: int, sop_class_uid: str, priority: Priority, destination: str = ""
) -> CommandSet:
    return CommandSet(
        field=field,
        message_id=message_id,
        sop_class_uid=sop_class_uid,
        priority=priority,
        data_set_type=DATA_SET,
        move_destination=destination,
    )


def _element(element: int, data: bytes, padding: bytes = b"") -> bytes:
    if len(data) & 1:
        data += padding
    return _HEADER.pack(0, element, len(data)) + data


def _number(element: int, value: int) -> bytes:
    try:
        return _NUMBER.pack(0, element, 2, value)
    except struct.error:
        raise LocalError(f"{value} does not fit into a command element of two bytes") from None


def _counter(element: int, value: int) -> bytes:
    return _number(element, min(value, 0xFFFF))


def _read_number(raw: bytes) -> int | None:
    return raw[0] | raw[1] << 8 if len(raw) >= 2 else None


def _uid(element: int, value: str) -> bytes:
    return _element(element, _encoded(value), b"\0")


_sop_class = lru_cache(_uid)
"""The few of an association stand in every message of it."""


def _title(element: int, value: str) -> bytes:
    data = _encoded(value)
    if len(data) > 16:
        raise LocalError(f"AE title {value!r} is longer than 16 characters")
    return _element(element, data, b" ")


def _comment(element: int, value: str) -> bytes:
    return _element(element, _encoded(value)[:_COMMENT_LENGTH], b" ")


def _encoded(value: str) -> bytes:
    # No character set goes with a command set. Latin-1 gives every byte that came back as it was.
    return value.encode("latin-1", "replace")


def _read_text(raw: bytes) -> str:
    return raw.strip(b"\0 ").decode("latin-1")


def _tags(element: int, value: tuple[int, ...]) -> bytes:
    try:
        return _element(element, b"".join(_TAG.pack(tag >> 16, tag & 0xFFFF) for tag in value))
    except struct.error:
        raise LocalError(f"{value} are no tags") from None


def _read_tags(raw: bytes) -> tuple[int, ...]:
    return tuple(group << 16 | element for group, element in _TAG.iter_unpack(raw[: len(raw) & ~3]))


# Field of the dataclass: element number, how it is written, how it is read (None is absent). In order of the elements.
_ELEMENTS: Final[dict[str, tuple[int, Callable[[int, Any], bytes], Callable[[bytes], Any]]]] = {
    "sop_class_uid": (0x0002, _sop_class, _read_text),
    "field": (0x0100, _number, _read_number),
    "message_id": (0x0110, _number, _read_number),
    "responding_to": (0x0120, _number, _read_number),
    "move_destination": (0x0600, _title, _read_text),
    "priority": (0x0700, _number, _read_number),
    "data_set_type": (0x0800, _number, _read_number),
    "status": (0x0900, _number, _read_number),
    "offending_elements": (0x0901, _tags, _read_tags),
    "error_comment": (0x0902, _comment, _read_text),
    "error_id": (0x0903, _number, _read_number),
    "sop_instance_uid": (0x1000, _uid, _read_text),
    "remaining": (0x1020, _counter, _read_number),
    "completed": (0x1021, _counter, _read_number),
    "failed": (0x1022, _counter, _read_number),
    "warning": (0x1023, _counter, _read_number),
    "originator_ae_title": (0x1030, _title, _read_text),
    "originator_message_id": (0x1031, _number, _read_number),
}
_READERS: Final = {element: (name, read) for name, (element, _, read) in _ELEMENTS.items()}
_WRITERS: Final = [(element, write) for element, write, _ in _ELEMENTS.values()]
_values_of: Final = attrgetter(*_ELEMENTS)
