"""What a stream of PDUs says, read from PS3.7 and PS3.8 alone: an opinion that shares nothing with the program.

It also knows what each byte is there for, so that a test can tell what a fault at its position may do.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

CONTROL_PDUS = {1, 2, 3, 5, 6, 7}
P_DATA = 4
DATA_SET_TYPE = 0x0800
NO_DATA_SET = 0x0101


class Kind(Enum):
    """What a byte of a message is there for."""

    HEADER = "header"
    COMMAND = "command"
    DATA = "data"


class Span(NamedTuple):
    """Bytes of a stream, by their positions."""

    start: int
    stop: int
    kind: Kind


@dataclass
class WireMessage:
    """A whole message, and where it stands."""

    context_id: int
    command: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)
    spans: list[Span] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Where its first PDU begins."""
        return self.spans[0].start

    @property
    def stop(self) -> int:
        """Where its last value ends."""
        return self.spans[-1].stop

    def kind_at(self, position: int) -> Kind | None:
        """What a byte is there for; None where it is not one of this message."""
        return next((kind for start, stop, kind in self.spans if start <= position < stop), None)

    def positions(self, kind: Kind) -> list[int]:
        """Where in the stream the bytes of the command or of the data are, in their order."""
        return [at for start, stop, of in self.spans if of is kind for at in range(start, stop)]


class Value(NamedTuple):
    """A whole presentation data value."""

    header: Span
    context_id: int
    is_command: bool
    is_last: bool
    body: Span


def values(stream: bytes) -> Iterator[Value]:
    """Yield the values that are whole, up to where a stream says nothing more that makes sense."""
    offset = 0
    while offset + 6 <= len(stream):
        kind, length = struct.unpack_from(">BxI", stream, offset)
        start, end = offset, offset + 6 + length
        offset += 6
        if kind in CONTROL_PDUS:
            offset = end
            continue
        if kind != P_DATA:
            return
        while offset < end:
            if offset + 6 > min(end, len(stream)):
                return
            length, context_id, control = struct.unpack_from(">IBB", stream, offset)
            stop = offset + 4 + length
            if length < 2 or stop > min(end, len(stream)):
                return
            kind_of_body = Kind.COMMAND if control & 1 else Kind.DATA
            yield Value(
                Span(start, offset + 6, Kind.HEADER),
                context_id,
                bool(control & 1),
                bool(control & 2),
                Span(offset + 6, stop, kind_of_body),
            )
            start = offset = stop


def messages_in(stream: bytes) -> list[WireMessage]:
    """Return the messages that are whole, up to the first value that belongs to none."""
    found: list[WireMessage] = []
    current, expects_data = None, False
    for value in values(stream):
        current = current or WireMessage(value.context_id)
        if value.context_id != current.context_id or value.is_command == expects_data:
            break
        current.spans += [value.header, value.body]
        (current.command if value.is_command else current.data).extend(
            stream[value.body.start : value.body.stop]
        )
        if value.is_last and value.is_command and announces_data(current.command):
            expects_data = True
        elif value.is_last:
            found.append(current)
            current, expects_data = None, False
    return found


def announces_data(command: bytes | bytearray) -> bool:
    """Read (0000,0800) of a command set; the last one counts (PS3.7 6.3.1, E.1)."""
    offset, announced = 0, NO_DATA_SET
    while offset + 8 <= len(command):
        number, length = struct.unpack_from("<2xHI", command, offset)
        if number == DATA_SET_TYPE and length >= 2 and offset + 10 <= len(command):
            announced = struct.unpack_from("<H", command, offset + 8)[0]
        offset += 8 + length
    return announced != NO_DATA_SET
