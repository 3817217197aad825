"""DIMSE messages out of the slices of a stream (PS3.7 6.3, PS3.8 annex E): commands are collected, data passes through.

A message is a command set and, where that announces one, a data set, all on one presentation context; the next one
begins when it has ended.
"""

from typing import NamedTuple

from fileroom.adapters.dicom._shared.dimse import COMMAND_LIMIT, CommandSet, decode_command
from fileroom.adapters.dicom._shared.mistakes import MessageError


class DataSlice(NamedTuple):
    """Bytes of a command set or of a data set, in the order in which they were sent."""

    context_id: int
    is_command: bool
    is_last: bool
    """Whether the command set or the data set ends with these bytes, not only the fragment that they are from."""
    data: memoryview
    """Valid until the next bytes are fed; may be empty."""
    is_start: bool
    """Whether a fragment (presentation data value) begins with these bytes."""


class CommandReceived(NamedTuple):
    """A command set is complete; `DataReceived` follow where it announces a data set."""

    context_id: int
    command: CommandSet


class DataReceived(NamedTuple):
    """Bytes of the data set that belongs to the last command."""

    context_id: int
    data: memoryview
    """Valid until the next bytes are fed to the stream; may be empty."""
    is_last: bool
    """Whether the message ends with them."""


class MessageReader:
    """Takes slices and tells what they complete."""

    def __init__(self) -> None:
        self._context_id: int | None = None
        self._command = bytearray()
        self._expects_data = False

    @property
    def in_the_middle(self) -> bool:
        """Whether a message has begun to come and is not complete."""
        return self._context_id is not None

    def take(self, one: DataSlice) -> CommandReceived | DataReceived | None:
        """Take a slice; None where it only adds to a command set.

        Raises:
            MessageError: it does not fit what came before.
        """
        context_id, is_command, is_last, data, _ = one
        if context_id != self._context_id and self._context_id is not None:
            raise MessageError(f"a message on the presentation contexts {self._context_id} and {context_id}")
        if is_command == self._expects_data:
            raise MessageError(
                "a command set in the middle of a data set"
                if is_command
                else "a data set without a command set"
            )
        self._context_id = context_id
        if is_command:
            return self._take_command(one)
        if is_last:
            self._context_id, self._expects_data = None, False
        # What the constructor of a named tuple calls; for each slice of an object the way there counts.
        return tuple.__new__(DataReceived, (context_id, data, is_last))

    def _take_command(self, one: DataSlice) -> CommandReceived | None:
        if len(self._command) + len(one.data) > COMMAND_LIMIT:
            raise MessageError(f"a command set that is over the limit of {COMMAND_LIMIT} bytes")
        self._command += one.data
        if not one.is_last:
            return None
        command = decode_command(self._command)
        self._command = bytearray()
        self._expects_data = command.has_data_set
        if not self._expects_data:
            self._context_id = None
        return CommandReceived(one.context_id, command)
